"""Reminders: set, moved, deleted and settled by their person, by a command, a tap or the assistant."""

from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from phonework.channels.base import Clicked, Said
from phonework.channels.cards.clicks import ReminderClick, ReminderOp, RemindersClick
from phonework.engine import Outcome
from phonework.errors import RefusedError
from phonework.fsm import effects as order
from phonework.fsm.reasons import Reason
from phonework.intake.hand import Hand, Taken, note, owe, refused, stray
from phonework.intake.messages import clean, reply
from phonework.one_line import one_line
from phonework.reminders.phrases import Phrase, Problem, parse
from phonework.reminders.recurrence import next_time
from phonework.reminders.reminder import (
    MOST_CHARACTERS,
    MOST_WAITING,
    Reminder,
    Status,
    deleted,
    later,
    postponed,
)
from phonework.reminders.trouble import Trouble
from phonework.reminders.zones import named
from phonework.store import events, reminders
from phonework.store.codec import dump
from phonework.store.effects import Owed
from phonework.store.events import Status as Fate
from phonework.texts import text
from phonework.views import RemindersView, ReminderView

_SHOWN: Final = 80
"""Characters of a reminder by which a sentence names it."""
_SAYS_WHAT_TO_DO = (Trouble.NO_TIME, Trouble.NOTHING, Trouble.SEVERAL, Trouble.NOT_UNDERSTOOD)


def zone(hand: Hand) -> ZoneInfo:
    """In which the person means times."""
    return named(hand.wishes.zone)


# Setting


def remind(hand: Hand, said: Said, words: str) -> Taken:
    """`/remind`: the answer shows what was understood, or why it was not."""
    try:
        reminder = create(hand, said, words)
    except RefusedError as problem:
        return reply(hand, said, order.Say(text=f"say.{problem.text}", params=problem.params, reply_to=said.message_id))
    taken = reply(hand, said, order.ShowReminder(reminder_id=reminder.reminder_id), applied=True)
    return replace(taken, outcome=replace(taken.outcome, next_due=reminder.due))


def create(hand: Hand, said: Said, words: str) -> Reminder:
    """A new reminder; the one that was set when this message or call came before. Raises RefusedError."""
    origin = f"{hand.source}:{said.key}"
    if known := reminders.of_origin(hand.connection, origin):
        return known
    if reminders.count_waiting(hand.connection, hand.user_id) >= MOST_WAITING:
        raise RefusedError("reminders_full", limit=str(MOST_WAITING))
    phrase, said_at = _understood(hand, said, clean(words))
    reminder = Reminder(
        reminder_id=reminders.free_id(hand.connection, origin),
        user_id=hand.user_id,
        text=phrase.rest,
        schedule=phrase.schedule,
        due=next_time(phrase.schedule, said_at),
        created_at=hand.now,
        chat=said.chat,
    )
    reminders.add(hand.connection, reminder, origin)
    return reminder


def _understood(hand: Hand, said: Said, words: str) -> tuple[Phrase, datetime]:
    """What was said, and when: "in ten minutes" counts from then."""
    if len(words) > MOST_CHARACTERS:
        raise RefusedError("reminder_too_long", size=f"{len(words):,}", limit=f"{MOST_CHARACTERS:,}")
    at = min(said.sent_at, hand.now)
    said_at = at.replace(microsecond=at.microsecond // 1000 * 1000)  # stored times have milliseconds
    found = parse(words, said_at, zone(hand))
    if isinstance(found, Problem):
        why = text(hand.language, found.text, **found.params)
        raise RefusedError("reminder_unclear" if found.text in _SAYS_WHAT_TO_DO else "reminder_impossible", why=why)
    return found, said_at


# By the assistant, in the person's name


def ask_for(hand: Hand, said: Said, words: str) -> tuple[Reminder, tuple[Owed, ...]]:
    """As if the person had written it; they see what was understood. A repeated call changes nothing. Raises RefusedError."""
    known = events.find(hand.connection, hand.source, said.key)
    reminder = create(hand, said, words)
    if known is not None:
        return reminder, ()
    note(hand, hand.source, said.key, "Command", said, said.sent_at, None)
    return reminder, owe(hand, [order.ShowReminder(reminder_id=reminder.reminder_id)], key=said.key)


def drop(hand: Hand, said: Said, reminder_id: str) -> Reminder:
    """Delete one of the person's own. A repeated call changes nothing. Raises RefusedError."""
    reminder = own(hand, reminder_id)
    if events.find(hand.connection, hand.source, said.key) is not None:
        return reminder
    if reason := _over(reminder):
        raise RefusedError(f"{reason.value}_already", about=one_line(reminder.text, _SHOWN))
    reminders.save(hand.connection, deleted(reminder))
    note(hand, hand.source, said.key, "Command", said, said.sent_at, None)
    return reminder


def own(hand: Hand, reminder_id: str) -> Reminder:
    """One of the person's own; another's is as good as none. Raises RefusedError."""
    reminder = reminders.get(hand.connection, reminder_id.strip().lower())
    if reminder is None or reminder.user_id != hand.user_id:
        raise RefusedError("no_such_reminder")
    return reminder


# Taps


def on_reminder(hand: Hand, clicked: Clicked, click: ReminderClick) -> Taken:
    """A button of a reminder. What is late, done already or another's changes nothing, and says why."""
    reminder = reminders.get(hand.connection, click.reminder_id)
    if reminder is None:
        return stray(hand, clicked, Reason.NO_SUCH_REMINDER)
    if reminder.user_id != hand.user_id:
        return stray(hand, clicked, Reason.NOT_YOURS)
    reason = _carry_out(hand, reminder, click)
    what = {"value": dump(clicked.value)[:2000], "message_id": clicked.message_id}
    note(hand, "click", clicked.key, "Clicked", what, clicked.clicked_at, reason)
    card = _card(hand, click)
    if reason is not None:
        return replace(refused(reason), card=card)
    after = reminders.get(hand.connection, click.reminder_id)
    outcome = Outcome(status=Fate.APPLIED, next_due=after.due if after else None)
    return Taken(outcome=outcome, toast=("success", f"toast.{click.op.value}"), card=card)


def on_page(hand: Hand, clicked: Clicked, click: RemindersClick) -> Taken:
    """Another page of the list; nothing happens by it."""
    if click.user_id != hand.user_id:
        return stray(hand, clicked, Reason.NOT_YOURS)
    card = reminders.listed(hand.connection, hand.user_id, click.page)
    return Taken(outcome=Outcome(status=Fate.IGNORED, reason=Reason.NOTED), card=card)


def _carry_out(hand: Hand, reminder: Reminder, click: ReminderClick) -> Reason | None:
    match click.op:
        case ReminderOp.UNDO | ReminderOp.DELETE:
            return _delete(hand, reminder)
        case ReminderOp.LATER:
            return _move(hand, reminder, click)
        case ReminderOp.AGAIN:
            return _again(hand, reminder, click)
        case ReminderOp.DONE:
            firing = reminders.firing(hand.connection, reminder.reminder_id, click.number)
            if firing is None:
                return Reason.NO_SUCH_REMINDER
            return None if reminders.settle(hand.connection, firing, None) else Reason.ALREADY_ANSWERED
        case _:
            assert_never(click.op)


def _over(reminder: Reminder) -> Reason | None:
    """Why it will not come any more; None: it will, or it is broken and can be deleted."""
    if reminder.status is Status.DELETED:
        return Reason.REMINDER_DELETED
    return Reason.REMINDER_CAME if reminder.status is Status.DONE else None


def _delete(hand: Hand, reminder: Reminder) -> Reason | None:
    if reason := _over(reminder):
        return reason
    reminders.save(hand.connection, deleted(reminder))
    return None


def _move(hand: Hand, reminder: Reminder, click: ReminderClick) -> Reason | None:
    """Its next time is later; a list that shows another one moves nothing."""
    if reason := _over(reminder):
        return reason
    if reminder.due is None or click.number != reminder.version:
        return Reason.REMINDER_CHANGED
    until = later(click.delay, max(reminder.due, hand.now), zone(hand))
    reminders.save(hand.connection, postponed(reminder, until))
    return None


def _again(hand: Hand, reminder: Reminder, click: ReminderClick) -> Reason | None:
    """It has come, and comes again; only its newest card can say so, and once."""
    firing = reminders.firing(hand.connection, reminder.reminder_id, click.number)
    if firing is None:
        return Reason.NO_SUCH_REMINDER
    if firing.settled:
        return Reason.ALREADY_ANSWERED
    if reminder.status is Status.DELETED:
        return Reason.REMINDER_DELETED
    if click.number != reminder.fired or reminder.status is Status.BROKEN:
        return Reason.REMINDER_CHANGED
    if reminder.status is Status.DONE and reminders.count_waiting(hand.connection, hand.user_id) >= MOST_WAITING:
        return Reason.REMINDERS_FULL
    until = later(click.delay, hand.now, zone(hand))
    reminders.save(hand.connection, postponed(reminder, until))
    reminders.settle(hand.connection, firing, until)
    return None


def _card(hand: Hand, click: ReminderClick) -> ReminderView | RemindersView | None:
    """What the tapped card shows from now on."""
    if click.op in (ReminderOp.DELETE, ReminderOp.LATER):
        return reminders.listed(hand.connection, hand.user_id, click.page)
    number = 0 if click.op is ReminderOp.UNDO else click.number
    try:
        return reminders.view(hand.connection, click.reminder_id, number)
    except KeyError:
        return None
