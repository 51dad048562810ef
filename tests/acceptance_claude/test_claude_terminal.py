"""A conversation that somebody typed at a real terminal and left open there, taken up from the phone (K7)."""

from pathlib import Path

import pytest

from phonework.testing.claude_bench import say
from phonework.testing.claude_server import ClaudeServer, Coder, ended
from phonework.testing.claude_terminal import HAS_TMUX, at_terminal
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.person import offers

pytestmark = [
    pytest.mark.claude,
    pytest.mark.kill,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed"),
]


async def test_what_is_open_in_a_terminal_is_listed_copied_and_taken_over(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic, tmp_path: Path
) -> None:
    async with at_terminal(api, own.place / "home", bob.cwd, tmp_path) as terminal:
        await terminal.says("The word is mango, remember it.", [say("Noted.")])
        before = terminal.record.read_bytes()
        await bob.says("/resume")
        listed = await bob.sees(offers(op="desk_ask", id=terminal.agent_session_id))
        assert listed.shows("The word is mango")
        assert listed.shows(f"pid {terminal.process.pid} · tmux desk:@0.%0")

        await bob.says("/resume 1")
        held = await bob.sees(offers(op="desk_fork"))
        assert not offers(op="desk_continue")(held), "what is open at the desk is never written to"
        await bob.presses(held, "Continue a copy")
        await bob.hears("begins as a copy of")
        await bob.wants([say("I know: {history}")], text="And on the phone?")
        assert "The word is mango" in await bob.hears("I know:")
        assert terminal.record.read_bytes().startswith(before), "the terminal adds lines of its own a moment later"

        await terminal.says("And at the desk?", [say("Still here.")])
        assert b"on the phone" not in terminal.record.read_bytes()
        await bob.presses(listed, {"op": "desk_ask", "id": terminal.agent_session_id})
        await bob.presses(await bob.sees(offers(op="desk_take")), "End it and take over")
        await bob.hears("The process at the desk has ended")
        assert await ended([terminal.process])
        await bob.wants([say("Both: {history}")], text="And now?")
        assert "And at the desk?" in await bob.hears("Both:")
    session = (await own.inspect(bob.user))["sessions"][-1]
    assert session["agent_session_id"] == terminal.agent_session_id
