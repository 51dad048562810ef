"""Conversations begun with Claude Code at the desk, gone on with from the phone (K7)."""

import asyncio

import psutil
import pytest

from phonework.testing.claude_bench import say
from phonework.testing.claude_desk import at_desk
from phonework.testing.claude_server import ClaudeServer, Coder, ended
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.person import offers

pytestmark = [pytest.mark.claude, pytest.mark.kill, pytest.mark.asyncio(loop_scope="session")]


async def test_a_conversation_begun_at_the_desk_goes_on_with_its_history(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic
) -> None:
    async with at_desk(api, own.place / "home", bob.cwd) as desk:
        await desk.says("The word is mango, remember it.", [say("Noted.")])
    before = desk.record.read_bytes()
    await bob.says("/resume")
    card = await bob.sees(offers(op="desk_continue"))
    assert card.shows("The word is mango")
    assert desk.record.read_bytes() == before, "looking changes nothing"

    await bob.says("/resume 1")
    await bob.hears("goes on with")
    await bob.wants([say("I know: {history}")], text="And now?")

    assert "The word is mango" in await bob.hears("I know:")
    session = (await own.inspect(bob.user))["sessions"][-1]
    assert session["agent_session_id"] == desk.agent_session_id
    assert desk.record.read_bytes().startswith(before), "the same conversation, gone on with"


async def test_one_that_is_open_at_the_desk_is_copied_and_stays_as_it_is(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic
) -> None:
    async with at_desk(api, own.place / "home", bob.cwd) as desk:
        await desk.says("The word is papaya, remember it.", [say("Noted.")])
        before = desk.record.read_bytes()
        await bob.says("/resume 1")
        held = await bob.sees(offers(op="desk_fork"))
        assert held.shows(f"pid {desk.process.pid}")
        assert not offers(op="desk_continue")(held)

        await bob.presses(held, "Continue a copy")
        await bob.hears("begins as a copy of")
        await bob.wants([say("I know: {history}")], text="And now?")
        assert "The word is papaya" in await bob.hears("I know:")
        await bob.wants([say("Second: {history}")], text="And then?")
        assert "And now?" in await bob.hears("Second:")

        assert desk.record.read_bytes() == before
        session = (await own.inspect(bob.user))["sessions"][-1]
        assert session["agent_session_id"] != desk.agent_session_id
        assert desk.process.is_running()


async def test_one_that_is_open_at_the_desk_is_taken_over_after_one_more_tap(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic
) -> None:
    async with at_desk(api, own.place / "home", bob.cwd) as desk:
        await desk.says("The word is lychee, remember it.", [say("Noted.")])
        process = desk.process
        await bob.says("/resume")
        card = await bob.sees(lambda shown: offers(op="desk_ask", id=desk.agent_session_id)(shown))
        await bob.presses(card, {"op": "desk_ask"})
        confirm = await bob.sees(offers(op="desk_take"))
        assert process.is_running(), "nothing was ended yet"

        await bob.presses(confirm, "End it and take over")
        await bob.hears("The process at the desk has ended")
        assert await ended([process])
        await bob.wants([say("I know: {history}")], text="And now?")
        assert "The word is lychee" in await bob.hears("I know:")
    session = (await own.inspect(bob.user))["sessions"][-1]
    assert session["agent_session_id"] == desk.agent_session_id


async def test_one_opened_at_the_desk_meanwhile_is_not_written_to(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic
) -> None:
    """It was free when the person chose it, and is not when they write."""
    async with at_desk(api, own.place / "home", bob.cwd) as desk:
        await desk.says("The word is guava, remember it.", [say("Noted.")])
        process = desk.process
        await bob.says("/resume")
        card = await bob.sees(offers(op="desk_ask", id=desk.agent_session_id))
        before = desk.record.read_bytes()
        # A card of an earlier moment, when nobody had it open.
        clicked = {"v": 1, "op": "desk_take", "b": "claude", "id": desk.agent_session_id, "key": "1:1"}
        await bob.phone.act(card.message_id, {"tag": "button", "value": clicked}, user=bob.user)
        held = await bob.sees(offers(op="desk_fork"))

        assert held
        assert process.is_running()
        assert desk.record.read_bytes() == before


async def test_a_tap_that_takes_over_outlives_the_server(bob: Coder, own: ClaudeServer, api: FakeAnthropic) -> None:
    """Killed after the commit: the next start ends the process, and only then the turn runs."""
    async with at_desk(api, own.place / "home", bob.cwd) as desk:
        await desk.says("The word is durian, remember it.", [say("Noted.")])
        process: psutil.Process = desk.process
        await bob.says("/resume")
        card = await bob.sees(offers(op="desk_ask", id=desk.agent_session_id))
        await bob.presses(card, {"op": "desk_ask"})
        confirm = await bob.sees(offers(op="desk_take"))
        tap = asyncio.create_task(bob.presses(confirm, "End it and take over"))
        while not own.rows("SELECT 1 FROM effect WHERE kind = 'TakeOver'"):  # noqa: ASYNC110
            await asyncio.sleep(0)
        await own.kill()
        await asyncio.gather(tap, return_exceptions=True)
        await own.start()

        await bob.wants([say("I know: {history}")], text="And now?")
        assert "The word is durian" in await bob.hears("I know:")
        assert await ended([process])
    assert [one["status"] for one in own.rows("SELECT status FROM effect WHERE kind = 'TakeOver'")] == ["done"]
