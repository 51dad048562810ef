"""Reminders in the engine: set, coming, late, moved and deleted; whatever crashes, each comes once."""

import html
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from phonework import engine, poison, ringing
from phonework.channels.base import Chat, Reply
from phonework.channels.cards.parts import MAX_BYTES, MAX_ELEMENTS, element_count, size_bytes
from phonework.channels.cards.reminder import PER_PAGE
from phonework.reminders.reminder import MOST_WAITING
from phonework.store.prune import KEEP, prune
from phonework.testing.channel import Fate, Post
from phonework.testing.playbook import ADA, BOB, LATER_THAN_NOW, MALLORY, Playbook
from phonework.texts import text

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def set_reminder(play: Playbook, words: str, *, user: str = ADA) -> str:
    """The id of what `/remind` made of the words."""
    said = await play.say(f"/remind {words}", user=user)
    return str(play.one("SELECT reminder_id FROM reminder WHERE origin = ?", f"message:{said.key}"))


def came(play: Playbook, reminder_id: str) -> list[Post]:
    """The messages that reminded of it, in order."""
    prefix = f"reminder:{reminder_id}:"
    return [
        post
        for post in play.channel.posts.values()
        if post.delivery.card_key.startswith(prefix) and post.delivery.card_key != f"{prefix}0"
    ]


def row(play: Playbook, reminder_id: str) -> tuple[str, int, datetime | None]:
    """Status, how often it came, when next."""
    ((status, fired, due),) = play.rows(
        "SELECT status, fired, due_at_ms FROM reminder WHERE reminder_id = ?", reminder_id
    )
    return status, fired, datetime.fromtimestamp(due / 1000, UTC) if due is not None else None


def shown(reply: Reply) -> str:
    return html.unescape(json.dumps(reply.card, ensure_ascii=False))


def toast(reply: Reply) -> str:
    assert reply.toast is not None
    return reply.toast.text


async def moves(play: Playbook, zone: str, user: str = ADA) -> None:
    """The person is in this time zone."""

    def job(connection: sqlite3.Connection, _now: datetime) -> None:
        connection.execute("UPDATE user SET timezone = ? WHERE user_id = ?", (zone, user))

    await play.writer.run(job)


# Setting


async def test_the_answer_says_what_was_understood_and_it_comes_once(play: Playbook) -> None:
    """K5, A7."""
    reminder = await set_reminder(play, "10m check the build")
    card = play.channel.shown(f"reminder:{reminder}:0")
    assert "today 9:10" in card.words
    assert "check the build" in card.words
    await play.advance(9 * MINUTE)
    assert came(play, reminder) == []
    await play.advance(MINUTE)

    (post,) = came(play, reminder)
    assert "check the build" in post.words
    assert "late" not in post.words.lower()
    assert row(play, reminder) == ("done", 1, None)
    await play.advance(DAY)
    assert len(came(play, reminder)) == 1
    assert play.rows("SELECT source, kind, status FROM event WHERE source = 'reminder'") == [
        ("reminder", "ReminderFired", "applied")
    ]


@pytest.mark.parametrize("alias", ["/提醒", "、提醒"])
async def test_it_is_set_in_chinese_too(play: Playbook, alias: str) -> None:
    await play.say(f"{alias} 明天早上9点 开会")

    assert "tomorrow 9:00" in list(play.channel.posts.values())[-1].words


async def test_ten_minutes_count_from_when_they_were_said(play: Playbook) -> None:
    """A message that took long to arrive."""
    sent = play.clock.now()
    play.clock.advance(4 * MINUTE)
    await play.say("/remind 10m tea", sent_at=sent)
    await play.say("/remind 3m soon over", sent_at=sent)
    await play.advance(timedelta())

    ((late_id,),) = play.rows("SELECT reminder_id FROM reminder WHERE body = 'soon over'")
    ((tea_id,),) = play.rows("SELECT reminder_id FROM reminder WHERE body = 'tea'")
    assert "soon over" in came(play, late_id)[0].words
    assert row(play, tea_id)[2] == sent + 10 * MINUTE


async def test_one_that_reaches_us_much_later_is_not_set(play: Playbook) -> None:
    await play.say("/remind 10m tea", sent_at=play.clock.now() - HOUR)

    assert play.rows("SELECT * FROM reminder") == []
    assert "long after you sent it" in play.channel.texts()[-1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "needs more. Use: `/remind 10m"),
        ("check the build", "When?"),
        ("10m", "Remind you of what?"),
        ("yesterday 9:00 look back", "is past already"),
        ("every second breathe", "too often"),
        ("every 10 seconds breathe", "too often"),
        ("30 february party", "not in the calendar"),
        ("in 30 years retire", "more than 5 years away"),
        ("daily until friday work", "I cannot make one time"),
        (f"10m {'x' * 1000}", "the limit is 1,000"),
    ],
)
async def test_what_makes_no_reminder_is_told_in_a_sentence_with_an_example(
    play: Playbook, words: str, why: str
) -> None:
    await play.say(f"/remind {words}")

    assert play.rows("SELECT * FROM reminder") == []
    assert why in play.channel.texts()[-1]
    assert "/remind" in play.channel.texts()[-1] or "`tomorrow" in play.channel.texts()[-1] or "limit" in why


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("**bold** [link](http://x)", "**bold** [link](http://x)"),
        ("<at id=all></at> come", "<at id=all></at> come"),
        ("a\x00b\x07c\u202ed", "abc"),
        ("one\n# two\n```", "one\n# two\n```"),
    ],
)
async def test_the_text_is_shown_as_it_was_written(play: Playbook, typed: str, seen: str) -> None:
    """No Markdown, nobody mentioned, nothing that no keyboard types."""
    reminder = await set_reminder(play, f"10m {typed}")
    await play.advance(10 * MINUTE)

    for post in (play.channel.shown(f"reminder:{reminder}:0"), *came(play, reminder)):
        raw = json.dumps(post.shows.card)
        assert seen in html.unescape(post.words)
        assert "**bold**" not in raw.replace("summary", "", 1).split('"body"')[1]
        assert "<at" not in raw.split('"body"')[1]
        assert "\x07" not in post.words


async def test_a_redelivered_message_sets_one(play: Playbook) -> None:
    said = await play.say("/remind 10m tea")
    await play.deliver(said)

    assert play.one("SELECT count(*) FROM reminder") == 1


async def test_a_person_has_so_many_waiting_and_no_more(play: Playbook) -> None:
    for number in range(MOST_WAITING):
        await play.say(f"/remind 10m tea {number}")
    await play.say("/remind 10m one too many")
    assert "100 are waiting already" in play.channel.texts()[-1]
    await play.say("/remind 10m for bob", user=BOB)
    assert play.one("SELECT count(*) FROM reminder") == MOST_WAITING + 1

    await play.say("/reminders")
    card = list(play.channel.posts.values())[-1].shows.card
    assert card is not None
    assert size_bytes(card) <= MAX_BYTES
    assert element_count(card) <= MAX_ELEMENTS


async def test_a_sweep_takes_a_bounded_batch_and_rings_again_at_once(play: Playbook) -> None:
    for number in range(ringing.AT_ONCE + 6):
        await play.say(f"/remind 10m tea {number}")
    play.clock.advance(HOUR)
    swept = await play.writer.run(engine.sweep)
    await play.settled()
    assert play.one("SELECT count(*) FROM firing") == ringing.AT_ONCE
    assert swept.next_due is not None
    assert swept.next_due <= play.clock.now()
    await play.core.node.sweep()
    await play.settled()

    assert play.rows("SELECT max(n), count(*) FROM (SELECT count(*) AS n FROM firing GROUP BY reminder_id)") == [
        (1, 70)
    ]
    assert (await play.writer.run(engine.sweep)).next_due is None


# Coming, late and again


async def test_a_late_one_comes_once_and_says_since_when(play: Playbook) -> None:
    reminder = await set_reminder(play, "10m check the build")
    await play.crash(start=False)
    play.clock.advance(3 * HOUR)
    await play.start()

    (post,) = came(play, reminder)
    assert "This is late: it was due today 9:10." in post.words
    assert "more times" not in post.words


async def test_what_was_missed_comes_as_one_that_says_how_many(play: Playbook) -> None:
    reminder = await set_reminder(play, "every day at 10:00 water the plants")
    hourly = await set_reminder(play, "every 5 minutes breathe")
    await play.advance(HOUR)
    assert len(came(play, reminder)) == 1
    await play.advance(5 * DAY)

    assert len(came(play, reminder)) == 2
    late = came(play, reminder)[1]
    assert "due Sunday" in late.words
    assert "It would have come 4 more times since then" in late.words
    assert "more than 100 more times" in came(play, hourly)[1].words
    status, fired, due = row(play, reminder)
    assert (status, fired) == ("waiting", 2)
    assert due == LATER_THAN_NOW + timedelta(days=6, hours=1)


async def test_a_message_that_could_not_be_delivered_says_how_late_it_is(play: Playbook) -> None:
    """Feishu was away, not we; and a tap afterwards does not make it later."""
    reminder = await set_reminder(play, "10m check the build")
    play.channel.usual = Fate.BUSY
    await play.advance(10 * MINUTE)
    await play.advance(timedelta(seconds=30))
    play.clock.advance(HOUR)
    play.channel.usual = Fate.OK
    await play.advance(MINUTE)

    (post,) = came(play, reminder)
    assert "This is late" in post.words

    prompt = await set_reminder(play, "10m next")
    await play.advance(10 * MINUTE)
    play.clock.advance(DAY)
    reply = await play.click(play.button(f"reminder:{prompt}:1", "remind_done"))
    assert "This is late" not in shown(reply)


@pytest.mark.parametrize("fate", [Fate.HANG, Fate.UNKNOWN, Fate.BUSY])
async def test_killed_between_commit_and_delivery_it_is_delivered_once(play: Playbook, fate: Fate) -> None:
    """F10: under one key."""
    reminder = await set_reminder(play, "10m check the build")
    play.channel.fates.append(fate)
    await play.advance(10 * MINUTE)
    await play.crash()
    await play.advance(MINUTE)
    await play.crash()

    assert len(came(play, reminder)) == 1
    assert row(play, reminder)[:2] == ("done", 1)


async def test_killed_before_the_answer_it_is_set_once(play: Playbook) -> None:
    said = await play.say("/help")
    await play.crash_unacknowledged(
        type(said)(
            key="om_x", user=ADA, chat=said.chat, message_id="om_x", text="/remind 10m tea", sent_at=play.clock.now()
        )
    )
    await play.deliver(
        type(said)(
            key="om_x", user=ADA, chat=said.chat, message_id="om_x", text="/remind 10m tea", sent_at=play.clock.now()
        )
    )
    await play.advance(10 * MINUTE)

    assert play.one("SELECT count(*) FROM reminder") == 1
    assert play.one("SELECT count(*) FROM firing") == 1


async def test_quiet_hours_hold_no_reminder(play: Playbook) -> None:
    """The person asked for that very time."""

    def job(connection: sqlite3.Connection, _now: datetime) -> None:
        connection.execute("UPDATE user SET quiet_hours = '22:00-08:00'")

    reminder = await set_reminder(play, "tomorrow 03:00 look at the stars")
    await play.writer.run(job)
    await play.advance(18 * HOUR)

    assert len(came(play, reminder)) == 1


# Zones


async def test_times_are_meant_in_the_persons_zone_which_they_need_not_be_told(play: Playbook) -> None:
    await play.say("/timezone Asia/Shanghai")
    once = await set_reminder(play, "tomorrow 9:00 stand-up")
    daily = await set_reminder(play, "every day at 8:00 tea")

    assert row(play, once)[2] == datetime(2999, 1, 6, 1, 0, tzinfo=UTC)
    for reminder, said in ((once, "tomorrow 9:00"), (daily, "every day at 8:00")):
        card = play.channel.shown(f"reminder:{reminder}:0").words
        assert said in card
        assert "Asia/Shanghai" not in card


async def test_a_repetition_by_another_clock_than_the_persons_says_which(play: Playbook) -> None:
    await play.say("/timezone Asia/Shanghai")
    await set_reminder(play, "every day at 8:00 tea")
    await play.say("/timezone Europe/Berlin")
    await play.say("/reminders")

    card = list(play.channel.posts.values())[-1].words
    assert "tomorrow 01:00" in card
    assert "every day at 8:00 (Asia/Shanghai)" in card
    assert "Europe/Berlin" not in card


async def test_an_unknown_zone_is_none(play: Playbook) -> None:
    await play.say("/help")
    await moves(play, "Mars/Olympus")
    reminder = await set_reminder(play, "tomorrow 9:00 stand-up")

    assert row(play, reminder)[2] == datetime(2999, 1, 6, 9, 0, tzinfo=UTC)


async def test_a_daily_one_keeps_to_the_wall_when_clocks_are_changed(play: Playbook) -> None:
    """In spring 02:30 is skipped, and comes when the gap ends; in autumn it exists twice, and comes once."""
    zone = ZoneInfo("America/New_York")
    await play.say("/help")
    await moves(play, zone.key)
    night, morning = await set_reminder(play, "every day at 02:30 back up"), await set_reminder(play, "每天9点 开会")
    while play.clock.now() < LATER_THAN_NOW + 365 * DAY:
        await play.advance(DAY if play.clock.now().month not in (3, 11) else 30 * MINUTE)

    at = play.rows("SELECT due_at_ms FROM firing WHERE reminder_id = ? ORDER BY number", morning)
    walls = {datetime.fromtimestamp(ms / 1000, zone).strftime("%H:%M") for (ms,) in at}
    offsets = {datetime.fromtimestamp(ms / 1000, zone).utcoffset() for (ms,) in at}
    assert walls == {"09:00"}
    assert len(offsets) == 2
    days = [datetime.fromtimestamp(ms / 1000, zone).date() for (ms,) in at]
    assert days == [days[0] + number * DAY for number in range(len(days))]
    assert len(days) >= 365

    nights = play.rows("SELECT due_at_ms FROM firing WHERE reminder_id = ?", night)
    seen = [datetime.fromtimestamp(ms / 1000, zone) for (ms,) in nights]
    assert {one.strftime("%H:%M") for one in seen} == {"02:30", "03:00"}
    assert len({one.date() for one in seen}) == len(seen)


# Taps


async def test_undo_takes_it_back_before_it_comes_and_says_so_afterwards(play: Playbook) -> None:
    first, second = await set_reminder(play, "10m tea"), await set_reminder(play, "20m cake")
    undo_first = play.button(f"reminder:{first}:0", "remind_undo")
    undo_second = play.button(f"reminder:{second}:0", "remind_undo")
    reply = await play.click(undo_second)
    assert toast(reply) == text("en", "toast.remind_undo")
    assert "deleted" in shown(reply)
    assert "remind_undo" not in shown(reply)
    assert toast(await play.click(undo_second)) == text("en", "reason.reminder_deleted")

    await play.advance(HOUR)
    assert came(play, second) == []
    late = await play.click(undo_first)
    assert toast(late) == text("en", "reason.reminder_came")
    assert "came" in shown(late)


@pytest.mark.parametrize(
    ("choice", "due"),
    [("10m", timedelta(minutes=20)), ("1h", timedelta(hours=1, minutes=10)), ("morning", timedelta(days=1))],
)
async def test_it_comes_again_when_the_person_says_so(play: Playbook, choice: str, due: timedelta) -> None:
    reminder = await set_reminder(play, "10m tea")
    asked = play.clock.now()
    await play.advance(10 * MINUTE)
    again = play.button(f"reminder:{reminder}:1", "remind_again", choice)
    reply = await play.click(again)
    assert toast(reply) == text("en", "toast.remind_again")
    assert "It comes again" in shown(reply)
    assert "put off" in shown(reply)
    expected = LATER_THAN_NOW + DAY if choice == "morning" else asked + due
    assert row(play, reminder) == ("waiting", 1, expected)
    assert toast(await play.click(again)) == text("en", "reason.already_answered")

    await play.advance(DAY)
    assert len(came(play, reminder)) == 2
    done = await play.click(play.button(f"reminder:{reminder}:2", "remind_done"))
    assert "done" in shown(done)
    assert row(play, reminder) == ("done", 2, None)


async def test_a_card_of_an_earlier_time_moves_nothing(play: Playbook) -> None:
    reminder = await set_reminder(play, "every day at 10:00 water the plants")
    await play.advance(2 * HOUR)
    first = play.button(f"reminder:{reminder}:1", "remind_again", "1h")
    await play.advance(DAY)
    before = row(play, reminder)

    assert toast(await play.click(first)) == text("en", "reason.reminder_changed")
    assert row(play, reminder) == before
    assert toast(await play.click({**first, "op": "remind_done"})) == text("en", "toast.remind_done")


async def test_a_repeated_one_that_is_put_off_goes_on_from_there(play: Playbook) -> None:
    reminder = await set_reminder(play, "every day at 10:00 water the plants")
    await play.advance(HOUR)
    await play.click(play.button(f"reminder:{reminder}:1", "remind_again", "1h"))
    assert row(play, reminder)[2] == play.clock.now() + HOUR
    await play.advance(HOUR)

    assert row(play, reminder) == ("waiting", 2, LATER_THAN_NOW + DAY + HOUR)


async def listed(play: Playbook, user: str = ADA) -> str:
    """The key of the list's card."""
    await play.say("/reminders", user=user)
    return list(play.channel.posts.values())[-1].delivery.card_key


async def test_the_numbers_of_the_list_go_on_from_page_to_page(play: Playbook) -> None:
    for number in range(PER_PAGE + 1):
        await set_reminder(play, f"{10 + number}m tea")
    key = await listed(play)
    (further,) = [one for one in play.channel.values(key) if one["op"] == "remind_page"]

    assert f"{PER_PAGE}. today" in play.channel.shown(key).words
    assert f"**{PER_PAGE + 1}. today" in shown(await play.click(further))


async def test_the_list_has_ones_own_the_next_first_and_changes_them(play: Playbook) -> None:
    weekly = await set_reminder(play, "every monday at 10:00 report")
    soon = await set_reminder(play, "10m tea")
    await set_reminder(play, "10m not yours", user=BOB)
    key = await listed(play)
    words = play.channel.shown(key).words
    assert "not yours" not in words
    assert words.index("tea") < words.index("report")
    assert "every Monday at 10:00" in words
    assert words.index("1. ") < words.index("tea") < words.index("2. ") < words.index("report")
    assert soon not in words, "its buttons know which it is; a person needs no id"
    assert weekly not in words

    later = next(one for one in play.channel.values(key) if one["op"] == "remind_later" and one["id"] == soon)
    reply = await play.click(later)
    assert toast(reply) == text("en", "toast.remind_later")
    assert "today 10:10" in shown(reply)
    assert toast(await play.click(later)) == text("en", "reason.reminder_changed")
    assert row(play, soon)[2] == LATER_THAN_NOW + timedelta(hours=1, minutes=10, seconds=2)

    delete = next(one for one in play.channel.values(key) if one["op"] == "remind_delete" and one["id"] == weekly)
    reply = await play.click(delete)
    assert "report" not in shown(reply)
    assert toast(await play.click(delete)) == text("en", "reason.reminder_deleted")
    await play.advance(2 * HOUR)
    gone = await play.click({**delete, "id": soon})
    assert toast(gone) == text("en", "reason.reminder_came")
    assert "Nothing to come" in shown(gone)


async def test_a_day_later_is_the_same_time_on_the_wall(play: Playbook) -> None:
    await play.say("/help")
    await moves(play, "America/New_York")
    await play.advance(datetime(2999, 3, 9, 12, tzinfo=UTC) - play.clock.now())
    reminder = await set_reminder(play, "9:00 stand-up")
    due = row(play, reminder)[2]
    key = await listed(play)
    await play.click(play.button(key, "remind_later", "1d"))

    assert due is not None
    assert row(play, reminder)[2] == due + 23 * HOUR


async def test_a_long_list_has_pages(play: Playbook) -> None:
    for number in range(20):
        await set_reminder(play, f"{number + 10}m tea-{number}.")
    key = await listed(play)
    assert "tea-7." in play.channel.shown(key).words
    assert "tea-8." not in play.channel.shown(key).words
    second = await play.click(play.button(key, "remind_page"))
    assert "tea-8." in shown(second)
    page = next(one for one in play.channel.values(key) if one["op"] == "remind_page")
    assert "tea-19." in shown(await play.click({**page, "p": 99}))

    foreign = await play.click(page, user=BOB)
    assert toast(foreign) == text("en", "reason.not_yours")
    assert foreign.card is None


@pytest.mark.parametrize("op", ["remind_undo", "remind_delete", "remind_later", "remind_again", "remind_done"])
async def test_anothers_tap_changes_nothing(play: Playbook, op: str) -> None:
    reminder = await set_reminder(play, "every day at 10:00 water the plants")
    await play.advance(2 * HOUR)
    before = row(play, reminder), play.rows("SELECT * FROM firing")
    value = {**play.button(f"reminder:{reminder}:1", "remind_done"), "op": op}
    reply = await play.click(value, user=BOB)

    assert toast(reply) == text("en", "reason.not_yours")
    assert reply.card is None
    assert (row(play, reminder), play.rows("SELECT * FROM firing")) == before
    assert toast(await play.click({**value, "id": "rzzzz"})) == text("en", "reason.no_such_reminder")


async def test_a_redelivered_tap_moves_it_once(play: Playbook) -> None:
    reminder = await set_reminder(play, "10m tea")
    later = play.button(await listed(play), "remind_later", "1h")
    await play.click(later, key="ev_same")
    due = row(play, reminder)[2]
    await play.click(later, key="ev_same")

    assert row(play, reminder)[2] == due


async def test_a_deleted_one_does_not_come_again(play: Playbook) -> None:
    reminder = await set_reminder(play, "every day at 10:00 water the plants")
    await play.advance(2 * HOUR)
    again = play.button(f"reminder:{reminder}:1", "remind_again", "10m")
    await play.click(play.button(await listed(play), "remind_delete"))

    assert toast(await play.click(again)) == text("en", "reason.reminder_deleted")
    await play.advance(2 * DAY)
    assert len(came(play, reminder)) == 1


async def test_in_a_group_it_names_the_person_there(play: Playbook) -> None:
    group = Chat(channel="feishu", chat_id="oc_group", private=False, root="om_root")
    await play.say("/remind 10m tea", chat=group)
    await play.advance(10 * MINUTE)
    reminder = play.one("SELECT reminder_id FROM reminder")

    (post,) = came(play, reminder)
    assert post.chat == group
    assert f"<at id={ADA}></at>" in post.words


async def test_a_stranger_sets_nothing(play: Playbook) -> None:
    await play.say("/remind 10m tea", user=MALLORY)

    assert play.rows("SELECT * FROM reminder") == []


# Bugs, and forgetting


async def test_one_that_cannot_come_stands_in_nobodys_way_and_can_be_run_again(play: Playbook) -> None:
    broken, fine = await set_reminder(play, "10m broken"), await set_reminder(play, "10m fine")
    kept = play.one("SELECT schedule FROM reminder WHERE reminder_id = ?", broken)

    def spoil(schedule: str) -> None:
        play_job = "UPDATE reminder SET schedule = ? WHERE reminder_id = ?"
        jobs.append((play_job, (schedule, broken)))

    jobs: list[tuple[str, tuple[str, str]]] = []
    spoil('{"kind":"lunar","value":{},"zone":""}')
    await play.writer.run(lambda connection, _now: connection.execute(*jobs.pop()) and None)
    await play.advance(10 * MINUTE)
    assert len(came(play, fine)) == 1
    assert came(play, broken) == []
    assert row(play, broken) == ("broken", 0, None)
    assert "The reminder “broken” could not come" in play.channel.texts()[-1]
    assert broken not in play.channel.texts()[-1]

    spoil(kept)
    await play.writer.run(lambda connection, _now: connection.execute(*jobs.pop()) and None)
    number = play.one("SELECT seq FROM event WHERE status = 'poisoned'")
    await play.core.node.rerun(number)
    await play.settled()
    assert len(came(play, broken)) == 1
    assert row(play, broken) == ("done", 1, None)
    assert play.rows("SELECT seq FROM event WHERE status = 'poisoned'") == []
    with pytest.raises(KeyError):
        await play.writer.run(lambda connection, now: poison.rerun(connection, number, play.core.node._desk, now))


async def test_what_is_old_and_over_is_forgotten_and_what_waits_is_not(play: Playbook) -> None:
    await set_reminder(play, "10m tea")
    waits = await set_reminder(play, "every day at 10:00 water the plants")
    await play.advance(HOUR)
    play.clock.advance(KEEP + DAY)
    await play.writer.run(prune)
    assert play.rows("SELECT reminder_id FROM reminder") == [(waits,)]
    assert play.rows("SELECT * FROM firing") == []
    await play.advance(DAY)

    assert row(play, waits)[:2] == ("waiting", 2)
