"""`/model`: with which model the active session works, and which there are."""

from collections.abc import Mapping, Sequence

from phonework.backends.base import Capabilities
from phonework.channels.cards.modes import earlier_card
from phonework.channels.cards.note import rich
from phonework.channels.cards.parts import Card, Head, card, markdown
from phonework.channels.markdown import inline_code
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.store import views
from phonework.store.reader import Reader
from phonework.texts import text
from phonework.views import SessionView


class ModelReport:
    """What was chosen for the session, and the names its agent knows, if it says any."""

    def __init__(self, reader: Reader, backends: Mapping[str, Capabilities]) -> None:
        self._reader, self._backends = reader, backends

    async def __call__(self, wanted: Wanted) -> Report:
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        session = await self._reader.run(lambda connection: views.session(connection, session_id))
        capabilities = self._backends.get(session.backend)
        return Report(
            card=_card(session, capabilities.models if capabilities else (), wanted.language),
            card_key=f"model:{session_id}",
            earlier=earlier_card(session, "model.title", wanted.language),
        )


def _card(session: SessionView, models: Sequence[str], language: str) -> Card:
    now = text(language, "model.now" if session.model else "model.now_default", model=session.model)
    names = " · ".join(inline_code(name) for name in models)
    offers = [markdown(f"{rich(text(language, 'model.offers'))} {names}")] if names else []
    head = Head(title=session.project, color="blue", tag=text(language, "model.title"))
    return card(head, [markdown(rich(now)), *offers, markdown(rich(text(language, "model.how")))])
