"""`/tasks`: the turns of a person that went to the background."""

from typing import Final

from phonework.channels.cards.tasks import tasks_card
from phonework.reports import Report, Wanted
from phonework.store import views
from phonework.store.reader import Reader

AT_WORK: Final = 20
ENDED: Final = 10


class TasksReport:
    """Those at work, and those that ended last."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, wanted: Wanted) -> Report:
        found = await self._reader.run(
            lambda connection: views.of_tasks(connection, wanted.user_id, at_work=AT_WORK, ended=ENDED)
        )
        return Report(card=tasks_card(found, wanted.language, wanted.now))
