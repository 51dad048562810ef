"""Reminders in the whole program: set, listed and answered on the phone; killed before they are due, they come once."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from phonework.channels.cards.reminder import PER_PAGE
from phonework.reminders.reminder import MOST_CHARACTERS, MOST_WAITING
from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.texts import text


async def reminders(phone: Phone) -> list[Shown]:
    """The messages that remind, in order."""
    return [shown for shown in await phone.messages() if shown.from_bot and offers(op="remind_done")(shown)]


def came(words: str) -> Callable[[Shown], bool]:
    return lambda shown: shown.shows(words) and offers(op="remind_done")(shown)


async def test_a_reminder_comes_by_itself_and_can_be_had_again(ada: Person) -> None:
    """K5, A7: the alarm of the real clock."""
    await ada.says("/remind 1s stretch your legs")
    await ada.sees("stretch your legs")
    shown = await ada.sees(offers(op="remind_done"))
    assert shown.shows("stretch your legs")
    assert not shown.shows("This is late")

    answer = await ada.presses(shown, text("en", "reminder.in_an_hour"))
    assert answer.toast_text == text("en", "toast.remind_again")
    await ada.says("/reminders")
    listed = await ada.sees(offers(op="remind_delete"))
    assert listed.shows("stretch your legs")
    assert (await ada.presses(listed, "Delete")).toast_text == text("en", "toast.remind_delete")
    assert (await ada.phone.message(listed.message_id)).shows("Nothing to come")


async def test_one_that_was_due_while_the_program_was_dead_comes_once_and_says_so(ada: Person, server: Server) -> None:
    await ada.says("/remind 1h check the build")
    await ada.sees(offers(op="remind_undo"))
    await server.kill()
    with closing(sqlite3.connect(server.data_dir / "phonework.db")) as db, db:
        db.execute("UPDATE reminder SET due_at_ms = due_at_ms - 3 * 3600 * 1000")  # three hours pass
    await server.start()

    shown = await ada.sees(offers(op="remind_done"))
    assert shown.shows("check the build")
    assert shown.shows("This is late: it was due ")
    await server.kill()
    await server.start()
    await server.at_rest()
    await ada.phone.idle()
    assert len(await reminders(ada.phone)) == 1
    assert [tuple(row) for row in server.rows("SELECT status, fired FROM reminder")] == [("done", 1)]


async def test_killed_as_it_comes_it_is_delivered_once(ada: Person, server: Server) -> None:
    """Between the commit and the delivery, whenever that is."""
    for number in range(5):
        await ada.says(f"/remind 1s tea {number}")
    await ada.sees("tea 4")
    await ada.phone.fault("http.drop_after", match={"path": "/im/v1/messages"})
    await ada.sees(offers(op="remind_done"))
    await server.kill()
    await server.start()
    for number in range(5):
        await ada.sees(came(f"tea {number}"))
    await server.at_rest()
    await ada.phone.idle()

    assert len(await reminders(ada.phone)) == 5
    assert [tuple(row) for row in server.rows("SELECT status, fired FROM reminder")] == [("done", 1)] * 5


async def test_at_the_limit_the_next_is_refused_and_every_page_can_be_turned(ada: Person, server: Server) -> None:
    """Each with as many words as there may be, all of which the card must mark up as text."""
    words = "<at id=all></at> **x** `y` [z](w) & 提醒 " * 30
    await ada.says(f"/remind 3h {words[: MOST_CHARACTERS - 10].strip()}")
    await ada.sees(offers(op="remind_undo"))
    await server.kill()
    with closing(sqlite3.connect(server.data_dir / "phonework.db")) as db, db:
        db.execute("CREATE TEMP TABLE again AS SELECT * FROM reminder")
        for number in range(2, MOST_WAITING):
            db.execute("UPDATE again SET reminder_id = ?, origin = ?", [f"r{number}", f"message:{number}"])
            db.execute("UPDATE again SET due_at_ms = due_at_ms + 60000, body = ? || substr(body, 4)", [f"{number:03}"])
            db.execute("INSERT INTO reminder SELECT * FROM again")
    await server.start()
    await ada.says("/remind 1h the last that goes in")
    await ada.sees(lambda shown: shown.shows("the last that goes in") and offers(op="remind_undo")(shown))

    await ada.says("/remind 1h one too many")
    await ada.sees("No reminder was set: 100 are waiting already, which is the limit.")
    assert server.rows("SELECT count(*) FROM reminder WHERE status = 'waiting'")[0][0] == MOST_WAITING
    await ada.says("/reminders")
    card, found = await ada.sees(offers(op="remind_delete")), list[str]()
    while True:
        shown = await ada.phone.message(card.message_id)
        found += dict.fromkeys(value["id"] for value in operations(shown) if value["op"] == "remind_delete")
        if len(found) >= MOST_WAITING:
            break
        await ada.presses(card, {"op": "remind_page", "p": len(found) // PER_PAGE})
    assert len(set(found)) == MOST_WAITING

    await ada.presses(card, {"op": "remind_delete", "id": found[-1]})
    await ada.says("/remind 1h there is room again")
    await ada.sees(lambda shown: shown.shows("there is room again") and offers(op="remind_undo")(shown))
    assert await ada.phone.violations() == []
