"""The real `openai` package against a server that behaves as real ones do, and worse."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.assistant.client import OpenAIModel, wire
from phonework.assistant.gathering import MAX_CHARACTERS, Gathered
from phonework.assistant.model import Message, ModelError, Offer, Role, ToolCall, Trouble, Watch
from phonework.testing.fake_openai import FakeOpenAI, Reply, call, fail, say

HELLO = (Message(role=Role.USER, text="hello"),)
OFFERS = (Offer(name="add", description="Add.", parameters={"type": "object", "properties": {}}),)
KEY = "sk-secret-of-the-tests"
DEEP = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"


@dataclass
class Seen:
    texts: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def watch(self) -> Watch:
        return Watch(text=lambda read: self.texts.append(read()), again=lambda error, pause: None)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@asynccontextmanager
async def asking(
    *replies: Reply, silence: float = 20, retries: int = 2
) -> AsyncIterator[tuple[FakeOpenAI, OpenAIModel, Seen]]:
    seen = Seen()
    async with FakeOpenAI() as api:
        api.will(*replies)
        model = OpenAIModel(
            base_url=api.base_url,
            api_key=KEY,
            model="glm-4.6",
            timeout=timedelta(seconds=silence),
            retries=retries,
            pause=seen.pause,
        )
        yield api, model, seen
        await model.aclose()


async def test_words_come_as_they_are_spoken() -> None:
    async with asking(say("Good morning, Ada.")) as (api, model, seen):
        reply = await model.ask("Be brief.", HELLO, OFFERS, seen.watch)
    assert (reply.text, reply.finish, reply.usage.output_tokens) == ("Good morning, Ada.", "stop", 10)
    assert len(seen.texts) > 1
    assert all(later.startswith(earlier) for earlier, later in zip(seen.texts, seen.texts[1:], strict=False))
    (asked,) = api.requests
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    assert "strict" not in json.dumps(asked.body)
    assert "parallel_tool_calls" not in asked.body


@pytest.mark.parametrize(
    ("block", "arguments"),
    [
        (call("add", {"left": 1, "right": 2}), {"left": 1, "right": 2}),
        (call("add", {"left": 1}, index=None), {"left": 1}),
        (call("add", {"left": 1}, id=""), {"left": 1}),
        (call("add", {"left": 1}, at_once=True), {"left": 1}),  # an object where a string belongs
        (call("add", ""), {}),
        ({"delta": {"tool_calls": [{"function": {"name": "add"}}]}}, {}),
        ({"delta": {"tool_calls": [{"id": None, "function": {"name": "add", "arguments": None}}]}}, {}),
        ({"delta": {"function_call": {"name": "add", "arguments": '{"left": 1}'}}}, {"left": 1}),
        (call("add", {"left": 1}, whole=True), {"left": 1}),
    ],
)
async def test_a_call_is_put_together_however_it_comes(block: dict[str, Any], arguments: dict[str, int]) -> None:
    async with asking([block]) as (_api, model, seen):
        reply = await model.ask("", HELLO, OFFERS, seen.watch)
    (found,) = reply.calls
    assert (found.name, json.loads(found.arguments)) == ("add", arguments)


@pytest.mark.parametrize("index", [0, None])
async def test_calls_that_a_server_does_not_number_are_kept_apart(index: int | None) -> None:
    blocks = [call("add", {"left": number}, index=index, id=name) for number, name in enumerate(("a", "b"))]
    async with asking(blocks) as (_api, model, seen):
        reply = await model.ask("", HELLO, OFFERS, seen.watch)
    assert [json.loads(one.arguments) for one in reply.calls] == [{"left": 0}, {"left": 1}]


async def test_whole_calls_without_ids_or_numbers_are_kept_apart() -> None:
    pieces = [{"function": {"name": "add", "arguments": {"left": number}}} for number in range(3)]
    async with asking([{"delta": {"tool_calls": pieces}}]) as (_api, model, seen):
        reply = await model.ask("", HELLO, OFFERS, seen.watch)
    assert [json.loads(one.arguments)["left"] for one in reply.calls] == [0, 1, 2]


async def test_a_server_that_does_not_stream_is_understood() -> None:
    async with asking([*say("All at once."), {"whole": True}]) as (_api, model, seen):
        assert (await model.ask("", HELLO, (), seen.watch)).text == "All at once."


async def test_thoughts_are_kept_apart_from_words() -> None:
    async with asking(
        [{"reasoning": "She greets me."}, {"text": "Hi."}], say("<think>She greets me.</think>\n\nHi.")
    ) as (_api, model, seen):
        told = await model.ask("", HELLO, (), seen.watch)
        marked = await model.ask("", HELLO, (), seen.watch)
    assert (told.text, told.reasoning) == ("Hi.", "She greets me.")
    assert (marked.text, marked.reasoning) == ("Hi.", None)
    assert not any("greets" in text for text in seen.texts)


async def test_a_call_written_as_text_is_just_text() -> None:
    words = '<tool_call>{"name": "add", "arguments": {}}</tool_call>'
    async with asking(say(words)) as (_api, model, seen):
        reply = await model.ask("", HELLO, OFFERS, seen.watch)
    assert (reply.text, reply.calls) == (words, ())


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (None, (0, 0, 0)),
        ({"prompt_tokens": "many", "completion_tokens": -1}, (0, 0, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4}, (5, 2, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}, (5, 2, 4)),
    ],
)
async def test_usage_is_believed_as_far_as_it_makes_sense(usage: Any, counted: tuple[int, int, int]) -> None:
    async with asking(say("Hi.", usage=usage)) as (_api, model, seen):
        used = (await model.ask("", HELLO, (), seen.watch)).usage
    assert (used.input_tokens, used.output_tokens, used.cache_read_tokens) == counted


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (fail(401, "bad key"), Trouble.UNAUTHORISED),
        (fail(403, "not for you"), Trouble.UNAUTHORISED),
        (fail(402, "Insufficient Balance"), Trouble.NO_CREDIT),
        (fail(429, "您的账户余额不足", code="1113"), Trouble.NO_CREDIT),
        (fail(429, "You exceeded your current quota", code="insufficient_quota"), Trouble.NO_CREDIT),
        (fail(404, 'model "glm-4.6" not found, try pulling it first'), Trouble.NO_MODEL),
        (fail(400, "Model Not Exist"), Trouble.NO_MODEL),
        (fail(400, "registry.ollama.ai/library/gemma:2b does not support tools"), Trouble.NO_TOOLS),
        (fail(400, "This model's maximum context length is 8192 tokens."), Trouble.TOO_LONG),
        (fail(400, "Prompt 超长", code="context_length_exceeded"), Trouble.TOO_LONG),
        (fail(400, "输入内容长度超过上限", code="1261"), Trouble.TOO_LONG),
        (fail(413, "too large"), Trouble.TOO_LONG),
        (fail(422, "I do not like it"), Trouble.REFUSED),
        (fail(405, page=True), Trouble.NOT_AN_API),
        ([{"body": b"<html>Log in</html>"}], Trouble.NOT_AN_API),
        ([{"body": b'{"error": "no"}', "type": "application/json"}], Trouble.REFUSED),
        (say("", finish="sensitive"), Trouble.CENSORED),
        (say("", finish="content_filter"), Trouble.CENSORED),
        ([{"endless": "la" * 5000}], Trouble.ENDLESS),
        ([{"delta": {"tool_calls": [{"index": n, "function": {"name": "add"}} for n in range(99)]}}], Trouble.ENDLESS),
    ],
)
async def test_what_will_not_pass_is_said_at_once(reply: Reply, trouble: Trouble) -> None:
    async with asking(reply) as (api, model, seen):
        with pytest.raises(ModelError) as raised:
            await model.ask("", HELLO, OFFERS, seen.watch)
    assert raised.value.trouble is trouble
    assert len(api.requests) == 1
    assert model.tally.facts()["last_error"] == trouble.value


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (fail(500, "oh"), Trouble.DOWN),
        (fail(502, page=True), Trouble.DOWN),
        (fail(429, "slow down"), Trouble.BUSY),
        ([{"stream_error": "the GPU is on fire"}], Trouble.DOWN),
        ([{"text": "Hel"}, {"disconnect": True}], Trouble.UNREACHABLE),
        ([{"raw": "data: {nonsense\n\n"}], Trouble.GARBAGE),
        ([{"raw": b"data: \xff\xfe\n\n"}], Trouble.GARBAGE),
        ([{"body": b"nonsense", "type": "application/json"}], Trouble.GARBAGE),
        ([{"raw": f"data: {DEEP}\n\n"}], Trouble.GARBAGE),
        ([{"body": DEEP.encode(), "type": "application/json"}], Trouble.GARBAGE),
        ([{"text": ""}], Trouble.EMPTY),
        ([{"reasoning": "Hm."}], Trouble.EMPTY),
        ([{"raw": 'data: [1, "two", null]\n\ndata: {"choices": null}\n\ndata: {"choices": [7]}\n\n'}], Trouble.EMPTY),
        ([{"text": ""}, {"finish": "network_error"}], Trouble.DOWN),
    ],
)
async def test_what_may_pass_is_tried_again(reply: Reply, trouble: Trouble) -> None:
    async with asking(reply, reply, say("Here I am.")) as (api, model, seen):
        assert (await model.ask("", HELLO, (), seen.watch)).text == "Here I am."
        assert model.tally.errors == {trouble: 2}
    assert len(api.requests) == 3
    assert seen.pauses == [1, 2]


async def test_retries_come_to_an_end() -> None:
    async with asking(*[fail(503)] * 5) as (api, model, seen):
        with pytest.raises(ModelError):
            await model.ask("", HELLO, (), seen.watch)
    assert len(api.requests) == 3


@pytest.mark.parametrize(("asked_for", "pauses"), [(5, [5.0]), (3600, [])])
async def test_the_server_says_when_to_come_again_but_not_for_ever(asked_for: int, pauses: list[float]) -> None:
    async with asking(fail(429, retry_after=asked_for), say("Now.")) as (_api, model, seen):
        if pauses:
            await model.ask("", HELLO, (), seen.watch)
        else:
            with pytest.raises(ModelError) as raised:
                await model.ask("", HELLO, (), seen.watch)
            assert raised.value.retry_after == timedelta(hours=1)
    assert seen.pauses == pauses


async def test_silence_has_an_end() -> None:
    async with asking([{"hang": True}], silence=0.2, retries=0) as (_api, model, seen):
        with pytest.raises(ModelError) as raised:
            await model.ask("", HELLO, (), seen.watch)
    assert raised.value.trouble is Trouble.SLOW


async def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    async with asking() as (api, model, seen):
        await api.stop()
        with pytest.raises(ModelError) as raised:
            await model.ask("", HELLO, (), seen.watch)
    assert raised.value.trouble is Trouble.UNREACHABLE


async def test_no_error_names_the_key() -> None:
    async with asking(fail(401, f"the key {KEY} is wrong")) as (_api, model, seen):
        with pytest.raises(ModelError) as raised:
            await model.ask("", HELLO, (), seen.watch)
    assert "is wrong" in raised.value.detail
    assert KEY not in str(raised.value)


def test_the_package_is_imported_only_when_a_model_is_asked() -> None:
    """It takes a second, and who has no assistant need not wait for it."""
    code = "import sys, phonework.core, phonework.app; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_arguments_that_are_no_object_are_not_sent_back() -> None:
    """Servers refuse a whole conversation for one of them."""
    texts = ("{", "[]", "null", DEEP, '{"left": 1}')
    calls = tuple(ToolCall(call_id="c", name="add", arguments=text) for text in texts)
    sent = wire(Message(role=Role.ASSISTANT, calls=calls, reasoning=""))
    assert [one["function"]["arguments"] for one in sent["tool_calls"]] == ["{}", "{}", "{}", "{}", '{"left": 1}']
    assert sent["reasoning_content"] == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "index",
                    "text",
                    "usage",
                    "prompt_tokens",
                    "finish_reason",
                    "reasoning_content",
                    "function_call",
                    "prompt_tokens_details",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
SPOKEN = st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"delta": JSON}), max_size=2)})


@given(st.lists(JSON | SPOKEN, max_size=6))
def test_gathering_is_total(chunks: list[Any]) -> None:
    gathered = Gathered()
    for chunk in chunks:
        gathered.add(chunk)
    reply = gathered.reply()
    assert len(reply.text) <= MAX_CHARACTERS
    assert all(isinstance(one.arguments, str) for one in reply.calls)
    assert min(reply.usage.input_tokens, reply.usage.output_tokens) >= 0
