"""What came with a message: stored under the session's directory and handed to the agent."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from phonework import attachments
from phonework.attachments import INBOX
from phonework.errors import ChannelError, TooLargeError
from phonework.fsm.types import Attachment
from phonework.testing.channel import Fate
from phonework.testing.images import png
from phonework.testing.json_link import JsonLink
from phonework.testing.playbook import Playbook


def picture(key: str = "img_1", name: str = "plan.png", kind: str = "image") -> Attachment:
    return Attachment(kind=kind, key=key, message_id="om_in", name=name)


def content(path: str | Path) -> bytes:
    return Path(path).read_bytes()


def handed(play: Playbook, number: int = -1) -> list[str]:
    """The names of the files a turn was given."""
    return [Path(path).name for paths in play.script.starts[number].images.values() for path in paths]


async def test_a_picture_is_stored_and_handed_to_the_agent(play: Playbook) -> None:
    """C3."""
    play.channel.files["img_1"] = b"\x89PNG"
    await play.begin()
    await play.say("what is this?", attachments=(picture(),))

    (start,) = play.script.starts
    ((path,),) = start.images.values()
    assert path == str(play.work / "api" / INBOX / "plan.png")
    assert content(path) == b"\x89PNG"
    assert content(play.work / "api" / ".phonework" / ".gitignore") == b"*\n"


async def test_the_ignore_file_of_the_project_is_left_alone(play: Playbook) -> None:
    ignore = play.work / "api" / ".gitignore"
    ignore.write_text("build/\n")
    play.channel.files["img_1"] = b"\x89PNG"
    await play.begin()
    await play.say("what is this?", attachments=(picture(),))

    assert ignore.read_text() == "build/\n"


async def test_files_of_one_name_are_numbered(play: Playbook) -> None:
    play.channel.files.update({"a": b"first", "b": b"second", "c": b""})
    await play.begin()
    await play.say("look", attachments=(picture("a"), picture("b"), picture("c")))

    assert handed(play) == ["plan.png", "plan-2.png", "plan-3.png"]
    inbox = play.work / "api" / INBOX
    assert [content(inbox / name) for name in handed(play)] == [b"first", b"second", b""]


async def test_a_file_that_lies_there_is_not_written_over(play: Playbook) -> None:
    inbox = play.work / "api" / INBOX
    inbox.mkdir(parents=True)
    (inbox / "plan.png").write_bytes(b"the agent's own")
    play.channel.files["img_1"] = b"new"
    await play.begin()
    await play.say("look", attachments=(picture(),))

    assert content(inbox / "plan.png") == b"the agent's own"
    assert content(inbox / "plan-2.png") == b"new"


@pytest.mark.parametrize("name", ["../../evil.sh", "/etc/cron.d/evil", "..", "bomb.zip/../../../evil", "\u202egnp.exe"])
async def test_a_name_leads_nowhere(play: Playbook, name: str) -> None:
    play.channel.files["f"] = b"x"
    await play.begin()
    await play.say("look", attachments=(picture("f", name, "file"),))

    ((path,),) = play.script.starts[0].images.values()
    assert Path(path).parent == play.work / "api" / INBOX
    assert Path(path).name not in (".", "..")
    assert sorted(one.name for one in play.work.iterdir()) == ["api"]


async def test_a_picture_answers_no_question(play: Playbook) -> None:
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin("go")
    request = await play.asks(session)
    await play.say("yes", attachments=(picture(),))

    assert play.request_status(request) == "open"


async def test_a_file_that_cannot_be_had_ends_the_turn_in_words(play: Playbook) -> None:
    session = await play.begin()
    await play.say("look", attachments=(picture("img_gone"),))

    assert play.script.starts == []
    assert play.state(session) == "idle"
    assert any("there is no file" in words for words in play.channel.texts())


async def test_a_file_that_is_too_large_is_refused_in_words(play: Playbook) -> None:
    play.channel.refused["big"] = TooLargeError("50 MB")
    session = await play.begin()
    await play.say("look", attachments=(picture("big", "disk.img", "file"),))

    assert play.script.starts == []
    assert play.state(session) == "idle"
    assert any("disk.img is larger than 50 MB" in words for words in play.channel.texts())


@pytest.mark.parametrize(
    ("language", "said"), [("en", "has 50,000 × 40,000 pixels"), ("zh", "有 50,000 × 40,000 像素")]
)
async def test_a_picture_nobody_can_open_is_kept_and_refused_in_words(play: Playbook, language: str, said: str) -> None:
    play.channel.files["bomb"] = png(50_000, 40_000)
    session = await play.begin()
    await play.say(f"/lang {language}")
    await play.say("look", attachments=(picture("bomb"),))

    assert play.script.starts == []
    assert play.state(session) == "idle"
    assert any(said in words and ".phonework/inbox/plan.png" in words for words in play.channel.texts())
    assert content(play.work / "api" / INBOX / "plan.png") == png(50_000, 40_000)


async def test_a_large_picture_sent_as_a_file_is_a_file(play: Playbook) -> None:
    """An agent may well measure or cut it."""
    play.channel.files["map"] = png(50_000, 40_000)
    await play.begin()
    await play.say("look", attachments=(picture("map", "map.png", "file"),))

    assert handed(play) == ["map.png"]


async def test_a_full_disk_is_told_in_words(play: Playbook, monkeypatch: pytest.MonkeyPatch) -> None:
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(attachments, "_write", full)
    await play.say("look", attachments=(picture(),))
    monkeypatch.undo()

    assert play.script.starts == []
    assert any("no room left on the disk" in words for words in play.channel.texts())
    await play.say("/retry")
    assert play.state(session) == "executing"
    assert handed(play) == ["plan.png"]


async def test_a_file_is_fetched_again_when_the_channel_is_busy(play: Playbook) -> None:
    """C8: nothing is claimed before all is there."""
    play.channel.files["img_1"] = b"\x89PNG"
    await play.begin()
    play.channel.usual = Fate.BUSY
    await play.say("look", attachments=(picture(),))
    assert play.one("SELECT status FROM effect WHERE kind = 'StartTurn'") == "owed"
    play.channel.usual = Fate.OK
    await play.advance(timedelta(seconds=5))

    assert len(play.script.starts) == 1


async def test_a_file_that_never_comes_is_given_up_within_two_minutes(play: Playbook) -> None:
    """Nobody looks at a card that says it starts for a day."""
    play.channel.refused["img_1"] = ChannelError("the server is in trouble", retry_after=timedelta(seconds=1))
    session = await play.begin()
    await play.say("look", attachments=(picture(),))
    for _ in range(12):
        await play.advance(timedelta(seconds=10))

    assert 4 <= len(play.channel.fetched) <= 9
    assert play.script.starts == []
    assert play.state(session) == "idle"
    assert any("plan.png could not be fetched from the chat, so" in post.words for post in play.channel.posts.values())


@pytest.mark.parametrize("crash", [False, True])
async def test_a_stop_does_not_wait_for_a_file_that_is_tried_again(play: Playbook, crash: bool) -> None:
    """Nothing was begun, so nothing has to be interrupted; and nobody hears of a process that had to be ended."""
    play.channel.refused["img_1"] = ChannelError("the server is in trouble", retry_after=timedelta(seconds=9))
    session = await play.begin()
    await play.say("look", attachments=(picture(),))
    await play.say("/stop")
    if crash:
        await play.crash()
    await play.advance(timedelta(seconds=9 if crash else 0))

    assert play.state(session) == "idle"
    assert play.script.starts == []
    assert play.one("SELECT status FROM turn") == "stopped"
    assert len(play.channel.fetched) == 1
    assert not any("did not stop in time" in words for words in play.channel.texts())


@pytest.mark.parametrize(
    ("kind", "said"),
    [("image", "A picture could not"), ("audio", "The voice message could not"), ("file", "A file could not")],
)
async def test_a_file_without_a_name_that_cannot_be_had_is_named_by_what_it_is(
    play: Playbook, kind: str, said: str
) -> None:
    await play.begin()
    await play.say("look", attachments=(picture(name="", kind=kind),))

    assert any(said in words for words in play.channel.texts())


async def test_a_file_that_is_there_already_is_not_fetched_again(play: Playbook) -> None:
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()
    await play.say("look", attachments=(picture(),))
    await play.finishes(session)
    await play.say("/retry")

    assert len(play.channel.fetched) == 1
    assert len(play.script.starts) == 2
    assert list(play.script.starts[0].images.values()) == list(play.script.starts[1].images.values())


async def test_a_file_that_was_taken_away_is_fetched_again(play: Playbook) -> None:
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()
    await play.say("look", attachments=(picture(),))
    (play.work / "api" / INBOX / "plan.png").unlink()
    await play.finishes(session)
    await play.say("/retry")

    assert len(play.channel.fetched) == 2
    assert handed(play) == ["plan.png"]


async def test_every_kind_of_value_crosses_the_link(tmp_path: Path) -> None:
    """What goes between router and node serialises."""
    async with Playbook.opened(tmp_path, link=JsonLink) as play:
        play.channel.files["img_1"] = b"\x89PNG"
        session = await play.begin()
        await play.say("look", attachments=(picture(),))
        request = await play.asks(session)
        await play.click(play.button(f"request:{request}", "answer", "allow"))

        assert isinstance(play.link, JsonLink)
        assert set(play.link.crossed) == {"Envelope", "Reply", "Delivery", "Receipt", "Attachment", "Fetched"}


async def test_a_link_an_agent_put_there_is_not_followed(play: Playbook, tmp_path: Path) -> None:
    """S10."""
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (play.work / "api" / ".phonework").symlink_to(elsewhere)
    await play.say("what is this?", attachments=(picture(),))

    assert play.script.starts == []
    assert list(elsewhere.iterdir()) == []
    assert play.state(session) == "idle"
    assert any("could not be stored" in words for words in play.channel.texts())


@pytest.mark.parametrize("trap", ["plan.png", "../.gitignore"])
async def test_no_link_below_the_inbox_is_written_through(play: Playbook, tmp_path: Path, trap: str) -> None:
    """S10."""
    inbox, outside = play.work / "api" / INBOX, tmp_path / "outside"
    inbox.mkdir(parents=True)
    (inbox / trap).symlink_to(outside)
    play.channel.files["img_1"] = b"\x89PNG"
    await play.begin()
    await play.say("what is this?", attachments=(picture(),))

    assert not outside.exists()
    assert [handed(play, number) for number in range(len(play.script.starts))] in ([["plan-2.png"]], [])


async def test_what_an_agent_puts_in_the_place_of_a_file_is_not_taken_for_it(play: Playbook, tmp_path: Path) -> None:
    """S10."""
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()
    await play.say("look", attachments=(picture(),))
    secret, stored = tmp_path / "secret", play.work / "api" / INBOX / "plan.png"
    secret.write_text("key")
    stored.unlink()
    stored.symlink_to(secret)
    await play.finishes(session)
    await play.say("/retry")

    assert handed(play) == ["plan-2.png"]
