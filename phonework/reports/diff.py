"""`/diff`: what changed in the active session's directory since the session began."""

from phonework.changes.bases import Bases
from phonework.channels.cards.diff import diff_card
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.store import sessions, views
from phonework.store.reader import Reader


class DiffReport:
    """The files with their figures and the first lines, and the whole as a file."""

    def __init__(self, reader: Reader, bases: Bases) -> None:
        self._reader, self._bases = reader, bases

    async def __call__(self, wanted: Wanted) -> Report:
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        session, base = await self._reader.run(
            lambda connection: (views.session(connection, session_id), sessions.base_of(connection, session_id))
        )
        changes = await self._bases.changes(session_id, session.cwd, base)
        files = {"changes.diff": changes.patch} if changes.patch else {}
        return Report(card=diff_card(session, changes, wanted.language), files=files)
