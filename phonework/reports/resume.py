"""`/resume`: the conversations begun at the desk; and what can be done with one that is open there."""

from phonework.channels.cards.desk import held_card, list_card, take_over_card
from phonework.desks import Desks
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.views import DeskView


class ResumeReport:
    """All of them, numbered."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def __call__(self, wanted: Wanted) -> Report:
        found = await self._desks.listed(wanted.user_id)
        return Report(card=list_card(found, str(self._desks.root), wanted.language, wanted.now))


class HeldReport:
    """One that a process at the desk has open: fork it, or take it over."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def __call__(self, wanted: Wanted) -> Report:
        view = await _view(self._desks, wanted)
        return Report(card=held_card(view, wanted.language, wanted.now))


class TakeOverReport:
    """Asks once more before a process is ended."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def __call__(self, wanted: Wanted) -> Report:
        view = await _view(self._desks, wanted)
        return Report(card=take_over_card(view, wanted.language, wanted.now))


async def _view(desks: Desks, wanted: Wanted) -> DeskView:
    view = await desks.find(wanted.user_id, wanted.params["backend"], wanted.params["id"])
    if view is None:
        raise RefusedError("desk_gone")
    return view
