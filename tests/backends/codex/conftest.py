"""The real Codex with a fake API."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from phonework.testing.codex_bench import CodexBench, clean_environment
from phonework.testing.fake_responses import FakeResponses


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture
async def api() -> AsyncIterator[FakeResponses]:
    async with FakeResponses() as server:
        yield server


@pytest.fixture
async def make_bench(api: FakeResponses, tmp_path: Path) -> AsyncIterator[Callable[..., CodexBench]]:
    """Builds a bench with settings of its own."""
    made: list[CodexBench] = []

    def make(**more: object) -> CodexBench:
        made.append(CodexBench(api, tmp_path, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        await bench.aclose()


@pytest.fixture
def bench(make_bench: Callable[..., CodexBench]) -> CodexBench:
    return make_bench()
