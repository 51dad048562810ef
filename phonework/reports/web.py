"""`/web`: what a search of the web finds."""

from typing import Final

from phonework.channels.cards.web import web_card
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.web.metaso_answers import Scope
from phonework.web.service import Web

RESULTS: Final = 8


class WebReport:
    """params: `question`, and `scope` by its name."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def __call__(self, wanted: Wanted) -> Report:
        question, scope = wanted.params["question"], Scope(wanted.params["scope"])
        found = await self._web.metaso.search(question, scope, RESULTS)
        if not found:
            raise RefusedError("web_nothing", question=question[:80])
        return Report(card=web_card(question, scope, found, wanted.language))
