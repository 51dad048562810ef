"""Files without words wait for them: the next message of their person takes them along, once and in order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.fsm.types import Attachment, RequestKind
from phonework.testing.playbook import Playbook


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path) as play:
        play.channel.files.update({f"key{number}": b"x" for number in range(60)})
        yield play


def files(*keys: int, kind: str = "image", name: str = "") -> tuple[Attachment, ...]:
    return tuple(Attachment(kind=kind, key=f"key{key}", message_id="om_in", name=name) for key in keys)


def given(play: Playbook, turn: int = -1) -> tuple[str, list[str]]:
    """The words and the files that a turn began with."""
    (prompt,) = play.script.starts[turn].prompts
    return prompt.text, [one.key for one in prompt.attachments]


def kept(play: Playbook) -> str:
    """The card that shows the files which wait."""
    prompt_id = play.one("SELECT prompt_id FROM prompt WHERE status = 'held'")
    return f"prompt:{prompt_id}"


async def test_files_alone_start_nothing_and_the_next_words_take_them_along(play: Playbook) -> None:
    """Feishu sends a picture and its text as two messages."""
    session = await play.begin()
    await play.say("", attachments=files(1))
    card = kept(play)
    assert play.state(session) == "idle"
    assert "1 picture kept" in play.channel.shown(card).words

    await play.say("what is this?")
    assert given(play) == ("what is this?", ["key1"])
    assert len(play.script.starts) == 1
    assert "Went along" in play.channel.shown(card).words
    assert play.channel.values(card) == []


async def test_files_of_several_messages_wait_together_on_one_card(play: Playbook) -> None:
    await play.begin()
    await play.say("", attachments=files(1))
    await play.say("", attachments=files(2, 3))
    await play.say("", attachments=files(4, kind="file", name="build.log"))
    card = kept(play)
    assert "3 pictures, build.log kept" in play.channel.shown(card).words

    await play.say("compare", attachments=files(5))
    assert given(play) == ("compare", ["key1", "key2", "key3", "key4", "key5"])
    assert play.one("SELECT count(*) FROM effect WHERE kind = 'ShowPrompt'") == 1


async def test_files_are_kept_while_the_agent_works(play: Playbook) -> None:
    session = await play.begin("go")
    await play.say("", attachments=files(1))
    assert play.one("SELECT count(*) FROM prompt WHERE status = 'queued'") == 0
    await play.finishes(session)
    assert play.state(session) == "idle"

    await play.say("and now this")
    assert given(play) == ("and now this", ["key1"])


async def test_a_message_in_line_takes_them_along(play: Playbook) -> None:
    session = await play.begin("go")
    await play.say("", attachments=files(1))
    await play.say("then this")
    await play.finishes(session)

    assert given(play) == ("then this", ["key1"])


async def test_an_answer_takes_nothing_along(play: Playbook) -> None:
    session = await play.begin("go")
    await play.say("", attachments=files(1))
    request = await play.asks(session, kind=RequestKind.INPUT)
    await play.say("", attachments=files(2))
    assert play.request_status(request) == "open"
    await play.say("blue")

    assert play.request_status(request) == "delivered"
    assert "2 pictures" in play.channel.shown(kept(play)).words


async def test_an_agents_own_command_takes_nothing_along(play: Playbook) -> None:
    session = await play.begin()
    await play.say("", attachments=files(1))
    await play.say("/compact")
    await play.finishes(session)

    assert given(play) == ("/compact", [])
    assert "1 picture kept" in play.channel.shown(kept(play)).words


async def test_files_can_be_sent_as_they_are(play: Playbook) -> None:
    session = await play.begin()
    await play.say("", attachments=files(1, 2))
    card = kept(play)
    await play.click(play.button(card, "send_now"))

    assert given(play) == ("", ["key1", "key2"])
    assert play.state(session) == "executing"
    await play.finishes(session)
    await play.say("words")
    assert given(play) == ("words", [])


async def test_files_sent_as_they_are_wait_in_line_and_stop_nothing(play: Playbook) -> None:
    session = await play.begin("go")
    await play.say("", attachments=files(1))
    card = kept(play)
    await play.click(play.button(card, "send_now"))

    assert play.state(session) == "executing"
    assert "number 1 in line" in play.channel.shown(card).words
    await play.finishes(session)
    assert given(play) == ("", ["key1"])


async def test_files_can_be_dropped(play: Playbook) -> None:
    await play.begin()
    await play.say("", attachments=files(1))
    await play.click(play.button(kept(play), "drop"))
    await play.say("words")

    assert given(play) == ("words", [])


async def test_what_is_kept_outlives_a_crash_and_goes_once(play: Playbook) -> None:
    await play.begin()
    said = await play.say("", attachments=files(1))
    await play.crash()
    await play.deliver(said)
    await play.say("what is this?")
    await play.crash()
    await play.deliver(said)

    assert [prompt.text for start in play.script.starts for prompt in start.prompts] == ["what is this?"]
    assert given(play) == ("what is this?", ["key1"])


async def test_at_most_twenty_files_go_with_one_message(play: Playbook) -> None:
    await play.begin()
    await play.say("", attachments=files(*range(15)))
    await play.say("", attachments=files(*range(15, 21)))
    assert any("At most 20 files" in words for words in play.channel.texts())
    await play.say("look", attachments=files(*range(30, 36)))
    assert play.script.starts == []

    await play.say("look", attachments=files(*range(40, 45)))
    assert len(given(play)[1]) == 20


async def test_old_files_are_asked_about_as_any_old_message(play: Playbook) -> None:
    """F13."""
    await play.begin()
    await play.say("", attachments=files(1), sent_at=play.clock.now() - timedelta(minutes=11))
    await play.say("words")

    assert given(play) == ("words", [])
    assert "Run it now?" in play.channel.shown(kept(play)).words


async def test_a_session_with_files_stays_open_for_their_words(play: Playbook) -> None:
    session = await play.begin()
    await play.advance(timedelta(minutes=29))
    await play.say("", attachments=files(1))
    await play.advance(timedelta(minutes=29))
    await play.say("what is this?")

    assert play.state(session) == "executing"
    assert given(play) == ("what is this?", ["key1"])


async def test_what_is_kept_goes_with_the_session(play: Playbook) -> None:
    await play.begin()
    await play.say("", attachments=files(1))
    card = kept(play)
    await play.say("/close")

    assert "Dropped" in play.channel.shown(card).words
