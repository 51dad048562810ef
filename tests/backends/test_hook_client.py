"""The program agents run as their hook: it brings an answer, and in every other case says nothing and does no harm."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from phonework.backends import hook_client
from phonework.proof import DIGEST, NONCE, PROOF, TIME, Call, digest_of

CALL = b'{"hook_event_name": "PermissionRequest", "session_id": "x"}'
ALLOW = {"hookSpecificOutput": {"decision": {"behavior": "allow"}}}


async def run(
    gateway: Path, *flags: str, given: bytes = CALL, env: dict[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-I", "-S", hook_client.__file__, str(gateway), "demo", *flags],
        env=env or {},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(given), 20)
    return process.returncode or 0, out, err


def http(body: bytes, status: bytes = b"200 OK", size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, length, body)


def header(head: bytes, name: str) -> str:
    return head.split(f"\r\n{name}: ".encode())[1].split(b"\r\n")[0].decode()


def call_of(head: bytes) -> Call:
    method, path, _ = head.decode().split(" ", 2)
    return Call(method, path, header(head, DIGEST), header(head, NONCE), header(head, TIME))


def proved(answer: bytes, head: bytes, token: str) -> bytes:
    """The answer as a server that knows the token gives it."""
    start, found, body = answer.partition(b"\r\n\r\n")
    proof = call_of(head).proof_of_answer(token, 200, body)
    return b"%s\r\n%s: %s%s%s" % (start, PROOF.encode(), proof.encode(), found, body) if found else answer


@asynccontextmanager
async def answering(answer: bytes, heard: list[bytes] | None = None, *, knows: str = "t0k") -> AsyncIterator[str]:
    """A server that gives this to whoever tells it something. knows: the token it proves to know; empty: it proves nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        asked = head.startswith(b"GET /v1/openapi.json ")
        if heard is not None and not (asked and knows == "t0k"):
            heard.append(head + body)
        given = http(b"{}") if asked else answer
        writer.write(proved(given, head, knows) if knows else given)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def gateway(directory: Path, url: str, token: str = "t0k") -> Path:
    path = directory / "gateway.json"
    path.write_text(json.dumps({"url": url, "token": token}))
    return path


async def test_it_tells_and_prints_the_answer(tmp_path: Path) -> None:
    heard: list[bytes] = []
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard) as url:
        env = {"CLAUDE_PID": "12", "SECRET": "no"}
        code, out, err = await run(gateway(tmp_path, url), "--hold", "CLAUDE_PID", "TMUX", env=env)

    assert (code, json.loads(out), err) == (0, ALLOW, b"")
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/hooks/demo HTTP/1.1\r\n")
    assert b"t0k" not in heard[0]
    assert (header(head, PROOF), header(head, DIGEST)) == (call_of(head).proof("t0k"), digest_of(body))
    told = json.loads(body)
    own_name = told.pop("hook")
    assert told == {**json.loads(CALL), "environment": {"CLAUDE_PID": "12"}}
    printed = json.loads(heard[1].partition(b"\r\n\r\n")[2])
    assert (printed["hook_event_name"], printed["hook"]) == (hook_client.PRINTED, own_name)
    assert len(heard) == 2


async def test_what_is_not_held_is_not_said_to_be_printed(tmp_path: Path) -> None:
    heard: list[bytes] = []
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard) as url:
        assert json.loads((await run(gateway(tmp_path, url)))[1]) == ALLOW
    assert len(heard) == 1


@pytest.mark.parametrize("knows", ["", "another"])
async def test_who_listens_where_the_server_was_decides_nothing_and_learns_nothing(tmp_path: Path, knows: str) -> None:
    heard: list[bytes] = []
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard, knows=knows) as url:
        assert await run(gateway(tmp_path, url), "--hold") == (0, b"", b"")

    (asked,) = heard
    assert asked.startswith(b"GET /v1/openapi.json ")
    assert asked.endswith(b"\r\n\r\n")
    assert b"t0k" not in asked


async def test_an_answer_to_another_call_is_none(tmp_path: Path) -> None:
    answer = http(json.dumps({"output": ALLOW}).encode())
    earlier = b"".join(
        b"\r\n%s: %s\r\n" % (name.encode(), b"0" * size) for name, size in ((NONCE, 32), (DIGEST, 64), (TIME, 19))
    )
    async with answering(proved(answer, earlier, "t0k"), knows="") as url:
        assert await run(gateway(tmp_path, url), "--hold") == (0, b"", b"")


@pytest.mark.parametrize("scheme", ["https", "ftp", "HTTP", ""])
async def test_it_speaks_http_alone(tmp_path: Path, scheme: str) -> None:
    heard: list[bytes] = []
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard) as url:
        assert await run(gateway(tmp_path, url.replace("http", scheme, 1))) == (0, b"", b"")
    assert heard == []


@pytest.mark.parametrize("token", ["", "t0k\r\nX: y", "t0k\n", "t 0k", "t0k\x7f", "t\u00f6k"])
async def test_what_is_no_token_is_not_used(tmp_path: Path, token: str) -> None:
    heard: list[bytes] = []
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard, knows=token) as url:
        assert await run(gateway(tmp_path, url, token)) == (0, b"", b"")
    assert heard == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        http(b"{}"),
        http(b"not json"),
        http(b'{"output": null}'),
        http(b'{"output": "allow"}'),
        http(b'{"output": [1]}'),
        http(json.dumps({"output": ALLOW}).encode(), b"401 Unauthorized"),
        http(json.dumps({"output": ALLOW}).encode(), b"500 Oops"),
        http(json.dumps({"output": ALLOW}).encode(), size=1000),
        http(b'{"output": {"x": "' + b"y" * (1 << 20) + b'"}}'),
    ],
)
async def test_any_other_answer_is_none(tmp_path: Path, answer: bytes) -> None:
    async with answering(answer) as url:
        assert await run(gateway(tmp_path, url), "--hold") == (0, b"", b"")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{}",
        "[]",
        '{"token": "t0k"}',
        '{"url": 1, "token": "t"}',
        '{"url": "http://127.0.0.1:1", "token": "a\\r\\nX: y"}',
    ],
)
async def test_without_a_server_it_says_nothing(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "gateway.json"
    if content is not None:
        path.write_text(content)
    assert await run(path) == (0, b"", b"")
    assert await run(gateway(tmp_path, "http://127.0.0.1:1")) == (0, b"", b"")


@pytest.mark.parametrize("token", ["t0k\n", '{"url": "http://127.0.0.1:1", "token": "t0k"}'])
async def test_in_a_container_the_environment_says_where_the_server_is(tmp_path: Path, token: str) -> None:
    heard: list[bytes] = []
    (tmp_path / "token").write_text(token)
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard) as url:
        by_value = {"PHONEWORK_GATEWAY_URL": f"{url}/", "PHONEWORK_GATEWAY_TOKEN": "t0k"}
        by_file = {"PHONEWORK_GATEWAY_URL": url, "PHONEWORK_GATEWAY_TOKEN_FILE": str(tmp_path / "token")}
        for env in (by_value, by_file):
            code, out, err = await run(tmp_path / "gateway.json", "--hold", env=env)
            assert (code, json.loads(out), err) == (0, ALLOW, b"")
        assert not any(b"t0k" in one for one in heard)

        # Where there is a file, no variable sends its questions somewhere else.
        assert await run(gateway(tmp_path, "http://127.0.0.1:1"), "--hold", env=by_value) == (0, b"", b"")
    assert [hook_client.PRINTED.encode() in one for one in heard] == [False, True] * 2


@pytest.mark.parametrize("given", [b"", b"[]", b"nonsense", b'{"a": "' + b"x" * (2 << 20) + b'"}'])
async def test_what_is_no_report_is_not_sent(tmp_path: Path, given: bytes) -> None:
    heard: list[bytes] = []
    async with answering(http(json.dumps({"output": ALLOW}).encode()), heard) as url:
        assert await run(gateway(tmp_path, url), given=given) == (0, b"", b"")
    assert heard == []


async def test_agents_of_the_server_are_left_alone_but_for_their_own_hooks(tmp_path: Path) -> None:
    env = {"AGENT_OF_PHONEWORK": "data:fizz-top"}
    async with answering(http(json.dumps({"output": ALLOW}).encode())) as url:
        assert await run(gateway(tmp_path, url), env=env) == (0, b"", b"")
        assert (await run(gateway(tmp_path, url), "--own", env=env))[1]


async def test_a_server_that_dies_while_it_is_asked_is_no_answer(tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.set()
        await reader.read(100)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        path = gateway(tmp_path, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert await run(path, "--hold") == (0, b"", b"")
        assert reached.is_set()


async def test_a_server_that_hangs_holds_up_only_what_is_asked(tmp_path: Path) -> None:
    hold = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        path = gateway(tmp_path, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert await run(path) == (0, b"", b"")  # after its three seconds
        hold.set()
        await asyncio.sleep(0)
