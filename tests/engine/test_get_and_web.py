"""`/get` and `/web`: a file of the session's directory, and what a search of the web finds (A5, A6)."""

import html
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from phonework.testing.fake_metaso import KEY, FakeMetaso, Told, failure
from phonework.testing.playbook import BOB, Playbook


@pytest.fixture
async def api() -> AsyncIterator[FakeMetaso]:
    async with FakeMetaso() as api:
        yield api


@pytest.fixture
async def online(tmp_path: Path, api: FakeMetaso) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path, web={"metaso_key": KEY, "metaso_url": api.url}) as play:
        yield play


def last_words(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


def last_card(play: Playbook) -> str:
    cards = [post.shows.card for post in play.channel.posts.values() if post.shows.card]
    return html.unescape(json.dumps(cards[-1], ensure_ascii=False))


def files(play: Playbook) -> dict[str, bytes]:
    return {post.shows.file_name: post.shows.file for post in play.channel.posts.values() if post.shows.file_name}


async def test_a_file_of_the_session_is_sent(play: Playbook) -> None:
    (play.work / "api" / "my notes.txt").write_text("hello")
    await play.begin()
    before = play.rows("SELECT * FROM session")

    for said in (
        '/get "my notes.txt"',
        "/get my notes.txt",
        "/取 ../api/my notes.txt",
        f"/get {play.work}/api/my notes.txt",
    ):
        play.channel.posts.clear()
        await play.say(said)
        assert files(play) == {"my notes.txt": b"hello"}, said
    assert play.rows("SELECT * FROM session") == before


async def test_what_cannot_be_sent_is_said(play: Playbook) -> None:
    await play.say("/get a.txt")
    assert "You are in no session" in last_words(play)
    await play.begin()
    (play.work / "api" / "way").symlink_to("/etc")
    (play.work / "api" / "empty").touch()
    with (play.work / "api" / "huge").open("wb") as file:
        file.truncate(31 * 1024 * 1024)
    for said, words in {
        "/get": "needs more",
        "/get nothing.txt": "There is no `api/nothing.txt`",
        "/get ../../outside": "outside the working root",
        "/get /etc/passwd": "outside the working root",
        "/get way/passwd": "outside the working root",
        "/get .": "is a directory",
        "/get empty": "is empty",
        "/get huge": "is too large",
    }.items():
        await play.say(said)
        assert words in last_words(play), said
    assert files(play) == {}


async def test_our_own_data_is_never_sent_though_it_may_lie_in_the_root(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path) as play:
        play.work.rename(play.folder / "old")
        play.work.symlink_to(play.folder)
        (play.work / "api").mkdir()
        await play.begin()
        for path in (play.path, Path("../") / play.path.relative_to(play.folder)):
            await play.say(f"/get {path}")
            assert "belongs to the system or to PhoneWork itself" in last_words(play)
        assert files(play) == {}


async def test_another_persons_session_is_not_reached(play: Playbook) -> None:
    (play.work / "api" / "a.txt").write_text("hello")
    await play.begin()
    await play.say("/get a.txt", user=BOB)

    assert files(play) == {}


async def test_a_search_shows_what_was_found(online: Playbook, api: FakeMetaso) -> None:
    await online.say("/web --paper how do bees dance?")

    card = last_card(online)
    assert "[how do bees dance?: an introduction](https://example.org/scholar/1)" in card
    assert "Page 1 says what is known of how do bees dance?." in card
    assert "2026-01-01 · Ada Example · example.org" in card
    assert api.asked[0].body["q"] == "how do bees dance?"
    assert api.asked[0].body["scope"] == "scholar"


async def test_a_search_that_fails_says_why(online: Playbook, api: FakeMetaso) -> None:
    api.will(failure(3000, "credits used up"), Told(body={"webpages": []}), Told(status=401), Told(body=b"<html>"))
    for words in (
        "3000 credits used up",
        "Nothing was found for “bees”",
        "does not accept the key",
        "could not do that",
    ):
        await online.say("/web bees")
        assert words in last_words(online)


async def test_without_a_key_one_learns_where_to_get_it(play: Playbook) -> None:
    await play.say("/web bees")

    assert "`https://metaso.cn`" in last_words(play)
    assert "PHONEWORK_WEB__METASO_KEY" in last_words(play)


async def test_looking_something_up_does_not_disturb_a_question(online: Playbook) -> None:
    """F6."""
    session = await online.begin("go")
    await online.started(session)
    await online.asks(session)
    await online.say("/web bees")
    await online.say("/get x")

    assert online.state(session) == "waiting_confirm"
