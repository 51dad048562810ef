"""Two people, their agents, clocks and crashes, drawn by Hypothesis, and the real engine on a real file under them."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from phonework.backends.base import Accepted, Liveness
from phonework.channels.base import Clicked, Said
from phonework.channels.cards import values
from phonework.engine import NAMESPACE
from phonework.fsm.events import (
    AgentAsked,
    AgentEvent,
    AgentLost,
    AgentSessionChanged,
    RequestWithdrawn,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import (
    Ask,
    Option,
    Question,
    RequestId,
    RequestKind,
    SessionId,
    Verdict,
)
from phonework.testing import promises
from phonework.testing.backend import Deed
from phonework.testing.channel import Fate
from phonework.testing.expected import IDLE, Expected, Mode
from phonework.testing.expected import Question as Asked
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

OLD: Final = timedelta(minutes=11)
MODES: Final = {"waiting_input": "waiting", "waiting_confirm": "waiting"}
KINDS: Final = {"confirm": RequestKind.CONFIRM, "choice": RequestKind.CHOICE, "input": RequestKind.INPUT}
ANSWERABLE: Final = ["open", "expired", "void"]
LIVELY: Final = [Mode.ASKING, Mode.WORKING, Mode.ENDING, Mode.REST, Mode.CLOSED]
WORDS: Final = st.sampled_from(["please", "yes", "no", "1"])
AGES: Final = st.sampled_from(["fresh", "fresh", "earlier", "stale"])
WHICH: Final = st.sampled_from([0, 0, 0, 0, 1, 2])
PEOPLE: Final = st.sampled_from([ADA, ADA, BOB])
OWNER: Final = st.sampled_from([True, True, True, True, False])
RARELY: Final = st.sampled_from([False, False, False, True])


def any_sessions(self: "EngineMachine") -> bool:
    return bool(self.sessions)


class EngineMachine(RuleBasedStateMachine):
    """Two people, up to three sessions, one agent of each kind; everything happens through the engine's own doors."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.play = Playbook(Path(self.folder.name))
        self.sessions: dict[SessionId, Expected] = {}
        self.active: dict[str, SessionId | None] = {ADA: None, BOB: None}
        self.acts: list[Said | Clicked] = []  # everything that was acknowledged
        self.reports: list[tuple[SessionId, AgentEvent, str]] = []
        self.texts: list[str] = []
        self.heard = 0
        self.number = 0
        self.broken = False
        self.do(self.play.start())

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.comes_to_rest()
        finally:
            self.do(self.play.stop())
            self.loop.close()
            self.folder.cleanup()

    def comes_to_rest(self) -> None:
        """If nobody does anything more, everything that was begun ends, and nothing stays owed."""
        self.play.channel.fates.clear()
        self.play.script.deeds.clear()
        for _ in range(4 + 2 * max((len(one.queue) for one in self.sessions.values()), default=0)):
            self.let_go()
            self.pass_time(timedelta(minutes=31))
        self.every_promise_holds()
        assert [key for key, one in self.sessions.items() if one.busy] == []
        assert self.play.rows("SELECT key, status FROM effect WHERE status IN ('owed', 'claimed')") == []
        assert self.play.rows("PRAGMA integrity_check") == [("ok",)]

    # What every rule uses

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def now(self) -> datetime:
        return self.play.clock.now()

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    def tick(self) -> None:
        self.pass_time(timedelta(seconds=1))

    def pass_time(self, by: timedelta) -> None:
        self.do(self.play.advance(by))
        for one in self.sessions.values():
            one.passes(self.now)
        self.listen()

    def listen(self) -> None:
        """Let the account hear what became of orders to the agents."""
        told = self.play.script.told
        for one in told[self.heard :]:
            assert one.session_id in self.sessions, "a session nobody began"
            self.sessions[one.session_id].told(one.what, one.reference, one.how, self.now)
        self.heard = len(told)
        for user, session_id in self.active.items():
            if session_id is not None and self.sessions[session_id].mode is Mode.CLOSED:
                self.active[user] = None

    def said(self, user: str, text: str, sent_at: datetime | None = None) -> Said:
        key = self.name("om_")
        return Said(key=key, user=user, chat=private_chat(user), message_id=key, text=text, sent_at=sent_at or self.now)

    def deliver(self, act: Said | Clicked) -> None:
        self.do(self.play.deliver(act))
        self.acts.append(act)
        self.listen()

    def tap(self, value: dict[str, object], user: str, form: dict[str, object] | None = None) -> Clicked:
        return Clicked(
            key=self.name("ev_"),
            user=user,
            chat=private_chat(user),
            message_id="om_card",
            value=value,
            form=form or {},
            clicked_at=self.now,
        )

    def session(self, which: int) -> tuple[SessionId, Expected]:
        """Mostly one at work: there is the most to go wrong."""
        found = sorted(self.sessions.items(), key=lambda item: LIVELY.index(item[1].mode))
        return found[which % len(found)]

    def someone(self, one: Expected, owner: bool) -> str:
        return one.owner if owner else ADA if one.owner == BOB else BOB

    def turn_to(self, which: int) -> str:
        """Make the session its owner's active one, and return the owner."""
        session_id, one = self.session(which)
        if one.mode is not Mode.CLOSED and self.active[one.owner] != session_id:
            self.active[one.owner] = session_id
            self.deliver(self.said(one.owner, f"/switch {session_id}"))
        return one.owner

    def active_of(self, user: str) -> Expected | None:
        session_id = self.active[user]
        return self.sessions[session_id] if session_id else None

    # People

    @initialize(steers=st.booleans())
    def ada_has_a_session(self, steers: bool) -> None:
        self.begin(ADA, steers, True)

    @precondition(lambda self: sum(one.mode is not Mode.CLOSED for one in self.sessions.values()) < 3)
    @rule(user=PEOPLE, steers=st.booleans(), at_once=st.booleans())
    def begin(self, user: str, steers: bool, at_once: bool) -> None:
        self.tick()
        said = self.said(user, f"/new api --backend {'steering' if steers else 'demo'} {'please' if at_once else ''}")
        session_id = SessionId(f"fizz-{len(self.sessions) + 1}")
        one = self.sessions[session_id] = Expected(owner=user, steers=steers)
        one.deadlines["idle"] = (self.now + IDLE, 0)
        self.active[user] = session_id
        if at_once:
            one.write(_id("message", said.key), "please", said.sent_at, False, self.now)
        self.deliver(said)

    @precondition(any_sessions)
    @rule(which=WHICH, words=WORDS, age=AGES, dies=RARELY)
    def write(self, which: int, words: str, age: str, dies: bool) -> None:
        """dies: the program is killed between the commit and its acknowledgement, and Feishu delivers it again."""
        self.tick()
        user = self.turn_to(which)
        said = self.said(user, words, self.sent(user, age))
        self.expect_message(said)
        if dies:
            self.falls(Accepted.UNKNOWN, Liveness.DEAD)
            self.do(self.play.crash_unacknowledged(said))
            self.listen()
        self.deliver(replace(said, text=str(said.text)))

    def sent(self, user: str, age: str) -> datetime:
        one = self.active_of(user)
        opened = one.questions[one.open].opened_at if one and one.open else None
        if age == "earlier" and opened is not None and self.now - opened < timedelta(minutes=9):
            return opened
        return self.now - OLD if age == "stale" else self.now

    def expect_message(self, said: Said) -> None:
        one = self.active_of(said.user)
        if one is not None:
            stale = self.now - said.sent_at > timedelta(minutes=10)
            one.write(_id("message", said.key), said.text, said.sent_at, stale, self.now)

    @precondition(any_sessions)
    @rule(
        which=WHICH, command=st.sampled_from(["/stop", "/stop", "/close", "/retry", "/retry", "/status"]), late=RARELY
    )
    def command(self, which: int, command: str, late: bool) -> None:
        self.tick()
        user = self.turn_to(which)
        said = self.said(user, command, self.now - OLD if late else self.now)
        one = self.active_of(user)
        if one is not None and not late:
            match command:
                case "/stop":
                    one.stop(self.now)
                case "/close":
                    one.close()
                case "/retry":
                    one.retry(_id("retry", said.key), self.now)
                case _:  # it only looks
                    pass
        self.deliver(said)

    @precondition(lambda self: any(one.questions for one in self.sessions.values()))
    @rule(
        which=WHICH,
        owner=OWNER,
        yes=st.booleans(),
        odd=RARELY,
        how=st.sampled_from(["as shown", "as shown", "as shown", "as shown", "older", "forged"]),
    )
    def click(self, which: int, owner: bool, yes: bool, odd: bool, how: str) -> None:
        """odd: with the button that the card does not have any more, or not yet."""
        self.tick()
        asked = [(one, question) for one in self.sessions.values() for question in one.questions.values()]
        asked.sort(key=lambda pair: ANSWERABLE.index(pair[1].status) if pair[1].status in ANSWERABLE else 9)
        one, question = asked[which % len(asked)]
        user, late = self.someone(one, owner), (question.status in ANSWERABLE[1:]) is not odd
        request_id = "f" * 32 if how == "forged" else question.request_id
        generation = max(0, question.generation - (how == "older"))
        yes = yes or question.kind != "confirm"  # the other kinds have no no
        choice, form = _press(question.kind, yes)
        clicked = self.tap(values.answer_value(request_id, generation, choice, late=late), user, form)
        if late:
            one.late(request_id, generation, yes, user, _id("late", clicked.key), self.now)
        else:
            one.click(request_id, generation, yes, user, self.now)
        self.deliver(clicked)

    @precondition(lambda self: bool(self.resumable()))
    @rule(which=WHICH, yes=st.booleans(), same=OWNER, times=st.integers(0, 2))
    def answer_late_and_ask_again(self, which: int, yes: bool, same: bool, times: int) -> None:
        """The decision answers the very same call, once."""
        self.tick()
        if not (found := self.resumable()):
            return
        session_id, one, question = found[which % len(found)]
        yes = yes or question.kind != "confirm"
        choice, form = _press(question.kind, yes)
        clicked = self.tap(
            values.answer_value(question.request_id, question.generation, choice, late=True), one.owner, form
        )
        one.late(question.request_id, question.generation, yes, one.owner, _id("late", clicked.key), self.now)
        self.deliver(clicked)
        for _ in range(times):
            fingerprint = question.fingerprint if same else "another"
            self.report(session_id, self.ask(one, one.turn, question.kind, fingerprint))

    def resumable(self) -> list[tuple[SessionId, Expected, Asked]]:
        return [
            (key, one, question)
            for key, one in self.sessions.items()
            if one.mode is Mode.REST
            for question in one.questions.values()
            if question.status in ANSWERABLE[1:]
        ]

    @precondition(any_sessions)
    @rule(which=WHICH, owner=OWNER, op=st.sampled_from([*values.TurnOp, "nonsense"]), old=RARELY)
    def click_turn(self, which: int, owner: bool, op: str, old: bool) -> None:
        self.tick()
        session_id, one = self.session(which)
        user = self.someone(one, owner)
        turn = max(1, one.turn - old)
        clicked = self.tap({**values.turn_value(values.TurnOp.STOP, session_id, turn), "op": str(op)}, user)
        if user == one.owner and (turn == one.turn or op == "close"):
            match op:
                case "stop":
                    one.stop(self.now)
                case "close":
                    one.close()
                case "retry":
                    one.retry(_id("retry", clicked.key), self.now, turn)
                case "continue":
                    one.go_on(_id("continue", clicked.key), turn, self.now)
                case _:  # nonsense
                    pass
        self.deliver(clicked)

    @precondition(lambda self: any(one.queue or one.held for one in self.sessions.values()))
    @rule(which=WHICH, owner=OWNER, op=st.sampled_from(list(values.PromptOp)))
    def click_message(self, which: int, owner: bool, op: values.PromptOp) -> None:
        self.tick()
        waiting = [(one, message) for one in self.sessions.values() for message in (*one.queue, *one.held)]
        one, message = waiting[which % len(waiting)]
        user = self.someone(one, owner)
        clicked = self.tap(values.prompt_value(op, message), user)
        if user == one.owner and op is values.PromptOp.SEND_NOW:
            one.send_now(message, self.now)
        elif user == one.owner:
            one.drop(message)
        self.deliver(clicked)

    @precondition(lambda self: bool(self.acts))
    @rule(which=st.integers(0, 40))
    def deliver_again(self, which: int) -> None:
        """Feishu's own redelivery, after 15 s or 6 h or a restart: the same key in another object."""
        act = self.acts[-1 - which % len(self.acts)]
        self.do(self.play.deliver(replace(act, user=str(act.user))))
        self.listen()

    # Agents

    def report(self, session_id: SessionId, event: AgentEvent) -> None:
        key = self.name("report ")
        self.reports.append((session_id, event, key))
        self.do(self.play.agent(session_id, event, key=key))
        self.listen()

    def ask(self, one: Expected, turn: int, kind: str, fingerprint: str) -> AgentAsked:
        self.number += 1
        asked = Asked(request_id=f"{self.number:032x}", kind=kind, fingerprint=fingerprint)
        one.asks(turn, asked, self.now)
        question = Question(text="Which?", options=(Option(label="red"), Option(label="blue")), free_text=False)
        ask = Ask(
            request_id=RequestId(asked.request_id),
            kind=KINDS[kind],
            agent_ref="toolu",
            fingerprint=fingerprint,
            prompt="May I?",
            questions=(question,) if kind == "choice" else (),
        )
        return AgentAsked(turn=turn, ask=ask)

    @precondition(any_sessions)
    @rule(which=WHICH, kind=st.sampled_from(list(KINDS)), fingerprint=st.sampled_from(["rm", "ls"]), odd=RARELY)
    def agent_asks(self, which: int, kind: str, fingerprint: str, odd: bool) -> None:
        """odd: though it is not at work, or in the name of an earlier turn."""
        self.tick()
        session_id, one = self.session(which)
        if one.mode is Mode.REST and not odd:
            said = self.said(self.turn_to(which), "please")
            self.expect_message(said)
            self.deliver(said)
        turn = max(1, one.turn - 1) if odd else one.turn
        self.report(session_id, self.ask(one, turn, kind, fingerprint))

    @precondition(lambda self: any(one.mode is Mode.WORKING for one in self.sessions.values()))
    @rule(which=WHICH, kind=st.sampled_from(list(KINDS)), other=st.sampled_from(list(KINDS)))
    def agent_asks_two_things_at_once(self, which: int, kind: str, other: str) -> None:
        self.tick()
        working = [(key, one) for key, one in self.sessions.items() if one.mode is Mode.WORKING]
        session_id, one = working[which % len(working)]
        both = [self.ask(one, one.turn, kind, "rm"), self.ask(one, one.turn, other, "ls")]

        async def emit() -> None:
            await asyncio.gather(
                *(self.play.core.node.emit(session_id, event, key=self.name("report ")) for event in both)
            )
            await self.play.settled()

        self.do(emit())
        self.listen()

    @precondition(lambda self: any(one.questions for one in self.sessions.values()))
    @rule(which=WHICH)
    def agent_withdraws(self, which: int) -> None:
        self.tick()
        asked = [(key, one, question) for key, one in self.sessions.items() for question in one.questions]
        asked.sort(key=lambda each: each[1].questions[each[2]].status not in ("open", "queued"))
        session_id, one, question = asked[which % len(asked)]
        one.withdraws(question, self.now)
        self.report(session_id, RequestWithdrawn(turn=one.turn, request_id=RequestId(question)))

    @precondition(any_sessions)
    @rule(
        which=WHICH, how=st.sampled_from(["started", "finished", "finished", "failed", "lost", "renamed"]), old=RARELY
    )
    def agent_goes_on(self, which: int, how: str, old: bool) -> None:
        self.tick()
        session_id, one = self.session(which)
        turn = max(1, one.turn - (1 if old else 0))
        event: AgentEvent
        match how:
            case "started":
                event = TurnStarted(turn=turn, agent_session_id="a")
            case "renamed":
                event = AgentSessionChanged(turn=turn, agent_session_id="b")
            case "finished":
                self.texts.append(self.name("All done, number "))
                event = TurnFinished(turn=turn, text=self.texts[-1])
            case "failed":
                event = TurnFailed(turn=turn, error="The API is down.")
            case _:
                event = AgentLost(turn=turn, reason="The agent crashed.")
        if how not in ("started", "renamed"):
            one.ends(turn, well=how == "finished", now=self.now)
        self.report(session_id, event)

    @precondition(lambda self: bool(self.reports))
    @rule(which=st.integers(0, 20))
    def agent_repeats_itself(self, which: int) -> None:
        session_id, event, key = self.reports[-1 - which % len(self.reports)]
        self.do(self.play.agent(session_id, event, key=key))
        self.listen()

    # What becomes of orders, time, and the end of the program

    @rule(outcome=st.sampled_from([*Deed, *Fate]))
    def the_next_effect(self, outcome: Deed | Fate) -> None:
        if isinstance(outcome, Deed):
            self.play.script.deeds.append(outcome)
        else:
            self.play.channel.fates.append(outcome)

    def let_go(self) -> None:
        self.do(self.play.release())
        self.listen()

    @rule(by=st.sampled_from([0, 0, 20, 20, 60, 241, 301, 301, 1801]))
    def time_passes(self, by: int) -> None:
        """Nothing: what hung goes on."""
        self.pass_time(timedelta(seconds=by)) if by else self.let_go()

    @rule(
        accepted=st.sampled_from([None, None, Accepted.UNKNOWN]),
        liveness=st.sampled_from([Liveness.DEAD, Liveness.DEAD, Liveness.UNKNOWN]),
    )
    def crash(self, accepted: Accepted | None, liveness: Liveness) -> None:
        self.falls(accepted, liveness)
        self.do(self.play.crash())
        self.listen()

    def falls(self, accepted: Accepted | None, liveness: Liveness) -> None:
        script = self.play.script
        script.accepted = accepted
        taken = {(start.session_id, str(start.turn)) for start in script.starts}
        for session_id, one in self.sessions.items():
            script.liveness[session_id] = liveness
            reference = one.claimed[1] if one.claimed else ""
            one.died(
                taken=accepted is not None or (session_id, reference) in taken,
                alive=liveness is not Liveness.DEAD,
                now=self.now,
            )

    # What must hold

    @invariant()
    def every_promise_holds(self) -> None:
        self.broken = True
        self.look()
        self.broken = False

    def look(self) -> None:
        promises.check(self.play.database, self.now)
        promises.check_replay(self.play.database)
        self.everything_acknowledged_is_kept_once()
        self.nothing_is_done_twice()
        self.no_yes_that_nobody_gave()
        for session_id, one in self.sessions.items():
            self.it_stands_where_it_should(session_id, one)

    def everything_acknowledged_is_kept_once(self) -> None:
        known = dict(self.play.rows("SELECT dedupe_key, count(*) FROM event GROUP BY 1"))
        assert {act.key: known.get(act.key) for act in self.acts} == {act.key: 1 for act in self.acts}

    def nothing_is_done_twice(self) -> None:
        script = self.play.script
        starts = [(start.session_id, start.turn) for start in script.starts]
        messages = [prompt.prompt_id for start in script.starts for prompt in start.prompts]
        answers = [ask.request_id for _, ask, _ in script.answers]
        steers = [prompt.prompt_id for _, _, prompt in script.steers]
        cards = [post.delivery.card_key for post in self.play.channel.posts.values()]
        asked = [key for key in cards if key.startswith(("request:", "prompt:"))]
        said = [text for text in self.play.channel.texts() if text in self.texts]
        for what in (starts, messages, answers, steers, asked, said):
            assert len(what) == len(set(what)), f"twice: {what}"
        claimed = self.play.one("SELECT count(*) FROM effect WHERE status = 'claimed'")
        assert claimed <= sum(backend.blocked for backend in self.play.backends.values())

    def no_yes_that_nobody_gave(self) -> None:
        given = [fingerprint for one in self.sessions.values() for fingerprint in one.consents]
        heard = [ask.fingerprint for _, ask, answer in self.play.script.answers if answer.verdict is not Verdict.DENY]
        for fingerprint in set(heard):
            assert heard.count(fingerprint) <= given.count(fingerprint), f"a yes to {fingerprint} that nobody gave"

    def it_stands_where_it_should(self, session_id: SessionId, one: Expected) -> None:
        rows = self.play.rows
        state, turn, generation, open_request = rows(
            "SELECT state, turn, generation, open_request FROM session WHERE session_id = ?", session_id
        )[0]
        waiting = rows(
            "SELECT status, prompt_id FROM prompt WHERE session_id = ? AND status IN ('queued', 'held') ORDER BY place",
            session_id,
        )
        timers = dict(rows("SELECT name, due_at_ms FROM timer WHERE session_id = ?", session_id))
        stored = {
            "mode": MODES.get(state, state),
            "turn": turn,
            "generation": generation,
            "open": open_request or "",
            "queue": [prompt for status, prompt in waiting if status == "queued"],
            "held": [prompt for status, prompt in waiting if status == "held"],
            "questions": dict(rows("SELECT request_id, status FROM request WHERE session_id = ?", session_id)),
            "deadlines": timers,
            "active": self.play.one("SELECT active_session FROM user WHERE user_id = ?", one.owner),
        }
        expected = {
            "mode": one.mode.value,
            "turn": one.turn,
            "generation": one.generation,
            "open": one.open,
            "queue": one.queue,
            "held": one.held,
            "questions": {key: question.status for key, question in one.questions.items()},
            "deadlines": {name: int(at.timestamp() * 1000) for name, (at, _) in one.deadlines.items()},
            "active": self.active[one.owner],
        }
        assert stored == expected


def _id(purpose: str, key: str) -> str:
    """The id of the message that an act leads to: a redelivery leads to the same."""
    return str(uuid.uuid5(NAMESPACE, f"{purpose}:{key}"))


def _press(kind: str, yes: bool) -> tuple[str, dict[str, object]]:
    match kind:
        case "input":
            return values.Press.FORM, {"text": "blue"}
        case "choice":
            return values.pick(0, 1), {}
        case _:
            return (values.Press.ALLOW if yes else values.Press.DENY), {}
