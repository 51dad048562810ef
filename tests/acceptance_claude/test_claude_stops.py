"""A person interrupts the agent, or writes while it works (F5, F6, S9)."""

import pytest

from phonework.testing.claude_bench import say, use, waiting_command
from phonework.testing.claude_server import Coder, ended, live
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.person import offers, operations

pytestmark = [pytest.mark.claude, pytest.mark.asyncio(loop_scope="session")]

TOUCH = use("Bash", command="touch made && echo it is made", description="Make it")


async def test_a_stop_while_it_talks(ada: Coder) -> None:
    await ada.wants([say("one two three"), {"hang": True}])
    card = await ada.sees(live("one two three"))

    answered = await ada.presses(card, "Stop")

    assert answered.toast_text == "Stopping…"
    await ada.turn(1, "stopped")
    assert await ada.hears("one two three") == "one two three", "what was said is kept"
    await ada.wants([say("next")])
    await ada.hears("next")


async def test_a_stop_while_a_command_runs_ends_the_command(ada: Coder) -> None:
    with waiting_command(ada.cwd) as command:
        await ada.wants([command.call])
        await ada.allows()
        await command.running()
        session_id = (await ada.session())["session_id"]
        tools = [one for one in ada.server.processes(session_id) if "open('go')" in one.cmdline()[-1]]
        assert tools

        await ada.says("/stop")

        await ada.turn(1, "stopped")
        assert await ended(tools)


async def test_a_stop_while_it_asks_is_a_no(ada: Coder) -> None:
    await ada.wants([TOUCH], [{"gate": "no model is faster than a stop"}, say("I went on.")])
    card = await ada.question("touch made")

    await ada.says("/stop")

    await ada.turn(1, "stopped")
    await ada.becomes(card, "refused")
    pressed = next(one for one in operations(card) if one["c"] == "allow")
    late = await ada.phone.act(card.message_id, {"tag": "button", "value": pressed}, user=ada.user)
    assert late.toast is not None
    assert late.toast["type"] == "warning"
    await ada.wants([say("next")])
    await ada.hears("next")
    assert not any(one.text == "I went on." for one in await ada.phone.messages(ada.chat))
    assert not (ada.cwd / "made").exists()


async def test_a_message_waits_for_its_turn(ada: Coder, api: FakeAnthropic) -> None:
    await ada.wants([say("the first"), {"gate": "queue"}])
    await api.reached("queue")
    await ada.wants([say("the second")], text="And then this.")
    card = await ada.sees(offers(op="send_now"))
    assert card.shows("this is number 1 in line")

    api.open("queue")

    assert await ada.hears("the first") == "the first"
    await ada.hears("the second")
    await ada.turn(2)
    await ada.becomes(card, "with the agent")


async def test_a_dropped_message_is_never_run(ada: Coder, api: FakeAnthropic) -> None:
    await ada.wants([say("the first"), {"gate": "drop"}])
    await api.reached("drop")
    await ada.says("Drop me.")
    card = await ada.sees(offers(op="drop"))
    await ada.presses(card, "Drop")

    api.open("drop")

    await ada.turn(1)
    await ada.wants([say("I know: {history}")])
    assert "Drop me." not in await ada.hears("I know:")


async def test_send_now_slips_a_message_into_the_running_turn(ada: Coder) -> None:
    with waiting_command(ada.cwd) as command:
        await ada.wants([command.call], [say("I know: {history}")])
        await ada.allows()
        await command.running()
        await ada.says("and use tabs please")
        card = await ada.sees(offers(op="send_now"))
        assert card.shows("slips it into what it is doing")

        await ada.presses(card, "Send now")
        await ada.becomes(card, "with the agent")
        command.let_go()

        assert "and use tabs please" in await ada.hears("I know:")
    assert (await ada.session())["turn"] == 1
