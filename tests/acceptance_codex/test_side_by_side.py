"""One chat drives Claude Code and Codex side by side, with the same cards."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from phonework.testing.backend_bench import git_init
from phonework.testing.claude_bench import use
from phonework.testing.coder import Coder, tag_of
from phonework.testing.codex_bench import command
from phonework.testing.codex_server import CodexServer
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.fake_replies import say, script
from phonework.testing.fake_responses import FakeResponses
from phonework.testing.person import offers
from phonework.testing.phone import Shown
from phonework.testing.taps import pressables
from phonework.testing.zygote import Zygote

pytestmark = [pytest.mark.claude, pytest.mark.codex, pytest.mark.asyncio(loop_scope="session")]


class BothServer(CodexServer):
    """With Claude Code as well."""

    anthropic: FakeAnthropic

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.anthropic.cli_env(self.place / "home")}


@pytest_asyncio.fixture(loop_scope="session")
async def both(zygote: Zygote, api: FakeResponses, tmp_path: Path) -> AsyncIterator[BothServer]:
    async with running_emulator(time_scale=0.02) as emulator, FakeAnthropic() as anthropic:
        emulator.phone.timeout_s = 15
        server = BothServer(zygote, emulator.phone, tmp_path, api)
        server.anthropic = anthropic
        try:
            await server.start()
            yield server
        finally:
            await server.aclose()


def buttons(shown: Shown) -> list[str]:
    """What can be pressed on a card, in order."""
    return [
        str(each.value["c"]) for each in pressables(shown.card) if isinstance(each.value, dict) and "c" in each.value
    ]


async def test_two_kinds_of_agents_ask_in_one_chat_with_the_same_cards(both: BothServer) -> None:
    ada = await Coder.begin(both, "ou_ada", "first", "--backend claude")
    await ada.wants([use("Bash", command="touch made", description="Make it")], [say("claude: {result}")])
    of_claude = await ada.question("touch made")
    git_init(both.work / "second")
    await ada.says("/new second --backend codex")
    await ada.sees(lambda shown: shown.shows("is ready.") and shown.shows("second"))
    await ada.says(script([command("touch made", asks=True)], [say("codex: {result}")]))
    of_codex = await ada.sees(
        lambda shown: shown.message_id != of_claude.message_id and offers(op="answer")(shown) and shown.shows("codex")
    )
    assert buttons(of_codex) == buttons(of_claude) != []
    assert of_codex.shows("Bash(touch made *)")
    assert of_claude.shows("Bash(touch made *)")

    await ada.presses(of_codex, "Deny")
    await ada.presses(of_claude, "Allow")

    assert "rejected by user" in await ada.hears("codex:")
    await ada.hears("claude:")
    assert (both.work / "first" / "made").exists()
    assert not (both.work / "second" / "made").exists()
    assert tag_of(await ada.becomes(of_claude, "allowed")) == "allowed"
    assert tag_of(await ada.becomes(of_codex, "denied")) == "denied"
