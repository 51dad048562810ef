"""States that a newer version wrote are refused at the start."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from phonework.boot import look, understand
from phonework.errors import StoreError
from phonework.fsm.table import TABLE_VERSION
from phonework.store import meta
from phonework.store.connect import open_writer
from phonework.testing.playbook import Playbook

NEWER = "UPDATE session SET table_version = table_version + 1"


async def test_a_session_of_a_newer_table_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path) as play:
        await play.begin("go")
        before = play.one("SELECT value FROM meta WHERE key = 'boot_id'")
        await play.writer.run(lambda connection, _now: pretend_newer(connection, NEWER))

        with pytest.raises(StoreError, match=rf"executing \(table {TABLE_VERSION + 1}\)"):
            await look(play.writer)

        assert play.one("SELECT value FROM meta WHERE key = 'boot_id'") == before
        with pytest.raises(StoreError):  # and again
            await look(play.writer)


async def test_a_state_nobody_knows_is_refused(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path) as play:
        await play.begin()
        await play.writer.run(lambda connection, _now: pretend_newer(connection, "UPDATE session SET state = 'flying'"))

        with pytest.raises(StoreError, match="flying"):
            await look(play.writer)


async def test_sessions_are_looked_through_only_after_another_version_ran(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path) as play:
        await play.begin("go")
        path = play.path
    with closing(open_writer(path)) as connection:
        read: list[str] = []
        connection.set_trace_callback(read.append)
        understand(connection)
        assert not [statement for statement in read if "FROM session" in statement]

        meta.put(connection, "table_version", str(TABLE_VERSION - 1))
        understand(connection)
        assert [statement for statement in read if "FROM session" in statement]
        assert meta.get(connection, "table_version") == str(TABLE_VERSION)


def pretend_newer(connection: sqlite3.Connection, change: str) -> None:
    connection.execute(change)
    meta.put(connection, "table_version", str(TABLE_VERSION + 1))
