"""`/mode`: how much the agent of the active session asks; and the question whether it may ask nothing for a while."""

from collections.abc import Mapping

from phonework.backends.base import Capabilities
from phonework.channels.cards.modes import earlier_card, mode_card, offer_card
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.store import views
from phonework.store.reader import Reader
from phonework.views import ModeView


class ModeReport:
    """The modes there are; with params the one to be confirmed, its minutes, the card's own id and when it was made."""

    def __init__(self, reader: Reader, backends: Mapping[str, Capabilities]) -> None:
        self._reader, self._backends = reader, backends

    async def __call__(self, wanted: Wanted) -> Report:
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        session = await self._reader.run(lambda connection: views.session(connection, session_id))
        capabilities = self._backends.get(session.backend)
        if capabilities is None or not capabilities.modes:
            raise RefusedError("no_modes")
        card_key = f"mode:{session_id}"
        earlier = earlier_card(session, "mode.title", wanted.language)
        if "offer" in wanted.params:
            made = offer_card(session, wanted.params, wanted.language)
        else:
            view = ModeView(session=session, modes=capabilities.modes)
            made = mode_card(view, wanted.language, tz=wanted.tz)
        return Report(card=made, card_key=card_key, earlier=earlier)
