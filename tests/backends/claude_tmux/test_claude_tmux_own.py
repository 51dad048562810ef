"""Claude Code in terminals we began: whichever side is killed while it asks, nothing is allowed and nothing stays behind."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from phonework.backends.base import Accepted, Liveness, TurnStart
from phonework.backends.claude.launcher import MARK
from phonework.backends.claude_tmux import ClaudeTmuxBackend
from phonework.errors import BackendError
from phonework.fsm.events import AgentLost, RequestWithdrawn, TurnFinished
from phonework.processes import marked
from phonework.sandbox import Sandbox
from phonework.testing.backend_bench import ONE, BackendBench, git_init
from phonework.testing.claude_bench import say, script, use
from phonework.testing.claude_terminal import HAS_TMUX, pass_the_questions
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import Block
from phonework.testing.hook_server import HookServer
from phonework.testing.marks import until
from phonework.testing.messages import message

pytestmark = [pytest.mark.claude, pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")]

ASKS: list[Block] = [use("Bash", command="touch done", description="Do it")]


class TmuxBench(BackendBench):
    """One person with one session in a terminal of ours. trusted: Claude Code has been used in its directory before."""

    def __init__(self, api: FakeAnthropic, hooks: HookServer, directory: Path) -> None:
        super().__init__()
        self.hooks, self.env = hooks, api.cli_env(directory / "home")
        self.data_dir = directory / "data" / "backends" / "claude-tmux"
        self.data_dir.mkdir(parents=True)
        self.gateway = hooks.publish(directory / "data")
        self.socket = f"test-{uuid4().hex[:12]}"
        self.cwd = git_init(directory / "project")
        self.lives: list[ClaudeTmuxBackend] = []
        self.restart()

    def trust(self) -> None:
        pass_the_questions(
            Path(self.env["CLAUDE_CONFIG_DIR"]) / ".claude.json", self.cwd, self.env["ANTHROPIC_API_KEY"]
        )

    @property
    def backend(self) -> ClaudeTmuxBackend:
        return self.lives[-1]

    def restart(self) -> None:
        """A new backend on the same data; the one before lives on and is not told, as after kill -9."""
        settings = {"env": self.env, "socket": self.socket, "gateway": self.gateway}
        self.lives.append(ClaudeTmuxBackend(sink=self.sink, settings=settings, data_dir=self.data_dir))
        self.hooks.taker = self.backend

    def tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-L", self.socket, *words], capture_output=True, text=True, check=False).stdout

    def left(self) -> int:
        """How many processes of the session there are."""
        return len(marked(MARK, f"{self.data_dir}:fizz-top"))

    def shut(self) -> None:
        self.tmux("kill-server")


@pytest.fixture
async def tmux(api: FakeAnthropic, hooks: HookServer, tmp_path: Path) -> AsyncIterator[TmuxBench]:
    bench = TmuxBench(api, hooks, tmp_path)
    bench.trust()
    yield bench
    for life in bench.lives:
        await life.aclose()
    bench.shut()


async def test_a_killed_tmux_is_a_lost_agent(tmux: TmuxBench) -> None:
    await tmux.say(script(ASKS, [say("made")]))
    await tmux.asked()

    await asyncio.to_thread(tmux.tmux, "kill-server")

    assert (await tmux.one(AgentLost)).problem is not None
    assert await tmux.backend.liveness(ONE) is Liveness.DEAD
    assert tmux.left() == 0
    assert not (tmux.cwd / "done").exists()


async def test_what_a_crash_of_ours_left_is_ended_before_anything_resumes(tmux: TmuxBench) -> None:
    await tmux.say(script(ASKS, [say("made")]))
    await tmux.asked()
    assert tmux.left() > 0
    start = tmux.start
    assert start is not None

    tmux.restart()

    assert await tmux.backend.accepted(start) is Accepted.YES
    assert await tmux.backend.liveness(start.session_id) is Liveness.DEAD
    assert tmux.left() == 0
    assert "fizz-top" not in await asyncio.to_thread(tmux.tmux, "list-sessions")
    assert not (tmux.cwd / "done").exists()


@pytest.mark.parametrize("act", ["close", "kill", "begin"])
async def test_an_idle_agent_that_a_crash_left_is_ended(tmux: TmuxBench, act: str) -> None:
    await tmux.say(script([say("The quick brown fox.")]))
    await tmux.one(TurnFinished)
    assert tmux.left() > 0

    tmux.restart()
    await (tmux.backend.begin() if act == "begin" else getattr(tmux.backend, act)(ONE))

    assert tmux.left() == 0
    assert "fizz-top" not in await asyncio.to_thread(tmux.tmux, "list-sessions")


async def test_what_another_server_has_in_the_same_tmux_is_left_alone(tmux: TmuxBench, tmp_path: Path) -> None:
    await tmux.say(script([say("The quick brown fox.")]))
    await tmux.one(TurnFinished)
    settings = {"env": tmux.env, "socket": tmux.socket, "gateway": tmux.gateway}
    other = ClaudeTmuxBackend(
        sink=tmux.sink, settings=settings, data_dir=tmp_path / "other" / "backends" / "claude-tmux"
    )

    await other.begin()
    await other.close(ONE)
    await other.kill(ONE)

    assert tmux.left() > 0
    assert "fizz-top" in await asyncio.to_thread(tmux.tmux, "list-sessions")


async def test_what_is_half_typed_at_a_terminal_of_ours_is_taken_away(tmux: TmuxBench) -> None:
    await tmux.say(script([say("Hello.")]))
    await tmux.finished()
    target = (await tmux.backend.attach(ONE))[-1]
    await asyncio.to_thread(tmux.tmux, "send-keys", "-t", target, "-l", "!touch oops; ")
    await until(lambda: "touch oops" in tmux.tmux("capture-pane", "-p", "-t", target))

    await tmux.say(script([say("Again.")], text="touch oops"))

    assert (await tmux.finished()).text == "Again."
    assert not (tmux.cwd / "oops").exists()


async def test_its_terminal_can_be_looked_at_and_goes_when_it_is_closed(tmux: TmuxBench) -> None:
    await tmux.say(script([say("The quick brown fox.")], text="!touch oops\n还有一行"))
    await tmux.one(TurnFinished)

    program, *words = await tmux.backend.attach(ONE)
    assert words[-3] == "attach-session"
    target = words[-1]
    assert "The quick brown fox." in await asyncio.to_thread(tmux.tmux, "capture-pane", "-p", "-t", target)
    assert not (tmux.cwd / "oops").exists()

    await tmux.backend.close(ONE)
    assert tmux.left() == 0
    with pytest.raises(BackendError, match="no terminal"):
        await tmux.backend.attach(ONE)
    assert program


async def test_what_somebody_answers_in_its_terminal_is_withdrawn(tmux: TmuxBench) -> None:
    await tmux.say(script(ASKS, [say("made")]))
    await tmux.asked()

    target = (await tmux.backend.attach(ONE))[-1]
    while not tmux.of(RequestWithdrawn):  # keys that come too soon after a question are not taken
        await asyncio.to_thread(tmux.tmux, "send-keys", "-t", target, "Escape")
        with contextlib.suppress(TimeoutError):
            await tmux.sink.wait_for(lambda: bool(tmux.of(RequestWithdrawn)), within=2)

    assert (await tmux.one(TurnFinished)).interrupted
    assert not (tmux.cwd / "done").exists()


async def test_what_only_its_person_can_answer_is_said_and_nothing_is_left_of_it(
    api: FakeAnthropic, hooks: HookServer, tmp_path: Path
) -> None:
    """It asks whether to trust the directory: that is not for us to say."""
    bench = TmuxBench(api, hooks, tmp_path)
    pass_the_questions(
        Path(bench.env["CLAUDE_CONFIG_DIR"]) / ".claude.json", tmp_path / "other", bench.env["ANTHROPIC_API_KEY"]
    )
    try:
        with pytest.raises(BackendError, match="Run `claude` in") as refused:
            await bench.say("hello")
        assert refused.value.problem is not None
        assert bench.left() == 0
    finally:
        await bench.backend.aclose()
        bench.shut()


@pytest.mark.parametrize("what", ["no_tmux", "no_directory", "sandbox"])
async def test_what_is_missing_is_said(tmux: TmuxBench, what: str, tmp_path: Path) -> None:
    settings: dict[str, object] = {"env": tmux.env, "socket": tmux.socket, "gateway": tmux.gateway}
    settings |= {"tmux_path": "/nowhere/tmux"} if what == "no_tmux" else {}
    settings |= {"sandbox": Sandbox()} if what == "sandbox" else {}
    backend = ClaudeTmuxBackend(sink=tmux.sink, settings=settings, data_dir=tmux.data_dir)
    cwd = tmp_path / ("gone" if what == "no_directory" else "project")
    start = TurnStart(session_id=ONE, turn=1, cwd=str(cwd), prompts=(message("hi"),))

    with pytest.raises(BackendError) as refused:
        await backend.start_turn(start)

    assert refused.value.problem is not None
    assert tmux.left() == 0


async def test_without_its_hooks_its_record_and_status_tell(tmux: TmuxBench) -> None:
    """No server is reached: turns begin and end all the same, and of a question it is at least said where it is asked."""
    tmux.hooks.taker = None
    await tmux.say(script([say("The quick brown fox.")]))
    assert (await tmux.finished()).text == "The quick brown fox."

    await tmux.say(script(ASKS, [say("made")]))
    assert "waits for an answer at its terminal" in await tmux.note("at its terminal")
    assert not tmux.asks()
    assert not (tmux.cwd / "done").exists()


async def test_a_copy_goes_on_under_an_id_of_its_own_and_another_model(tmux: TmuxBench, api: FakeAnthropic) -> None:
    await tmux.say(script([say("Noted.")], text="The word is mango."))
    await tmux.finished()
    first = tmux.agent
    await tmux.backend.close(ONE)

    await tmux.say(script([say("I know: {history}")], text="And the word?"), fork_of=first, model="haiku")
    assert "The word is mango." in await tmux.words()
    assert tmux.agent != first
    assert "haiku" in str(api.requests[-1].body["model"])

    await tmux.say(script([say("Still: {history}")], text="And now?"), model="opus")
    assert "The word is mango." in await tmux.words()
    assert "opus" in str(api.requests[-1].body["model"])
