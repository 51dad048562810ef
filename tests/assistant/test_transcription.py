"""Voice messages through the real `openai` package, to a server that behaves as real ones do, and worse."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.assistant.transcription import Transcriber
from phonework.errors import BackendError
from phonework.fsm.types import Attachment
from phonework.testing.fake_openai import FakeOpenAI, Reply, fail, say
from phonework.testing.playbook import Playbook

KEY = "sk-secret-of-the-tests"


@pytest.fixture
async def api() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as api:
        yield api


@pytest.fixture
def voice(tmp_path: Path) -> str:
    path = tmp_path / "voice.opus"
    path.write_bytes(b"OggS...")
    return str(path)


def transcriber(api: FakeOpenAI, *, seconds: float = 60) -> Transcriber:
    return Transcriber(base_url=api.base_url, api_key=KEY, model="whisper-1", within=timedelta(seconds=seconds))


async def test_what_is_said_comes_back_as_words(api: FakeOpenAI, voice: str) -> None:
    api.will_hear(say(" 跑一下测试 "))
    assert await transcriber(api).hear(voice) == "跑一下测试"
    (heard,) = api.heard
    assert (heard.name, heard.content, heard.model) == ("voice.opus", b"OggS...", "whisper-1")


@pytest.mark.parametrize(
    ("reply", "key"),
    [
        (fail(401), "agent.not_heard_key"),
        (fail(404), "agent.not_heard_model"),
        (fail(429), "agent.not_heard"),
        (fail(500), "agent.not_heard"),
        (fail(502, page=True), "agent.not_heard"),
        (fail(400, "the audio is not understood"), "agent.not_heard"),
        (say(""), "agent.nothing_heard"),
        (say("  \n"), "agent.nothing_heard"),
        ([{"body": b"<html>no</html>", "type": "text/html"}], "agent.not_heard"),
        ([{"body": b"{", "type": "application/json"}], "agent.not_heard"),
        ([{"body": b"[]", "type": "application/json"}], "agent.not_heard"),
        ([{"body": b'{"text": 5}', "type": "application/json"}], "agent.not_heard"),
        ([{"body": b'{"words": "x"}', "type": "application/json"}], "agent.not_heard"),
        (say("x" * 100_001), "agent.not_heard"),
        ([{"disconnect": True}], "agent.not_heard_in_time"),
    ],
)
async def test_whatever_goes_wrong_is_one_sentence(api: FakeOpenAI, voice: str, reply: Reply, key: str) -> None:
    api.will_hear(reply)
    with pytest.raises(BackendError) as raised:
        await transcriber(api).hear(voice)

    assert raised.value.problem is not None
    assert raised.value.problem.key == key
    assert KEY not in str(raised.value)


async def test_a_server_that_does_not_answer_is_not_waited_for(api: FakeOpenAI, voice: str) -> None:
    api.will_hear([{"hang": True}])
    with pytest.raises(BackendError, match="took too long"):
        await transcriber(api, seconds=0.3).hear(voice)


async def test_a_server_that_is_not_there_is_told_in_words(voice: str) -> None:
    nobody = Transcriber(base_url="http://127.0.0.1:9/v1", api_key="", model="whisper-1")
    with pytest.raises(BackendError, match="cannot be reached"):
        await nobody.hear(voice)


async def test_the_whole_way_from_a_voice_message_to_the_agent(api: FakeOpenAI, tmp_path: Path) -> None:
    settings = {"base_url": api.base_url, "api_key": KEY, "model": "glm-4.6", "transcription_model": "whisper-1"}
    api.will_hear(say("run the tests"))
    async with Playbook.opened(tmp_path, assistant=settings) as play:
        play.channel.files["voice"] = b"OggS"
        await play.say("/direct")
        await play.begin()
        voice = Attachment(kind="audio", key="voice", message_id="om_in", name="voice.opus")
        await play.say("", attachments=(voice,))

        assert [start.prompts[0].text for start in play.script.starts] == ["run the tests"]
        assert "🎤 heard: run the tests" in play.channel.texts()
