"""A channel that runs against the emulator, with an app behind it that a test can look at and steer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr

from phonework.channels.base import Act, Chat, Reply, Said
from phonework.channels.feishu import FeishuChannel, Periods, sdk
from phonework.testing.emulator import RunningEmulator, running_emulator
from phonework.testing.phone import Phone

BRISK = Periods(
    commit=2.0,
    probe_every=0.2,
    probe_within=1.5,
    check_every=0.3,
    loop_within=2,
    open_within=10,
    endpoint=5,
    first_retry=0.05,
    longest_retry=0.2,
    refused_retry=0.3,
)


@pytest.fixture(scope="session", autouse=True)
def sdk_loaded() -> None:
    """The SDK's import takes seconds, on a busy machine many; no test should wait for it."""
    sdk.load()


@dataclass
class Desk:
    """What arrives, in order; `answer` decides what a submit does."""

    emulator: RunningEmulator
    channel: FeishuChannel
    arrived: list[Act] = field(default_factory=list)
    gaps: list[tuple[datetime, datetime]] = field(default_factory=list)
    answer: Callable[[Act], Any] = lambda event: Reply()
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def phone(self) -> Phone:
        return self.emulator.phone

    async def submit(self, event: Act) -> Reply:
        async with self.changed:
            self.arrived.append(event)
            self.changed.notify_all()
        answer = self.answer(event)
        return await answer if asyncio.iscoroutine(answer) else answer

    async def on_gap(self, since: datetime, until: datetime) -> None:
        async with self.changed:
            self.gaps.append((since, until))
            self.changed.notify_all()

    async def until(self, condition: Callable[["Desk"], bool], within_s: float = 30) -> None:
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(lambda: condition(self))

    async def until_known(self) -> None:
        """The bot has read who it is."""
        async with asyncio.timeout(30):
            await self.channel._named.wait()

    async def said(self, count: int = 1) -> list[Said]:
        """The first so many messages, as soon as they are there."""
        await self.until(lambda desk: len(desk.arrived) >= count)
        return [event for event in self.arrived if isinstance(event, Said)]

    async def chat(self) -> Chat:
        return Chat(channel="feishu", chat_id=await self.phone.private_chat())


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def brisk() -> Periods:
    """The periods of a desk: as in life, but shorter."""
    return BRISK


@pytest.fixture
async def emulator() -> AsyncIterator[RunningEmulator]:
    async with running_emulator(time_scale=0.01) as emulator:
        emulator.phone.timeout_s = 30
        yield emulator


@pytest.fixture
def open_desk(emulator: RunningEmulator) -> OpenDesk:
    """`async with open_desk() as desk`: connected, and stopped at the end. Options go to the channel."""

    @asynccontextmanager
    async def open_(*, wait: bool = True, **options: Any) -> AsyncIterator[Desk]:
        desk: Desk
        channel = FeishuChannel(
            options.pop("app_id", "cli_demo"),
            SecretStr(options.pop("app_secret", "demo-secret")),
            options.pop("domain", emulator.url),
            on_gap=lambda since, until: desk.on_gap(since, until),
            periods=options.pop("periods", BRISK),
            **options,
        )
        desk = Desk(emulator, channel)
        running = asyncio.create_task(channel.run(desk.submit))
        try:
            if wait:
                await emulator.phone.connected()
            yield desk
        finally:
            running.cancel()
            await asyncio.wait({running}, timeout=5)
            assert running.done()

    return open_


@pytest.fixture
async def desk(open_desk: OpenDesk) -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk
