"""The assistant's tools for reminders: what `/remind` and `/reminders` do, through the same functions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from phonework.assistant.tools import Arguments, Call, Question, Result, Tool
from phonework.assistant.tools.office import Nothing, Office, OfficeTool
from phonework.channels.base import Said
from phonework.channels.cards.reminder import Reader
from phonework.intake import reminders
from phonework.intake.hand import Hand
from phonework.intake.routing import fold
from phonework.one_line import one_line
from phonework.reminders.reminder import MOST_CHARACTERS, Reminder
from phonework.reminders.schedule import Every
from phonework.store import reminders as store
from phonework.store.effects import Owed
from phonework.texts import text

_SHOWN: Final = 200


def tools(office: Office) -> tuple[Tool[Any], ...]:
    """All tools for reminders."""
    return CreateReminder(office), ListReminders(office), DeleteReminder(office)


class Setting(Arguments, frozen=True, kw_only=True):
    when: Annotated[
        str,
        Meta(
            description="When, in the person's own words, like: in 10 minutes; 明天早上9点; every weekday at 9:00. "
            "Do not convert it to a date.",
            min_length=1,
            max_length=200,
        ),
    ]
    about: Annotated[
        str,
        Meta(
            description="What to be reminded of, in the person's own words.", min_length=1, max_length=MOST_CHARACTERS
        ),
    ]


class Naming(Arguments, frozen=True, kw_only=True):
    reminder: Annotated[
        str,
        Meta(
            description="The id of a reminder, such as r7k2q, as reminder_list gives it.", min_length=1, max_length=40
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """A reminder that was set, when it comes, and what the commit owes for it."""

    next_due: datetime | None
    described: str
    owed: tuple[Owed, ...]


class CreateReminder(OfficeTool):
    name = "reminder_create"
    description = "Remind the person later, once or again and again. They are shown what was understood, with a button to undo it."
    arguments = Setting
    changes = True

    async def run(self, call: Call, arguments: Setting) -> Result:
        def job(hand: Hand) -> _Set:
            reminder, owed = reminders.ask_for(hand, _said(hand), f"{arguments.when} {arguments.about}")
            return _Set(next_due=reminder.due, described=_described(hand, reminder), owed=owed)

        made = await self._office.act(call, job)
        return Result(text=f"The reminder is set, and the person was shown it: {made.described}")


class ListReminders(OfficeTool):
    name = "reminder_list"
    description = (
        "List the person's reminders that are still to come, each with its number, time, text and id. The numbers are those of "
        "the list that the person sees; the ids are for reminder_delete alone: never say one to the person."
    )
    arguments = Nothing
    changes = False

    async def run(self, call: Call, arguments: Nothing) -> Result:
        def job(hand: Hand) -> list[str]:
            found = enumerate(store.waiting(hand.connection, hand.user_id), start=1)
            return [f"{number}. {_described(hand, one)} (id: {one.reminder_id})" for number, one in found]

        return Result(text="\n".join(await self._office.act(call, job)) or "No reminder is to come.")


class DeleteReminder(OfficeTool):
    name = "reminder_delete"
    description = "Delete a reminder of the person's that is still to come. List them first to know its id."
    arguments = Naming
    changes = True

    async def question(self, call: Call, arguments: Naming) -> Question | None:
        """The person is asked unless their own words name the reminder, by its id or its text."""

        def job(hand: Hand) -> Question | None:
            found = reminders.own(hand, arguments.reminder)
            if _is_named(call, found):
                return None
            when = _when(hand, found)
            prompt = text(call.language, "reminder.drop", about=one_line(found.text, _SHOWN), when=when)
            return Question(prompt=prompt, words=found.text if len(found.text) > _SHOWN else "")

        return await self._office.act(call, job)

    async def run(self, call: Call, arguments: Naming) -> Result:
        def job(hand: Hand) -> str:
            return _described(hand, reminders.drop(hand, _said(hand), arguments.reminder))

        return Result(text=f"Deleted: {await self._office.act(call, job)}")


def _is_named(call: Call, reminder: Reminder) -> bool:
    words = fold(call.words)
    about = fold(reminder.text)
    return reminder.reminder_id in words or (len(about) > 1 and about in words)


def _said(hand: Hand) -> Said:
    assert hand.envelope.said is not None
    return hand.envelope.said


def _when(hand: Hand, reminder: Reminder) -> str:
    """In the person's words: those of the card."""
    reader = Reader.of(hand.wishes, hand.now)
    said = reader.schedule(reminder)
    if isinstance(reminder.schedule, Every) and reminder.due is not None:
        return f"{said}; {reader.say('reminder.next', when=reader.when(reminder.due))}"
    return said


def _described(hand: Hand, reminder: Reminder) -> str:
    return f"{_when(hand, reminder)} · {one_line(reminder.text, _SHOWN)}"
