"""Who is let in, and what is done with requests that make no sense: nothing, in words."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phonework.fsm.types import Verdict
from phonework.gateway import calls
from phonework.gateway.operations import OPERATIONS
from phonework.http.gate import Hosts
from phonework.testing.playbook import ADA, Playbook

from .conftest import TOKEN, Program, app_of, program_of, refused


@pytest.mark.parametrize(
    ("host", "listens", "admitted"),
    [
        ("127.0.0.1:8420", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("LOCALHOST:1", "127.0.0.1", True),
        ("[::1]:8420", "127.0.0.1", True),
        ("127.0.0.2", "127.0.0.1", True),
        ("host.docker.internal:8420", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example:8420", "127.0.0.1", False),
        ("192.168.1.5", "127.0.0.1", False),
        ("192.168.1.5", "192.168.1.5", True),
        ("192.168.1.5:8420", "0.0.0.0", True),
        ("[fe80::1]:8420", "::", True),
        ("evil.example", "0.0.0.0", False),
        ("desk.home", "desk.home", True),
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
        ("a:b:c", "0.0.0.0", False),
    ],
)
def test_it_is_asked_for_by_its_own_names(host: str, listens: str, admitted: bool) -> None:
    assert Hosts(listens).admit(host) is admitted


@given(st.text(max_size=40), st.sampled_from(["127.0.0.1", "0.0.0.0", "::"]))
def test_no_name_is_too_odd_to_be_judged(host: str, listens: str) -> None:
    Hosts(listens).admit(host)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"Host": "evil.example"}, (403, "bad_host")),
        ({"Origin": "http://127.0.0.1:8420"}, (403, "bad_origin")),
        ({"Origin": "null"}, (403, "bad_origin")),
        ({"Authorization": "Bearer " + "u" * 43}, (401, "bad_token")),
        ({"Authorization": "Bearer"}, (401, "bad_token")),
        ({"Content-Type": "text/plain"}, (415, "not_json")),
        ({"Content-Type": "application/x-www-form-urlencoded"}, (415, "not_json")),
        ({"Content-Length": "9" * 30}, (413, "too_large")),
        ({"Content-Length": str(calls.LARGEST + 1)}, (413, "too_large")),
        ({"Idempotency-Key": "x" * 201}, (400, "bad_key")),
        ({"Idempotency-Key": "a b"}, (400, "bad_key")),
        ({"Idempotency-Key": ""}, (400, "bad_key")),
    ],
)
async def test_nothing_is_done_for_who_may_not(
    play: Playbook, program: Program, headers: dict[str, str], found: tuple[int, str]
) -> None:
    sent = {"Content-Type": "application/json", **headers}
    answer = await program.client.post("/v1/sessions", content=b'{"cwd": "api"}', headers=sent)

    assert refused(answer) == found
    assert play.one("SELECT count(*) FROM session") == 0


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("DELETE", "/v1/sessions"), ("PUT", "/v1/events"), ("POST", "/v1/sessions/a/b/c")])  # fmt: skip
async def test_what_is_not_there_is_refused_in_the_same_shape(program: Program, method: str, path: str) -> None:
    assert refused(await program.client.request(method, path)) in [(404, "no_such_path"), (405, "bad_method")]


async def test_a_body_that_grows_too_large_on_the_way_is_refused(play: Playbook, program: Program) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"cwd": "'
        for _ in range(40):
            yield b"a" * 64 * 1024

    answer = await program.client.post(
        "/v1/sessions", content=endless(), headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    )
    assert refused(answer) == (413, "too_large")
    assert play.one("SELECT count(*) FROM session") == 0


async def test_a_body_that_never_comes_is_not_waited_for(play: Playbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "READ_WITHIN_S", 0.01)
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/sessions",
        "raw_path": b"/v1/sessions",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {TOKEN}".encode()),
            (b"content-type", b"application/json"),
        ],
    }

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(app_of(play)(scope, receive, send), 30)
    assert sent[0]["status"] == 408


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"\xff", b'{"cwd": "\\ud800"}', b'{"cwd": "\xff"}', b"[" * 100_000, b'{"cwd": 1}'),
        *(b'{"cwd": "api"} x', b'{"cwd": "api", "cwd": []}', b'{"a": ' * 50_000),
    ],
)
async def test_a_body_that_is_no_sense_does_nothing(play: Playbook, program: Program, content: bytes) -> None:
    answer = await program.client.post("/v1/sessions", content=content, headers={"Content-Type": "application/json"})

    assert refused(answer)[0] == 400
    assert play.one("SELECT count(*) FROM session") == 0


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
WORDS = st.sampled_from(["api", "api", "build", "..", "/", "yes", "\x00", "a\n", "1" * 300, "\u202e", ""]) | st.text(
    max_size=20
)
NEARLY = {
    "create": {"cwd": WORDS, "name": WORDS, "text": WORDS, "backend": st.sampled_from(["", "demo", "shell"]), "idle": st.floats(-1, 1e9)},
    "prompts": {"text": WORDS, "how": st.sampled_from(["queue", "interrupt", "steer", "now"])},
    "answer": {"verdict": st.sampled_from([*Verdict, "yes"]), "request_id": WORDS, "agent": WORDS, "text": WORDS, "picks": st.lists(st.lists(WORDS, max_size=2), max_size=2)},
    "rename": {"name": WORDS},
    "cleanup": {"older_than_hours": st.floats(-1, 1e6)},
}  # fmt: skip
"""Bodies that could be meant, by the end of the path: of them most are refused for what they say and not for how."""
PATHS = [(one.method, one.path) for one in OPERATIONS] + [("POST", "/v1/hooks/{session}"), ("GET", "/v1/events")]
NAMES = st.sampled_from(["build", "build", "build", "nobody", "..", "%00", "%ff", "%F0%9F%98%80", "a" * 3000, "1"])
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "n", "state", "cursor", "name", "x"]), st.sampled_from(["", "build", "%", "1", "\x00"])
)
COUNTS = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM session), (SELECT count(*) FROM prompt)"
NOTED = {"session_closed", "nothing_running", "nothing_to_retry", "already_stopping", "queue_full"}
"""What is refused because of how the session is: the history says so, and nothing else."""


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, str, object]:
    """A method, a path, and a body that is sometimes what is wanted there."""
    method, path = draw(st.sampled_from(PATHS))
    nearly = NEARLY.get("create" if path == "/v1/sessions" else path.rpartition("/")[2], {})
    body = draw(st.fixed_dictionaries(nearly) | st.fixed_dictionaries({}, optional=nearly) | JSON)
    return method, path.replace("{session}", draw(NAMES)), body


def _sane(value: object) -> object:
    """Half of a letter has no UTF-8; the tests of single bodies send it in another way."""
    return json.loads(json.dumps(value).encode("utf-8", "replace"))


def test_whatever_is_sent_nothing_breaks_and_a_refusal_commits_nothing(tmp_path: Path) -> None:
    """One engine for all of it; what a refused request left behind would be seen by the next."""
    loop, found = asyncio.new_event_loop(), Counter[int]()
    opened = Playbook.opened(tmp_path, allow=[ADA])
    play = loop.run_until_complete(opened.__aenter__())
    entered = program_of(play)
    program = loop.run_until_complete(entered.__aenter__())

    async def ask(method: str, path: str, body: object, query: dict[str, str], key: str) -> None:
        if not play.rows("SELECT 1 FROM session WHERE name = 'build' AND state != 'closed'"):
            session_id = await program.at_work(name="build")
            await play.started(session_id)
            await play.asks(session_id)
        before = play.rows(COUNTS)
        headers = {"Idempotency-Key": key} if key else {}
        given: dict[str, Any] = {"json": _sane(body)} if method == "POST" else {}
        if path.endswith("/events"):
            query = {**query, "session": "nobody"}  # who is let in is held
        answer = await program.client.request(method, path, params=query, headers=headers, **given)
        await play.settled()
        assert answer.status_code < 500, answer.text
        found[answer.status_code] += 1
        if answer.status_code >= 400 and refused(answer)[1] not in NOTED:
            assert play.rows(COUNTS) == before

    @settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(asked(), st.just({}) | QUERIES, st.sampled_from(["", "", "k", "~" * 200]))
    @example(("GET", "/v1/sessions", {}), {}, "")
    @example(("GET", "/v1/sessions/nobody", {}), {}, "")
    @example(("POST", "/v1/sessions", {"cwd": "api"}), {}, "")
    @example(("POST", "/v1/sessions", {"cwd": "api", "backend": "shell"}), {}, "")
    @example(("POST", "/v1/sessions", []), {}, "")
    @example(("POST", "/v1/sessions/build/prompts", {"text": "yes"}), {}, "")
    @example(("POST", "/v1/sessions", {"cwd": "api", "name": "build"}), {}, "")
    def anything(what: tuple[str, str, object], query: dict[str, str], key: str) -> None:
        with contextlib.suppress(httpx.InvalidURL):
            loop.run_until_complete(ask(*what, query, key))

    try:
        anything()
    finally:
        loop.run_until_complete(entered.__aexit__(None, None, None))
        loop.run_until_complete(opened.__aexit__(None, None, None))
        loop.close()
    assert {200, 201, 202, 400, 404, 409, 422} <= set(found), found
