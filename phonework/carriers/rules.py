"""Takes a permission rule back where the agent keeps it, tells the person what came of it, and mends the card."""

import asyncio
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from phonework.backends.base import Backend, RuleKeeper
from phonework.engine import Outcome
from phonework.errors import BackendError
from phonework.fsm import effects as order
from phonework.store import effects, sessions
from phonework.store.effects import Ended, Owed
from phonework.store.events import Status
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

WITHIN: Final = timedelta(seconds=20)


class RuleCarrier:
    """Carries out RemoveRule; it may be repeated after a crash, and then finds nothing more to remove."""

    def __init__(self, *, writer: Writer, backends: Mapping[str, Backend]) -> None:
        self._writer, self._backends = writer, backends

    async def remove(self, owed: Owed, effect: order.RemoveRule) -> None:
        says = await self._removed(owed, effect)

        def job(connection: sqlite3.Connection, now: datetime) -> Outcome | None:
            if not effects.end(connection, owed, Ended.DONE, says.text, now):
                return None
            told = effects.add(
                connection,
                [says, order.ShowReport(report="rules", session_id=owed.session_id or "", update=True)],
                prefix=f"{owed.key}:told",
                session_id=owed.session_id,
                user_id=owed.user_id,
                chat=owed.chat,
                now=now,
            )
            return Outcome(status=Status.APPLIED, session_id=owed.session_id, owed=told)

        await self._writer.run(job)

    async def _removed(self, owed: Owed, effect: order.RemoveRule) -> order.Say:
        session_id = owed.session_id
        assert session_id is not None
        run = await self._writer.run(lambda connection, _now: sessions.run_of(connection, session_id))
        backend = self._backends.get(run.backend)
        if not isinstance(backend, RuleKeeper):
            return order.Say(text="say.no_rules")
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                rule = await backend.remove_rule(session_id, run.cwd, effect.rule_id)
        except BackendError as error:
            log.warning("a rule was not removed", session_id=session_id, why=str(error))
            problem = error.problem
            return order.Say(text=problem.key, params=problem.params) if problem else _failed(str(error))
        except TimeoutError:
            return _failed(f"{WITHIN.total_seconds():.0f} s")
        except Exception as error:
            log.exception("a backend raised", session_id=session_id, effect="RemoveRule")
            return _failed(type(error).__name__)
        if rule is None:
            return order.Say(text="say.rule_gone")
        if not rule.place:
            return order.Say(text="say.session_rule_removed", params={"rule": rule.text[:500]})
        return order.Say(text="say.rule_removed", params={"rule": rule.text[:500], "path": rule.place})


def _failed(problem: str) -> order.Say:
    return order.Say(text="say.rule_not_removed", params={"problem": problem})
