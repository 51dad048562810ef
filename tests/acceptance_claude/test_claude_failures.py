"""The agent, its login or its API fails: the session rests with what happened and Retry, and others go on (F10, S6)."""

from collections.abc import Callable, Iterator

import pytest

from phonework.testing.claude_bench import say, use
from phonework.testing.claude_server import ClaudeServer, Coder, MakeCoder, ended, live, read
from phonework.testing.fake_anthropic import ApiRequest, FakeAnthropic
from phonework.testing.fake_replies import Block

pytestmark = [pytest.mark.claude, pytest.mark.asyncio(loop_scope="session")]

Break = Callable[..., Callable[[], None]]


@pytest.fixture
def break_api(api: FakeAnthropic) -> Iterator[Break]:
    """`mend = break_api("words", error=529)`: conversations with these words get this error until it is mended."""
    made = []

    def start(words: str, **block: object) -> Callable[[], None]:
        def rule(request: ApiRequest) -> list[Block] | None:
            return [dict(block)] if words in request.said else None

        made.append(rule)
        api.rules.append(rule)
        return lambda: api.rules.remove(rule)

    yield start
    for rule in made:
        if rule in api.rules:
            api.rules.remove(rule)


async def test_a_busy_api_is_tried_again_then_told_and_retry_works(ada: Coder, break_api: Break) -> None:
    mend = break_api("Dodo.", error=529, retry_after=2)
    await ada.wants([say("at last")], text="Dodo.")

    await ada.sees(live("The API is busy, trying again in"))
    card = await ada.turn(1, "failed")
    assert card.shows("The API is not available or too busy (529)")
    await ada.hears("the turn ended in an error")
    assert (await ada.session())["state"] == "idle"
    mend()
    await ada.presses(card, "Retry")

    assert await ada.hears("at last") == "at last"
    await ada.turn(2)


async def test_a_refused_key_is_told_and_others_go_on(
    ada: Coder, make_coder: MakeCoder, shared: ClaudeServer, break_api: Break
) -> None:
    mend = break_api("Dodo.", error=401)
    other = await make_coder(shared, "other")
    await ada.wants([say("at last")], text="Dodo.")
    await other.wants([say("I am fine.")])

    assert await other.hears("I am fine.") == "I am fine."
    card = await ada.turn(1, "failed")
    assert card.shows("Claude Code is not logged in, or its key was refused")
    assert (await ada.session())["state"] == "idle"
    mend()
    await ada.presses(card, "Retry")
    await ada.hears("at last")


async def test_a_killed_agent_is_told_and_retry_begins_another(ada: Coder, api: FakeAnthropic) -> None:
    await ada.wants([say("half of it"), {"gate": "killed"}, say("and the rest")])
    await ada.sees(live("half of it"))
    agents = ada.server.agents((await ada.session())["session_id"])
    assert len(agents) == 1
    agents[0].kill()

    card = await ada.turn(1, "interrupted")
    assert card.shows("SIGKILL")
    assert await ada.hears("half of it") == "half of it"
    assert await ended(agents)
    api.open("killed")
    await ada.presses(card, "Retry")

    assert await ada.hears("and the rest") == "half of it\n\nand the rest"


async def test_an_agent_killed_while_it_asks_can_be_answered_late(ada: Coder) -> None:
    touch = use("Bash", command="touch made && echo it is made", description="Make it")
    await ada.wants([touch], [say("last: {result}")])
    card = await ada.question("touch made")
    await ada.recorded_ask()
    ada.server.agents((await ada.session())["session_id"])[0].kill()

    late = await ada.late_question("touch made")
    assert late.message_id == card.message_id
    await ada.presses(late, "Allow and resume")

    await ada.hears("last: it is made")
    assert await ada.questions() == 1


async def test_broken_bytes_and_a_dropped_connection_do_no_harm(ada: Coder) -> None:
    await ada.wants([{"bad_utf8": True}])
    await ada.hears("ken")
    await ada.wants([{"disconnect": True}])
    await ada.ended_turn(2)

    await ada.wants([say("still there")])
    await ada.hears("still there")


async def test_without_the_program_the_session_says_so_and_others_go_on(
    make_coder: MakeCoder, bare: ClaudeServer
) -> None:
    coder = await make_coder(bare, "claude")
    other = await make_coder(bare, "demo", "--backend demo")
    await coder.says("Do it.")

    card = await coder.turn(1, "failed")

    assert "Claude Code is not at /nowhere/claude; mend claude.cli_path in config.toml." in read(card)
    assert (await coder.session())["state"] == "idle"
    await other.says("please change something")
    await other.allows()
    await other.hears("Changed: `shop/prices.py`.")
