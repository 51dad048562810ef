"""What came with a message: stored under the session's directory and handed to the agent."""

from datetime import timedelta
from pathlib import Path

import pytest

from phonework.attachments import INBOX, safe_name
from phonework.fsm.types import Attachment
from phonework.testing.channel import Fate
from phonework.testing.json_link import JsonLink
from phonework.testing.playbook import Playbook


def picture(key: str = "img_1", name: str = "plan.png") -> Attachment:
    return Attachment(kind="image", key=key, message_id="om_in", name=name)


def content(path: str | Path) -> bytes:
    return Path(path).read_bytes()


async def test_a_picture_is_stored_and_handed_to_the_agent(play: Playbook) -> None:
    """C3."""
    play.channel.files["img_1"] = b"\x89PNG"
    await play.begin()
    await play.say("what is this?", attachments=(picture(),))

    (start,) = play.script.starts
    ((path,),) = start.images.values()
    assert Path(path).parent == play.work / "api" / INBOX
    assert content(path) == b"\x89PNG"
    assert content(play.work / "api" / ".phonework" / ".gitignore") == b"*\n"


async def test_a_picture_alone_is_a_message_too(play: Playbook) -> None:
    """C3."""
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()
    await play.say("", attachments=(picture(),))

    assert play.state(session) == "executing"


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


async def test_a_file_that_is_there_already_is_not_fetched_again(play: Playbook) -> None:
    play.channel.files["img_1"] = b"\x89PNG"
    session = await play.begin()
    await play.say("look", attachments=(picture(),))
    await play.finishes(session)
    await play.say("/retry")

    assert len(play.channel.fetched) == 1
    assert len(play.script.starts) == 2
    assert list(play.script.starts[0].images.values()) == list(play.script.starts[1].images.values())


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("plan.png", "plan.png"),
        (".bashrc", "bashrc"),
        ("a/b\\c:d", "a_b_c_d"),
        ("", "file"),
        ("...", "file"),
        ("图 1.png", "图 1.png"),
        ("x" * 200 + ".png", "x" * 76 + ".png"),
        ("a\x00\nb", "a_b"),
    ],
)
def test_a_name_stays_in_its_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert Path(safe_name(name)).name == safe


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
    await play.begin()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (play.work / "api" / ".phonework").symlink_to(elsewhere)
    await play.say("what is this?", attachments=(picture(),))

    assert play.script.starts == []
    assert list(elsewhere.iterdir()) == []
