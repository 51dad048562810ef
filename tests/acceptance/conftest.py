"""The whole program beside an emulator, driven only through the phone."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from phonework.testing.emulator import RunningEmulator, running_emulator
from phonework.testing.fake_openai import FakeOpenAI
from phonework.testing.person import Person
from phonework.testing.phone import Phone
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as running:
        yield running


@pytest.fixture
async def emulator() -> AsyncIterator[RunningEmulator]:
    """Its limits on calls per second are tested where the channel is; here they would only take time."""
    async with running_emulator(time_scale=0.02) as running:
        running.phone.timeout_s = 30
        yield running


@pytest.fixture
def phone(emulator: RunningEmulator) -> Phone:
    return emulator.phone


@pytest.fixture
async def api() -> AsyncIterator[FakeOpenAI]:
    """The assistant's model."""
    async with FakeOpenAI() as api:
        yield api


@pytest.fixture
async def idle_server(zygote: Zygote, emulator: RunningEmulator, tmp_path: Path) -> AsyncIterator[Server]:
    """A server that does not run yet, to be given other settings."""
    server = Server(zygote, emulator.url, tmp_path)
    yield server
    await server.aclose()


@pytest.fixture
async def server(idle_server: Server) -> Server:
    await idle_server.start()
    return idle_server


@pytest.fixture
async def ada(phone: Phone, server: Server) -> Person:
    """The person who may use the bot, with a session in `hello`."""
    person = Person(phone)
    await person.begins()
    return person
