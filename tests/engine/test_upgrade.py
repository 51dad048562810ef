"""A database of an earlier version, with work under way, in the hands of this one."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.channels.cards.values import Press, answer_value
from phonework.store.migrate import check, migrate
from phonework.testing.golden import ADA, BOB, restore
from phonework.testing.playbook import Playbook

RECORDINGS = Path(__file__).parents[1] / "recordings" / "database"
"""What each version left when it was killed, as `phonework.testing.golden` describes."""
KEPT = ("user_id FROM user", "* FROM timer", "* FROM request", "* FROM prompt", "* FROM turn", "* FROM effect")


def rows(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [sorted(connection.execute(f"SELECT {what}").fetchall(), key=repr) for what in KEPT]


@pytest.fixture(params=sorted(RECORDINGS.glob("v*.sql")), ids=lambda path: path.stem)
async def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Playbook]:
    play = Playbook(tmp_path, allow=(ADA, BOB))
    play.path.unlink()
    restore(request.param, play.path.parent, play.work)
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
    (shown,) = [post for post in play.channel.posts.values() if "My sessions" in post.words]
    assert shown.chat.chat_id == "oc_bob", "it was owed, and is shown once"

    (play.work / "asks").mkdir()
    session, agent = play.rows("SELECT session_id, agent_session_id FROM session WHERE cwd LIKE '%/asks'")[0]
    await play.say(f"/switch {session}", user=ADA, key="new 2")
    await play.say("and the logout", user=ADA, key="new 3")
    start = next(one for one in play.script.starts if one.session_id == session)
    assert (start.turn, start.agent_session_id) == (2, agent)


async def test_a_question_of_an_earlier_version_is_not_answered_by_itself(upgraded: Playbook) -> None:
    play = upgraded
    assert play.script.answers == []
    for (request_id,) in play.rows("SELECT request_id FROM request"):
        await play.click(answer_value(request_id, 1, Press.ALLOW), user=BOB)
    assert play.script.answers == []
    assert play.rows("SELECT DISTINCT answered_by FROM request") == [(None,)]
