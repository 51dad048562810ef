"""What every backend must keep to, as one suite: a backend's tests subclass it and give it an adapter.

    class TestMine(BackendContract):
        @pytest.fixture
        def adapter(self) -> BackendAdapter: ...

For readable failures call `pytest.register_assert_rewrite("phonework.testing.backend_contract")` in a conftest first.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import pytest

from phonework.backends.base import Accepted, Backend, Liveness, Sink, TurnStart
from phonework.errors import RequestGoneError, StoreError
from phonework.fsm.events import (
    AgentAsked,
    AgentLost,
    PromptsTaken,
    RequestWithdrawn,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import Answer, Ask, Carry, RequestId, SessionId, Verdict
from phonework.testing.messages import message
from phonework.testing.sink import RecordingSink

End = TurnFinished | TurnFailed | AgentLost
ALLOW = Answer(verdict=Verdict.ALLOW)
ONE, TWO = SessionId("fizz-top"), SessionId("buzz-low")
CLOSING_SECONDS = 4.0


class Need(StrEnum):
    """What a backend is made to do. CONFIRM: ask for one permission, and do something visible only if it is given."""

    PLAIN = "plain"
    CONFIRM = "confirm"
    PARALLEL = "parallel"  # two permissions, both asked before either is answered
    HANG = "hang"
    FAIL = "fail"
    CRASH = "crash"
    RECALL = "recall"  # say what was said before in this conversation


class BackendAdapter(Protocol):
    """How one kind of backend is set up for the suite and made to do what a test needs."""

    async def make(self, sink: Sink, data_dir: Path) -> Backend:
        """Return a new backend. The same `data_dir` again means the server was started again."""

    def prompt(self, need: Need) -> str | None:
        """Return a message that makes the agent do this; None when it cannot, which skips the test."""

    def done(self, cwd: Path) -> bool:
        """Tell whether what CONFIRM asked for was done in this directory."""

    def heard(self, reason: str, end: TurnFinished) -> bool:
        """Tell whether the agent was given this reason for a no."""

    def recalled(self, text: str, end: TurnFinished) -> bool:
        """Tell whether the agent, told to RECALL, knew an earlier message of the conversation."""


@dataclass(slots=True)
class Bench:
    """A backend with its sink and two working directories."""

    adapter: BackendAdapter
    directory: Path
    sink: RecordingSink = field(default_factory=RecordingSink)
    backends: list[Backend] = field(default_factory=list)

    @property
    def backend(self) -> Backend:
        return self.backends[-1]

    def cwd(self, session_id: SessionId) -> Path:
        """Return the session's working directory."""
        directory = self.directory / "work" / session_id
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    async def restart(self) -> None:
        """Begin with a new backend on the same data, as after a restart of the server."""
        data_dir = self.directory / "data"
        data_dir.mkdir(exist_ok=True)
        self.backends.append(await self.adapter.make(self.sink, data_dir))

    def start_of(self, need: Need, session_id: SessionId = ONE, turn: int = 1, agent_session_id: str = "") -> TurnStart:
        """Return a turn that makes the agent do what is needed, or skip the test."""
        text = self.adapter.prompt(need)
        if text is None:
            pytest.skip(f"this backend cannot be made to {need}")
        return TurnStart(
            session_id=session_id,
            turn=turn,
            cwd=str(self.cwd(session_id)),
            prompts=(message(text),),
            agent_session_id=agent_session_id,
        )

    async def start(self, need: Need, session_id: SessionId = ONE, turn: int = 1, agent: str = "") -> TurnStart:
        """Start such a turn."""
        start = self.start_of(need, session_id, turn, agent)
        await self.backend.start_turn(start)
        return start

    async def started(self, session_id: SessionId = ONE, turn: int = 1) -> TurnStarted:
        """Wait for the turn's first event."""
        return await self.sink.wait_event(session_id, TurnStarted, where=lambda event: event.turn == turn)

    async def asked(self, session_id: SessionId = ONE, turn: int = 1) -> Ask:
        """Wait for a request of the turn."""
        event = await self.sink.wait_event(session_id, AgentAsked, where=lambda event: event.turn == turn)
        return event.ask

    async def asked_two(self) -> tuple[Ask, Ask]:
        """Wait until two requests are there."""
        await self.sink.wait_for(lambda: len(self.asks()) >= 2)
        return self.asks()[0], self.asks()[1]

    def asks(self, session_id: SessionId = ONE) -> list[Ask]:
        """Return what was asked so far."""
        return [event.ask for event in self.sink.events(session_id) if isinstance(event, AgentAsked)]

    async def ended(self, session_id: SessionId = ONE, turn: int = 1) -> End:
        """Wait for the turn's end."""

        def is_end(event: object) -> bool:
            return isinstance(event, End) and event.turn == turn

        await self.sink.wait_for(lambda: any(map(is_end, self.sink.events(session_id))))
        return next(e for e in self.sink.events(session_id) if isinstance(e, End) and e.turn == turn)

    async def finished(self, session_id: SessionId = ONE, turn: int = 1) -> TurnFinished:
        """Wait for the turn's end, which must be a good one."""
        end = await self.ended(session_id, turn)
        assert isinstance(end, TurnFinished), end
        return end

    async def aclose(self) -> None:
        """Close every backend that was made."""
        for backend in self.backends:
            await backend.aclose()

    def check(self) -> None:
        """Hold what must be true of every report, whatever happened."""
        keys = [(reported.session_id, reported.key) for reported in self.sink.reported]
        assert len(keys) == len(set(keys)), "a key names one event of its session"
        for session_id in {reported.session_id for reported in self.sink.reported}:
            self._check_turns(session_id)

    def _check_turns(self, session_id: SessionId) -> None:
        events = self.sink.events(session_id)
        for turn in {event.turn for event in events if isinstance(event, TurnStarted)}:
            of_turn = [event for event in events if getattr(event, "turn", None) == turn]
            ends = [event for event in of_turn if isinstance(event, End)]
            assert isinstance(of_turn[0], TurnStarted), "TurnStarted comes first"
            assert len(ends) <= 1, "a turn ends once"
            assert not ends or of_turn[-1] is ends[0], "nothing of a turn comes after its end"


class BackendContract:
    """The suite. A subclass gives the `adapter` fixture."""

    @pytest.fixture
    async def bench(self, adapter: BackendAdapter, tmp_path: Path) -> AsyncIterator[Bench]:
        """A backend; what was reported is checked once more after each test."""
        bench = Bench(adapter, tmp_path)
        await bench.restart()
        yield bench
        await bench.aclose()
        bench.check()

    async def test_a_plain_turn_starts_and_finishes(self, bench: Bench) -> None:
        await bench.start(Need.PLAIN)

        end = await bench.finished()

        assert end.text.strip()
        assert not end.interrupted
        assert (await bench.started()).agent_session_id

    async def test_a_second_turn_goes_on_under_the_same_id(self, bench: Bench) -> None:
        await bench.start(Need.PLAIN)
        agent = (await bench.started()).agent_session_id
        await bench.finished()

        await bench.start(Need.PLAIN, turn=2, agent=agent)

        await bench.finished(turn=2)
        assert (await bench.started(turn=2)).agent_session_id == agent

    async def test_an_allowed_request_is_carried_out(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()
        assert not bench.adapter.done(bench.cwd(ONE)), "nothing is done before the answer"

        await bench.backend.answer(ONE, ask, ALLOW)

        await bench.finished()
        assert bench.adapter.done(bench.cwd(ONE))

    async def test_a_denied_request_is_not_carried_out_and_the_reason_is_heard(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()

        await bench.backend.answer(ONE, ask, Answer(verdict=Verdict.DENY, text="the moon is too full"))

        assert bench.adapter.heard("the moon is too full", await bench.finished())
        assert not bench.adapter.done(bench.cwd(ONE))

    async def test_an_ask_says_what_it_is_about(self, bench: Bench) -> None:
        """A person must see in full what they allow; the ids are as the types say."""
        await bench.start(Need.CONFIRM)

        ask = await bench.asked()

        assert ask.prompt
        assert "\n" not in ask.prompt
        assert sum(map(bool, (ask.command, ask.diff, ask.plan, ask.words, ask.input_json))) == 1
        assert len(ask.request_id) == 32
        assert int(ask.request_id, 16) >= 0
        assert ask.fingerprint

    async def test_two_requests_at_once_are_answered_each(self, bench: Bench) -> None:
        await bench.start(Need.PARALLEL)
        first, second = await bench.asked_two()
        assert first.request_id != second.request_id

        await bench.backend.answer(ONE, second, Answer(verdict=Verdict.DENY, text="not that one"))
        await bench.backend.answer(ONE, first, ALLOW)

        assert bench.adapter.heard("not that one", await bench.finished())

    async def test_an_unknown_request_is_gone(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()

        with pytest.raises(RequestGoneError):
            await bench.backend.answer(ONE, replace(ask, request_id=_request_id(), agent_ref="other"), ALLOW)
        with pytest.raises(RequestGoneError):
            await bench.backend.answer(TWO, ask, ALLOW)
        assert not bench.adapter.done(bench.cwd(ONE))

    async def test_an_answer_counts_once(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()
        await bench.backend.answer(ONE, ask, Answer(verdict=Verdict.DENY, text="no"))

        with pytest.raises(RequestGoneError):
            await bench.backend.answer(ONE, ask, ALLOW)

        await bench.finished()
        assert not bench.adapter.done(bench.cwd(ONE))

    async def test_an_interrupt_ends_the_turn(self, bench: Bench) -> None:
        await bench.start(Need.HANG)
        await bench.started()

        await bench.backend.interrupt(ONE, 1)

        assert (await bench.finished()).interrupted
        assert await bench.backend.liveness(ONE) is not Liveness.UNKNOWN

    async def test_an_interrupt_withdraws_what_is_open(self, bench: Bench) -> None:
        await bench.start(Need.PARALLEL)
        asks = await bench.asked_two()

        await bench.backend.interrupt(ONE, 1)

        assert (await bench.finished()).interrupted
        events = bench.sink.events(ONE)
        assert {e.request_id for e in events if isinstance(e, RequestWithdrawn)} == {ask.request_id for ask in asks}
        with pytest.raises(RequestGoneError):
            await bench.backend.answer(ONE, asks[0], ALLOW)

    async def test_an_interrupt_of_another_turn_does_nothing(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()

        await bench.backend.interrupt(ONE, 7)
        await bench.backend.interrupt(TWO, 1)
        await bench.backend.answer(ONE, ask, ALLOW)

        assert not (await bench.finished()).interrupted

    async def test_after_an_interrupt_the_session_goes_on(self, bench: Bench) -> None:
        await bench.start(Need.HANG)
        agent = (await bench.started()).agent_session_id
        await bench.backend.interrupt(ONE, 1)
        await bench.ended()

        await bench.start(Need.PLAIN, turn=2, agent=agent)

        assert not (await bench.finished(turn=2)).interrupted

    async def test_a_failure_is_reported_and_the_next_turn_works(self, bench: Bench) -> None:
        await bench.start(Need.FAIL)
        end = await bench.ended()
        assert isinstance(end, TurnFailed), end
        assert end.error.strip()

        await bench.start(Need.PLAIN, turn=2, agent=(await bench.started()).agent_session_id)

        await bench.finished(turn=2)

    async def test_a_crash_is_reported_and_the_next_turn_works(self, bench: Bench) -> None:
        await bench.start(Need.CRASH)
        end = await bench.ended()
        assert isinstance(end, AgentLost), end
        assert end.reason.strip()
        assert await bench.backend.liveness(ONE) is Liveness.DEAD

        await bench.start(Need.PLAIN, turn=2, agent=(await bench.started()).agent_session_id)

        await bench.finished(turn=2)

    async def test_a_kill_loses_the_agent(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()

        await bench.backend.kill(ONE)

        assert isinstance(await bench.ended(), AgentLost)
        assert await bench.backend.liveness(ONE) is Liveness.DEAD
        with pytest.raises(RequestGoneError):
            await bench.backend.answer(ONE, ask, ALLOW)
        assert not bench.adapter.done(bench.cwd(ONE))

    async def test_liveness_follows_the_agent(self, bench: Bench) -> None:
        assert await bench.backend.liveness(ONE) is Liveness.DEAD
        await bench.start(Need.CONFIRM)
        await bench.asked()

        assert await bench.backend.liveness(ONE) is Liveness.ALIVE

        await bench.backend.kill(ONE)
        assert await bench.backend.liveness(ONE) is Liveness.DEAD

    async def test_closing_twice_and_closing_the_unknown_are_fine(self, bench: Bench) -> None:
        await bench.start(Need.PLAIN)
        await bench.finished()

        await bench.backend.close(ONE)
        await bench.backend.close(ONE)
        await bench.backend.close(TWO)
        await bench.backend.kill(TWO)

        assert await bench.backend.liveness(ONE) is Liveness.DEAD

    async def test_a_new_backend_resumes_the_conversation(self, bench: Bench) -> None:
        start = await bench.start(Need.PLAIN)
        agent = (await bench.started()).agent_session_id
        await bench.finished()
        await bench.backend.aclose()
        await bench.restart()
        assert await bench.backend.liveness(ONE) is Liveness.DEAD, "nothing runs after a restart"

        await bench.start(Need.RECALL, turn=2, agent=agent)

        assert bench.adapter.recalled(start.prompts[0].text, await bench.finished(turn=2))
        assert (await bench.started(turn=2)).agent_session_id == agent

    async def test_a_new_backend_knows_what_was_accepted(self, bench: Bench) -> None:
        start = await bench.start(Need.PLAIN)
        agent = (await bench.started()).agent_session_id
        await bench.finished()
        await bench.backend.aclose()
        await bench.restart()

        assert await bench.backend.accepted(replace(start, agent_session_id=agent)) is Accepted.YES
        never = bench.start_of(Need.PLAIN, turn=2, agent_session_id=agent)
        assert await bench.backend.accepted(never) is Accepted.NO

    async def test_a_turn_with_a_late_decision_asks_for_the_same_thing_again(self, bench: Bench) -> None:
        """The state machine answers it from the decision, by the fingerprint; the backend decides nothing (F12)."""
        ask, again = await self._asked_again(bench, ALLOW)

        assert again.fingerprint == ask.fingerprint
        assert not bench.adapter.done(bench.cwd(ONE)), "a decision is not an answer until it is given"
        await bench.backend.answer(ONE, again, ALLOW)
        await bench.finished(turn=2)
        assert bench.adapter.done(bench.cwd(ONE))

    async def test_a_late_no_is_heard(self, bench: Bench) -> None:
        no = Answer(verdict=Verdict.DENY, text="too late for that")
        _, again = await self._asked_again(bench, no)

        await bench.backend.answer(ONE, again, no)

        assert bench.adapter.heard("too late for that", await bench.finished(turn=2))
        assert not bench.adapter.done(bench.cwd(ONE))

    async def test_a_steered_message_is_taken_into_the_turn(self, bench: Bench) -> None:
        if not bench.backend.capabilities.can_steer:
            pytest.skip("this backend cannot be steered")
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()
        more = message(bench.adapter.prompt(Need.PLAIN) or "go on")

        await bench.backend.steer(ONE, 1, more, ())
        await bench.backend.answer(ONE, ask, ALLOW)

        taken = await bench.sink.wait_event(ONE, PromptsTaken)
        assert taken.prompt_ids == (more.prompt_id,)
        await bench.finished()

    async def test_two_sessions_do_not_mix(self, bench: Bench) -> None:
        await bench.start(Need.CONFIRM, ONE)
        ask = await bench.asked(ONE)
        await bench.start(Need.PLAIN, TWO)
        await bench.finished(TWO)
        assert not bench.asks(TWO)

        await bench.backend.answer(ONE, ask, ALLOW)

        await bench.finished(ONE)
        assert bench.adapter.done(bench.cwd(ONE))
        assert not bench.adapter.done(bench.cwd(TWO))
        assert (await bench.started(ONE)).agent_session_id != (await bench.started(TWO)).agent_session_id

    async def test_a_store_that_fails_does_not_harm_the_backend(self, bench: Bench) -> None:
        await bench.start(Need.HANG, ONE)
        await bench.started(ONE)

        bench.sink.error = StoreError("the disk is full")
        await bench.backend.interrupt(ONE, 1)
        await bench.sink.wait_for(lambda: bench.sink.refused > 0)
        bench.sink.error = None

        await bench.start(Need.PLAIN, TWO)
        await bench.finished(TWO)

    async def test_a_request_that_cannot_be_stored_is_never_taken_as_a_yes(self, bench: Bench) -> None:
        bench.sink.error = StoreError("the disk is full")
        await bench.start(Need.CONFIRM)
        await bench.sink.wait_for(lambda: bench.sink.refused > 0)
        bench.sink.error = None

        await bench.start(Need.PLAIN, TWO)
        await bench.finished(TWO)
        await bench.backend.kill(ONE)
        assert not bench.adapter.done(bench.cwd(ONE))

    @pytest.mark.parametrize("need", [Need.HANG, Need.CONFIRM, Need.PLAIN])
    async def test_closing_down_takes_little_time(self, bench: Bench, need: Need) -> None:
        await bench.start(need)
        await bench.started()

        assert await _seconds(bench.backend.aclose) < CLOSING_SECONDS
        assert await _seconds(bench.backend.aclose) < CLOSING_SECONDS, "a second time as well"
        assert await bench.backend.liveness(ONE) is Liveness.DEAD
        assert not bench.adapter.done(bench.cwd(ONE))

    async def test_ping_says_a_line(self, bench: Bench) -> None:
        line = await bench.backend.ping()

        assert line.strip()
        assert "\n" not in line

    async def _lost_while_asking(self, bench: Bench) -> tuple[Ask, str]:
        """Let the server die while a request is open; return the request and the agent's own id."""
        await bench.start(Need.CONFIRM)
        ask = await bench.asked()
        agent = (await bench.started()).agent_session_id
        await bench.backend.aclose()
        await bench.restart()
        return ask, agent

    async def _asked_again(self, bench: Bench, answer: Answer) -> tuple[Ask, Ask]:
        """What was asked when the server died, and what the turn that carries the decision asks."""
        ask, agent = await self._lost_while_asking(bench)
        start = bench.start_of(Need.CONFIRM, turn=2, agent_session_id=agent)
        await bench.backend.start_turn(replace(start, carry=Carry(ask=ask, answer=answer)))
        return ask, await bench.asked(turn=2)


def _request_id() -> RequestId:
    return RequestId(secrets.token_hex(16))


async def _seconds(action: Callable[[], Awaitable[None]]) -> float:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await action()
    return loop.time() - before
