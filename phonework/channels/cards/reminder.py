"""The cards of reminders: as one was understood, when it comes, and the list of those to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from phonework.channels.cards.clicks import ReminderOp
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import Card, Element, Head, button, card, clip, markdown, plain, row, small, words
from phonework.channels.cards.people import mention
from phonework.channels.cards.values import reminder_value, reminders_value
from phonework.channels.markdown import escape
from phonework.reminders.reminder import MOST_CHARACTERS, MOST_COUNTED, Delay, Firing, Reminder, Status
from phonework.reminders.schedule import Every, Interval, Once
from phonework.reminders.wording import words as in_words
from phonework.reminders.zones import named
from phonework.texts import text
from phonework.views import RemindersView, ReminderView, Wishes

PER_PAGE: Final = 8
LATE: Final = timedelta(minutes=2)
"""Only what comes later than this is called late."""
_LISTED_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """For whom a card is made, and when. zone: the person's. is_guessed: nobody chose it, it is just the machine's."""

    language: str
    now: datetime
    zone: ZoneInfo
    is_guessed: bool = False

    @classmethod
    def of(cls, wishes: Wishes, now: datetime) -> "Reader":
        return cls(language=wishes.language, now=now, zone=named(wishes.zone), is_guessed=wishes.zone is None)

    def say(self, key: str, /, **params: object) -> str:
        return text(self.language, key, **params)

    def when(self, at: datetime) -> str:
        """A moment in words, by the person's clock."""
        return in_words(Once(at=at), self.now, self.zone, self.language)

    def schedule(self, reminder: Reminder) -> str:
        """When it comes, or how it is repeated; by another clock than the person's, if it is."""
        every = reminder.schedule
        if not isinstance(every, Every):
            return self.when(reminder.due or every.at)
        return in_words(every, self.now, self.zone, self.language)

    def understood(self, reminder: Reminder) -> str:
        """The same for the answer to setting it, which says by which clock, as long as that is a guess."""
        said, every = self.schedule(reminder), reminder.schedule
        by_own_clock = not isinstance(every, Every) or (
            every.zone == self.zone.key and not isinstance(every.rule, Interval)
        )
        if not (self.is_guessed and by_own_clock):
            return said
        return self.say("when.in_zone", when=said, zone=self.zone.key)


def reminder_card(view: ReminderView, reader: Reader) -> Card:
    """What was understood, with a way back; or that it has come, with what to do about it."""
    return _set(view, reader) if view.firing is None else _came(view, view.firing, reader)


# As it was set

_TAGS: Final = {
    Status.WAITING: ("reminder.waiting", "blue"),
    Status.DONE: ("reminder.came", "green"),
    Status.DELETED: ("reminder.deleted", "grey"),
    Status.BROKEN: ("reminder.broken", "red"),
}


def _set(view: ReminderView, reader: Reader) -> Card:
    reminder = view.reminder
    tag, color = _TAGS[reminder.status]
    when = reader.understood(reminder)
    head = Head(
        title=reader.say("reminder.title"),
        color=color,
        tag=reader.say(tag),
        summary=f"{when} {plain(reminder.text, 80)}",
    )
    waits = reminder.status is Status.WAITING
    undo = [row([button(reader.say("reminder.undo"), reminder_value(ReminderOp.UNDO, reminder.reminder_id))])]
    return card(
        head,
        [
            *_whose(view),
            markdown(f"**{escape(when)}**\n{words(reminder.text, MOST_CHARACTERS)}"),
            small(_next(reminder, reader)) if waits and isinstance(reminder.schedule, Every) else None,
            *(undo if waits else []),
        ],
    )


def _next(reminder: Reminder, reader: Reader) -> str:
    assert reminder.due is not None
    return escape(reader.say("reminder.next", when=reader.when(reminder.due)))


def _whose(view: ReminderView) -> list[Element]:
    return [markdown(mention(view.person))] if view.person else []


# When it comes


def _came(view: ReminderView, firing: Firing, reader: Reader) -> Card:
    reminder = view.reminder
    late = (view.shown_at or reader.now) - firing.due > LATE
    settled = "reminder.put_off" if firing.again is not None else "reminder.done"
    tag = settled if firing.settled else "reminder.late" if late else "reminder.now"
    head = Head(
        title=reader.say("reminder.title"),
        color="grey" if firing.settled else "orange",
        tag=reader.say(tag),
        summary=plain(reminder.text, 120),
    )
    notes = [*_lateness(firing, reader, late=late), *_what_follows(reminder, firing, reader)]
    return card(
        head,
        [
            *_whose(view),
            markdown(words(reminder.text, MOST_CHARACTERS)),
            *(markdown(rich(note)) for note in notes),
            None if firing.settled else row(_choices(firing, reader)),
        ],
    )


def _lateness(firing: Firing, reader: Reader, *, late: bool) -> list[str]:
    notes = [reader.say("reminder.late_note", when=reader.when(firing.due))] if late else []
    if firing.missed >= MOST_COUNTED:
        notes.append(reader.say("reminder.missed_many", count=MOST_COUNTED))
    elif firing.missed:
        notes.append(reader.say("reminder.missed", count=firing.missed))
    return notes


def _what_follows(reminder: Reminder, firing: Firing, reader: Reader) -> list[str]:
    if firing.again is not None:
        return [reader.say("reminder.again", when=reader.when(firing.again))]
    if not isinstance(reminder.schedule, Every):
        return []
    if reminder.due is None:
        return [reader.say("reminder.no_more")]
    when = reader.when(reminder.due)
    return [reader.say("reminder.repeats", schedule=reader.schedule(reminder), when=when)]


def _choices(firing: Firing, reader: Reader) -> list[Element]:
    delays = ((Delay.TEN_MINUTES, "in_ten_minutes"), (Delay.HOUR, "in_an_hour"), (Delay.MORNING, "in_the_morning"))
    again = [
        button(
            reader.say(f"reminder.{label}"),
            reminder_value(ReminderOp.AGAIN, firing.reminder_id, number=firing.number, delay=delay),
        )
        for delay, label in delays
    ]
    done = reminder_value(ReminderOp.DONE, firing.reminder_id, number=firing.number)
    return [button(reader.say("reminder.settle"), done, kind="primary"), *again]


# The list


def reminders_card(view: RemindersView, reader: Reader) -> Card:
    """Those to come, a page at a time, each with its buttons."""
    pages = max(1, -(-len(view.reminders) // PER_PAGE))
    page = min(view.page, pages - 1)
    shown = view.reminders[page * PER_PAGE : (page + 1) * PER_PAGE]
    title = reader.say("reminder.list_title")
    count = reader.say("reminder.count", count=len(view.reminders))
    elements: list[Element] = [
        element
        for number, one in enumerate(shown, start=page * PER_PAGE + 1)
        for element in _listed(one, number, page, reader)
    ]
    if not shown:
        elements = [markdown(rich(reader.say("reminder.none")))]
    if pages > 1:
        elements.append(row(_turning(view.user_id, page, pages, reader)))
    return card(Head(title=title, color="blue", subtitle=count, summary=f"{title} · {count}"), elements)


def _listed(reminder: Reminder, number: int, page: int, reader: Reader) -> list[Element]:
    assert reminder.due is not None
    when = f"**{number}. {escape(reader.when(reminder.due))}**"
    if isinstance(reminder.schedule, Every):
        when += f" · {escape(reader.schedule(reminder))}"
    about = words(clip(reminder.text, _LISTED_CHARACTERS), _LISTED_CHARACTERS)
    return [markdown(f"{when}\n{about}"), row(_changes(reminder, page, reader))]


def _changes(reminder: Reminder, page: int, reader: Reader) -> list[Element]:
    delays = ((Delay.HOUR, "hour_later"), (Delay.DAY, "day_later"))
    later = [
        button(
            reader.say(f"reminder.{label}"),
            reminder_value(ReminderOp.LATER, reminder.reminder_id, number=reminder.version, delay=delay, page=page),
        )
        for delay, label in delays
    ]
    delete = reminder_value(ReminderOp.DELETE, reminder.reminder_id, page=page)
    return [*later, button(reader.say("reminder.delete"), delete, kind="danger")]


def _turning(user_id: str, page: int, pages: int, reader: Reader) -> list[Element]:
    steps = ((page - 1, "earlier"), (page + 1, "further"))
    return [
        button(reader.say(f"reminder.{label}", page=to + 1, pages=pages), reminders_value(user_id, to))
        for to, label in steps
        if 0 <= to < pages
    ]
