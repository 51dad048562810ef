"""The whole program with the real Claude Code and a fake Messages API, and a person with a project of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import psutil  # type: ignore[import-untyped]

from phonework.backends.claude import transcript
from phonework.backends.claude.launcher import MARK
from phonework.testing import coder
from phonework.testing.coder import AgentServer
from phonework.testing.coder import live as live
from phonework.testing.coder import read as read
from phonework.testing.coder import tag_of as tag_of
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.phone import Phone
from phonework.testing.zygote import Zygote

Json = dict[str, Any]


class ClaudeServer(AgentServer):
    """`phonework serve` whose agent is the real Claude Code; what it needs reaches it through our own environment."""

    def __init__(self, zygote: Zygote, phone: Phone, place: Path, api: FakeAnthropic, **settings: str | None) -> None:
        super().__init__(zygote, phone, place, **{"AGENT__DEFAULT": "claude", **settings})
        self.api = api

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
        """What `GET /health?smoke=claude` says of a real one-line turn; only who shows the token may ask for one."""
        asked = Request(f"{self.url}/health?smoke=claude", headers={"Authorization": f"Bearer {self.token}"})

        def ask() -> Json:
            with build_opener(ProxyHandler({})).open(asked, timeout=60) as answer:
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
class Coder(coder.Coder):
    """A person whose agent is Claude Code."""

    server: ClaudeServer = None  # type: ignore[assignment]  # given by keyword, after the fields with defaults

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


MakeCoder = Callable[..., Awaitable[Coder]]
"""`await make_coder(server, name, options)`: somebody new with a session in a new repository of this name."""
