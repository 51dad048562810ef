"""`phonework db rerun`: an event that a bug kept from being decided is taken in again."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from phonework import poison
from phonework.channels.base import Chat, Said
from phonework.cli.db import db
from phonework.clock import SystemClock
from phonework.fsm.types import UserId
from phonework.link.base import Envelope
from phonework.store.migrate import migrate
from phonework.store.writer import Writer

NOW = datetime.now(UTC)
SAID = Said(
    key="om_1", user="ou_a", chat=Chat(channel="feishu", chat_id="oc_1"), message_id="om_1", text="/status", sent_at=NOW
)


async def _poisoned(data_dir: Path) -> int:
    migrate(data_dir / "phonework.db", SystemClock())
    async with Writer(data_dir / "phonework.db", SystemClock()) as writer:
        envelope = Envelope(user_id=UserId("ou_a"), language="en", received_at=NOW, said=SAID)
        await writer.run(lambda connection, now: poison.keep_envelope(connection, envelope, "boom", now))
        found: tuple[int] = await writer.run(
            lambda connection, _now: connection.execute("SELECT seq FROM event").fetchone()
        )
        return found[0]


async def _events(data_dir: Path) -> list[tuple[str, str]]:
    async with Writer(data_dir / "phonework.db", SystemClock()) as writer:
        return await writer.run(
            lambda connection, _now: connection.execute("SELECT dedupe_key, status FROM event").fetchall()
        )


def test_a_poisoned_event_is_taken_in_again(tmp_path: Path) -> None:
    number = asyncio.run(_poisoned(tmp_path))

    result = CliRunner().invoke(db, ["rerun", str(number), "--data-dir", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert asyncio.run(_events(tmp_path)) == [("om_1", "ignored")]  # a look changes no session


def test_an_event_that_is_not_poisoned_is_refused_in_words(tmp_path: Path) -> None:
    asyncio.run(_poisoned(tmp_path))

    result = CliRunner().invoke(db, ["rerun", "99", "--data-dir", str(tmp_path)])

    assert result.exit_code == 1
    assert "no poisoned event 99" in str(result.exception) + result.output
