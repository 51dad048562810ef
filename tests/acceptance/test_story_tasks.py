"""Work in the background, and each person's own way of being told (S8, C9, C12)."""

from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.texts import text


def tells_of_the_end(shown: Shown) -> bool:
    """A new message, and no card that was edited."""
    return shown.version == 1 and "task #1" in shown.text and offers(op="retry")(shown)


async def test_a_long_turn_goes_on_in_the_background_and_tells_of_its_end(phone: Phone, idle_server: Server) -> None:
    """One goes on with another session; the end names itself, in a new message."""
    idle_server.settings["TIMEOUTS__BACKGROUND"] = "1"
    await idle_server.start()
    ada = Person(phone)
    await ada.begins(message="slow 4")
    await ada.sees("it goes on as task #1")
    await ada.begins("other", message="say hi there")
    await ada.sees("hi there")
    await ada.says("/tasks")
    listed = await ada.sees(lambda shown: offers(op="switch")(shown) and shown.shows("slow 4"))
    assert offers(op="stop")(listed)

    ended = await ada.sees(tells_of_the_end)
    assert "hello" in ended.text
    assert "done" in ended.texts
    await ada.sees("Done, in")
    assert (await ada.presses(listed, text("en", "tasks.open"))).toast_text == text("en", "toast.switched")


async def test_a_task_that_dies_with_the_program_is_told_of_once(phone: Phone, idle_server: Server) -> None:
    idle_server.settings["TIMEOUTS__BACKGROUND"] = "1"
    await idle_server.start()
    ada = Person(phone)
    await ada.begins(message="hang")
    await ada.sees("it goes on as task #1")
    await idle_server.kill()
    await idle_server.start()
    ended = await ada.sees(tells_of_the_end)
    assert "interrupted" in ended.texts
    await idle_server.kill()
    await idle_server.start()
    await ada.says("/tasks")
    await ada.sees(text("en", "tasks.title"))

    messages = await phone.messages(await phone.private_chat(), from_bot=True)
    assert [shown.message_id for shown in messages if tells_of_the_end(shown) and not shown.shows("Tasks")] == [
        ended.message_id
    ]
    assert len([shown for shown in messages if "it goes on as task" in shown.text]) == 1


async def test_everybody_is_spoken_to_in_their_own_language(phone: Phone, idle_server: Server) -> None:
    """The client's, where it is told; else the configured one; and before both what they chose."""
    idle_server.settings["ACCESS__ALLOW"] = "ou_demo,ou_lin"
    await phone.settings(user_agents=True)
    await phone.add_user("ou_lin", "Lin", "zh")
    await idle_server.start()
    lin, ada = Person(phone, user="ou_lin"), Person(phone)
    await lin.says("/new --create hello confirm")
    asked = await lin.question()
    await ada.says("/cost")
    await ada.sees(text("en", "cost.title"))
    assert "允许" in asked.text
    assert (await lin.presses(asked, "允许")).toast_text == text("zh", "toast.recorded")
    await lin.says("/lang en")
    await lin.sees("Your language is now: English")
    await lin.says("/cost")
    await lin.sees(text("en", "cost.title"))
