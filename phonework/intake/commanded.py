"""Our own commands: each looks, or moves a session, or makes one."""

from dataclasses import replace
from typing import Final

from phonework import commands
from phonework.backends.base import Capabilities
from phonework.channels.base import Said
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.effects import Effect
from phonework.fsm.events import Event
from phonework.fsm.types import SessionId, State
from phonework.intake import modes
from phonework.intake.beginning import begun, free_name
from phonework.intake.hand import Desk, Hand, Opened, Taken, active, find_session, switched
from phonework.intake.messages import prompt_of, reply, to_session, told
from phonework.intake.reminders import remind
from phonework.intake.resuming import resume
from phonework.intake.settings import set_how
from phonework.intake.shell import in_shell
from phonework.intake.smart import forget, is_for_assistant, set_mode
from phonework.intake.which import Which, acted_on, at_hand, in_topic, looked_at, session_for
from phonework.store import sessions, users, views
from phonework.store.sessions import NewSession
from phonework.texts import text

LONGEST_SLIP: Final = 500
"""Characters of a message that begins with a mistyped command: its card's buttons carry it."""


def carry_out(hand: Hand, said: Said, command: commands.Command, opened: Opened | None) -> Taken:
    match command:
        case commands.New():
            return _new(hand, said, command, opened)
        case commands.Status():
            return reply(hand, said, order.ShowStatus())
        case commands.Help():
            return reply(hand, said, order.Say(text="say.help"))
        case commands.Look():
            return reply(hand, said, _report(hand, said, command))
        case commands.Switch():
            return _switch(hand, said, command.target)
        case commands.Close():
            return _close(hand, said, command.target)
        case commands.Stop():
            return _to(hand, said, at_hand(hand, said, "/stop", running=True), happened.StopAsked(by=hand.user_id))
        case commands.Retry():
            event = happened.RetryAsked(by=hand.user_id, prompt_id=hand.derive(said.key, "retry"))
            return _to(hand, said, at_hand(hand, said, "/retry"), event)
        case commands.SetMode():
            return set_mode(hand, said, command)
        case commands.Shell(line=line):
            return in_shell(hand, said, line)
        case commands.Clear():
            if is_for_assistant(hand, said, command):
                return forget(hand, said)
            return _pass(hand, said, commands.PassThrough(name="clear", text=command.text))
        case commands.Context():
            return _context(hand, said)
        case commands.Resume():
            return resume(hand, opened, key=said.key, at=said.sent_at, chat=said.chat)
        case commands.ChooseMode():
            return modes.choose(hand, said, command)
        case commands.Model(name=name):
            chosen = happened.ModelChosen(by=hand.user_id, model=name)
            return _to(hand, said, acted_on(hand, said, "/model"), chosen)
        case (
            commands.SetLanguage()
            | commands.SetVerbosity()
            | commands.SetQuietHours()
            | commands.SetTimezone()
            | commands.Settings()
        ):
            return set_how(hand, said, command)
        case commands.Remind(words=words):
            return remind(hand, said, words)
        case commands.PassThrough():
            return _pass(hand, said, command)
        case commands.Wrong():
            return reply(hand, said, *_wrong(hand, command))


def _report(hand: Hand, said: Said, command: commands.Look) -> Effect:
    return order.ShowReport(report=command.report, session_id=looked_at(hand, said) or "", params=command.params)


def _context(hand: Hand, said: Said) -> Taken:
    """The agent knows best, and is not kept waiting for; at work it cannot be asked, but its own record can."""
    session_id, here = looked_at(hand, said), acted_on(hand, said, "/context")
    # A turn of a session elsewhere would bring it into this topic.
    if session_id is not None and session_id == here and views.session(hand.connection, session_id).state is State.IDLE:
        can = hand.desk.backends.get(sessions.run_of(hand.connection, session_id).backend)
        if can is not None and can.slash_commands:
            return _pass(hand, said, commands.PassThrough(name="context", text="/context"))
    return reply(hand, said, order.ShowReport(report="context", session_id=session_id or ""))


def _wrong(hand: Hand, command: commands.Wrong) -> list[Effect]:
    params = dict(command.params)
    if command.usage:
        params.setdefault("usage", text(hand.language, command.usage))
    return [order.Say(text=command.text, params=params)]


def _close(hand: Hand, said: Said, target: str) -> Taken:
    found: Which | None = find_session(hand, target) if target else acted_on(hand, said, "/close")
    return _to(hand, said, found or _unknown(target), happened.CloseAsked(by=hand.user_id))


def _to(hand: Hand, said: Said, found: Which, event: Event) -> Taken:
    return reply(hand, said, found) if isinstance(found, order.Say) else told(hand, said, found, event)


def _unknown(target: str) -> order.Say:
    return order.Say(text="say.no_such_session", params={"target": target[:80]})


def _switch(hand: Hand, said: Said, target: str) -> Taken:
    session_id = find_session(hand, target)
    if session_id is None:
        return reply(hand, said, _unknown(target))
    users.activate(hand.connection, hand.user_id, session_id, switched_at=min(said.sent_at, hand.now))
    sessions.move_chat(hand.connection, session_id, said.chat)
    return reply(hand, said, switched(hand, session_id), applied=True)


def _new(hand: Hand, said: Said, command: commands.New, opened: Opened | None) -> Taken:
    backend = command.backend or hand.desk.default_backend
    if capable(hand.desk, backend) is None:
        known = sorted(name for name, can in hand.desk.backends.items() if not can.companion)
        params = {"backend": backend[:40], "known": ", ".join(known)}
        return reply(hand, said, order.Say(text="say.backend_unknown", params=params))
    if problem := modes.problem_of_new(hand.desk, backend, command.mode):
        return reply(hand, said, problem)
    if opened is None or opened.refused is not None:
        refused = opened.refused if opened is not None else None
        words = (
            order.Say(text=f"say.{refused.text}", params=refused.params)
            if refused
            else order.Say(text="say.internal_error")
        )
        return reply(hand, said, words)
    return create(hand, said, replace(command, backend=backend), opened)


def capable(desk: Desk, backend: str) -> Capabilities | None:
    """What the agent of this name can do; None when there is none that a person may begin a session with."""
    found = desk.backends.get(backend)
    return None if found is None or found.companion else found


def create(
    hand: Hand,
    said: Said,
    command: commands.New,
    opened: Opened,
    *,
    name: str = "",
    group: str = "",
    container: str = "",
    active: bool = True,
) -> Taken:
    """A new session with an agent that is known, in a directory that was found.

    name, group, container: see `NewSession`. active: its person's words go there from now on.
    """
    timeouts, capabilities = hand.desk.timeouts, capable(hand.desk, command.backend)
    assert capabilities is not None
    new = NewSession(
        session_id=free_name(hand),
        user_id=hand.user_id,
        backend=command.backend,
        cwd=opened.path,
        chat=said.chat,
        timeouts=replace(
            timeouts,
            turn=timeouts.turn if command.timeout is None else command.timeout,
            idle=timeouts.idle if command.idle is None else command.idle,
        ),
        can_steer=capabilities.can_steer,
        model=command.model,
        mode=command.mode,
        name=name,
        group_name=group,
        container=container,
    )
    return _create(hand, said, new, command.message, active=active)


def _create(hand: Hand, said: Said, new: NewSession, message: str, *, active: bool) -> Taken:
    """The session and its first message: all in this commit."""
    params = {"session_id": new.session_id, "cwd": new.cwd, "backend": new.backend}
    says = order.Say(text="say.new_session", params=params)
    made = begun(hand, new, key=said.key, occurred_at=said.sent_at, orders=[says], active=active)
    if not message.strip() and not said.attachments:
        return made
    event = happened.MessageReceived(prompt=prompt_of(hand, said, message), by=hand.user_id)
    first = told(hand, said, new.session_id, event, key=f"{said.key}:first")
    return replace(first, owed=(*made.owed, *first.owed))


def _pass(hand: Hand, said: Said, command: commands.PassThrough) -> Taken:
    """A command of the agent's own; without a session the nearest of ours is named."""
    session_id = session_for(hand, said)
    if session_id is None:
        text_key = "say.unknown_command" if command.nearest else "say.unknown_command_no_match"
        params = {"command": command.name[:40], "nearest": command.nearest}
        return reply(hand, said, order.Say(text=text_key, params=params))
    if asks := _mistyped(hand, said, command, session_id):
        return reply(hand, said, asks)
    return hand_on(hand, said, command.text, session_id)


def hand_on(hand: Hand, said: Said, words: str, session_id: SessionId) -> Taken:
    """Give the agent a command as it was typed."""
    capabilities = _capabilities(hand, session_id)
    runs_it = capabilities is not None and capabilities.slash_commands
    return to_session(hand, said, prompt_of(hand, said, words, verbatim=not runs_it), session_id)


def _mistyped(hand: Hand, said: Said, command: commands.PassThrough, session_id: SessionId) -> Effect | None:
    """The question whether one of ours was meant; None for what the agent knows, and for what is too long for a slip."""
    ours, backend = commands.mistyped(command.name), sessions.run_of(hand.connection, session_id).backend
    known = command.name.lower() in hand.desk.commands_of(backend, session_id)
    if not ours or known or said.attachments or len(command.text) > LONGEST_SLIP:
        return None
    params = {
        "asked": hand.derive(said.key, "meant"),
        "typed": command.text,
        "ours": f"/{ours}{command.text.removeprefix(f'/{command.name}')}",
        "active": active(hand) or "",
        "reply_to": said.reply_to,
        "topic": said.chat.root if in_topic(hand, said) else "",
    }
    return order.ShowReport(report="meant", session_id=session_id, params=params)


def _capabilities(hand: Hand, session_id: SessionId) -> Capabilities | None:
    return hand.desk.backends.get(sessions.run_of(hand.connection, session_id).backend)
