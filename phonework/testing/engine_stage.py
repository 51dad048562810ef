"""The stage of the machine that plays the engine: two people, their sessions, and what every rule needs of them."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from phonework.backends.base import Accepted, Liveness
from phonework.channels.base import Clicked, Said
from phonework.engine import NAMESPACE
from phonework.fsm.events import AgentAsked, AgentEvent
from phonework.fsm.types import Ask, Attachment, Option, Question, RequestId, RequestKind, SessionId
from phonework.store.codec import moment
from phonework.testing.expected import Expected, Mode
from phonework.testing.expected import Question as Asked
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

OLD: Final = timedelta(minutes=11)
KINDS: Final = {"confirm": RequestKind.CONFIRM, "choice": RequestKind.CHOICE, "input": RequestKind.INPUT}
LIVELY: Final = [Mode.ASKING, Mode.WORKING, Mode.ENDING, Mode.REST, Mode.CLOSED]
WHICH: Final = st.sampled_from([0, 0, 0, 0, 1, 2])
SHOWN: Final = (
    "SELECT seq, session_id, json_extract(payload, '$.request_id'), received_at_ms FROM event"
    " WHERE kind = 'RequestShown' AND status = 'applied' AND seq > ? ORDER BY seq"
)
RARELY: Final = st.sampled_from([False, False, False, True])


def any_sessions(stage: "Stage") -> bool:
    return bool(stage.sessions)


class Stage(RuleBasedStateMachine):
    """Two people, up to three sessions, one agent of each kind; everything happens through the engine's own doors."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.play = Playbook(Path(self.folder.name), hears=True)
        self.sessions: dict[SessionId, Expected] = {}
        self.active: dict[str, SessionId | None] = {ADA: None, BOB: None}
        self.acts: list[Said | Clicked] = []  # everything that was acknowledged
        self.reports: list[tuple[SessionId, AgentEvent, str]] = []
        self.texts: list[str] = []
        self.heard = 0
        self.number = 0
        self.broken = False
        self.nights: dict[str, bool] = {ADA: False, BOB: False}
        self.acted: dict[str, datetime] = {}
        self.shown = 0
        self.do(self.play.start())

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
        for number, seen_in, request_id, at in self.play.rows(SHOWN, self.shown):
            self.sessions[seen_in].shown(request_id, moment(at))
            self.shown = number
        for user, session_id in self.active.items():
            if session_id is not None and self.sessions[session_id].mode is Mode.CLOSED:
                self.active[user] = None

    def asleep(self, user: str) -> Callable[[datetime], datetime | None]:
        """When the person may be disturbed again: nobody is for a quarter of an hour after they did something."""

        def until(now: datetime) -> datetime | None:
            morning = now.replace(hour=8, minute=58, second=0, microsecond=0)
            awake = not self.nights[user] or now - self.acted[user] < timedelta(minutes=15)
            if awake or morning <= now < morning + timedelta(minutes=2):
                return None
            return morning if now < morning else morning + timedelta(days=1)

        return until

    def acts_at(self, user: str, at: datetime) -> None:
        self.acted[user] = max(self.acted.get(user, at), at)

    def said(
        self, user: str, text: str, sent_at: datetime | None = None, *, files: int = 0, kind: str = "image"
    ) -> Said:
        key = self.name("om_")
        self.acts_at(user, min(sent_at or self.now, self.now))
        attached = tuple(Attachment(kind=kind, key=f"{key}_{one}", message_id=key) for one in range(files))
        self.play.channel.files.update({one.key: one.key.encode() for one in attached})
        return Said(
            key=key,
            user=user,
            chat=private_chat(user),
            message_id=key,
            text=text,
            sent_at=sent_at or self.now,
            attachments=attached,
        )

    def deliver(self, act: Said | Clicked) -> None:
        self.do(self.play.deliver(act))
        self.acts.append(act)
        self.listen()

    def tap(self, value: dict[str, object], user: str, form: dict[str, object] | None = None) -> Clicked:
        self.acts_at(user, self.now)
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
            spoken = any(each.kind == "audio" for each in said.attachments)
            words, files = "words to be heard" if spoken else said.text, len(said.attachments)
            message = message_of("message", said.key)
            one.write(message, words, said.sent_at, stale, self.now, files=files, spoken=spoken)

    def please(self, which: int) -> None:
        """The owner of the session writes to it, and it is no answer to most questions."""
        said = self.said(self.turn_to(which), "please")
        self.expect_message(said)
        self.deliver(said)

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

    def let_go(self) -> None:
        self.do(self.play.release())
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


def message_of(purpose: str, key: str) -> str:
    """The id of the message that an act leads to: a redelivery leads to the same."""
    return str(uuid.uuid5(NAMESPACE, f"{purpose}:{key}"))
