"""tmux itself: what is in front in a terminal, and that words are pasted as they are."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import pytest

from phonework.backends.claude_tmux.tmux import Server
from phonework.errors import BackendError
from phonework.testing.claude_terminal import HAS_TMUX
from phonework.testing.marks import until

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")

NAME, TARGET = "one", "=one:"
SHELL = ("bash", "--norc", "--noprofile", "-i")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server(program="tmux", socket=f"test-{uuid4().hex[:12]}")
    yield server
    await server.close(NAME)


async def test_only_what_is_in_front_is_at_hand(server: Server, tmp_path: Path) -> None:
    """A program that was put aside with Ctrl-Z leaves its shell there, which would run what is typed."""
    shell = psutil.Process(await server.begin(NAME, str(tmp_path), SHELL))
    await until(lambda: bool(shell.terminal()))
    await server.paste(TARGET, "cat")
    await server.press(TARGET, "Enter")
    await until(lambda: [one.name() for one in shell.children()] == ["cat"])
    (program,) = shell.children()
    assert await server.at_hand(TARGET, program.pid)
    assert not await server.at_hand(TARGET, shell.pid)
    assert not await server.at_hand(TARGET, os.getpid()), "it is somewhere else"

    await server.press(TARGET, "C-z")
    await until(lambda: program.status() == psutil.STATUS_STOPPED)

    assert not await server.at_hand(TARGET, program.pid)


async def test_a_terminal_that_is_scrolled_back_in_takes_words_again(server: Server, tmp_path: Path) -> None:
    pid = await server.begin(NAME, str(tmp_path), ("cat",))
    await until(lambda: psutil.Process(pid).name() == "cat")
    await server.run("copy-mode", "-t", TARGET)

    assert await server.at_hand(TARGET, pid)
    await server.paste(TARGET, "第一行 🙂")
    await server.press(TARGET, "Enter")

    async with asyncio.timeout(10):
        while "第一行 🙂" not in await server.screen(TARGET):
            pass


async def test_a_terminal_that_is_not_there_is_said_to_be_so(server: Server) -> None:
    with pytest.raises(BackendError):
        await server.paste("=nowhere:", "x")
    assert await server.screen("=nowhere:") == ""
    assert not await server.at_hand("=nowhere:", os.getpid())
