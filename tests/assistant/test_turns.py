"""A turn of the assistant, from a message to its last words, with all that a model can do wrong."""

import json
from datetime import timedelta
from typing import Any

import pytest

from phonework.testing.fake_openai import Reply, call, fail, say
from phonework.testing.playbook import BOB


async def test_a_question_is_answered_without_any_session(scene: Any) -> None:
    turn = await scene.ask("what can you do?", say("I can **help**."))
    assert (turn["status"], turn["text"]) == ("done", "I can **help**.")
    assert "help" in scene.play.channel.shown(f"turn:{scene.helper}:1").words
    assert scene.api.requests[0].said == "what can you do?"


async def test_the_model_knows_who_when_where_and_which_sessions(scene: Any) -> None:
    session = await scene.play.begin("fix the login")
    await scene.play.started(session)
    await scene.play.asks(session, prompt="May I run the tests?")
    await scene.ask("remind me to sleep", say("Later."))
    system = scene.api.requests[0].system
    for words in (
        "English",
        "2999-01-05",
        "(UTC)",
        str(scene.play.work),
        f"1. {session}, api,",
        "May I run the tests?",
        "active",
    ):
        assert words in system
    assert len(system) < 2500


async def test_a_failure_is_told_in_the_persons_language(stage: Any) -> None:
    async with stage(language="zh") as scene:
        await scene.ask("你好", fail(401))
        assert any("不接受密钥" in one for one in scene.play.channel.texts())


async def test_another_persons_sessions_do_not_exist(scene: Any) -> None:
    theirs = await scene.play.begin("secret work", user=BOB)
    await scene.ask(
        "which sessions are there?",
        [call("list_sessions")],
        [call("send_to_session", {"session": theirs, "message": "hi"})],
        [call("close_session", {"session": theirs})],
        [call("show_session", {"session": theirs})],
        say("None."),
    )
    results = [one["content"] for one in scene.api.requests[-1].messages if one["role"] == "tool"]
    assert results[0] == "There is no open session."
    assert all("No session" in one for one in results[1:])
    assert theirs not in json.dumps([one.system for one in scene.api.requests])
    assert scene.play.state(theirs) == "executing"
    assert len(scene.play.script.starts) == 1


async def test_what_was_said_is_remembered(scene: Any) -> None:
    await scene.ask("my name is Ada", say("Hello Ada."))
    await scene.ask("what is my name?", say("Ada."))
    assert [one["content"] for one in scene.api.requests[-1].messages[1:]] == [
        "my name is Ada",
        "Hello Ada.",
        "what is my name?",
    ]


async def test_what_was_said_is_forgotten_when_it_is_wished(scene: Any) -> None:
    await scene.ask("my name is Ada", say("Hello Ada."))
    await scene.play.say("/clear assistant")
    assert "forgotten" in scene.play.channel.texts()[-1]
    await scene.ask("what is my name?", say("I do not know."))
    assert len(scene.api.requests[-1].messages) == 2


async def test_clear_is_the_agents_own_in_a_session(scene: Any) -> None:
    await scene.ask("hello", say("Hello."))
    await scene.play.begin()
    await scene.play.say("/clear")
    assert [prompt.text for start in scene.play.script.starts for prompt in start.prompts] == ["/clear"]
    assert len(scene.dialogue()) == 2


async def test_messages_meanwhile_wait_for_their_turn(scene: Any) -> None:
    scene.api.will([{"gate": "slow"}, {"text": "One."}], say("Two."))
    await scene.play.say("what is one?")
    await scene.api.reached("slow")
    await scene.play.say("what is two?")
    scene.api.open("slow")
    assert [(await scene.ended(turn))["text"] for turn in (1, 2)] == ["One.", "Two."]
    assert len(scene.api.requests) == 2


async def test_a_turn_is_stopped_in_the_middle_of_a_word(scene: Any) -> None:
    scene.api.will([{"text": "Once upon a"}, {"hang": True}])
    await scene.play.say("tell me a story")
    await scene.api.reached("hang")
    await scene.play.click(scene.play.button(f"turn:{scene.helper}:1", "stop"))
    turn = await scene.ended()
    assert (turn["status"], turn["text"]) == ("stopped", "Once upon a")
    assert (await scene.ask("are you there?", say("Yes.")))["text"] == "Yes."


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([fail(401, "invalid api key")], "does not accept the key"),
        ([fail(404, "model not found")], "no model `glm-4.6`"),
        ([fail(429, "余额不足", code="1113")], "used up"),
        ([fail(429, retry_after=3600)], "too busy"),
        ([fail(400, "this model does not support tools")], "cannot use tools"),
        ([[{"body": b"<html></html>"}]], "web page"),
        ([fail(500)] * 3, "has an error"),
        ([say("")] * 3, "said nothing"),
        ([[{"raw": "data: {oops\n\n"}]] * 3, "makes no sense"),
        ([say("", finish="sensitive")], "will not answer"),
        ([[{"endless": "la" * 9000}]], "did not stop talking"),
        ([fail(400, "maximum context length")] * 9, "too long"),
    ],
)
async def test_a_model_that_fails_costs_one_sentence_and_nothing_else(
    stage: Any, replies: list[Reply], words: str
) -> None:
    async with stage() as scene:
        scene.api.usual = fail(500)
        scene.api.will(*replies)
        await scene.play.say("hello?")
        while not scene.turns():
            if scene.play.pauses.waiting:
                await scene.play.advance(timedelta(seconds=5))
            await scene.play.until(lambda: bool(scene.turns()) or scene.play.pauses.waiting > 0)
        turn = await scene.ended()
        assert turn["status"] == "failed"
        assert words in turn["error"]
        assert sum(words in one for one in scene.play.channel.texts()) == 1
        session = await scene.play.begin("work")
        assert scene.play.state(session) == "executing", "commands do not need the model"
        await scene.play.say("/direct and on")
        assert len(scene.play.script.starts) == 1
        assert scene.play.one("SELECT count(*) FROM prompt WHERE session_id = ?", session) == 2
