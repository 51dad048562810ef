"""`/log`: what the last turns of the active session were."""

from phonework.channels.cards.log import log_card
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.store import log, views
from phonework.store.reader import Reader


class LogReport:
    """Each turn's message, how it ended, and the beginning of the answer."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, wanted: Wanted) -> Report:
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        count = int(wanted.params["count"])
        session, turns = await self._reader.run(
            lambda connection: (views.session(connection, session_id), log.last(connection, session_id, count))
        )
        return Report(card=log_card(session, turns, wanted.language, tz=wanted.tz))
