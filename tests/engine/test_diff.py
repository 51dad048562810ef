"""`/diff`: what a session's directory held is taken down before its agent is told anything (K7)."""

import asyncio
import html
import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.changes import bases
from phonework.channels.cards.parts import MAX_BYTES, size_bytes
from phonework.testing.playbook import BOB, Playbook


@pytest.fixture
def project(play: Playbook) -> Path:
    """The directory of sessions is a repository with one file."""
    directory = play.work / "api"
    subprocess.run(["git", "init", "-q", str(directory)], check=True)
    (directory / "main.py").write_text("one\ntwo\n")
    return directory


def last_card(play: Playbook) -> str:
    cards = [post.shows.card for post in play.channel.posts.values() if post.shows.card]
    return html.unescape(json.dumps(cards[-1], ensure_ascii=False))


def words(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


async def test_it_shows_what_changed_since_the_session_began(play: Playbook, project: Path) -> None:
    session = await play.begin("go")
    assert play.one("SELECT base FROM session")
    (project / "main.py").write_text("one\n2\n")
    (project / "new.py").write_text("new\n")
    await play.started(session)
    await play.say("/diff")

    card = last_card(play)
    assert "Files: 2 · lines added: 2, removed: 1" in card
    assert "main.py` +1 −1" in card
    assert "-two\\n+2" in card
    (sent,) = (post.delivery for post in play.channel.posts.values() if post.delivery.file)
    assert sent.file_name == "changes.diff"
    assert b"-two\n+2\n" in sent.file
    assert play.state(session) == "executing"


async def test_without_a_change_there_is_no_file(play: Playbook, project: Path) -> None:
    await play.begin()
    await play.say("/diff")

    assert "Nothing changed since the session began." in last_card(play)
    assert not [post for post in play.channel.posts.values() if post.delivery.file]


async def test_the_base_is_taken_once_and_before_the_first_turn(play: Playbook, project: Path) -> None:
    """Also when we die in between: what is owed goes in order."""
    await play.crash(start=False)
    await play.open()
    play.core.dispatcher._open = False
    await play.say("/new api go")
    assert play.rows("SELECT kind FROM effect WHERE lane LIKE 'agent:%' ORDER BY seq") == [
        ("TakeBase",),
        ("StartTurn",),
    ]
    assert play.script.starts == []
    await play.crash()

    assert len(play.script.starts) == 1
    base = play.one("SELECT base FROM session")
    assert base
    (project / "main.py").write_text("changed\n")
    await play.crash()
    assert play.one("SELECT base FROM session") == base


async def test_a_repository_too_slow_to_take_down_does_not_hold_the_turn(
    play: Playbook, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(_directory: Path, _objects: Path) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(bases.snapshot, "take", slow)
    monkeypatch.setattr(bases, "TAKEN_WITHIN", timedelta(milliseconds=20))
    await play.begin("go")
    assert len(play.script.starts) == 1
    await play.say("/diff")
    assert "is not known" in words(play)


async def test_no_repository_and_no_session_are_said_in_words(play: Playbook) -> None:
    await play.begin()
    await play.say("/diff")
    assert "`api` is in no git repository" in words(play)
    await play.say("/diff", user=BOB)
    assert "You are in no session" in words(play)


async def test_a_great_change_fits_its_card(play: Playbook, project: Path) -> None:
    await play.begin()
    for number in range(400):
        (project / f"`*_{number}_<at id=all>.txt").write_text("`*_<b>\n" * 200)
    await play.say("/diff")

    cards = [post.shows.card for post in play.channel.posts.values() if post.shows.card]
    assert size_bytes(cards[-1]) <= MAX_BYTES
    assert "Files: 400" in last_card(play)
    assert "The whole difference is in the file below" in last_card(play)


async def test_what_was_taken_down_goes_when_the_session_is_closed(play: Playbook, project: Path) -> None:
    session = await play.begin()
    kept = play.path.parent / "changes" / session
    assert kept.is_dir()
    await play.say("/close")
    assert not kept.exists()
