"""A database of an earlier version, with work under way, in the hands of this one."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.channels.cards.clicks import Press
from phonework.channels.cards.values import answer_value
from phonework.fsm.types import SessionId
from phonework.store.migrate import check, migrate
from phonework.testing.playbook import ADA, BOB, Playbook

OLD = Path(__file__).parents[1] / "recordings" / "database" / "1.sql"
"""Two people's sessions as the program of that version left them when it was killed: one at rest, one that asks, one at work
with a message behind, one closed; and a status card not yet shown."""
KEPT = ("user_id FROM user", "* FROM timer", "* FROM request", "* FROM prompt", "* FROM turn", "* FROM effect")


def rows(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [sorted(connection.execute(f"SELECT {what}").fetchall(), key=repr) for what in KEPT]


@pytest.fixture
async def upgraded(tmp_path: Path) -> AsyncIterator[Playbook]:
    play = Playbook(tmp_path)
    play.path.unlink()
    with closing(sqlite3.connect(play.path)) as connection:
        connection.executescript(OLD.read_text().replace("/srv/work", str(play.work)))
    before = rows(play.path)
    migrate(play.path, play.clock)
    assert rows(play.path) == before
    assert check(play.path).problems == ()
    play.clock.advance(timedelta(minutes=1))
    await play.start()
    try:
        yield play
    finally:
        await play.stop()


async def test_what_an_earlier_version_left_goes_on(upgraded: Playbook) -> None:
    play = upgraded
    await play.say("/status", user=ADA, key="new 1")
    status = next(post.words for post in reversed(play.channel.posts.values()) if "My sessions" in post.words)
    assert all(f"fizz-{number}" in status for number in (1, 2))
    assert not any(f"fizz-{number}" in status for number in (3, 4))
    assert (
        sum("My sessions" in post.words for post in play.channel.posts.values() if post.chat.chat_id.endswith(BOB)) == 1
    )

    await play.say("/switch 1", key="new 2")
    await play.say("and the logout", key="new 3")
    start = next(one for one in play.script.starts if one.session_id == SessionId("fizz-1"))
    assert (start.turn, start.agent_session_id) == (2, "agent-fizz-1")


async def test_a_question_of_an_earlier_version_is_not_answered_by_itself(upgraded: Playbook) -> None:
    play = upgraded
    assert play.script.answers == []
    await play.click(answer_value("0" * 31 + "6", 1, Press.ALLOW), user=BOB)
    assert play.script.answers == []
    assert play.one("SELECT answered_by FROM request") is None
