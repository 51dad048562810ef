"""The real Claude Code in a real tmux, with a fake API, and the way of its hooks."""

from collections.abc import AsyncIterator, Iterator
from tempfile import TemporaryDirectory

import pytest

from phonework.testing.claude_bench import clean_environment
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.hook_server import HookServer


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sockets of tmux lie in a directory that goes with the test; their paths must be short."""
    with clean_environment(), TemporaryDirectory(prefix="tmux-") as sockets:
        monkeypatch.setenv("TMUX_TMPDIR", sockets)
        yield


@pytest.fixture
async def api() -> AsyncIterator[FakeAnthropic]:
    async with FakeAnthropic() as server:
        yield server


@pytest.fixture
async def hooks() -> AsyncIterator[HookServer]:
    async with HookServer() as server:
        yield server
