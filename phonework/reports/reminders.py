"""`/reminders`: what a person is still to be reminded of."""

from phonework.channels.cards.reminder import Reader as CardReader
from phonework.channels.cards.reminder import reminders_card
from phonework.reports import Report, Wanted
from phonework.store import reminders
from phonework.store.reader import Reader
from phonework.views import Wishes


class RemindersReport:
    """Those that wait, with buttons to move or delete them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, wanted: Wanted) -> Report:
        view = await self._reader.run(lambda connection: reminders.listed(connection, wanted.user_id))
        wishes = Wishes(language=wanted.language, zone=wanted.tz)
        return Report(card=reminders_card(view, CardReader.of(wishes, wanted.now)))
