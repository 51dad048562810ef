"""`/pending`: every question that waits for a person, in all their sessions."""

from phonework.channels.cards.pending import pending_card
from phonework.reports import Report, Wanted
from phonework.store import views
from phonework.store.reader import Reader


class PendingReport:
    """Those that are asked now, and below them the newest that can still be answered; what waits behind is counted."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, wanted: Wanted) -> Report:
        view = await self._reader.run(lambda connection: views.pending(connection, wanted.user_id))
        return Report(card=pending_card(view, wanted.language, now=wanted.now, tz=wanted.tz))
