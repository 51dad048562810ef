"""The whole program with the real Codex against a fake Responses API, driven only through the phone."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from phonework.testing.claude_bench import clean_environment as without_claude
from phonework.testing.coder import Coder
from phonework.testing.codex_bench import clean_environment as without_codex
from phonework.testing.codex_server import CodexServer
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_responses import FakeResponses
from phonework.testing.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with without_claude(), without_codex(), Zygote() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api() -> AsyncIterator[FakeResponses]:
    async with FakeResponses() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def server(zygote: Zygote, api: FakeResponses, tmp_path: Path) -> AsyncIterator[CodexServer]:
    """A server with a Feishu of its own, whose limits on calls per second would only take time here."""
    async with running_emulator(time_scale=0.02) as emulator:
        emulator.phone.timeout_s = 15
        server = CodexServer(zygote, emulator.phone, tmp_path, api)
        try:
            await server.start()
            yield server
        finally:
            await server.aclose()


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest_asyncio.fixture(loop_scope="session")
async def ada(server: CodexServer, numbers: Iterator[int]) -> Coder:
    """Somebody new with a session in a new repository."""
    number = next(numbers)
    return await Coder.begin(server, f"ou_ada{number}", f"project-{number}")
