"""The real Claude Code in a real tmux, with a fake API, and the way of its hooks."""

from collections.abc import AsyncIterator, Iterator

import pytest

from phonework.testing.claude_bench import clean_environment
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.hook_server import HookServer


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture
async def api() -> AsyncIterator[FakeAnthropic]:
    async with FakeAnthropic() as server:
        yield server


@pytest.fixture
async def hooks() -> AsyncIterator[HookServer]:
    async with HookServer() as server:
        yield server
