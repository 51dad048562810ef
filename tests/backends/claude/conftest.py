"""The real Claude Code with a fake API."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from phonework.testing.claude_bench import ClaudeBench, clean_environment
from phonework.testing.fake_anthropic import FakeAnthropic


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture
async def api() -> AsyncIterator[FakeAnthropic]:
    async with FakeAnthropic() as server:
        yield server


@pytest.fixture
async def make_bench(api: FakeAnthropic, tmp_path: Path) -> AsyncIterator[Callable[..., ClaudeBench]]:
    """Builds a bench with settings of its own."""
    made: list[ClaudeBench] = []

    def make(**more: object) -> ClaudeBench:
        made.append(ClaudeBench(api, tmp_path, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        await bench.aclose()


@pytest.fixture
def bench(make_bench: Callable[..., ClaudeBench]) -> ClaudeBench:
    return make_bench()
