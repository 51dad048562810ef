"""A shell, the real Claude Code in a real tmux, and a phone: one session, seen from all three (S3, D1, M3)."""

import asyncio
import contextlib
import os
import pty
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from phonework.testing.backend_bench import git_init
from phonework.testing.claude_bench import say, script, use
from phonework.testing.claude_server import ClaudeServer
from phonework.testing.claude_terminal import HAS_TMUX, pass_the_questions
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.marks import until
from phonework.testing.person import Person
from phonework.testing.shell import Shell
from phonework.testing.zygote import Zygote

pytestmark = [
    pytest.mark.claude,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed"),
]


@pytest_asyncio.fixture(loop_scope="session")
async def shell(zygote: Zygote, api: FakeAnthropic, tmp_path: Path) -> AsyncIterator[Shell]:
    """Beside a server with one person, whose agents sit at terminals."""
    socket = f"test-{uuid4().hex[:12]}"
    async with running_emulator(time_scale=0.02) as emulator:
        emulator.phone.timeout_s = 30
        settings = {"ACCESS__ALLOW": "ou_demo", "AGENT__DEFAULT": "claude-tmux", "CLAUDE_TMUX__SOCKET": socket}
        server = ClaudeServer(zygote, emulator.phone, tmp_path, api, **settings)
        shell = Shell(server)
        await asyncio.to_thread(git_init, server.work / "project")
        config = Path(server.environment["CLAUDE_CONFIG_DIR"]) / ".claude.json"
        pass_the_questions(config, server.work / "project", server.environment["ANTHROPIC_API_KEY"])
        try:
            await server.start()
            yield shell
        finally:
            await shell.aclose()
            await server.aclose()
            await asyncio.to_thread(subprocess.run, ["tmux", "-L", socket, "kill-server"], capture_output=True)


@pytest.fixture
def ada(shell: Shell) -> Person:
    assert isinstance(shell.server, ClaudeServer)
    return Person(shell.server.phone)


@contextlib.contextmanager
def looking(shell: Shell, session: str) -> Iterator[Callable[[], str]]:
    """`phonework session attach` at a terminal of its own: what was shown there so far."""
    screen, theirs = pty.openpty()
    os.set_blocking(screen, False)
    seen = bytearray()

    def shown() -> str:
        with contextlib.suppress(BlockingIOError, OSError):
            seen.extend(os.read(screen, 65536))
        return seen.decode(errors="replace")

    command = ["phonework", "session", "attach", session]
    environment = {**shell.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    try:
        yield shown
    finally:
        process.terminate()
        process.wait(10)
        os.close(theirs)
        os.close(screen)


async def test_a_session_at_a_terminal_is_made_answered_and_looked_at(shell: Shell, ada: Person) -> None:
    await ada.says("/status")  # so that the bot knows where to write to her
    asks = script([use("Bash", command="touch done", description="Do it")], [say("It is done.")], text="Begin.")
    made = await shell.makes("--cwd", "project", "--name", "desk", asks)
    asked = await shell.session("wait", made, "--timeout", "60s")
    assert asked.code == 3, asked
    card = await ada.question("touch done")
    with looking(shell, "desk") as shown:
        await until(lambda: "touch done" in shown())

    request = (await shell.session("status", "desk", "--json")).json["request"]["id"]
    assert (await shell.session("approve", "desk", "--request", request)).code == 0
    assert (await shell.session("wait", "desk", "--timeout", "60s")).code == 0
    assert (await shell.session("last-message", "desk")).out == "It is done.\n"
    assert (shell.server.work / "project/done").exists()
    await ada.sees(lambda one: one.message_id == card.message_id and "allowed" in one.texts)
    await shell.session("close", "desk")
