"""Reminders in any order, with crashes and everything twice: each due time comes once, and none after its deletion."""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from phonework.channels.base import Clicked, Said
from phonework.channels.cards.clicks import ReminderOp
from phonework.channels.cards.values import reminder_value
from phonework.reminders import recurrence
from phonework.reminders import reminder as values
from phonework.reminders.phrases import Phrase, parse
from phonework.reminders.recurrence import next_time
from phonework.reminders.reminder import Delay, later
from phonework.reminders.schedule import Every, Schedule
from phonework.store.codec import milliseconds
from phonework.testing.channel import Fate
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

ZONE: Final = ZoneInfo("UTC")
THOROUGH: Final = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
PROFILE: Final = settings(
    max_examples=2000 if THOROUGH else 30,
    stateful_step_count=80 if THOROUGH else 30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    database=None,
)
SHORT: Final = settings(PROFILE, max_examples=300, stateful_step_count=30, phases=[Phase.generate], derandomize=True)
WORDS: Final = (
    "10m tea",
    "1h tea",
    "每30分钟 喝水",
    "every day at 10:00 water",
    "每周一 9:00 周会",
    "tomorrow 9:00 call",
)
NONSENSE: Final = ("", "tea", "every second tea", "yesterday tea", "10m")


@dataclass
class Expected:
    """What should be true of one reminder. came: the due times at which it came."""

    owner: str
    schedule: Schedule
    due: datetime | None
    status: str = "waiting"
    version: int = 1
    came: list[datetime] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)

    def passes(self, now: datetime) -> None:
        if self.due is None or self.due > now:
            return
        self.came.append(self.due)
        self.due = next_time(self.schedule, now) if isinstance(self.schedule, Every) else None
        self.status, self.version = ("waiting" if self.due else "done"), self.version + 1

    def moves(self, until: datetime | None, status: str) -> None:
        self.due, self.status, self.version = until, status, self.version + 1


class ReminderMachine(RuleBasedStateMachine):
    """Two people; everything happens through the engine's own doors."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.play = Playbook(Path(self.folder.name))
        self.known: dict[str, Expected] = {}
        self.acts: list[Said | Clicked] = []
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

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def now(self) -> datetime:
        return self.play.clock.now()

    def key(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}_{self.number}"

    def said(self, words: str, user: str) -> Said:
        key = self.key("om")
        text = f"/remind {words}"
        return Said(key=key, user=user, chat=private_chat(user), message_id=key, text=text, sent_at=self.now)

    def remember(self, said: Said) -> None:
        """What the message should have come to."""
        self.acts.append(said)
        found = parse(said.text.removeprefix("/remind "), said.sent_at, ZONE)
        rows = self.play.rows("SELECT reminder_id FROM reminder WHERE origin = ?", f"message:{said.key}")
        assert len(rows) == isinstance(found, Phrase)
        if isinstance(found, Phrase):
            due = next_time(found.schedule, said.sent_at)
            self.known[rows[0][0]] = Expected(owner=said.user, schedule=found.schedule, due=due)

    # What can happen

    @rule(words=st.sampled_from([*WORDS, *WORDS, *NONSENSE]), user=st.sampled_from([ADA, BOB]))
    def sets(self, words: str, user: str) -> None:
        said = self.said(words, user)
        self.do(self.play.deliver(said))
        self.remember(said)

    @rule(words=st.sampled_from(WORDS))
    def sets_and_the_answer_is_never_heard(self, words: str) -> None:
        """Killed right after the commit."""
        said = self.said(words, ADA)
        self.do(self.play.crash_unacknowledged(said))
        self.sweeps()
        self.remember(said)

    @precondition(lambda self: self.known)
    @rule(
        which=st.integers(0, 20),
        op=st.sampled_from(ReminderOp),
        delay=st.sampled_from(Delay),
        owner=st.sampled_from([True, True, True, False]),
        behind=st.sampled_from([0, 0, 0, 1]),
    )
    def taps(self, which: int, op: ReminderOp, delay: Delay, owner: bool, behind: int) -> None:
        """behind: on a card that is out of date."""
        reminder_id, one = list(self.known.items())[which % len(self.known)]
        user = one.owner if owner else ADA if one.owner == BOB else BOB
        number = max(0, (one.version if op is ReminderOp.LATER else len(one.came)) - behind)
        clicked = Clicked(
            key=self.key("ev"),
            user=user,
            chat=private_chat(user),
            message_id="om_card",
            value=reminder_value(op, reminder_id, number=number, delay=delay),
            clicked_at=self.now,
        )
        reply = self.do(self.play.deliver(clicked))
        self.acts.append(clicked)
        happens = owner and self._expects(one, op, number, delay)
        assert reply.toast.kind == ("success" if happens else "warning")
        assert owner or reply.card is None

    def _expects(self, one: Expected, op: ReminderOp, number: int, delay: Delay) -> bool:
        """Whether the tap does anything; and what."""
        came = 1 <= number <= len(one.came)
        match op:
            case ReminderOp.UNDO | ReminderOp.DELETE if one.status == "waiting":
                one.moves(None, "deleted")
            case ReminderOp.LATER if one.due is not None and number == one.version:
                one.moves(later(delay, max(one.due, self.now), ZONE), "waiting")
            case ReminderOp.AGAIN if came and number == len(one.came) and number not in one.settled:
                if one.status == "deleted":
                    return False
                one.settled.add(number)
                one.moves(later(delay, self.now, ZONE), "waiting")
            case ReminderOp.DONE if came and number not in one.settled:
                one.settled.add(number)
            case _:
                return False
        return True

    @precondition(lambda self: self.acts)
    @rule(which=st.integers(0, 50))
    def comes_twice(self, which: int) -> None:
        self.do(self.play.deliver(self.acts[which % len(self.acts)]))

    @rule(fate=st.sampled_from([Fate.BUSY, Fate.UNKNOWN, Fate.HANG]))
    def the_next_delivery(self, fate: Fate) -> None:
        self.play.channel.fates.append(fate)

    @rule(minutes=st.sampled_from([0, 1, 9, 10, 30, 61, 24 * 60, 8 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        """Nothing: what hung goes on."""
        if not minutes:
            self.do(self.play.release())
            return
        self.do(self.play.advance(timedelta(minutes=minutes)))
        self.sweeps()

    @rule(down=st.sampled_from([0, 0, 11, 61, 3 * 24 * 60]))
    def crash(self, down: int) -> None:
        """down: for so many minutes."""
        self.play.clock.advance(timedelta(minutes=down))
        self.do(self.play.crash())
        self.sweeps()

    def sweeps(self) -> None:
        for one in self.known.values():
            one.passes(self.now)

    # What must hold

    @invariant()
    def every_row_is_as_expected(self) -> None:
        self.broken = True
        rows = self.play.rows("SELECT reminder_id, user_id, status, version, fired, due_at_ms FROM reminder")
        firings = self.play.rows("SELECT reminder_id, due_at_ms, settled FROM firing ORDER BY reminder_id, number")
        history = self.play.rows("SELECT dedupe_key FROM event WHERE source = 'reminder'")
        assert sorted(rows) == sorted(
            (key, one.owner, one.status, one.version, len(one.came), milliseconds(one.due) if one.due else None)
            for key, one in self.known.items()
        )
        came = {key: one for key, one in self.known.items() if one.came}
        assert firings == [
            (key, milliseconds(due), int(number in one.settled))
            for key, one in sorted(came.items())
            for number, due in enumerate(one.came, start=1)
        ]
        assert sorted(key for (key,) in history) == sorted(self.firings())
        self.no_card_is_shown_twice_or_too_early()
        self.broken = False

    def firings(self) -> list[str]:
        return [f"{key}:{number}" for key, one in self.known.items() for number in range(1, len(one.came) + 1)]

    def cards(self) -> list[str]:
        """The reminders that came, as the phone shows them."""
        keys = [post.delivery.card_key for post in self.play.channel.posts.values()]
        return [key.removeprefix("reminder:") for key in keys if key.startswith("reminder:") and not key.endswith(":0")]

    def no_card_is_shown_twice_or_too_early(self) -> None:
        shown = self.cards()
        assert len(shown) == len(set(shown))
        assert set(shown) <= set(self.firings())

    def comes_to_rest(self) -> None:
        """Whatever became of deliveries on the way, each reminder that came is on the phone."""
        self.play.channel.fates.clear()
        for _ in range(4):
            self.do(self.play.release())
            self.do(self.play.advance(timedelta(minutes=5)))
            self.sweeps()
        self.every_row_is_as_expected()
        assert sorted(self.cards()) == sorted(self.firings())
        assert self.play.rows("SELECT key FROM effect WHERE status IN ('owed', 'claimed')") == []


@pytest.mark.timeout(3_600 if THOROUGH else 240)
def test_each_due_time_comes_once_and_none_after_a_deletion() -> None:
    run_state_machine_as_test(ReminderMachine, settings=PROFILE)


# It can fail: each of these is noticed.


def _deleting_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonework.intake.reminders.deleted", lambda one: values.postponed(one, one.due))


def _the_past_is_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missed comes one after another."""
    real = recurrence.next_after
    monkeypatch.setattr(values, "next_after", lambda every, after: real(every, after - timedelta(hours=1)))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("plant", [_deleting_forgets_nothing, _the_past_is_come_again])
def test_the_machine_notices(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(ReminderMachine, settings=SHORT)
