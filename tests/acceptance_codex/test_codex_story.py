"""Codex on the phone: asked and answered there, stopped there, and found again after the power went (F3, F4, F10, F12)."""

import asyncio

import psutil
import pytest

from phonework.testing.coder import Coder
from phonework.testing.codex_bench import command, patch
from phonework.testing.codex_server import CodexServer
from phonework.testing.fake_replies import say
from phonework.testing.person import offers

pytestmark = [pytest.mark.codex, pytest.mark.asyncio(loop_scope="session")]

TOUCH = command("touch made && echo it is made", asks=True, why="It must be there.")


async def ended(processes: list[psutil.Process]) -> bool:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, 10)
    return not alive


async def test_a_command_is_allowed_and_another_one_denied_with_a_reason(ada: Coder) -> None:
    await ada.wants([TOUCH], [command("rm made", asks=True)], [say("told: {results} {history}")])
    card = await ada.question("touch made && echo it is made")
    assert card.shows("It must be there.")
    assert card.shows("Bash(touch made *)")
    assert not (ada.cwd / "made").exists()

    await ada.presses(card, "Allow")
    second = await ada.question("rm made")
    await ada.presses(second, "Deny with reason", form={"reason": "leave it there"})

    assert "leave it there" in await ada.hears("told:")
    assert (ada.cwd / "made").exists()
    await ada.turn(1)


async def test_a_change_is_shown_as_a_diff(ada: Coder) -> None:
    await ada.says("/mode ask-always")
    await ada.hears("ask-always")
    (ada.cwd / "shop.py").write_text("one = 1\n")
    change = patch("*** Update File: shop.py", "@@", "-one = 1", "+one = 2")
    await ada.wants([change], [say("changed")])

    card = await ada.allows("one = 2")

    await ada.hears("changed")
    assert "-one = 1\n+one = 2" in card.text
    assert (ada.cwd / "shop.py").read_text() == "one = 2\n"


async def test_a_question_of_a_plan_is_answered_on_its_card(ada: Coder) -> None:
    await ada.says("/mode plan")
    await ada.hears("`plan`")
    options = [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}]
    asked = {"id": "color", "header": "Color", "question": "Which color?", "options": options}
    await ada.wants([{"tool": "request_user_input", "input": {"questions": [asked]}}], [say("told: {result}")])
    await ada.question("Which color?")

    await ada.says("2")

    assert "Blue" in await ada.hears("told:")


async def test_stop_ends_the_command_too(ada: Coder, server: CodexServer) -> None:
    await ada.wants([say("I begin."), command("exec sleep 1241")], [say("on")])
    async with asyncio.timeout(15):
        while not (found := [one for one in server.agents() if "1241" in line(one)]):  # noqa: ASYNC110
            await asyncio.sleep(0)

    await ada.says("/stop")

    await ada.turn(1, "stopped")
    assert await ended(found)


def line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.kill
async def test_a_permission_outlives_a_kill_of_ours_and_is_honoured_once(ada: Coder, server: CodexServer) -> None:
    """The late yes starts a turn that carries it: the same command is asked about once more, and answered from the store."""
    await ada.wants([TOUCH], [say("first: {results}")])
    card = await ada.question("touch made")
    agents = server.agents()
    await server.kill()
    assert agents
    assert await ended(agents), "it dies with its server"
    await server.start()
    late = await ada.late_question("touch made")
    assert late.message_id == card.message_id
    assert not (ada.cwd / "made").exists(), "silence is not consent"
    replies = iter([[TOUCH], [TOUCH], [say("last: {results}")]])
    server.api.rules.append(lambda _request: next(replies, None))

    await ada.presses(late, "Allow and resume")

    second = await ada.sees(lambda shown: shown.message_id != card.message_id and offers(op="answer")(shown))
    assert (ada.cwd / "made").exists()
    await ada.presses(second, "Deny")
    await ada.hears("last:")
    server.api.rules.clear()
    assert await ada.questions() == 2


@pytest.mark.kill
async def test_a_kill_of_ours_after_the_answer_ends_the_command_and_repeats_nothing(
    ada: Coder, server: CodexServer
) -> None:
    """Also one that was allowed to run outside of every sandbox."""
    await ada.wants([command("echo once >> made; exec sleep 1242", asks=True)], [say("never")])
    await ada.presses(await ada.question("echo once"), "Allow")
    async with asyncio.timeout(15):
        while not any(line(one) == "sleep 1242" for one in server.agents()):  # noqa: ASYNC110
            await asyncio.sleep(0)
    agents = server.agents()

    await server.kill()

    assert await ended(agents)
    await server.start()
    await ada.turn(1, "interrupted")
    await ada.wants([say("And on: {history}")], text="And now?")
    assert "echo once" in await ada.hears("And on:")
    assert (ada.cwd / "made").read_text() == "once\n"
    assert await ada.questions() == 1


@pytest.mark.kill
async def test_a_codex_killed_with_a_question_open_is_told_and_goes_on(ada: Coder, server: CodexServer) -> None:
    await ada.wants([TOUCH], [say("never")])
    card = await ada.question("touch made")
    (codex,) = [one for one in server.agents() if "app-server" in line(one) and "keeper.py" not in line(one)]

    codex.kill()

    await ada.turn(1, "interrupted")
    await ada.late_question("touch made")
    assert not (ada.cwd / "made").exists()
    await ada.wants([say("still here")], text="And now?")
    assert await ada.hears("still here") == "still here"
    assert card


@pytest.mark.kill
async def test_a_conversation_goes_on_after_a_restart(ada: Coder, server: CodexServer) -> None:
    await ada.wants([say("The word is mango.")])
    await ada.turn(1)
    before, agents = await ada.session(), server.agents()

    assert await server.stop() < 5
    assert await ended(agents)
    await server.start()
    await ada.wants([say("I know: {history}")], text="And now?")

    assert "The word is" in await ada.hears("I know:")
    assert (await ada.session())["agent_session_id"] == before["agent_session_id"]
