"""A playbook for each test; twice, over a plain link and over one that carries JSON."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from phonework.link.local import LocalLink
from phonework.testing.json_link import JsonLink
from phonework.testing.playbook import Playbook
from phonework.testing.silence import silent


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the engine logs about planted faults is not read here, and rendering it takes time."""
    with silent():
        yield


@pytest.fixture(params=[LocalLink, JsonLink], ids=["link", "json"])
async def play(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path, link=request.param) as play:
        yield play
