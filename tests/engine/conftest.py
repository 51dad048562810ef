"""A playbook for each test; twice, over a plain link and over one that carries JSON."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from phonework.link.local import LocalLink
from phonework.testing.json_link import JsonLink
from phonework.testing.playbook import Playbook


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the engine logs about planted faults is not read here, and rendering it takes time."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.fixture(params=[LocalLink, JsonLink], ids=["link", "json"])
async def play(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path, link=request.param) as play:
        yield play
