"""Each promise that the machine checks after every step is broken here once, by hand: a check that cannot fail checks nothing."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.fsm.types import RequestKind
from phonework.testing import promises
from phonework.testing.playbook import BOB, Playbook
from phonework.testing.world import BrokenPromiseError

WAITING = "(SELECT session_id FROM session WHERE state = 'waiting_confirm')"
RESTING = "(SELECT session_id FROM session WHERE state = 'idle')"
CLOSED = "(SELECT session_id FROM session WHERE state = 'closed')"
OPEN = "(SELECT request_id FROM request WHERE status = 'open')"
AT_REST = "a session at rest has no deadline but those of rest and of its mode, and a closed one has none"
MODE_ENDS = "a mode with an end has the deadline for it, and nothing else has one"
IN_LINE = "nothing is in line at rest, and nothing waits in a closed session"
SAYS_WHY = "an event that changed nothing says why, and one that did not move a session has no version"
TASKS = "a turn that went to the background is a task of its person, and nothing else is one"
STORED = "a stored column is what the stored value says"

BROKEN = [
    ("a waiting session has one open request", f"UPDATE request SET status = 'queued' WHERE request_id = {OPEN}"),
    (
        "a waiting session has one open request",
        f"UPDATE request SET session_id = {RESTING}, status = 'open', generation = 1 WHERE status = 'queued'",
    ),
    (
        "requests wait in line only behind an open one",
        f"UPDATE request SET session_id = {RESTING} WHERE status = 'queued'",
    ),
    ("an open request was ordered to be shown", "DELETE FROM effect WHERE kind = 'ShowRequest'"),
    (
        "a busy session has one live turn",
        f"UPDATE turn SET status = 'done', ended_at_ms = 1 WHERE status = 'live' AND session_id = {WAITING}",
    ),
    (
        "a busy session has one live turn",
        f"UPDATE turn SET status = 'live', ended_at_ms = NULL WHERE session_id = {RESTING}",
    ),
    (
        "a busy session has one live turn",
        f"UPDATE turn SET status = 'live', turn = turn + 1, ended_at_ms = NULL WHERE session_id = {RESTING}",
    ),
    ("a turn at work has a deadline", f"DELETE FROM timer WHERE name = 'turn' AND session_id = {WAITING}"),
    ("a wait has a deadline", "DELETE FROM timer WHERE name = 'wait'"),
    ("a wait has a deadline", "UPDATE timer SET generation = generation - 1 WHERE name = 'wait'"),
    ("a wait has a deadline", f"UPDATE timer SET session_id = {RESTING} WHERE name = 'wait'"),
    (
        "a wait has a deadline",
        f"INSERT INTO timer SELECT {RESTING}, name, turn, generation + 1, due_at_ms FROM timer WHERE name = 'wait'",
    ),
    (AT_REST, f"UPDATE timer SET name = 'stop' WHERE name = 'idle' AND session_id = {RESTING}"),
    (AT_REST, f"UPDATE timer SET session_id = {CLOSED} WHERE name = 'idle' AND session_id = {RESTING}"),
    (AT_REST, f"UPDATE timer SET session_id = {WAITING} WHERE name = 'idle' AND session_id = {RESTING}"),
    (IN_LINE, f"UPDATE prompt SET session_id = {RESTING} WHERE status = 'queued'"),
    (IN_LINE, f"UPDATE prompt SET session_id = {CLOSED} WHERE status = 'held'"),
    ("only the owner answers", f"UPDATE request SET answered_by = '{BOB}' WHERE answered_by IS NOT NULL"),
    (SAYS_WHY, "UPDATE event SET reason = NULL WHERE status = 'stale'"),
    (SAYS_WHY, "UPDATE event SET version = NULL WHERE status = 'applied'"),
    (STORED, "UPDATE request SET body = json_set(body, '$.status', 'void') WHERE status = 'open'"),
    (STORED, "UPDATE prompt SET body = json_set(body, '$.status', 'taken') WHERE status = 'held'"),
    (STORED, "UPDATE turn SET body = json_set(body, '$.status', 'lost') WHERE status = 'done'"),
    (
        "an agent's order of another turn than the newest",
        "UPDATE effect SET status = 'claimed', payload = json_set(payload, '$.turn', 9) WHERE kind = 'StartTurn'",
    ),
    (MODE_ENDS, f"UPDATE session SET mode_until_ms = 9999999999999 WHERE session_id = {RESTING}"),
    (MODE_ENDS, f"UPDATE timer SET name = 'mode' WHERE name = 'idle' AND session_id = {RESTING}"),
    (TASKS, "DELETE FROM task"),
    (TASKS, "UPDATE turn SET body = json_set(body, '$.background', json('true')) WHERE status = 'live'"),
    (TASKS, f"UPDATE task SET user_id = '{BOB}'"),
    (
        "what waits for the end of quiet hours",
        "UPDATE effect SET lane = 'held:ou_ada', not_before_ms = ended_at_ms + 1 WHERE kind = 'Say'",
    ),
    ("a deadline that has passed was processed", "UPDATE timer SET due_at_ms = 1 WHERE name = 'wait'"),
    ("has versions", f"DELETE FROM event WHERE status = 'applied' AND version = 2 AND session_id = {WAITING}"),
    ("has versions", f"UPDATE event SET version = 3 WHERE version = 2 AND session_id = {WAITING}"),
    ("its history says", f"UPDATE session SET state = 'stopping' WHERE session_id = {RESTING}"),
    ("led from", f"UPDATE event SET from_state = 'stopping' WHERE kind = 'AgentAsked' AND session_id = {WAITING}"),
    ("led from", "UPDATE event SET kind = 'StopAsked' WHERE kind = 'TurnFinished'"),
]
REPLAYED = [
    ("effects are", "DELETE FROM effect WHERE kind = 'ShowResult'"),
    ("effects are", "UPDATE effect SET payload = json_set(payload, '$.turn', 9) WHERE kind = 'ShowTurn'"),
    (
        "effects are",
        "INSERT INTO effect SELECT NULL, key || 'x', session_id, user_id, lane, kind, policy, status, attempts,"
        " created_at_ms, first_at_ms, not_before_ms, ended_at_ms, result, chat, payload FROM effect WHERE kind = 'ShowTurn'",
    ),
    ("requests are", "UPDATE request SET body = json_set(body, '$.generation', 9) WHERE status = 'open'"),
    ("messages are", "DELETE FROM prompt WHERE status = 'held'"),
    ("turns are", "UPDATE turn SET body = json_set(body, '$.text', 'Another.') WHERE status = 'done'"),
    ("deadlines are", "UPDATE timer SET due_at_ms = due_at_ms + 1 WHERE name = 'wait'"),
    ("deadlines are", f"DELETE FROM timer WHERE name = 'idle' AND session_id = {RESTING}"),
    ("session are", f"UPDATE session SET generation = 9 WHERE session_id = {WAITING}"),
    ("session are", "UPDATE session SET agent_session_id = 'another'"),
    (
        "was applied, now",
        f"UPDATE event SET payload = json_set(payload, '$.turn', 9) WHERE kind = 'AgentAsked' AND session_id = {WAITING}",
    ),
]


@pytest.fixture
async def played(tmp_path: Path) -> AsyncIterator[Playbook]:
    """One session that asks two things with a message in line, one at rest with one held, and one that is closed."""
    async with Playbook.opened(tmp_path) as play:
        await play.begin("go", user=BOB)
        await play.say("/close", user=BOB)
        resting = await play.begin("go")
        asked = await play.asks(resting)
        await play.click(play.button(f"request:{asked}", "answer", "allow"))
        await play.advance(timedelta(minutes=1))
        await play.finishes(resting)
        await play.say("too late", sent_at=play.clock.now() - timedelta(hours=1))
        waiting = await play.begin("go")
        await play.asks(waiting)
        await play.asks(waiting, kind=RequestKind.INPUT)
        await play.finishes(waiting, turn=7)
        await play.say("1")
        yield play


def broken(play: Playbook, statement: str) -> sqlite3.Connection:
    """A copy of the database in which the statement was carried out."""
    copy = sqlite3.connect(":memory:")
    play.database.backup(copy)
    assert copy.execute(statement).rowcount > 0, "it changes nothing"
    return copy


async def test_nothing_is_broken_before(played: Playbook) -> None:
    states = played.rows("SELECT state FROM session ORDER BY state")
    assert [state for (state,) in states] == ["closed", "idle", "waiting_confirm"]
    promises.check(played.database, played.clock.now())
    promises.check_replay(played.database, played.clock.now())
    assert {sentence for sentence in promises.PROMISES if not any(one in sentence for one, _ in BROKEN)} == set()


@pytest.mark.parametrize(("sentence", "statement"), BROKEN)
async def test_a_broken_promise_is_noticed(played: Playbook, sentence: str, statement: str) -> None:
    with closing(broken(played, statement)) as copy, pytest.raises(BrokenPromiseError, match=sentence):
        promises.check(copy, played.clock.now())


@pytest.mark.parametrize(("what", "statement"), REPLAYED)
async def test_what_the_history_does_not_make_is_noticed(played: Playbook, what: str, statement: str) -> None:
    with closing(broken(played, statement)) as copy, pytest.raises(BrokenPromiseError, match=what):
        promises.check_replay(copy, played.clock.now())


async def test_a_session_is_noticed_that_hears_of_another(played: Playbook) -> None:
    """Sessions share nothing: each is made of its own events alone."""
    statement = f"UPDATE prompt SET session_id = {WAITING} WHERE status = 'held'"
    with closing(broken(played, statement)) as copy, pytest.raises(BrokenPromiseError, match="messages are"):
        promises.check_replay(copy, played.clock.now())
