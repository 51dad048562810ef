"""Who may talk to the bot, in groups and alone (S1, S2, F6)."""

import asyncio
import re

from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone
from phonework.testing.server import Server
from phonework.texts import text

GRACE = "ou_grace"


async def test_a_group_is_answered_in_a_thread_when_it_mentions_the_bot(phone: Phone, server: Server) -> None:
    await phone.add_user(GRACE, "Grace", "en")
    group = await phone.add_group("Team", ["ou_demo", GRACE])
    ada = Person(phone, chat=group)
    await ada.says("we talk about something else")
    first = await ada.says("/new --create hello say hi all", mention_bot=True)

    answer = await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("hi all"))
    begun = await phone.message(first)
    assert answer.thread_id
    assert answer.thread_id == begun.thread_id
    assert not server.rows("SELECT * FROM event WHERE payload LIKE '%something else%'")


async def test_nobody_else_can_press_the_card_in_a_group(phone: Phone, idle_server: Server) -> None:
    """The clicker's toast says why, and the card stays as it was (C5)."""
    idle_server.settings["ACCESS__ALLOW"] = f"ou_demo,{GRACE}"
    await idle_server.start()
    await phone.add_user(GRACE, "Grace", "en")
    group = await phone.add_group("Team", ["ou_demo", GRACE])
    ada = Person(phone, chat=group)
    await ada.says("/new --create hello confirm", mention_bot=True)
    card = await ada.question()

    pressed = await Person(phone, user=GRACE, chat=group).presses(card, "Allow")
    assert pressed.toast_text == text("en", "reason.not_yours")
    assert (await idle_server.session())["state"] == "waiting_confirm"
    assert offers(op="answer")(await phone.message(card.message_id))

    await ada.presses(card, "Deny")
    await ada.sees("All right, I leave it.")


async def test_a_stranger_is_told_once_a_day_and_nothing_is_kept(phone: Phone, server: Server) -> None:
    await phone.add_user(GRACE, "Grace", "en")
    grace = Person(phone, user=GRACE)
    await grace.says("/new --create hello confirm")
    told = await grace.sees("You cannot use this bot yet.")
    assert told.shows(GRACE)
    await grace.says("please!!")
    await phone.idle()

    assert await phone.messages(await phone.private_chat(GRACE), from_bot=True) == [
        await phone.message(told.message_id)
    ]
    assert "confirm" not in str([tuple(row) for row in server.rows("SELECT * FROM event")])
    assert "please" not in str([tuple(row) for row in server.rows("SELECT * FROM event")])
    assert server.rows("SELECT * FROM session") == []
    assert not (server.work / "hello").exists()


async def test_a_stranger_cannot_press_anything(ada: Person, server: Server) -> None:
    await ada.phone.add_user(GRACE, "Grace", "en")
    await ada.says("confirm")
    card = await ada.question()
    pressed = await Person(ada.phone, user=GRACE).presses(card, "Allow")

    assert pressed.toast_text == text("en", "reason.not_allowed")
    assert (await server.session())["state"] == "waiting_confirm"


async def test_the_first_person_pairs_with_the_code_from_the_console(phone: Phone, idle_server: Server) -> None:
    idle_server.settings["ACCESS__ALLOW"] = ""
    child = await idle_server.start()
    (code,) = re.findall(r"Pairing code: (\d+)", "".join(child.stderr))
    ada = Person(phone)
    await ada.says("hello")
    await ada.sees("First use: send me the pairing code")
    await ada.says("12345678" if code != "12345678" else "87654321")
    await ada.sees("That is not the pairing code.")
    await ada.says(code)
    await ada.sees("Paired.")
    await ada.begins(message="say we are in")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("we are in"))

    await phone.add_user(GRACE, "Grace", "en")
    grace = Person(phone, user=GRACE)
    await grace.says(code)
    await grace.sees("You cannot use this bot yet.")
    await idle_server.stop()
    again = await idle_server.start()
    assert "Pairing code" not in "".join(again.stderr)
    await ada.says("/status")
    await ada.sees("My sessions")


async def test_people_do_not_see_each_others_sessions(phone: Phone, idle_server: Server) -> None:
    idle_server.settings["ACCESS__ALLOW"] = f"ou_demo,{GRACE}"
    await idle_server.start()
    await phone.add_user(GRACE, "Grace", "en")
    ada, grace = Person(phone), Person(phone, user=GRACE)
    await asyncio.gather(ada.begins("hers", "hang"), grace.begins("theirs", "hang"))
    live = await ada.live_turn()
    session_id = (await idle_server.session())["session_id"]
    await grace.says("/status")
    status = await grace.sees("My sessions")
    assert not status.shows("hers")
    await grace.says(f"/switch {session_id}")
    await grace.sees(f"No session “{session_id}”.")
    await grace.says(f"/close {session_id}")

    stop = next(value for value in operations(live) if value["op"] == "stop")
    forged = await phone.act((await grace.live_turn()).message_id, {"tag": "button", "value": stop}, user=GRACE)
    assert forged.toast_text == text("en", "reason.not_yours")
    assert (await idle_server.session())["state"] == "executing"
