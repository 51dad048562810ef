"""Voice messages: put into words before the agent gets them, or kept as files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from phonework.attachments import INBOX
from phonework.channels.base import Fetched, Recalled
from phonework.errors import BackendError
from phonework.fsm.types import Attachment, RequestKind
from phonework.testing.backend import Deed
from phonework.testing.playbook import Playbook

VOICE = (Attachment(kind="audio", key="voice", message_id="om_in", name="voice.opus"),)
PICTURE = (Attachment(kind="image", key="img", message_id="om_in", name="plan.png"),)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path, hears=True) as play:
        play.channel.files.update({"voice": b"run the tests", "img": b"\x89PNG"})
        yield play


async def test_the_agent_gets_the_words_and_the_person_sees_them(play: Playbook) -> None:
    await play.begin()
    await play.say("", attachments=VOICE)

    (start,) = play.script.starts
    assert [prompt.text for prompt in start.prompts] == ["run the tests"]
    assert not any(start.images.values())
    assert "🎤 heard: run the tests" in play.channel.texts()
    assert (play.work / "api" / INBOX / "voice.opus").exists()


async def test_what_was_heard_is_told_before_the_agent_has_it(play: Playbook) -> None:
    await play.begin()
    play.script.usual = Deed.HANG
    await play.say("", attachments=VOICE)

    assert play.script.starts == []
    assert "🎤 heard: run the tests" in play.channel.texts()
    await play.release()


async def test_words_go_with_the_pictures_that_were_kept(play: Playbook) -> None:
    await play.begin()
    await play.say("", attachments=PICTURE)
    await play.say("", attachments=VOICE)

    (start,) = play.script.starts
    ((path,),) = start.images.values()
    assert Path(path).name == "plan.png"
    assert [prompt.text for prompt in start.prompts] == ["run the tests"]


async def test_messages_keep_their_order(play: Playbook) -> None:
    """A message behind a voice message does not overtake it."""
    session = await play.begin("go")
    await play.say("", attachments=VOICE)
    await play.say("and then deploy")
    await play.finishes(session)
    await play.finishes(session, 2)

    assert [start.prompts[0].text for start in play.script.starts] == ["go", "run the tests", "and then deploy"]


@pytest.mark.parametrize("kind", [RequestKind.CONFIRM, RequestKind.INPUT, RequestKind.PLAN])
async def test_a_voice_answers_no_question(play: Playbook, kind: RequestKind) -> None:
    play.channel.files["voice"] = b"yes"
    session = await play.begin("go")
    request = await play.asks(session, kind=kind)
    await play.say("", attachments=VOICE)

    assert play.request_status(request) == "open"
    assert play.script.answers == []


async def test_a_voice_is_heard_once_also_after_a_crash(play: Playbook) -> None:
    await play.begin()
    said = await play.say("", attachments=VOICE)
    await play.crash()
    await play.deliver(said)

    assert len(play.heard) == 1
    assert len(play.script.starts) == 1


async def test_a_voice_that_is_not_understood_is_kept_and_can_be_tried_again(play: Playbook) -> None:
    session = await play.begin()
    play.deaf = BackendError("agent.not_heard_in_time", name="voice.opus", detail="")
    await play.say("", attachments=VOICE)
    assert play.script.starts == []
    assert play.state(session) == "idle"
    assert any(".phonework/inbox/voice.opus" in words for words in play.channel.texts())
    assert (play.work / "api" / INBOX / "voice.opus").exists()

    play.deaf = None
    await play.click(play.button(f"turn:{session}:1", "retry"))
    assert [start.prompts[0].text for start in play.script.starts] == ["run the tests"]


async def test_of_a_voice_that_is_taken_back_while_it_is_heard_nothing_is_told(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await play.begin()
    fetch = play.channel.fetch

    async def fetched(attachment: Attachment) -> Fetched:
        await play.core.router.submit(Recalled(key="om_voice", recalled_at=play.clock.now()))
        return await fetch(attachment)

    monkeypatch.setattr(play.channel, "fetch", fetched)
    await play.say("", key="om_voice", attachments=VOICE)

    assert play.heard
    assert not any("run the tests" in words for words in play.channel.texts())
    assert play.script.starts == []
    assert play.state(session) == "idle"


async def test_a_spoken_command_is_no_command(play: Playbook) -> None:
    play.channel.files["voice"] = b"/close"
    session = await play.begin()
    await play.say("", attachments=VOICE)

    assert play.state(session) == "executing"
    assert play.script.starts[0].prompts[0].verbatim


async def test_without_a_model_for_it_a_voice_is_kept_as_a_file(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path) as play:
        play.channel.files["voice"] = b"run the tests"
        await play.begin()
        await play.say("", attachments=VOICE)
        card = f"prompt:{play.one('SELECT prompt_id FROM prompt')}"
        assert "1 voice message kept" in play.channel.shown(card).words
        assert "cannot be put into words here" in play.channel.shown(card).words

        await play.say("listen to this")
        ((path,),) = play.script.starts[0].images.values()
        assert Path(path).name == "voice.opus"
        assert play.heard == []
