"""Tool calls: what the person is asked first, what is refused, and that nothing is done twice."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from phonework import texts
from phonework.assistant.backend import AssistantBackend
from phonework.assistant.tools import Arguments, Call, Question, Result, files, reminders, sessions, shell, web
from phonework.errors import RefusedError
from phonework.testing.fake_openai import call, say


def results(scene: Any) -> list[str]:
    """What the tools told the model so far in the newest request."""
    return [one["content"] for one in scene.api.requests[-1].messages if one["role"] == "tool"]


def question_card(scene: Any, request_id: str) -> str:
    return json.dumps(scene.play.channel.shown(f"request:{request_id}").shows.card, ensure_ascii=False)


async def test_words_that_name_a_session_are_sent_there_at_once(scene: Any) -> None:
    session = await scene.quiet_session()
    turn = await scene.ask(
        "could you please have fizz-1 run the linter",
        [call("send_to_session", {"session": session, "message": "run the linter"})],
        say("Sent."),
    )
    assert turn["text"] == "Sent."
    assert results(scene)[0].startswith(f"Sent to {session}.")
    (start,) = scene.play.script.starts
    assert [one.text for one in start.prompts] == ["run the linter"]
    assert scene.play.rows("SELECT source, kind FROM event WHERE session_id = ? ORDER BY seq", session)[-1] == (
        "assistant",
        "MessageReceived",
    )


async def test_the_agents_words_reach_the_person_and_never_the_model(scene: Any) -> None:
    session = await scene.play.begin("go")
    await scene.play.started(session)
    await scene.play.finishes(session, text="The secret is 42.")
    await scene.ask("what did fizz-1 say?", [call("show_session", {"session": session})], say("There."))
    assert scene.play.channel.texts().count("The secret is 42.") == 2
    assert "42" not in json.dumps([one.body for one in scene.api.requests])
    assert "was shown to the person" in results(scene)[0]


async def test_a_guess_asks_first_and_a_no_sends_nothing(scene: Any) -> None:
    session = await scene.quiet_session()
    scene.api.will([call("send_to_session", {"session": session, "message": "deploy"})], say("As you wish."))
    await scene.play.say("what about a deployment?")
    request_id, prompt = await scene.request()
    assert prompt == f"Send this to api ({session})?"
    assert "```text\\ndeploy\\n```" in question_card(scene, request_id)
    await scene.tap(request_id, "answer", "deny")
    await scene.ended()
    assert "refused" in results(scene)[0]
    assert scene.play.script.starts == []
    assert scene.calls() == []


async def test_a_guess_among_several_is_a_choice(scene: Any) -> None:
    first, second = await scene.play.begin(), await scene.play.begin()
    scene.api.will([call("send_to_session", {"session": first, "message": "deploy"})], say("Sent."))
    await scene.play.say("what about a deployment?")
    request_id, _prompt = await scene.request()
    assert scene.play.state(scene.helper) == "waiting_confirm"
    await scene.play.say(f"api ({second})")
    await scene.ended()
    assert scene.play.request_status(request_id) == "delivered"
    (start,) = scene.play.script.starts
    assert start.session_id == second


@pytest.mark.parametrize(
    ("language", "name", "more", "prompt"),
    [
        ("en", "close_session", {}, "Close api (fizz-1)?"),
        ("zh", "close_session", {}, "关闭 api（fizz-1）吗？"),
        ("en", "send_to_session", {"message": "x"}, "Send this to api (fizz-1)?"),
        ("zh", "send_to_session", {"message": "x"}, "把这句话发给 api（fizz-1）吗？"),
    ],
)
async def test_what_is_asked_is_a_sentence_and_no_data(
    stage: Any, language: str, name: str, more: dict[str, str], prompt: str
) -> None:
    async with stage(language=language) as scene:
        session = await scene.quiet_session()
        scene.api.will([call(name, {"session": session, **more})], say("Fine."))
        await scene.play.say("what is the capital of France?")
        request_id, asked = await scene.request()
        assert asked == prompt
        assert '"session"' not in (card := question_card(scene, request_id)).replace("\\", "")
        assert "json" not in card


async def test_a_session_to_begin_is_asked_about_with_all_that_would_be_done(scene: Any) -> None:
    long = "first line\n" + "word " * 200 + "the end"
    arguments = {"directory": "other", "message": long, "make_directory": True, "backend": "demo"}
    scene.api.will([call("create_session", arguments)], say("Fine."))
    await scene.play.say("what is the capital of France?")
    request_id, prompt = await scene.request()

    assert prompt == (
        "Begin a session in other? The directory is made if it is missing. The agent is demo. This is its first message:"
    )
    card = question_card(scene, request_id)
    assert "first line" in card
    assert "the end" in card
    assert scene.play.rows("SELECT 1 FROM event WHERE kind = 'Created' AND source != 'companion'") == []


async def test_a_directory_is_not_named_by_a_part_of_another_word(scene: Any) -> None:
    scene.api.will([call("create_session", {"directory": "api", "message": "go"})], say("Fine."))
    await scene.play.say("what is a rapid prototype?")
    _request_id, prompt = await scene.request()

    assert prompt.startswith("Begin a session in api?")
    assert scene.play.script.starts == []


async def test_what_is_done_is_told_in_the_persons_words(scene: Any) -> None:
    await scene.ask("what do I have?", [call("list_files", {"path": "api"})], say("This."))
    card = json.dumps(scene.play.channel.shown(f"turn:{scene.helper}:1").shows.card)

    assert "List api" in card
    assert "list_files" not in card


def test_every_tool_has_words_for_what_it_does() -> None:
    names = {
        one.name
        for module in (files, reminders, sessions, shell, web)
        for one in vars(module).values()
        if isinstance(one, type) and isinstance(getattr(one, "name", None), str)
    }
    assert len(names) > 15
    assert {f"doing.{name}" for name in names} <= texts.keys()


async def test_nobody_waits_for_ever(stage: Any) -> None:
    async with stage(timeouts={"wait": 60}) as scene:
        session = await scene.quiet_session()
        scene.api.will([call("close_session", {"session": session})])
        await scene.play.say("is that enough?")
        await scene.request()
        await scene.play.advance(timedelta(seconds=61))
        assert (await scene.ended())["status"] == "stopped"
        assert scene.play.state(session) == "idle"


async def test_no_tool_answers_what_an_agent_asks(scene: Any) -> None:
    session = await scene.play.begin("go")
    await scene.play.started(session)
    request_id = await scene.play.asks(session)
    await scene.ask(
        "remind me whether fizz-1 is done?",
        [call("send_to_session", {"session": session, "message": "yes"})],
        say("You must answer it."),
    )
    assert "waits for your own decision" in results(scene)[0]
    assert scene.play.request_status(request_id) == "open"
    assert scene.play.script.answers == []


async def test_a_session_begins_where_the_person_said(scene: Any) -> None:
    turn = await scene.ask(
        "新建一个会话，在 api 目录里修登录",
        [call("create_session", {"directory": "api", "message": "修登录"})],
        say("好了。"),
    )
    assert turn["status"] == "done"
    (start,) = scene.play.script.starts
    assert (start.session_id, [one.text for one in start.prompts]) == ("fizz-1", ["修登录"])
    assert scene.play.one("SELECT active_session FROM user WHERE user_id = 'ou_ada'") == "fizz-1"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"directory": "../.."}, "outside"),
        ({"directory": "nowhere"}, "no directory"),
        ({"directory": "api", "backend": "codex"}, "no agent called codex"),
        ({"directory": "api", "backend": "assistant"}, "no agent called assistant"),
        ({"directory": 7}, "Expected `str`, got `int`"),
        ({}, "missing required field `directory`"),
        ({"directory": "api", "force": True}, "unknown field `force`"),
        ("{", "not valid JSON"),
        ("[]", "Expected `object`, got `array`"),
        ("[" * 100_000, "Nothing was done"),
        ('{"directory": ' + "[" * 100_000 + "]" * 100_000 + "}", "Nothing was done"),
        ('{"directory": "\\ud800"}', "not valid JSON"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(scene: Any, arguments: Any, why: str) -> None:
    words = "begin in ../.. or nowhere or api"
    await scene.ask(words, [call("create_session", arguments)], say("Sorry."))
    assert why in results(scene)[0]
    assert scene.play.one("SELECT count(*) FROM session") == 1


async def test_an_unknown_tool_is_told_to_the_model(scene: Any) -> None:
    await scene.ask("hello?", [call("launch_rocket", {"to": "moon"})], say("I cannot."))
    assert "There is no tool 'launch_rocket'" in results(scene)[0]
    assert "list_sessions" in results(scene)[0]


async def test_several_calls_at_once_are_made_in_order(scene: Any) -> None:
    await scene.ask(
        "hello?", [call("list_sessions"), call("nonsense", id=""), call("list_sessions", id="call_0")], say("Done.")
    )
    assert [one[:8] for one in results(scene)] == ["There is", "There is", "There is"]
    sent = scene.api.requests[-1].messages
    ids = [one["id"] for message in sent for one in message.get("tool_calls", [])]
    assert len(set(ids)) == 3
    assert [one["tool_call_id"] for one in sent if one["role"] == "tool"] == ids


async def test_the_same_call_over_and_over_comes_to_an_end(stage: Any) -> None:
    async with stage(assistant={"max_steps": 6}) as scene:
        scene.api.usual = [call("list_sessions")]
        turn = await scene.ask("hello?")
        assert turn["status"] == "failed"
        assert "6 times" in turn["error"]
        assert results(scene).count("There is no open session.") == 2
        assert "very call before" in results(scene)[2]


async def test_a_thousand_calls_come_to_an_end(stage: Any) -> None:
    async with stage(assistant={"max_steps": 900, "max_calls": 5}) as scene:
        scene.api.usual = [call("show_session", {"session": f"no-{number}"}) for number in range(40)]
        turn = await scene.ask("hello?")
        assert "used tools 5 times" in turn["error"]


async def test_tokens_come_to_an_end(stage: Any) -> None:
    async with stage(assistant={"max_tokens": 1000}) as scene:
        used = {"usage": {"prompt_tokens": 900, "completion_tokens": 200}}
        turn = await scene.ask("hello?", [call("list_sessions"), used], say("Never said."))
        assert "1,000 tokens" in turn["error"]
        assert len(scene.api.requests) == 1


async def test_time_comes_to_an_end(stage: Any, slow: "Slow") -> None:
    async with stage(assistant={"max_seconds": 5}) as scene:
        give(scene, slow, seconds=0.3)
        turn = await scene.ask("hello?", [call("slow", {"what": "a"})])
        assert "did not finish within" in turn["error"]
        assert scene.calls() == [("slow", "unknown")]
        await scene.ask("and now?", say("I do not know whether it was done."))
        assert "done in part" in results(scene)[0]


# With tools of the test's own


class What(Arguments, frozen=True, kw_only=True):
    what: str


class Slow:
    """A tool that does what the test says, when it says so."""

    name = "slow"
    description = "Take one's time."
    arguments = What
    changes = True
    within = timedelta(seconds=5)

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ended: list[str] = []
        self.gate = asyncio.Event()
        self.result: Result | Exception = Result(text="done")
        self.asks: Question | None = None

    async def question(self, call: Call, arguments: What) -> Question | None:
        return self.asks

    async def run(self, call: Call, arguments: What) -> Result:
        self.began.append(arguments.what)
        try:
            await self.gate.wait()
        finally:
            self.ended.append(arguments.what)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def slow() -> Slow:
    return Slow()


def give(scene: Any, tool: Slow, *, seconds: float = 60) -> None:
    """Let the assistant of this life have the tool, and so many seconds for a message."""
    backend = scene.play.core.backends["assistant"]
    assert isinstance(backend, AssistantBackend)
    kit = backend._kit
    tools = {**kit.tools, tool.name: tool}
    backend._kit = replace(kit, tools=tools, limits=replace(kit.limits, seconds=seconds))


async def test_a_tool_in_the_middle_is_stopped_at_once(scene: Any, slow: Slow) -> None:
    give(scene, slow)
    scene.api.will([call("slow", {"what": "a"}), call("slow", {"what": "b"})])
    await scene.play.say("hello?")
    await scene.play.until(lambda: bool(slow.began))
    await scene.play.click(scene.play.button(f"turn:{scene.helper}:1", "stop"))
    assert (await scene.ended())["status"] == "stopped"
    assert (slow.began, slow.ended) == (["a"], ["a"])
    assert scene.calls() == [("slow", "unknown")]
    await scene.ask("what happened?", say("You stopped me."))
    assert ["part" in one for one in results(scene)] == [True, False]


async def test_a_tool_that_takes_too_long_is_ended(scene: Any, slow: Slow) -> None:
    slow.within = timedelta(seconds=0.05)
    give(scene, slow)
    await scene.ask("hello?", [call("slow", {"what": "a"})], say("It took too long."))
    assert "longer than 0.05 s" in results(scene)[0]
    assert slow.ended == ["a"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefusedError("no_such_session", target="x"), "No session “x”"),
        (RuntimeError("the password is 1234"), "failed for a reason of its own"),
        (TimeoutError(), "longer than"),
    ],
)
async def test_a_tool_that_raises_is_told_to_the_model(scene: Any, slow: Slow, error: Exception, words: str) -> None:
    slow.result = error
    slow.gate.set()
    give(scene, slow)
    turn = await scene.ask("hello?", [call("slow", {"what": "a"})], say("It failed."))
    assert turn["status"] == "done"
    assert words in results(scene)[0]
    assert "1234" not in results(scene)[0]


async def test_a_huge_result_is_shortened(scene: Any, slow: Slow) -> None:
    slow.result = Result(text="x" * 3_000_000)
    slow.gate.set()
    give(scene, slow)
    await scene.ask("hello?", [call("slow", {"what": "a"})], say("Much."))
    assert len(results(scene)[0]) < 61_000
    assert "left out" in results(scene)[0]


async def test_files_of_a_tool_are_sent_to_the_chat(scene: Any, slow: Slow) -> None:
    path = scene.play.work / "api" / "plan.txt"
    path.write_text("the plan")
    slow.result = Result(text="here", files=(path,))
    slow.gate.set()
    give(scene, slow)
    await scene.ask("hello?", [call("slow", {"what": "a"})], say("There."))
    await scene.play.until(lambda: any(one.shows.file_name for one in scene.play.channel.posts.values()))
    files = {one.shows.file_name: one.shows.file for one in scene.play.channel.posts.values() if one.shows.file_name}
    assert files == {"plan.txt": b"the plan"}


async def test_a_late_yes_makes_the_very_call_that_was_asked_about(stage: Any, slow: Slow) -> None:
    """The wait was over, or the program had ended: the decision is carried by a new turn and answers the same call once."""
    async with stage(timeouts={"wait": 60}) as scene:
        slow.asks = Question(prompt="Really?", command="do it")
        slow.gate.set()
        give(scene, slow)
        scene.api.will([call("slow", {"what": "a"})])
        await scene.play.say("hello?")
        request_id, _prompt = await scene.request()
        await scene.play.advance(timedelta(seconds=61))
        assert (await scene.ended())["status"] == "stopped"
        assert slow.began == []
        scene.api.will(say("It is done."))
        await scene.tap(request_id, "late", "allow")
        assert (await scene.ended(2))["text"] == "It is done."
        assert slow.began == ["a"]
        assert scene.play.one("SELECT count(*) FROM request WHERE status = 'open'") == 0
