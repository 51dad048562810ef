"""Which session a command means that names none: the one whose message it replies to, before the active one."""

import pytest

from phonework.fsm.types import SessionId
from phonework.intake.companions import companion_of
from phonework.testing.playbook import ADA, Playbook


async def two_at_work(play: Playbook) -> tuple[SessionId, SessionId, str]:
    """Two sessions, the second of them active; and a message of the first one."""
    (play.work / "web").mkdir()
    first = await play.begin("go")
    await play.started(first)
    await play.say("/new web go")
    second = SessionId("fizz-2")
    await play.started(second)
    return first, second, play.channel.shown(f"turn:{first}:1").message_id


def said_last(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


@pytest.mark.parametrize(
    ("command", "state"), [("/close", "closed"), ("/stop", "stopping"), ("/retry", "stopping"), ("/model opus", "")]
)
async def test_a_command_in_a_reply_acts_on_the_session_replied_to(play: Playbook, command: str, state: str) -> None:
    first, second, card = await two_at_work(play)
    untouched = play.rows("SELECT * FROM session WHERE session_id = ?", second)
    await play.say(command, reply_to=card)

    assert play.rows("SELECT * FROM session WHERE session_id = ?", second) == untouched
    assert play.state(first) == (state or "executing")
    if command == "/model opus":
        assert play.one("SELECT model FROM session WHERE session_id = ?", first) == "opus"


async def test_a_mode_in_a_reply_is_that_of_the_session_replied_to(play: Playbook) -> None:
    first, second, card = await two_at_work(play)
    await play.say("/mode plan", reply_to=card)

    modes = dict(play.rows("SELECT session_id, mode FROM session"))
    assert modes == {first: "plan", second: ""}


@pytest.mark.parametrize("command", ["/diff", "/log", "/mode", "/model"])
async def test_a_look_in_a_reply_is_at_the_session_replied_to(play: Playbook, command: str) -> None:
    *_, card = await two_at_work(play)
    await play.say(command)
    assert "web" in said_last(play)
    await play.say(command, reply_to=card)
    assert "web" not in said_last(play)
    assert "api" in said_last(play)


async def test_a_file_asked_for_in_a_reply_is_that_of_the_session_replied_to(play: Playbook) -> None:
    *_, card = await two_at_work(play)
    (play.work / "api/note.txt").write_text("of api")
    await play.say("/get note.txt", reply_to=card)

    assert list(play.channel.posts.values())[-1].delivery.file == b"of api"


async def test_a_closed_session_replied_to_is_not_taken_for_the_active_one(play: Playbook) -> None:
    first, second, card = await two_at_work(play)
    await play.say("/close", reply_to=card)
    await play.say("/stop", reply_to=card)

    assert (play.state(first), play.state(second)) == ("closed", "executing")
    assert play.script.interrupts == []


@pytest.mark.parametrize("command", ["/close", "/model opus", "/mode plan"])
async def test_what_is_for_sessions_does_nothing_to_a_helper_or_in_its_place(play: Playbook, command: str) -> None:
    """A helper is for ever, and the active session is not meant by a reply to somebody else."""
    session, shell = await play.begin(), companion_of(ADA, "shell")
    await play.say("/shell touch made")
    await play.until(lambda: play.rows("SELECT 1 FROM request WHERE session_id = ? AND status = 'open'", shell) != [])
    await play.settled()
    before = play.rows("SELECT session_id, state, model, mode FROM session ORDER BY session_id")
    await play.say(command, reply_to=play.channel.shown(f"turn:{shell}:1").message_id)

    assert play.rows("SELECT session_id, state, model, mode FROM session ORDER BY session_id") == before
    assert "from a helper of yours" in said_last(play)
    await play.click({"v": 1, "op": "close", "id": shell, "g": 1})
    assert play.state(shell) != "closed"
    assert play.state(session) == "idle"
