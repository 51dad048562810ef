"""Somebody who works with Claude Code at the desk, without us: a real one, begun and spoken to like any."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

from phonework.testing.claude_bench import script
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import Block


@dataclass(frozen=True, slots=True)
class AtDesk:
    """One conversation, open as long as this lives. record: what Claude Code keeps of it."""

    agent_session_id: str
    config: Path
    client: ClaudeSDKClient

    async def says(self, text: str, *replies: list[Block]) -> None:
        """Return when the turn has ended."""
        await self.client.query(script(*replies, text=text) if replies else text)
        async for _ in self.client.receive_response():
            pass

    @property
    def record(self) -> Path:
        (found,) = (self.config / "projects").glob(f"*/{self.agent_session_id}.jsonl")
        return found

    @property
    def process(self) -> psutil.Process:
        """The one that has it open. Raises ValueError when there is none."""
        (found,) = (one for one in psutil.process_iter() if f"--session-id={self.agent_session_id}" in _words(one))
        return found


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


@asynccontextmanager
async def at_desk(api: FakeAnthropic, home: Path, cwd: Path) -> AsyncIterator[AtDesk]:
    """A conversation that begins here; at the end its process is let go, and what it kept stays."""
    agent_session_id, env = str(uuid4()), api.cli_env(home)
    options = ClaudeAgentOptions(cwd=cwd, env=env, session_id=agent_session_id)
    client = ClaudeSDKClient(options)
    await client.connect()
    try:
        yield AtDesk(agent_session_id, Path(env["CLAUDE_CONFIG_DIR"]), client)
    finally:
        await client.disconnect()
