"""The whole program with the real Claude Code against a fake Messages API, driven only through the phone."""

import itertools
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from phonework.testing.claude_bench import use
from phonework.testing.claude_server import ClaudeServer, Coder, MakeCoder
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_anthropic import ApiRequest, FakeAnthropic
from phonework.testing.fake_replies import Block, find_script
from phonework.testing.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api() -> AsyncIterator[FakeAnthropic]:
    async with FakeAnthropic() as running:
        yield running


@asynccontextmanager
async def _running(zygote: Zygote, api: FakeAnthropic, place: Path, **settings: str) -> AsyncIterator[ClaudeServer]:
    """A server with a Feishu of its own, whose limits on calls per second would only take time here."""
    async with running_emulator(time_scale=0.02) as emulator:
        emulator.phone.timeout_s = 12
        server = ClaudeServer(zygote, emulator.phone, place, api, **settings)
        try:
            await server.start()
            yield server
        finally:
            await server.aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(
    zygote: Zygote, api: FakeAnthropic, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ClaudeServer]:
    """The server of all tests that do not end it."""
    async with _running(zygote, api, tmp_path_factory.mktemp("shared")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def own(zygote: Zygote, api: FakeAnthropic, tmp_path: Path) -> AsyncIterator[ClaudeServer]:
    """A server for one test, which may end it, with room for one agent."""
    async with _running(zygote, api, tmp_path, AGENT__MAX_LIVE="1") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def hasty(zygote: Zygote, api: FakeAnthropic, tmp_path: Path) -> AsyncIterator[ClaudeServer]:
    """A server on which a question waits for a second only."""
    async with _running(zygote, api, tmp_path, TIMEOUTS__WAIT="1", TIMEOUTS__REMIND="0") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def bare(zygote: Zygote, api: FakeAnthropic, tmp_path: Path) -> AsyncIterator[ClaudeServer]:
    """A server without Claude Code."""
    async with _running(zygote, api, tmp_path, CLAUDE__CLI_PATH="/nowhere/claude") as server:
        yield server


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest_asyncio.fixture(loop_scope="session")
async def make_coder(numbers: Iterator[int]) -> AsyncIterator[MakeCoder]:
    """Their sessions are closed at the end, if their server still runs."""
    made: list[Coder] = []

    async def make(server: ClaudeServer, name: str = "project", options: str = "") -> Coder:
        number = next(numbers)
        made.append(await Coder.begin(server, f"ou_ada{number}", f"{name}-{number}", options))
        return made[-1]

    yield make
    for coder in made:
        if coder.server.child and not coder.server.child.ended:
            await coder.says("/close")
            await coder.hears("Session closed.")


@pytest_asyncio.fixture(loop_scope="session")
async def ada(make_coder: MakeCoder, shared: ClaudeServer) -> Coder:
    """Somebody new with a session in a new repository, at the shared server."""
    return await make_coder(shared)


@pytest_asyncio.fixture(loop_scope="session")
async def bob(make_coder: MakeCoder, own: ClaudeServer) -> Coder:
    """The same at a server that may be ended."""
    return await make_coder(own)


@pytest_asyncio.fixture(loop_scope="session")
async def carefree(zygote: Zygote, api: FakeAnthropic, tmp_path: Path, make_coder: MakeCoder) -> AsyncIterator[Coder]:
    """Somebody whose agent is told of a sandbox, so that it may be run without asking, also as root."""
    async with _running(zygote, api, tmp_path, CLAUDE__ENV='{"IS_SANDBOX": "1"}') as server:
        yield await make_coder(server)


@pytest_asyncio.fixture(loop_scope="session")
async def planner(make_coder: MakeCoder, shared: ClaudeServer, api: FakeAnthropic) -> AsyncIterator[Coder]:
    """The same in plan mode; a reply `{"plan": text}` writes the plan where the agent said."""
    api.rules.append(_write_plan)
    yield await make_coder(shared, options="--mode plan")
    api.rules.remove(_write_plan)


def _write_plan(request: ApiRequest) -> list[Block] | None:
    due = script.due() if (script := find_script(request.messages)) else []
    if not due or "plan" not in due[0]:
        return None
    place = re.search(r"/\S+/plans/[\w-]+\.md", request.said)
    assert place, "the agent names the file for the plan"
    return [use("Write", file_path=place.group(), content=due[0]["plan"])]
