"""The whole program with a real agent and a fake model, and a person with a project of their own."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from phonework.testing.backend_bench import git_init
from phonework.testing.fake_replies import Block, script
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote

Json = dict[str, Any]


class AgentServer(Server):
    """`phonework serve` with a phone beside it."""

    def __init__(self, zygote: Zygote, phone: Phone, place: Path, **settings: str | None) -> None:
        super().__init__(zygote, phone.url, place, **{"ACCESS__ALLOW": "*", **settings})
        self.phone = phone


@dataclass(slots=True)
class Coder(Person):
    """A person with a session in a repository of their own. cwd: the repository."""

    server: AgentServer = None  # type: ignore[assignment]  # given by keyword, after the fields with defaults
    cwd: Path = Path()

    @classmethod
    async def begin(cls, server: AgentServer, user: str, name: str, options: str = "") -> Self:
        """Somebody new, with a session in a new repository."""
        known = await server.phone.add_user(open_id=user, name="Ada", language="en")
        cwd = await asyncio.to_thread(git_init, server.work / name)
        coder = cls(phone=server.phone, user=user, chat=known["chat_id"], server=server, cwd=cwd)
        await coder.says(f"/new {name} {options}".rstrip())
        await coder.hears("is ready.")
        return coder

    async def wants(self, *replies: list[Block], text: str = "Do it.") -> str:
        """Write a message that makes the model give these replies."""
        return await self.says(script(*replies, text=text))

    async def session(self) -> Json:
        """This person's session in this repository, as `inspect` shows it."""
        sessions = (await self.server.inspect(self.user))["sessions"]
        return dict(next(one for one in sessions if one["cwd"] == str(self.cwd)))

    async def hears(self, text: str) -> str:
        """The whole text of the bot's first message that says this; cards about something quote the person, so not they."""
        shown = await self.sees(lambda shown: "header" not in shown.content and shown.shows(text))
        return shown.text.strip()

    async def turn(self, number: int, status: str = "done") -> Shown:
        """The card of this turn once it has ended, which must be so."""
        card = await self.ended_turn(number)
        assert tag_of(card) == status, card.text
        return card

    async def becomes(self, card: Shown, tag: str) -> Shown:
        """This card once it says so."""
        return await self.sees(lambda shown: shown.message_id == card.message_id and tag_of(shown) == tag)

    async def allows(self, text: str = "") -> Shown:
        """Press Allow on the open request; returns its card."""
        card = await self.question(text)
        await self.presses(card, "Allow")
        return card

    async def questions(self) -> int:
        """How many requests were ever shown."""
        shown = await self.phone.messages(self.chat, from_bot=True)
        return sum(
            1
            for one in shown
            if any(offers(op="answer")(replace(one, content=each["content"])) for each in one.versions)
        )


def tag_of(shown: Shown) -> str:
    """The word on a card's head that says where things stand; empty when there is none."""
    header = shown.content.get("header") if shown.msg_type == "interactive" else None
    tags = header["text_tag_list"] if header else []
    return str(tags[0]["text"]["content"]) if tags else ""


def read(shown: Shown) -> str:
    """What a person reads on it: where its Markdown holds escapes, the characters they stand for."""
    return html.unescape(shown.text)


def live(words: str) -> Callable[[Shown], bool]:
    """Whether a message is the card of a running turn that has said these words, or has them on it as a note."""

    def fits(shown: Shown) -> bool:
        own = [one for one in shown.texts if "You: " not in one]
        return offers(op="stop")(shown) and any(words in one for one in own)

    return fits
