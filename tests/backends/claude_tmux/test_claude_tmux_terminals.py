"""Somebody's Claude Code at a terminal, met by its hooks: who answers first counts, and whoever dies, it ends in a true state."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from phonework.backends.base import Arrival, Liveness, TurnStart
from phonework.backends.claude_tmux import ClaudeTmuxBackend
from phonework.backends.claude_tmux import backend as module
from phonework.backends.claude_tmux.hooks import ClaudeHooks
from phonework.errors import BackendError, NoLongerAskedError, RequestGoneError, StoreError
from phonework.fsm.events import (
    AgentAsked,
    AgentEvent,
    AgentLost,
    BackgroundFinished,
    RequestWithdrawn,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import Answer, Prompt, SessionId, Verdict
from phonework.testing.claude_bench import clean_environment, git_init, say, script, use
from phonework.testing.claude_terminal import HAS_TMUX, Terminal, at_terminal
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import Block
from phonework.testing.hook_server import HookServer
from phonework.testing.marks import until
from phonework.testing.messages import message
from phonework.testing.sink import RecordingSink

pytestmark = [
    pytest.mark.claude,
    pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed"),
    pytest.mark.asyncio(loop_scope="module"),
]

ONE = SessionId("fizz-top")
ALLOW = Answer(verdict=Verdict.ALLOW)
ASKS: list[Block] = [use("Bash", command="touch done", description="Do it")]
SAYS: list[Block] = [say("It said: {result}")]
E = TypeVar("E", bound=AgentEvent)


class DeskRecordingSink(RecordingSink):
    """Takes in whoever is met at a terminal as one session; each of their words begins the next turn."""

    def __init__(self) -> None:
        super().__init__()
        self.met: list[Arrival] = []
        self.typed: dict[str, str] = {}

    async def adopt(self, backend: str, arrival: Arrival) -> SessionId:
        self.met.append(arrival)
        return ONE

    async def began(self, session_id: SessionId, prompt: Prompt, *, key: str) -> int:
        self.typed.setdefault(prompt.prompt_id, prompt.text)
        return list(self.typed).index(prompt.prompt_id) + 1


@dataclass
class Desk:
    """A terminal with somebody at it, and the server they may have."""

    terminal: Terminal
    hooks: HookServer
    data_dir: Path
    env: dict[str, str]
    sink: DeskRecordingSink = field(default_factory=DeskRecordingSink)

    @property
    def backend(self) -> ClaudeTmuxBackend:
        assert isinstance(self.hooks.taker, ClaudeTmuxBackend)
        return self.hooks.taker

    @property
    def cwd(self) -> Path:
        return self.terminal.cwd

    def restart(self) -> None:
        settings = {"env": self.env, "socket": f"test-{uuid4().hex[:12]}", "gateway": self.data_dir / "gateway.json"}
        self.hooks.taker = ClaudeTmuxBackend(sink=self.sink, settings=settings, data_dir=self.data_dir)

    async def killed(self) -> None:
        """As kill -9 leaves it: nothing was told any more, and what was written down stands there."""
        kept = {path: path.read_bytes() for path in (self.data_dir / "terminals").iterdir()}
        self.sink.error = StoreError("we are dead")
        await self.hooks.stop()
        await self.backend.aclose()
        self.sink.error = None
        for path, content in kept.items():
            path.write_bytes(content)

    async def one(self, kind: type[E]) -> E:
        return await self.sink.wait_event(ONE, kind)

    async def asked(self, *replies: list[Block]) -> AgentAsked:
        """Somebody writes what makes it ask."""
        await self.terminal.types(script(ASKS, SAYS, *replies))
        return await self.one(AgentAsked)

    def asking(self) -> list[psutil.Process]:
        """The hooks that wait for an answer."""
        assert self.terminal.process is not None
        return [one for one in self.terminal.process.children(recursive=True) if "hook_client" in _words(one)]

    def of(self, kind: type[E]) -> list[E]:
        return [one for one in self.sink.events(ONE) if isinstance(one, kind)]


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@dataclass
class Room:
    """Where the terminal stands that one test after the other sits down at; a new one where it did not outlive the last."""

    api: FakeAnthropic
    place: Path
    stack: contextlib.AsyncExitStack
    terminal: Terminal | None = None

    @property
    def env(self) -> dict[str, str]:
        return self.api.cli_env(self.place / "home")

    async def sit(self) -> Terminal:
        if self.terminal is None or not await self.terminal.is_free():
            await self.stack.aclose()
            sockets = Path(self.stack.enter_context(TemporaryDirectory()))  # a socket's path is short
            cwd = git_init(self.place / "project")
            self.terminal = await self.stack.enter_async_context(
                at_terminal(self.api, self.place / "home", cwd, sockets)
            )
        return self.terminal


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    with clean_environment():
        async with FakeAnthropic() as api, contextlib.AsyncExitStack() as stack:
            room = Room(api, tmp_path_factory.mktemp("room"), stack)
            _hooked(Path(room.env["CLAUDE_CONFIG_DIR"]), room.place / "data" / "gateway.json")
            yield room


def _hooked(config: Path, gateway: Path) -> None:
    config.mkdir(parents=True)
    (config / "settings.json").write_text(ClaudeHooks("claude-tmux").with_ours("", gateway))


@pytest_asyncio.fixture(loop_scope="module")
async def desk(room: Room) -> AsyncIterator[Desk]:
    """A server with nothing in its memory, which has not met the terminal."""
    data_dir = room.place / "data"
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir()
    async with HookServer() as hooks:
        hooks.publish(data_dir)
        found = Desk(await room.sit(), hooks, data_dir, room.env)
        found.restart()
        (found.cwd / "done").unlink(missing_ok=True)
        yield found
        await found.backend.aclose()


async def test_what_is_asked_there_is_answered_from_here(desk: Desk) -> None:
    event = await desk.asked()
    assert (event.turn, event.ask.command) == (1, "touch done")
    assert not (desk.cwd / "done").exists()
    assert await desk.backend.liveness(ONE) is Liveness.ALIVE

    await desk.backend.answer(ONE, event.ask, ALLOW)

    end = await desk.one(TurnFinished)
    assert end.text.startswith("It said:")
    assert end.usage.output_tokens
    assert (desk.cwd / "done").exists()
    assert desk.sink.met == [Arrival(agent_session_id=desk.terminal.agent_session_id, cwd=str(desk.cwd))]
    assert not desk.of(TurnStarted)
    assert not desk.of(RequestWithdrawn)
    with pytest.raises(RequestGoneError):
        await desk.backend.answer(ONE, event.ask, ALLOW)


async def test_what_is_answered_there_is_withdrawn_here(desk: Desk) -> None:
    event = await desk.asked()

    await desk.terminal.chooses("1")

    assert (await desk.one(RequestWithdrawn)).request_id == event.ask.request_id
    assert (await desk.one(TurnFinished)).text.startswith("It said:")
    with pytest.raises(NoLongerAskedError):
        await desk.backend.answer(ONE, event.ask, Answer(verdict=Verdict.DENY))
    assert (desk.cwd / "done").exists()


async def test_a_no_from_here_is_heard_there(desk: Desk) -> None:
    event = await desk.asked()

    await desk.backend.answer(ONE, event.ask, Answer(verdict=Verdict.DENY, text="the moon is too full"))

    assert "the moon is too full" in (await desk.one(TurnFinished)).text
    assert not (desk.cwd / "done").exists()


async def test_escape_there_ends_the_turn_as_stopped(desk: Desk) -> None:
    event = await desk.asked()

    await desk.terminal.chooses("Escape")

    assert (await desk.one(RequestWithdrawn)).request_id == event.ask.request_id
    assert (await desk.one(TurnFinished)).interrupted


async def test_the_turn_ends_also_when_escape_opened_a_menu(desk: Desk) -> None:
    """Whoever goes on pressing Escape is asked where to rewind to, and that is no question of the agent's."""
    await desk.asked()
    await desk.terminal.chooses("Escape")

    await desk.terminal.press("Escape")
    await desk.terminal.press("Escape")
    await desk.terminal.shows("Rewind")

    assert (await desk.one(TurnFinished)).interrupted
    await desk.terminal.press("Escape")
    await desk.terminal.idle()


async def test_a_stop_from_here_presses_escape_there(desk: Desk) -> None:
    await desk.asked()

    await desk.backend.interrupt(ONE, 1)

    assert (await desk.one(TurnFinished)).interrupted
    assert not (desk.cwd / "done").exists()


async def test_words_from_here_are_typed_there(desk: Desk) -> None:
    await desk.terminal.says("hello", [say("Hello.")])
    await desk.one(TurnFinished)
    prompt = message(script([say("Typed: {said}")], text="!touch oops\n第二行"))
    start = TurnStart(session_id=ONE, turn=7, cwd=str(desk.cwd), prompts=(prompt,))

    await desk.backend.start_turn(start)

    end = await desk.sink.wait_event(ONE, TurnFinished, where=lambda event: event.turn == 7)
    assert "第二行" in end.text
    assert (await desk.one(TurnStarted)).agent_session_id == desk.terminal.agent_session_id
    assert not (desk.cwd / "oops").exists()


async def test_words_from_here_are_typed_there_also_after_our_restart(desk: Desk) -> None:
    """What is remembered of its last turn is no turn that runs."""
    await desk.terminal.says("hello", [say("Hello.")])
    await desk.one(TurnFinished)
    await desk.backend.aclose()
    desk.restart()
    start = TurnStart(session_id=ONE, turn=7, cwd=str(desk.cwd), prompts=(message(script([say("And again.")])),))

    await desk.backend.start_turn(start)

    end = await desk.sink.wait_event(ONE, TurnFinished, where=lambda event: event.turn == 7)
    assert end.text == "And again."


async def test_a_terminal_that_is_closed_while_it_asks_is_lost(desk: Desk) -> None:
    event = await desk.asked()

    await desk.terminal.end()

    assert (await desk.one(AgentLost)).problem is not None
    assert await desk.backend.liveness(ONE) is Liveness.DEAD
    with pytest.raises(RequestGoneError) as caught:
        await desk.backend.answer(ONE, event.ask, ALLOW)
    assert type(caught.value) is RequestGoneError  # it can be answered late


async def test_an_agent_that_is_killed_while_it_asks_is_lost(desk: Desk) -> None:
    await desk.asked()
    assert desk.terminal.process is not None

    desk.terminal.process.kill()

    assert (await desk.one(AgentLost)).turn == 1
    assert await desk.backend.liveness(ONE) is Liveness.DEAD
    assert not (desk.cwd / "done").exists()


async def test_a_hook_that_is_killed_leaves_the_question_to_the_terminal(desk: Desk) -> None:
    event = await desk.asked()
    for process in desk.asking():
        process.kill()

    assert (await desk.one(RequestWithdrawn)).request_id == event.ask.request_id
    assert desk.of(TurnFinished) == []
    await desk.terminal.chooses("1")
    await desk.one(TurnFinished)
    assert (desk.cwd / "done").exists()


async def test_an_answer_that_the_hook_did_not_hand_on_is_not_said_to_be_heard(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was sent, and the hook killed before it could read it: the terminal still asks."""
    monkeypatch.setattr(module, "ANSWERED_WITHIN", 2.0)
    event = await desk.asked()
    asking = desk.asking()
    assert asking
    for process in asking:
        process.suspend()
    answering = asyncio.create_task(desk.backend.answer(ONE, event.ask, ALLOW))
    await until(lambda: any(desk.hooks.sent))
    assert not answering.done()

    for process in asking:
        process.kill()

    with pytest.raises(NoLongerAskedError):
        await answering
    assert not (desk.cwd / "done").exists()
    await desk.terminal.chooses("1")
    await desk.one(TurnFinished)
    assert (desk.cwd / "done").exists()


async def test_after_our_end_the_terminal_asks_as_always_and_is_met_again(desk: Desk) -> None:
    """kill -9 of the server while a question is open: its hook says nothing, and the next one is taken again."""
    event = await desk.asked()
    await desk.killed()
    await desk.terminal.shows("Do you want to proceed?")

    await desk.hooks.start()
    desk.restart()
    assert await desk.backend.liveness(ONE) is Liveness.ALIVE
    assert [one.request_id for one in desk.of(RequestWithdrawn)] == [event.ask.request_id]
    await desk.terminal.chooses("1")
    assert (await desk.one(TurnFinished)).turn == 1
    assert (desk.cwd / "done").exists()

    (desk.cwd / "done").unlink()
    await desk.terminal.types(script(ASKS, SAYS))
    again = await desk.sink.wait_event(ONE, AgentAsked, where=lambda one: one.turn == 2)
    await desk.backend.answer(ONE, again.ask, ALLOW)
    await desk.sink.wait_event(ONE, TurnFinished, where=lambda one: one.turn == 2)


async def test_without_a_server_it_is_as_without_hooks(desk: Desk) -> None:
    await desk.hooks.stop()

    await desk.terminal.says("hello", [say("Hello.")])

    assert desk.sink.reported == []
    await desk.hooks.start()


async def test_a_question_that_cannot_be_stored_stays_at_the_terminal(desk: Desk) -> None:
    desk.sink.error = StoreError("the disk is full")
    await desk.terminal.types(script(ASKS, SAYS))
    await desk.sink.wait_for(lambda: desk.sink.refused > 0)
    desk.sink.error = None

    assert not (desk.cwd / "done").exists()
    await desk.terminal.chooses("1")
    assert (await desk.one(TurnFinished)).text.startswith("It said:")


async def test_an_error_of_the_api_is_told(desk: Desk) -> None:
    await desk.terminal.types(script([{"error": 400, "message": "this will not do"}]))

    assert "this will not do" in (await desk.one(TurnFailed)).error


async def test_a_terminal_out_of_reach_is_said_to_be_so(desk: Desk) -> None:
    """Not in tmux: what was met by its hooks alone."""
    raw = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": str(uuid4()),
        "cwd": str(desk.cwd),
        "prompt": "hello",
        "environment": {"CLAUDE_PID": str(desk.terminal.process.pid if desk.terminal.process else 0)},
    }
    await desk.backend.hook(raw)
    with pytest.raises(BackendError, match="no key can be pressed from here"):
        await desk.backend.interrupt(ONE, 1)
    await desk.backend.hook({**raw, "hook_event_name": "Stop", "last_assistant_message": "Hi."})
    await desk.backend.hook({**raw, "hook_event_name": "Stop", "last_assistant_message": "And more."})

    start = TurnStart(session_id=ONE, turn=2, cwd=str(desk.cwd), prompts=(message("go on"),))
    with pytest.raises(BackendError, match="/resume"):
        await desk.backend.start_turn(start)
    with pytest.raises(BackendError, match="no terminal"):
        await desk.backend.attach(ONE)
    assert (await desk.one(TurnFinished)).text == "Hi."
    assert (await desk.one(BackgroundFinished)).text == "And more."


async def test_agents_with_no_terminal_and_those_of_others_of_ours_are_left_alone(desk: Desk) -> None:
    raw = json.loads(json.dumps({"hook_event_name": "PermissionRequest", "session_id": str(uuid4()), "cwd": "/srv"}))
    raw |= {"tool_name": "Bash", "tool_input": {"command": "ls"}}
    for around in ({"CLAUDE_CODE_ENTRYPOINT": "sdk-py"}, {"AGENT_OF_PHONEWORK": "/elsewhere:fizz-top"}):
        assert await asyncio.wait_for(desk.backend.hook({**raw, "environment": around}), 10) is None
    assert desk.sink.met == []


async def test_nothing_is_typed_behind_what_somebody_has_half_typed(desk: Desk) -> None:
    """Behind a `!` it would run as a shell command."""
    await desk.terminal.says("hello", [say("Hello.")])
    await desk.one(TurnFinished)
    start = TurnStart(session_id=ONE, turn=7, cwd=str(desk.cwd), prompts=(message("touch behind"),))

    for typed in ("!", "!ls", "please", "/"):
        await desk.terminal.half_types(typed)
        with pytest.raises(BackendError, match="half typed") as refused:
            await desk.backend.start_turn(start)
        assert refused.value.problem is not None
        assert not await desk.terminal.has("touch behind")
        await desk.terminal.clears()
    assert not (desk.cwd / "behind").exists()
