"""The real Codex with a fake API."""

from collections.abc import AsyncIterator, Iterator

import pytest

from phonework.testing.codex_bench import clean_environment
from phonework.testing.fake_responses import FakeResponses


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture
async def api() -> AsyncIterator[FakeResponses]:
    async with FakeResponses() as server:
        yield server
