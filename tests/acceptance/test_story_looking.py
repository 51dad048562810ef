"""Looking at work from the phone, and going on with a conversation of earlier (K7)."""

import asyncio

import psutil  # type: ignore[import-untyped]

from phonework.testing.claude_bench import git_init
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone
from phonework.testing.server import Server


async def test_the_difference_comes_as_a_card_and_as_a_file(ada: Person, server: Server) -> None:
    """Also after the server was killed: what the directory held is known from before the first turn."""
    project = server.work / "hello"
    await asyncio.to_thread(git_init, project)
    (project / "notes.txt").write_text("one\n")
    await ada.begins("hello", "say begun")
    await ada.sees("begun")
    await server.kill()
    (project / "notes.txt").write_text("two\n")
    await server.start()
    await ada.says("/diff")

    card = await ada.sees(lambda shown: shown.shows("Files: 1"))
    assert card.shows("notes.txt")
    assert card.shows("-one")
    file = await ada.sees(lambda shown: shown.msg_type == "file")
    content = await ada.phone.download(file.message_id, str(file.content["file_key"]))
    assert b"-one\n+two\n" in content


async def test_the_last_turns_are_shown(ada: Person) -> None:
    await ada.says("say a first word")
    await ada.ended_turn(1)
    await ada.says("/log")
    card = await ada.sees(lambda shown: shown.shows("Last turns"))
    assert card.shows("say a first word")
    assert card.shows("done")


async def test_a_conversation_of_earlier_goes_on(ada: Person, server: Server) -> None:
    await ada.says("say the word is mango")
    await ada.ended_turn(1)
    await ada.says("/close")
    await ada.sees("Session closed")
    await ada.says("/resume")
    card = await ada.sees(offers(op="desk_continue"))
    assert card.shows("the word is mango")
    assert (await ada.presses(card, "Continue")).toast_text

    await ada.sees("goes on with")
    await ada.says("history")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("1. say the word is mango"))
    states = [one["state"] for one in (await server.inspect())["sessions"]]
    assert sorted(states) == ["closed", "idle"]


async def test_one_that_is_open_at_the_desk_is_copied_and_then_taken_over(phone: Phone, idle_server: Server) -> None:
    shop = idle_server.work / "shop"
    shop.mkdir(parents=True)
    idle_server.settings["DEMO__DESK"] = str(shop)
    await idle_server.start()
    ada = Person(phone)
    await ada.says("/resume")
    card = await ada.sees(offers(op="desk_fork"))
    (at_desk,) = [one for one in psutil.process_iter() if _runs_in(one, str(shop))]
    assert card.shows(f"open at the desk (pid {at_desk.pid})")

    await ada.presses(card, "Continue a copy")
    await ada.sees("begins as a copy of")
    await ada.says("history")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("1. Which prices has the shop?"))
    assert at_desk.is_running()

    await ada.presses(card, "Take over")
    await ada.presses(await ada.sees("End the process at the desk?"), "End it and take over")
    await ada.sees("The process at the desk has ended")
    assert not at_desk.is_running()
    await ada.says("say we go on")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("we go on"))
    states = [one["state"] for one in (await idle_server.inspect())["sessions"]]
    assert states == ["idle", "idle"]


def _runs_in(process: psutil.Process, directory: str) -> bool:
    try:
        return bool(process.cwd() == directory)
    except (psutil.Error, OSError):
        return False
