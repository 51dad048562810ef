"""Files from the phone and to it: what names say is not believed, and what is too large is said (C3)."""

import json

import pytest

from phonework.testing.fake_openai import FakeOpenAI, fail, say
from phonework.testing.person import Person
from phonework.testing.phone import Phone
from phonework.testing.server import Server


@pytest.fixture
async def ada(idle_server: Server, phone: Phone, api: FakeOpenAI) -> Person:
    """Somebody whose voice is understood, and who may send files of 20 KB."""
    idle_server.settings |= {
        "ASSISTANT__BASE_URL": api.base_url,
        "ASSISTANT__MODEL": "glm-4.6",
        "ASSISTANT__TRANSCRIPTION_MODEL": "whisper-1",
        "WORK__MAX_FILE_MB": "0.02",
    }
    await idle_server.start()
    person = Person(phone)
    await person.says("/direct")
    await person.begins()
    return person


async def test_files_of_any_name_stay_in_the_inbox(ada: Person, idle_server: Server) -> None:
    await ada.phone.send_file("../../../evil.sh", b"#!/bin/sh", user=ada.user)
    await ada.phone.send_file("empty.log", b" ", "text/plain", user=ada.user)
    await ada.sees(lambda shown: shown.shows("evil.sh, empty.log kept"))
    await ada.says("echo look at these")
    await ada.sees("evil.sh (9 bytes), empty.log (1 bytes)")

    inbox = idle_server.work / "hello" / ".phonework" / "inbox"
    assert sorted(path.name for path in inbox.iterdir() if path.is_file()) == ["_.._.._evil.sh", "empty.log"]
    assert [path.name for path in idle_server.work.iterdir()] == ["hello"]


async def test_a_file_that_is_too_large_is_refused_in_words(ada: Person) -> None:
    await ada.phone.send_file("disk.img", bytes(30_000), user=ada.user)
    await ada.sees("disk.img kept")
    await ada.says("echo look")

    await ada.sees("disk.img is larger than 20.5 KB, so it was not taken.")


async def test_a_post_brings_its_pictures_and_its_words_at_once(ada: Person, phone: Phone) -> None:
    await phone.send("sticker", {"file_key": "x"}, user=ada.user)
    await ada.sees("I cannot read this kind of message")
    await phone.send("post", {"content": [[{"tag": "text", "text": "echo a post"}]]}, user=ada.user)
    await ada.sees("a post")


async def test_a_voice_message_is_words_for_the_agent(ada: Person, api: FakeOpenAI) -> None:
    api.will_hear(say("echo good morning"))
    await ada.phone.send_file("voice.opus", b"OggS", "audio/ogg", user=ada.user)
    await ada.sees("🎤 heard: echo good morning")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("good morning") and not shown.shows("heard"))
    assert [one.content for one in api.heard] == [b"OggS"]

    api.will_hear(fail(500))
    await ada.phone.send_file("voice.opus", b"OggS", "audio/ogg", user=ada.user)
    await ada.sees("The voice message could not be put into words.")


async def test_a_file_that_an_answer_names_is_sent_by_a_tap(ada: Person, idle_server: Server, phone: Phone) -> None:
    (idle_server.work / "hello" / "notes.txt").write_text("remember the milk")
    await ada.says("echo it is in notes.txt, not in gone.txt")
    card = await ada.sees("⬇ notes.txt")
    await ada.presses(card, "⬇ notes.txt")

    sent = await ada.sees(lambda shown: shown.msg_type == "file")
    content = json.loads(sent.content) if isinstance(sent.content, str) else sent.content
    assert await phone.download(sent.message_id, content["file_key"]) == b"remember the milk"
