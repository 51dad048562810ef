"""Somebody's Claude Code in a terminal of their own, with our hooks: what it asks is on the phone, and whoever answers counts (M3)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from phonework.testing.backend_bench import git_init
from phonework.testing.claude_bench import say, script, use
from phonework.testing.claude_server import ClaudeServer, read, tag_of
from phonework.testing.claude_terminal import HAS_TMUX, Terminal, at_terminal
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.person import Person, offers
from phonework.testing.phone import Shown
from phonework.testing.shell import Ran, Shell, ended
from phonework.testing.zygote import Zygote

pytestmark = [
    pytest.mark.claude,
    pytest.mark.kill,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed"),
]


@dataclass(slots=True)
class Desk:
    """A person with a phone, and a terminal outside of the working root."""

    person: Person
    server: ClaudeServer
    shell: Shell
    terminal: Terminal

    async def hooks(self, *words: str) -> Ran:
        env = {"CLAUDE_CONFIG_DIR": self.terminal.env["CLAUDE_CONFIG_DIR"]}
        return await ended(await self.shell.start("phonework", "hooks", *words, **env), "")

    async def asked(self, name: str) -> Shown:
        """The card of what it asks: to make a file of this name."""
        touch = use("Bash", command=f"touch {name}", description=f"Make {name}")
        await self.terminal.types(script([touch], [say("It said: {result}")], text=f"Make {name}."))
        return await self.person.question(f"touch {name}")

    async def made(self, name: str) -> bool:
        """Once the terminal's turn is over: whether it is there."""
        await self.terminal.idle()
        return (self.terminal.cwd / name).exists()

    async def becomes(self, card: Shown, tag: str) -> Shown:
        return await self.person.sees(lambda shown: shown.message_id == card.message_id and tag_of(shown) == tag)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(zygote: Zygote, api: FakeAnthropic, tmp_path: Path) -> AsyncIterator[Desk]:
    async with running_emulator(time_scale=0.02) as emulator:
        emulator.phone.timeout_s = 20
        settings = {"ACCESS__ALLOW": "ou_demo", "CLAUDE_TMUX__SOCKET": f"test-{uuid4().hex[:12]}"}
        server = ClaudeServer(zygote, emulator.phone, tmp_path, api, **settings)
        shell = Shell(server)
        cwd = await asyncio.to_thread(git_init, tmp_path / "elsewhere")
        person = Person(emulator.phone)
        try:
            await server.start()
            await person.says("/help")
            await person.sees("/new")
            async with at_terminal(api, tmp_path / "home", cwd, tmp_path / "bin") as terminal:
                yield Desk(person, server, shell, terminal)
        finally:
            await shell.aclose()
            await server.aclose()


async def test_a_terminals_questions_are_answered_on_the_phone_or_there_and_survive_the_server(desk: Desk) -> None:
    installed = await desk.hooks("install", "--yes")
    assert installed.code == 0, installed.err
    assert "+" in installed.out
    assert (await desk.hooks("status")).code == 0
    await desk.terminal.end()
    await desk.terminal.begin()

    card = await desk.asked("one")
    assert not (desk.terminal.cwd / "one").exists()
    await desk.person.presses(card, "Allow")
    assert await desk.made("one")
    await desk.becomes(card, "allowed")

    card = await desk.asked("two")
    await desk.terminal.chooses("1")
    assert await desk.made("two")
    assert not offers(op="answer")(await desk.becomes(card, "no longer asked"))

    card = await desk.asked("three")
    await desk.server.kill()
    await desk.terminal.chooses("1")
    assert await desk.made("three")
    await desk.server.start()
    await desk.becomes(card, "no longer asked")

    card = await desk.asked("four")
    await desk.person.presses(card, "Deny")
    assert not await desk.made("four")
    await desk.terminal.shows("refused")


async def test_a_session_outside_the_working_root_opens_nothing_there_to_the_phone(desk: Desk) -> None:
    (desk.terminal.cwd / "secret.txt").write_text("the vault's number")
    await desk.hooks("install", "--yes")
    await desk.terminal.end()
    await desk.terminal.begin()
    card = await desk.asked("five")
    await desk.person.presses(card, "Allow")
    assert await desk.made("five")
    await desk.person.says("/switch 1")
    await desk.person.sees("elsewhere")

    await desk.person.says("/get secret.txt")
    await desk.person.sees("`secret.txt` is outside the working root")
    await desk.person.says("/shell cat secret.txt")
    await desk.person.sees("so it was not opened")
    everything = [read(one) for one in await desk.person.phone.messages(None, from_bot=True)]
    assert not any("the vault's number" in one for one in everything)
