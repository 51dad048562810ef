"""The assistant's tools for sessions: what the person could do by a command or by writing, and nothing they could not."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Meta

from phonework import workdir
from phonework.assistant.tools import Arguments, Call, Question, Result, Tool
from phonework.assistant.tools.office import Nothing, Office, OfficeTool
from phonework.engine import Outcome
from phonework.errors import RefusedError
from phonework.fsm import effects as order
from phonework.fsm.types import Option, SessionId, Turn, TurnStatus
from phonework.intake import acting
from phonework.intake.hand import Hand, Opened, Taken
from phonework.intake.routing import Known, fold, is_word_of, names
from phonework.one_line import one_line
from phonework.store import turns
from phonework.texts import text
from phonework.views import SessionView

MAX_DIRECTORY: Final = 200
"""Characters: whoever is asked reads all of them."""

SessionName = Annotated[str, Meta(description="The id of an open session, such as fizz-top.", max_length=100)]


class Named(Arguments, frozen=True, kw_only=True):
    session: SessionName


class Sending(Arguments, frozen=True, kw_only=True):
    session: SessionName
    message: Annotated[
        str, Meta(description="What the agent is to do, in the person's own words and language.", min_length=1)
    ]


class Beginning(Arguments, frozen=True, kw_only=True):
    directory: Annotated[
        str,
        Meta(
            description="The project's directory, relative to the working root.", min_length=1, max_length=MAX_DIRECTORY
        ),
    ]
    message: Annotated[
        str, Meta(description="What the agent is to do first, in the person's own words; may be empty.")
    ] = ""
    make_directory: Annotated[bool, Meta(description="Make the directory if it is missing.")] = False
    backend: Annotated[
        str, Meta(description="The kind of agent; empty: the usual one. Set it only if the person did.")
    ] = ""


def tools(office: Office) -> tuple[Tool[Any], ...]:
    """All tools for sessions."""
    return ListSessions(office), SendToSession(office), CreateSession(office), CloseSession(office), ShowSession(office)


class ListSessions(OfficeTool):
    name = "list_sessions"
    description = (
        "List the person's open sessions: number, id, project, directory, agent, state, what it asks, last activity."
    )
    arguments = Nothing
    changes = False

    async def run(self, call: Call, arguments: Nothing) -> Result:
        found = await self._office.open_sessions(call)
        return Result(text="\n".join(_described(one, call) for one in found) or "There is no open session.")


class SendToSession(OfficeTool):
    name = "send_to_session"
    description = (
        "Give a session's agent a message to work on, as if the person had written it there. The agent's answer goes to "
        "the person directly; you will not see it. Not for answering what an agent asks."
    )
    arguments = Sending
    changes = True

    async def question(self, call: Call, arguments: Sending) -> Question | None:
        """The person is asked unless their own words name the session: with several, which one."""
        found = await self._office.open_sessions(call)
        meant = _meant(found, arguments.session)
        if _is_named(call, meant, found):
            return None
        if len(found) == 1:
            params = {"project": meant.project, "session_id": meant.session_id}
            return Question(prompt=text(call.language, "assistant.ask_send", **params), words=arguments.message)
        likely_first = sorted(found, key=lambda one: one.session_id != meant.session_id)
        nobody = Option(label=text(call.language, "assistant.nobody"))
        return Question(
            prompt=text(call.language, "assistant.ask_which"),
            words=arguments.message,
            options=(*(_option(one, call) for one in likely_first[:9]), nobody),
        )

    async def run(self, call: Call, arguments: Sending) -> Result:
        chosen = _chosen(call)
        if chosen == text(call.language, "assistant.nobody"):
            return Result(text="The person chose none of them. Nothing was sent.", failed=True)
        target = _id_of(chosen) if chosen else arguments.session
        taken = await self._office.act(call, lambda hand: acting.send(hand, target), words=arguments.message)
        if why := _refused(taken.outcome):
            return Result(text=why, failed=True)
        waits = " It is at work, so the message waits for its turn." if _is_queued(taken) else ""
        return Result(text=f"Sent to {target}.{waits} The person will read the agent's answer there.")


class CreateSession(OfficeTool):
    name = "create_session"
    description = "Begin a new session with a coding agent in a directory, with or without a first message."
    arguments = Beginning
    changes = True

    async def question(self, call: Call, arguments: Beginning) -> Question | None:
        """The person is asked unless their own words name the directory."""
        last = fold(Path(arguments.directory).name)
        if is_word_of(fold(call.words), last):
            return None
        making = "assistant.ask_create_new" if arguments.make_directory else "assistant.ask_create"
        prompt = text(call.language, making, directory=one_line(arguments.directory, MAX_DIRECTORY))
        if backend := arguments.backend.strip():
            prompt += text(call.language, "assistant.ask_backend", backend=one_line(backend, 40))
        if arguments.message.strip():
            prompt += text(call.language, "assistant.ask_first")
        return Question(prompt=prompt, words=arguments.message)

    async def run(self, call: Call, arguments: Beginning) -> Result:
        resolve = workdir.resolve
        path = await asyncio.to_thread(resolve, arguments.directory, self._office.root, create=arguments.make_directory)
        opened, backend = Opened(path=str(path)), arguments.backend.strip().lower()
        taken = await self._office.act(
            call, lambda hand: acting.begin(hand, opened, backend=backend), words=arguments.message
        )
        first = " with the message" if arguments.message.strip() else ", waiting for a message"
        return Result(text=f"Session {taken.outcome.session_id} began in {path}{first}. It is the active one now.")


class CloseSession(OfficeTool):
    name = "close_session"
    description = "Close a session. Its files stay; what it is doing is stopped."
    arguments = Named
    changes = True

    async def question(self, call: Call, arguments: Named) -> Question | None:
        """The person is asked unless their own words name the session."""
        found = await self._office.open_sessions(call)
        meant = _meant(found, arguments.session)
        if _is_named(call, meant, found):
            return None
        params = {"project": meant.project, "session_id": meant.session_id}
        return Question(prompt=text(call.language, "assistant.ask_close", **params))

    async def run(self, call: Call, arguments: Named) -> Result:
        taken = await self._office.act(call, lambda hand: acting.close(hand, arguments.session))
        why = _refused(taken.outcome)
        return Result(text=why or f"Session {arguments.session} is closed.", failed=bool(why))


class ShowSession(OfficeTool):
    name = "show_session"
    description = (
        "Show the person what a session's agent said last, in its own words, and tell you its state. "
        "The agent's words go to the person, not to you."
    )
    arguments = Named
    changes = True

    async def run(self, call: Call, arguments: Named) -> Result:
        meant = _meant(await self._office.open_sessions(call), arguments.session)
        last = await self._office.act(call, lambda hand: _show_last(hand, meant))
        described = _described(meant, call)
        if last is None:
            return Result(text=f"{described}\nIts agent has said nothing yet.")
        shown = f"What it said at the end of turn {last.turn.turn} ({last.turn.status.value}) was shown to the person."
        return Result(text=f"{described}\n{shown}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A turn whose last words are shown. owed: what the dispatcher has to do for it."""

    turn: Turn
    owed: tuple[object, ...]


def _show_last(hand: Hand, meant: SessionView) -> _Shown | None:
    """The words of the newest turn that has some."""
    for number in range(meant.turn, max(0, meant.turn - 3), -1):
        turn = turns.get(hand.connection, meant.session_id, number)
        if turn is not None and turn.text.strip() and turn.status is not TurnStatus.LIVE:
            owed = acting.show(hand, meant.session_id, order.Relay(body=turn.text))
            return _Shown(turn=turn, owed=owed)
    return None


def _meant(found: tuple[SessionView, ...], name: str) -> SessionView:
    """By its id alone: a number may mean another session by the time the person has decided."""
    one = next((one for one in found if one.session_id == name.strip().lower()), None)
    if one is None:
        raise RefusedError("no_such_session", target=name[:80])
    return one


def _is_named(call: Call, meant: SessionView, found: tuple[SessionView, ...]) -> bool:
    known = tuple(
        Known(session_id=one.session_id, number=one.number, project=one.project, used_at=one.last_activity)
        for one in found
    )
    return names(call.words, meant.session_id, known)


def _described(one: SessionView, call: Call) -> str:
    minutes = max(0, int((call.now - one.last_activity).total_seconds() // 60))
    asks = f'; asks the person: "{one_line(one.asking, 200)}"' if one.asking else ""
    queued = f"; {one.queued} messages wait" if one.queued else ""
    active = "; active" if one.active else ""
    return (
        f"{one.number}. {one.session_id}: project {one.project}, directory {one.cwd}, agent {one.backend}, "
        f"{one.state.value}{asks}{queued}{active}; last activity {minutes} min ago"
    )


def _option(one: SessionView, call: Call) -> Option:
    return Option(
        label=f"{one.project} ({one.session_id})", description=text(call.language, f"state.{one.state.value}")
    )


def _chosen(call: Call) -> str:
    """What the person picked; empty when there was nothing to pick."""
    return next((pick for picks in (call.answer.picks if call.answer else ()) for pick in picks), "")


def _id_of(label: str) -> SessionId:
    return SessionId(label.rpartition("(")[2].rstrip(")"))


def _refused(outcome: Outcome) -> str:
    """Why it changed nothing; empty when it did, now or by the same call before."""
    if outcome.applied or outcome.reason is None:
        return ""
    return f"It changed nothing: {text('en', f'reason.{outcome.reason.value}')}"


def _is_queued(taken: Taken) -> bool:
    return any(isinstance(one.effect, order.ShowPrompt) for one in taken.owed)
