"""The first talk with a phone: does a message arrive, who sent it, and does the tap on a card arrive?"""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from phonework.channels.base import Act, Channel, Chat, Clicked, Delivery, Reply, Said, Toast
from phonework.channels.cards.note import note_card
from phonework.channels.cards.setup import setup_card
from phonework.errors import ChannelError, PhoneWorkError
from phonework.setup import console
from phonework.texts import spoken, text

CONNECT_SECONDS: Final = 40.0
LOOK_SECONDS: Final = 0.05
END_SECONDS: Final = 4.0
WRONG_CODES: Final = 5

Tell = Callable[[str], None]
"""Says a line to who sits at the console."""


@dataclass(slots=True)
class Visit:
    """What one card was sent for and what came of it. tried: the value of its button; user: whose tap counts."""

    language: str
    tried: str = field(default_factory=lambda: secrets.token_hex(8))
    user: str = ""
    said: asyncio.Queue[Said] = field(default_factory=asyncio.Queue)
    tapped: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, event: Act) -> Reply:
        """The channel's submit. Only a private message counts, and the tap of the person the card was for."""
        if isinstance(event, Said):
            if event.chat.private:
                self.said.put_nowait(event)
            return Reply()
        if not isinstance(event, Clicked) or event.value.get("id") != self.tried or event.user != self.user:
            return Reply()
        self.tapped.set()
        toast = Toast(kind="success", text=text(self.language, "setup.works"))
        return Reply(toast=toast, card=setup_card(self.language, self.tried, tapped=True))


@asynccontextmanager
async def connected(channel: Channel, visit: Visit) -> AsyncIterator[None]:
    """Yields when the channel is connected, and ends its connection. Raises ChannelError when it does not connect."""
    task = asyncio.create_task(channel.run(visit.take), name="setup channel")
    try:
        await _opens(channel, task)
        yield
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=END_SECONDS)
        if task.done() and not task.cancelled():
            task.exception()  # looked at: what it was stands in the channel's health


async def _opens(channel: Channel, task: "asyncio.Task[None]") -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            while not channel.health().connected:
                if task.done():
                    break
                await asyncio.sleep(LOOK_SECONDS)  # the port has no event for it, and this happens once
            else:
                return
    except TimeoutError:
        pass
    problem = channel.health().problem or "no answer"
    raise ChannelError(f"the long connection does not open: {problem}", hint="check the network, proxies included")


async def pair(
    channel: Channel, visit: Visit, tell: Tell, *, patience_s: float, remind_s: float, before: str = ""
) -> Said:
    """The message with the code that is told at the console: who sent it may come in. before: what is sent before the code.

    Told every remind_s what may be missing. Raises PhoneWorkError when none has come after patience_s.
    """
    pairing = _Pairing(channel, visit, tell, before)
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    async with asyncio.timeout(remind_s):
                        return await pairing.next()
                except TimeoutError:
                    tell(f"Still nothing with the code. If the bot stays silent: {console.missing_events()}.")
    except TimeoutError:
        raise PhoneWorkError(
            f"no message with the code within {patience_s:g} s", hint=console.missing_events()
        ) from None


class _Pairing:
    """Hears people until one of them sends the code; five wrong ones, and there is a new code."""

    def __init__(self, channel: Channel, visit: Visit, tell: Tell, before: str) -> None:
        self._channel, self._visit, self._tell, self._before = channel, visit, tell, before
        self._wrong, self._told = 0, set[str]()
        self._renew()

    async def next(self) -> Said:
        while True:
            said = await self._visit.said.get()
            typed = said.text.strip().rpartition(" ")[2]
            if hmac.compare_digest(typed.encode(), self._code.encode()):
                return said
            await self._refuse(said, guessed=typed.isascii() and typed.isdigit())

    async def _refuse(self, said: Said, *, guessed: bool) -> None:
        words = "say.pairing_wrong" if guessed else "say.pairing"
        self._wrong += guessed
        if self._wrong >= WRONG_CODES:
            self._wrong, words = 0, "say.pairing_locked"
            self._renew()
        elif not guessed and said.user in self._told:
            return
        self._told.add(said.user)
        language = spoken("", said.language, self._visit.language)
        card = note_card(text(language, words), language, kind="warning")
        try:
            await self._channel.deliver(Delivery(key=f"setup:{said.key}", chat=said.chat, card=card))
        except ChannelError as error:
            self._tell(
                f"A message came, but it could not be answered: {error}{f' ({error.hint})' if error.hint else ''}"
            )

    def _renew(self) -> None:
        self._code = f"{secrets.randbelow(10**8):08d}"
        self._tell(f"Pairing code: {self._before}{self._code}")


async def offer(channel: Channel, visit: Visit, user: str, chat: Chat, *, write: bool = False) -> None:
    """Send the card with the button. Raises ChannelError."""
    visit.user = user
    card = setup_card(visit.language, visit.tried, write=write)
    await channel.deliver(Delivery(key=f"setup:{visit.tried}", chat=chat, card=card))


async def tapped(visit: Visit, wait_s: float) -> bool:
    """Whether the tap arrived in time."""
    try:
        async with asyncio.timeout(wait_s):
            await visit.tapped.wait()
    except TimeoutError:
        return False
    return True


async def heard(visit: Visit, wait_s: float) -> bool:
    """Whether a private message of the person the card is for arrived in time."""
    try:
        async with asyncio.timeout(wait_s):
            while (await visit.said.get()).user != visit.user:
                pass
    except TimeoutError:
        return False
    return True
