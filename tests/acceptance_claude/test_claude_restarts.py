"""The server stops, or is killed, and what the agent was doing goes on or is told (F10, F14, S5, S7)."""

import asyncio
import os
import signal
from contextlib import suppress

import psutil
import pytest

from phonework.testing.claude_bench import say, use
from phonework.testing.claude_server import ClaudeServer, Coder, MakeCoder, ended, live, tag_of
from phonework.testing.fake_anthropic import ApiRequest, FakeAnthropic
from phonework.testing.fake_replies import Block
from phonework.testing.person import offers

pytestmark = [pytest.mark.claude, pytest.mark.kill, pytest.mark.asyncio(loop_scope="session")]


def append(number: int) -> Block:
    """A command whose second run would show."""
    return {**use("Bash", command="echo once >> made", description="Write it"), "id": f"toolu_append_{number}"}


def calls(request: ApiRequest) -> list[str]:
    """The ids of all tool calls in the conversation so far."""
    blocks = [block for message in request.messages for block in message["content"] if isinstance(block, dict)]
    return [block["id"] for block in blocks if block.get("type") == "tool_use"]


def names(processes: list[psutil.Process]) -> list[str]:
    """What runs in those that have not ended meanwhile."""
    found = []
    for one in processes:
        with suppress(psutil.Error):
            found.append(one.name())
    return found


async def test_a_conversation_goes_on_after_a_restart(bob: Coder, own: ClaudeServer) -> None:
    await bob.wants([say("The word is mango.")])
    await bob.turn(1)
    before = await bob.session()
    agents = own.agents()
    assert len(agents) == 1

    assert await own.stop() < 5
    assert await ended(agents)
    await own.start()
    await bob.wants([say("I know: {history}")], text="And now?")

    assert "The word is" in await bob.hears("I know:")
    await bob.turn(2)
    assert (await bob.session())["agent_session_id"] == before["agent_session_id"]


async def test_a_permission_outlives_a_kill_and_is_honoured_once(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic
) -> None:
    """The late yes goes to the very call that was asked about; the same call once more is asked anew."""
    await bob.wants([append(1)], [append(2)], [say("last: {result}")])
    card = await bob.question("echo once")
    await bob.recorded_ask()
    await own.kill_with_agents()

    await own.start()
    late = await bob.late_question("echo once")
    assert late.message_id == card.message_id
    assert not (bob.cwd / "made").exists(), "silence is not consent"
    before = len(api.requests)
    answered = await bob.presses(late, "Allow and resume")
    assert answered.toast_text == "Recorded, starting again"

    second = await bob.sees(lambda shown: shown.message_id != card.message_id and offers(op="answer")(shown))
    assert calls(api.requests[before]) == ["toolu_append_1"], "the model was not asked to make the call again"
    assert (bob.cwd / "made").read_text() == "once\n"
    await bob.presses(second, "Deny")
    await bob.hears("last: The user refused this.")
    assert (bob.cwd / "made").read_text() == "once\n"
    assert await bob.questions() == 2
    await bob.becomes(card, "answered late")


async def test_silence_is_a_no_that_can_be_taken_back(
    make_coder: MakeCoder, hasty: ClaudeServer, api: FakeAnthropic
) -> None:
    """The turn was stopped in order, so the agent makes the call once more; it is allowed without being asked again."""
    coder = await make_coder(hasty)
    await coder.wants([append(1)], [{"gate": "taken back"}, append(2)], [say("last: {result}")])
    late = await coder.late_question("echo once")
    assert tag_of(late) == "timed out"
    await coder.turn(1, "stopped")
    assert not (coder.cwd / "made").exists()
    assert (await coder.session())["state"] == "idle"
    api.open("taken back")

    await coder.presses(late, "Allow and resume")

    await coder.hears("last:")
    assert (coder.cwd / "made").read_text() == "once\n"
    assert await coder.questions() == 1
    assert api.requests[-1].said.count("My answer comes late") == 1


@pytest.mark.parametrize(("button", "made"), [("Allow and resume", "once\n"), ("Deny and resume", "")])
async def test_a_late_decision_holds_however_the_agent_ended(
    bob: Coder, own: ClaudeServer, button: str, made: str
) -> None:
    """An agent that had a moment left has refused the call itself and makes it once more; either way it runs once, or not."""
    last = [say("last: {result}")]
    await bob.wants([append(1)], last, [append(2)], last)
    await bob.question("echo once")
    await bob.recorded_ask()
    agents = own.agents()
    await own.kill()
    assert agents
    assert await ended(agents), "the agent dies with its server"
    await own.start()

    await bob.presses(await bob.late_question("echo once"), button)

    await bob.turn(2)  # an agent that had a moment left may have said its last words in the first
    file = bob.cwd / "made"
    assert (file.read_text() if file.exists() else "") == made
    assert await bob.questions() == 1


async def test_a_question_outlives_a_kill(bob: Coder, own: ClaudeServer) -> None:
    options = [{"label": "Blue", "description": ""}, {"label": "Red", "description": ""}]
    colour = {"question": "Which colour?", "header": "Colour", "multiSelect": False, "options": options}
    await bob.wants([use("AskUserQuestion", questions=[colour])], [say("The person said: {result}")])
    await bob.question("Which colour?")
    await bob.recorded_ask()
    await own.kill_with_agents()
    await own.start()

    await bob.presses(await bob.late_question("Which colour?"), "2. Red")

    assert '"Which colour?"="Red"' in await bob.hears("The person said:")


async def test_a_turn_cut_off_by_a_kill_is_told_and_can_be_run_again(
    bob: Coder, own: ClaudeServer, api: FakeAnthropic
) -> None:
    await bob.wants([say("half of it"), {"gate": "cut off"}, say("and the rest")])
    await bob.sees(live("half of it"))
    agents = own.agents()
    await own.kill()
    assert agents
    assert await ended(agents)
    requests = len(api.requests)

    await own.start()
    card = await bob.turn(1, "interrupted")
    await bob.hears("the agent was interrupted in the middle of the turn")
    assert len(api.requests) == requests, "nothing is repeated without being asked"
    api.open("cut off")
    await bob.presses(card, "Retry")

    await bob.turn(2)
    assert await bob.hears("and the rest") == "half of it\n\nand the rest"


async def test_a_kill_leaves_no_command_of_the_agent(bob: Coder, own: ClaudeServer) -> None:
    """Commands have process groups of their own, and one that detached itself has lost its parent as well."""
    detached = "setsid tail -f /dev/null > /dev/null 2>&1 & echo started > begun; exec tail -f /dev/null"
    await bob.wants([use("Bash", command=detached, description="Wait")], [say("never")])
    await bob.allows("Wait")
    async with asyncio.timeout(10):
        while names(own.processes()).count("tail") < 2:  # noqa: ASYNC110  # nobody says when they run
            await asyncio.sleep(0)
    running = own.processes()
    groups = {os.getpgid(one.pid) for one in running if one.is_running()}

    await own.kill()

    assert len(groups) >= 3, "the agent's, the command's and that of what it detached"
    assert await ended(running)


async def test_what_an_agent_had_said_before_a_kill_is_told(bob: Coder, own: ClaudeServer) -> None:
    await bob.wants([say("I write it down."), append(1)])
    await bob.question("echo once")
    await bob.recorded_ask()
    await own.kill_with_agents()

    await own.start()

    await bob.turn(1, "interrupted")
    assert await bob.hears("I write it down.") == "I write it down."


async def test_a_stop_of_the_server_in_the_middle_of_a_turn_leaves_no_agent(bob: Coder, own: ClaudeServer) -> None:
    await bob.wants([say("half of it"), {"gate": "never opened"}])
    await bob.sees(live("half of it"))
    agents = own.agents()

    assert await own.stop(signal.SIGINT) < 5

    assert agents
    assert await ended(agents)
    await own.start()
    await bob.turn(1, "interrupted")


async def test_an_idle_agent_makes_room_and_comes_back(make_coder: MakeCoder, own: ClaudeServer) -> None:
    first = await make_coder(own, "first")
    second = await make_coder(own, "second")
    await first.wants([say("The word is mango.")])
    await first.turn(1)
    agents = own.agents()

    await second.wants([say("I am second.")])
    await second.hears("I am second.")
    assert await ended(agents)
    assert len(own.agents()) == 1
    await first.wants([say("I know: {history}")])

    assert "The word is" in await first.hears("I know:")
    assert len(own.agents()) == 1
