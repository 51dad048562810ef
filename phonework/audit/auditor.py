"""Keeps the audit files level with the event table."""

import asyncio
import sqlite3
from datetime import datetime
from typing import Final

import structlog

from phonework.audit.lines import Row
from phonework.audit.writer import AuditWriter
from phonework.errors import StoreError
from phonework.link.health import Part
from phonework.store import events
from phonework.store.writer import Writer

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 2.0
BATCH: Final = 500


class Auditor:
    """Writes what was committed since the last line on file. The table is the truth; late lines are no loss."""

    def __init__(self, writer: Writer, audit: AuditWriter) -> None:
        self._writer, self._audit = writer, audit

    def health(self) -> Part:
        """Not ok while lines are missing that could not be written; they are written as soon as they can be."""
        problem = self._audit.problem
        return Part(ok=not problem, problem=problem, facts={"failures": self._audit.failures})

    async def run(self) -> None:
        """Look every few seconds, for ever."""
        while True:
            await self.catch_up()
            await asyncio.sleep(EVERY_SECONDS)

    async def catch_up(self) -> None:
        """Write all that is missing; what cannot be written now is tried again."""
        while rows := await self._missing():
            before = await asyncio.to_thread(lambda: self._audit.watermark)
            await asyncio.to_thread(self._audit.catch_up, rows)
            if await asyncio.to_thread(lambda: self._audit.watermark) <= before or len(rows) < BATCH:
                return

    async def _missing(self) -> list[Row]:
        watermark = await asyncio.to_thread(lambda: self._audit.watermark)

        def job(connection: sqlite3.Connection, _now: datetime) -> list[Row]:
            return [Row(*one) for one in events.after(connection, watermark, BATCH)]

        try:
            return await self._writer.run(job)
        except StoreError as error:
            log.warning("the audit could not be brought up to date", why=str(error))
            return []
