"""`/context` of an agent at work: how full its context was at its last reply, as its own record says."""

from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import amount
from phonework.desks import Desks
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.store import views
from phonework.store.reader import Reader
from phonework.texts import text


class ContextReport:
    """One sentence."""

    def __init__(self, reader: Reader, desks: Desks) -> None:
        self._reader, self._desks = reader, desks

    async def __call__(self, wanted: Wanted) -> Report:
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        session = await self._reader.run(lambda connection: views.session(connection, session_id))
        tokens = await self._desks.context_tokens(session.backend, session.agent_session_id)
        if not tokens:
            raise RefusedError("context_unknown")
        says = text(wanted.language, "say.context", project=session.project, tokens=amount(tokens))
        return Report(markdown=rich(says))
