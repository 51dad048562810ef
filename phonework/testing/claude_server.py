"""The whole program with the real Claude Code and a fake Messages API, and a person with a project of their own."""

from __future__ import annotations

import asyncio
import html
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import psutil  # type: ignore[import-untyped]

from phonework.backends.claude import transcript
from phonework.backends.claude.launcher import MARK
from phonework.testing.claude_bench import git_init, script
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import Block
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote

Json = dict[str, Any]


class ClaudeServer(Server):
    """`phonework serve` whose agent is the real Claude Code; what it needs reaches it through our own environment."""

    def __init__(self, zygote: Zygote, phone: Phone, place: Path, api: FakeAnthropic, **settings: str | None) -> None:
        ours = {"ACCESS__ALLOW": "*", "AGENT__DEFAULT": "claude"}
        super().__init__(zygote, phone.url, place, **{**ours, **settings})
        self.phone, self.api = phone, api

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.api.cli_env(self.place / "home")}

    async def kill_with_agents(self) -> None:
        """SIGKILL, and its agents die in the same instant.

        After a plain `kill` on a busy machine an agent may see the end of its input a moment before the kernel ends it, and
        use that moment to refuse what it had asked.
        """
        agents = self.agents()
        for agent in agents:
            agent.suspend()
        await self.kill()
        assert agents
        assert await ended(agents), "the agent dies with its server"

    async def smoke(self) -> Json:
        """What `GET /health?smoke=claude` says of a real one-line turn."""

        def ask() -> Json:
            with build_opener(ProxyHandler({})).open(f"{self.url}/health?smoke=claude", timeout=60) as answer:
                return dict(json.load(answer)["smoke"]["claude"])

        return await asyncio.to_thread(ask)

    def processes(self, session_id: str = "") -> list[psutil.Process]:
        """Every process of this server's agents (of one session), what their tools started included."""
        found = ((one, _mark_of(one)) for one in psutil.process_iter())
        return [
            one
            for one, mark in found
            if mark.startswith(str(self.data_dir)) and mark.endswith(f":{session_id}" if session_id else "")
        ]

    def agents(self, session_id: str = "") -> list[psutil.Process]:
        """The agents themselves, without what they started."""
        return [one for one in self.processes(session_id) if _is_agent(one)]


async def ended(processes: list[psutil.Process]) -> bool:
    """Wait until all are gone; False when some stay."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, 10)
    return not alive


def _mark_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except psutil.Error:
        return ""


def _is_agent(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
        return "stream-json" in words and not any(word.endswith("/keeper.py") for word in words)
    except psutil.Error:
        return False


@dataclass(slots=True)
class Coder(Person):
    """A person with a session in a repository of their own. cwd: the repository."""

    server: ClaudeServer = None  # type: ignore[assignment]  # given by keyword, after the fields with defaults
    cwd: Path = Path()

    @classmethod
    async def begin(cls, server: ClaudeServer, user: str, name: str, options: str = "") -> Coder:
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

    async def recorded_ask(self) -> None:
        """Wait until what the agent asks stands in its own record, which it writes a moment after it asks."""
        agent_session_id = (await self.session())["agent_session_id"]
        config = self.server.place / "home" / "claude-config"

        def recorded() -> bool:
            record = transcript.find(config, agent_session_id)
            return record is not None and bool(transcript.unanswered(record))

        async with asyncio.timeout(10):
            while not recorded():  # noqa: ASYNC110  # nobody says when it is written
                await asyncio.sleep(0)

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


MakeCoder = Callable[..., Awaitable[Coder]]
"""`await make_coder(server, name, options)`: somebody new with a session in a new repository of this name."""


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
