"""Real servers on loopback, and a fetcher that may reach them; only these two edges differ from the product."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import trustme

from phonework.testing.fake_site import Site, served
from phonework.web.addresses import IP, Reach, is_public
from phonework.web.fetching import Fetcher


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with served() as site:
        yield site


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


LOOPBACK = Reach(addresses=lambda ip: is_public(ip) or ip == ip_address("127.0.0.1"), ports=lambda _port: True)


class Names:
    """A resolver that answers as the test says, each time with the next answer; the last one stays."""

    def __init__(self, **numbers: Sequence[Sequence[str]]) -> None:
        self.numbers = {name.replace("_", "."): list(answers) for name, answers in numbers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[IP]:
        self.asked.append(host)
        answers = self.numbers.get(host)
        if not answers:
            raise OSError("no such host")
        return tuple(map(ip_address, answers.pop(0) if len(answers) > 1 else answers[0]))


def fetcher(names: Names | None = None, *, reach: Reach = LOOPBACK, within: float = 10, **more: Any) -> Fetcher:
    names = names or Names(pages_example=[["127.0.0.1"]])
    return Fetcher(reach=reach, resolve=names, within=timedelta(seconds=within), **more)
