"""`/rules`: what the agent of the active session may do without asking, as it keeps that itself."""

from collections.abc import Mapping

from phonework.backends.base import Backend, RuleKeeper
from phonework.channels.cards.rules import rules_card
from phonework.errors import BackendError, RefusedError
from phonework.reports import Report, Wanted
from phonework.store import views
from phonework.store.reader import Reader
from phonework.texts import text


class RulesReport:
    """backends: by name; filled when they are made."""

    def __init__(self, reader: Reader, backends: Mapping[str, Backend]) -> None:
        self._reader, self._backends = reader, backends

    async def __call__(self, wanted: Wanted) -> Report:
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        session = await self._reader.run(lambda connection: views.session(connection, session_id))
        backend = self._backends.get(session.backend)
        if not isinstance(backend, RuleKeeper):
            raise RefusedError("no_rules", project=session.project)
        try:
            rules = await backend.rules(session_id, session.cwd)
        except BackendError as error:
            problem = error.problem
            return Report(markdown=text(wanted.language, problem.key, **problem.params) if problem else str(error))
        return Report(card=rules_card(session, rules, wanted.language), card_key=f"rules:{session_id}")
