"""A person who talks to the bot and finds, on the phone, the card that matters now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from phonework.testing.phone import Answered, Phone, Shown
from phonework.testing.taps import pressables


def operations(shown: Shown) -> list[dict[str, Any]]:
    """The values of everything that can be pressed on it."""
    if shown.msg_type != "interactive":
        return []
    return [each.value for each in pressables(shown.card) if isinstance(each.value, dict)]


def offers(**wanted: Any) -> Callable[[Shown], bool]:
    """Whether a message has a button with these parts of its value, like `op="answer"`."""
    return lambda shown: any(
        all(value.get(name) == each for name, each in wanted.items()) for value in operations(shown)
    )


@dataclass(slots=True)
class Person:
    """One user of the bot, in their private chat or a group."""

    phone: Phone
    user: str = "ou_demo"
    chat: str | None = None

    async def says(self, text: str, **options: Any) -> str:
        """Write it; returns the message_id."""
        return await self.phone.say(text, user=self.user, chat=self.chat, **options)

    async def sees(self, wanted: Callable[[Shown], bool] | str, **options: Any) -> Shown:
        """The first message of the bot that fits, in any of its forms from now on."""
        chat = self.chat or await self.phone.private_chat(self.user)
        return await self.phone.wait_for_message(wanted, chat=chat, **options)

    async def presses(
        self, shown: Shown, button: str | Mapping[str, Any], *, form: Mapping[str, Any] | None = None
    ) -> Answered:
        """Press what the card shows now."""
        return await self.phone.click(shown.message_id, button, form=form, user=self.user)

    async def question(self, text: str = "") -> Shown:
        """The card of an open request, once it is there."""
        return await self.sees(lambda shown: shown.shows(text) and offers(op="answer")(shown))

    async def late_question(self, text: str = "") -> Shown:
        """The card of a request whose wait is over, or whose agent is gone."""
        return await self.sees(lambda shown: shown.shows(text) and offers(op="late")(shown))

    async def live_turn(self) -> Shown:
        """The card of the running turn."""
        return await self.sees(offers(op="stop"))

    async def ended_turn(self, number: int = 0) -> Shown:
        """The card of a turn that ended and can be run again; number: of the turn, 0 for any."""
        return await self.sees(offers(op="retry", **({"g": number} if number else {})))

    async def begins(self, directory: str = "hello", message: str = "") -> None:
        """A new session in a new directory."""
        await self.says(f"/new --create {directory} {message}".rstrip())
        await self.sees(lambda shown: shown.shows("is ready.") and shown.shows(directory))
