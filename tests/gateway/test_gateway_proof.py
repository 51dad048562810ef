"""Who calls and who answers prove to one another that they know the token, and it is never sent."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from phonework.http import proofs
from phonework.http.proofs import WITHIN_S, Proofs
from phonework.proof import DIGEST, NONCE, PROOF, TIME, Call, digest_of, new_call
from phonework.testing.playbook import Playbook

from .conftest import TOKEN, Program, made, refused
from .test_gateway_hooks import Hooked

PATH = "/v1/hooks/nobody"
BODY = b'{"a": 1}'
JSON = {"Content-Type": "application/json"}
NUMBER = "0123456789abcdef" * 2


@pytest.fixture
def unnamed(program: Program) -> Program:
    """One that shows no token."""
    del program.client.headers["Authorization"]
    return program


def call(path: str = PATH, body: bytes = BODY, *, key: str = "") -> Call:
    return new_call("POST", path, body, key=key)


async def post(program: Program, one: Call, *, path: str = PATH, body: bytes = BODY, **headers: str) -> httpx.Response:
    return await program.client.post(path, content=body, headers={**JSON, **one.headers(TOKEN), **headers})


async def test_a_proof_does_instead_of_the_token_and_is_answered_with_one(unnamed: Program) -> None:
    one = call()
    answer = await post(unnamed, one)

    assert refused(answer) == (404, "not_found")  # it was let in: no agent of that name takes hooks
    assert answer.headers[PROOF] == one.proof_of_answer(TOKEN, 404, answer.content)


async def test_everything_is_opened_by_a_proof(unnamed: Program) -> None:
    body = b'{"cwd": "api", "name": "build"}'
    begun = made(await post(unnamed, call("/v1/sessions", body), path="/v1/sessions", body=body), 201)
    asked = new_call("GET", "/v1/sessions?name=build&limit=3")
    listed = await unnamed.client.get("/v1/sessions?name=build&limit=3", headers=asked.headers(TOKEN))

    assert [one["id"] for one in listed.json()["sessions"]] == [begun.id]
    assert listed.headers[PROOF] == asked.proof_of_answer(TOKEN, 200, listed.content)


GIVEN = call().headers(TOKEN)


@pytest.mark.parametrize(
    "changed",
    [
        call().headers("u" * 43),
        call("/v1/hooks/demo").headers(TOKEN),
        new_call("GET", PATH, BODY).headers(TOKEN),
        call(key="k").headers(TOKEN),
        {**GIVEN, NONCE: NUMBER},
        {**GIVEN, NONCE: "x" * 32},
        {**GIVEN, TIME: str(int(GIVEN[TIME]) + 1)},
        {**GIVEN, TIME: ""},
        {**GIVEN, TIME: "9" * 30},
        {**GIVEN, DIGEST: "0" * 64},
        {**GIVEN, PROOF: ""},
        {**GIVEN, PROOF: "0" * 64},
        {**GIVEN, "Idempotency-Key": "k"},
        {**GIVEN, "Last-Event-ID": "1"},
        {**GIVEN, "Authorization": "Bearer " + "u" * 43},
        [*GIVEN.items(), (NONCE, NUMBER)],
        [*GIVEN.items(), (PROOF, GIVEN[PROOF])],
    ],
)
async def test_any_other_proof_lets_nobody_in_and_is_answered_with_none(unnamed: Program, changed: Any) -> None:
    answer = await unnamed.client.post(PATH, content=BODY, headers=[*dict(JSON).items(), *_items(changed)])

    assert refused(answer) == (401, "bad_token")
    assert PROOF not in answer.headers


def _items(headers: Any) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, dict) else headers


async def test_a_query_is_part_of_what_is_proved(unnamed: Program) -> None:
    for path in ("/v1/sessions?closed=true", "/v1/sessions?", "/v1/sessions/?", "/v1//sessions"):
        answer = await unnamed.client.get(path, headers=new_call("GET", "/v1/sessions?closed=false").headers(TOKEN))
        assert refused(answer) == (401, "bad_token")


async def test_a_proof_is_of_one_body(play: Playbook, unnamed: Program) -> None:
    one = call("/v1/sessions", b'{"cwd": "api"}')
    answer = await post(unnamed, one, path="/v1/sessions", body=b'{"cwd": "web"}')

    assert refused(answer) == (400, "bad_digest")
    assert answer.headers[PROOF] == one.proof_of_answer(TOKEN, 400, answer.content)
    assert play.one("SELECT count(*) FROM session") == 0


async def test_a_call_is_taken_once(play: Playbook, unnamed: Program) -> None:
    one, body = call("/v1/sessions", b'{"cwd": "api"}'), b'{"cwd": "api"}'
    made(await post(unnamed, one, path="/v1/sessions", body=body), 201)
    again = await post(unnamed, one, path="/v1/sessions", body=body)

    assert refused(again) == (401, "replayed")
    assert again.headers[PROOF] == one.proof_of_answer(TOKEN, 401, again.content)
    assert play.one("SELECT count(*) FROM session") == 1


async def test_a_question_of_a_hook_that_comes_twice_is_put_once(unnamed: Program) -> None:
    hooked, path = Hooked(), "/v1/hooks/hooked"
    unnamed.play.core.gateway.hooks._backends["hooked"] = hooked  # type: ignore[index]  # a dict
    one = call(path)
    first = asyncio.create_task(post(unnamed, one, path=path))
    await hooked.called.wait()
    assert refused(await post(unnamed, one, path=path)) == (401, "replayed")
    hooked.answer.set_result({"decision": "allow"})

    assert (await first).json() == {"output": {"decision": "allow"}}
    assert len(hooked.calls) == 1


@pytest.mark.parametrize("off_s", [-WITHIN_S - 1, WITHIN_S + 1, 30])
async def test_a_call_of_another_time_is_refused(unnamed: Program, off_s: float) -> None:
    """30 s: it was made before the server began, which knows nothing of what was taken before."""
    when = str(time.time_ns() - int(off_s * 1e9))
    one = Call("POST", PATH, digest_of(BODY), NUMBER, when)

    assert refused(await post(unnamed, one)) == (401, "stale_proof")


async def test_a_proof_opens_nothing_by_another_name_or_for_a_page(unnamed: Program) -> None:
    assert refused(await post(unnamed, call(), Host="evil.example")) == (403, "bad_host")
    assert refused(await post(unnamed, call(), Origin="null")) == (403, "bad_origin")


async def test_each_of_two_tokens_or_names_is_one_too_many(unnamed: Program) -> None:
    twice = [("Authorization", f"Bearer {TOKEN}")] * 2
    assert refused(await unnamed.client.get("/v1/sessions", headers=twice)) == (401, "bad_token")

    named = [("Authorization", f"Bearer {TOKEN}"), ("Host", "127.0.0.1"), ("Host", "127.0.0.1")]
    assert refused(await unnamed.client.get("/v1/sessions", headers=named)) == (403, "bad_host")


# What is remembered


class Clocks:
    """wall: ns since 1970; elapsed: seconds, of the clock that is never set."""

    def __init__(self) -> None:
        self.wall, self.elapsed = 10**18, 0.0

    def pass_(self, seconds: float) -> None:
        self.wall, self.elapsed = self.wall + int(seconds * 1e9), self.elapsed + seconds

    def made(self) -> Call:
        return Call("GET", "/", digest_of(b""), digest_of(str(self.wall).encode())[:32], str(self.wall))

    def take(self, known: Proofs, one: Call) -> str:
        refusal = known.take(one)
        return refusal.code if refusal else ""


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def known(clocks: Clocks) -> Proofs:
    found = Proofs([TOKEN], now_ns=lambda: clocks.wall, monotonic=lambda: clocks.elapsed)
    clocks.pass_(2 * WITHIN_S)
    return found


def test_a_call_is_known_for_as_long_as_its_time_would_do(clocks: Clocks, known: Proofs) -> None:
    early = Call("GET", "/", digest_of(b""), NUMBER, str(clocks.wall + int(WITHIN_S * 1e9)))
    assert clocks.take(known, early) == ""
    clocks.pass_(2 * WITHIN_S - 1)
    assert clocks.take(known, early) == "replayed"
    clocks.pass_(2)
    assert clocks.take(known, early) == "stale_proof"
    assert len(known._taken) == 0


def test_a_clock_that_is_set_back_keeps_nobody_out(clocks: Clocks, known: Proofs) -> None:
    clocks.wall -= 8 * 3600 * 10**9
    assert clocks.take(known, clocks.made()) == ""


def test_what_is_remembered_is_bounded(clocks: Clocks, known: Proofs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "MOST", 3)
    taken = []
    for _ in range(5):
        clocks.pass_(1)
        taken.append(clocks.take(known, clocks.made()))
    assert taken == ["", "", "", "too_many_calls", "too_many_calls"]
    clocks.pass_(2 * WITHIN_S - 2)
    assert clocks.take(known, clocks.made()) == ""
