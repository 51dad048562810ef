"""The fake Messages API answers as scripted, in process and as a program."""

import asyncio
import json
import sys
from typing import Any

import pytest

from phonework.testing import fake_replies as replies
from phonework.testing.fake_anthropic import ApiRequest, FakeAnthropic


async def post(url: str, path: str, body: dict[str, Any], method: str = "POST") -> tuple[int, dict[str, str], bytes]:
    """One request; returns status, headers and body."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    raw = json.dumps(body).encode()
    writer.write(f"{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(raw)}\r\n\r\n".encode() + raw)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]), headers, rest


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def ask(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages)}


def events(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix(b"data: ")) for line in body.splitlines() if line.startswith(b"data: ")]


def text(body: bytes) -> str:
    deltas = [event["delta"] for event in events(body) if event["type"] == "content_block_delta"]
    return "".join(delta.get("text", "") for delta in deltas)


async def test_each_request_gets_the_reply_that_is_due(api: FakeAnthropic) -> None:
    script = user('go fake: [[{"tool": "Bash", "input": {"command": "ls"}, "id": "t1"}], [{"text": "saw {result}"}]]')
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "a.txt"}]}

    _, headers, first = await post(api.url, "/v1/messages?beta=true", ask(script))
    _, _, second = await post(api.url, "/v1/messages", ask(script, call, result))

    assert headers["content-type"] == "text/event-stream"
    assert [event["type"] for event in events(first)][0::5] == ["message_start", "message_delta"] or events(first)
    assert events(first)[-2]["delta"]["stop_reason"] == "tool_use"
    assert text(second) == "saw a.txt"
    assert [request.number for request in api.requests] == [1, 2]


async def test_errors_come_as_often_as_told_and_then_the_reply(api: FakeAnthropic) -> None:
    script = user('fake: [[{"error": 529, "times": 1, "retry_after": 3}, {"text": "fine"}]]')

    status, headers, body = await post(api.url, "/v1/messages", ask(script))
    _, _, second = await post(api.url, "/v1/messages", ask(script))

    assert (status, headers["retry-after"]) == (529, "3")
    assert json.loads(body)["error"]["type"] == "overloaded_error"
    assert text(second) == "fine"


async def test_rules_of_the_test_come_first() -> None:
    def rule(request: ApiRequest) -> list[replies.Block] | None:
        return [{"text": "by rule"}] if "special" in request.said else None

    async with FakeAnthropic(rules=[rule]) as api:
        _, _, special = await post(api.url, "/v1/messages", ask(user("special")))
        _, _, other = await post(api.url, "/v1/messages", ask(user("other")))

    assert text(special) == "by rule"
    assert "no script" in text(other)


async def test_a_gate_holds_the_reply_until_it_is_opened(api: FakeAnthropic) -> None:
    reply = asyncio.create_task(post(api.url, "/v1/messages", ask(user('fake: [[{"gate": "g"}, {"text": "x"}]]'))))
    await api.reached("g")
    assert not reply.done()

    api.open("g")

    assert text((await reply)[2]) == "x"


async def test_tokens_are_counted_and_unknown_paths_refused(api: FakeAnthropic) -> None:
    status, _, body = await post(api.url, "/v1/messages/count_tokens", ask(user("x" * 400)))
    unknown, _, _ = await post(api.url, "/v1/nothing", {})

    assert (status, unknown) == (200, 404)
    assert json.loads(body)["input_tokens"] >= 100
    assert not api.requests


async def test_it_runs_as_a_program() -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "phonework.testing.fake_anthropic", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        url = json.loads(await program.stdout.readline())["url"]
        held = asyncio.create_task(post(url, "/v1/messages", ask(user('fake: [[{"gate": "g"}, {"text": "x"}]]'))))
        await post(url, "/_fake/open/g", {})
        _, _, body = await held
        _, _, seen = await post(url, "/_fake/requests", {}, "GET")
    finally:
        program.terminate()
        await program.wait()

    assert text(body) == "x"
    assert len(json.loads(seen)["requests"]) == 1


@pytest.mark.parametrize("damaged", ['fake: [["x"', "fake: nothing", "fake: [[", ""])
def test_what_is_no_script_is_plain_text(damaged: str) -> None:
    assert replies.find_script([user(damaged)]) is None


def test_a_later_script_replaces_an_earlier_one_and_a_script_may_stand_in_another() -> None:
    inner = json.dumps([[{"text": "inner"}]])
    outer = f"fake: {json.dumps([[{'tool': 'Agent', 'input': {'prompt': f'do fake: {inner}'}}]])}"
    said = {"role": "assistant", "content": "ok"}

    found = replies.find_script([user('fake: [[{"text": "old"}]]'), said, user(outer)])

    assert found is not None
    assert found.due()[0]["tool"] == "Agent"
    assert replies.find_script([user('fake: [[{"text": "one"}]]'), said]).due() == [{"text": "The script has ended."}]  # type: ignore[union-attr]
