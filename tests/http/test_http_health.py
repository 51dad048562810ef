"""GET /health, and nothing else without the token (O4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from phonework import __version__
from phonework.channels.base import ChannelHealth
from phonework.config.program import ServerSettings
from phonework.errors import BackendError, PhoneWorkError
from phonework.http.app import build
from phonework.http.health import HealthParts
from phonework.http.serving import serving
from phonework.link.health import NodeHealth, Part

SEEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WELL = ChannelHealth(connected=True, last_event_at=SEEN, reconnects=2)
KEPT = Part(ok=True, facts={"version": 1})
AUDITED = Part(ok=True, facts={"failures": 0})
FIELDS = ["status", "feishu", "backends", "assistant", "database", "audit", "queues", "version"]


@dataclass
class Program:
    """A program that is as well as it is told to be."""

    feishu: ChannelHealth = WELL
    backends: dict[str, Part] = field(default_factory=lambda: {"demo": Part(ok=True), "claude": Part(ok=True)})
    database: Part = KEPT
    audit: Part = AUDITED
    queues: dict[str, int] = field(default_factory=lambda: {"effects_owed": 3})
    error: Exception | None = None
    turns: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None

    async def health(self) -> HealthParts:
        if self.error:
            raise self.error
        node = NodeHealth(backends=self.backends, database=self.database, audit=self.audit, queues=self.queues)
        return HealthParts(feishu=self.feishu, node=node)

    async def smoke(self, backend: str) -> str:
        if backend not in self.backends:
            raise KeyError(backend)
        self.turns += 1
        self.begun.set()
        if self.hold:
            await self.hold.wait()
        if not self.backends[backend].ok:
            raise BackendError("not logged in")
        return "4"


@asynccontextmanager
async def asking(program: Program, token: str = "") -> AsyncIterator[httpx.AsyncClient]:
    async def secret(_: Request) -> PlainTextResponse:
        return PlainTextResponse("behind the token")

    transport = httpx.ASGITransport(app=build(program, (token,), [Route("/api/secret", secret)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_the_answer_has_the_fixed_shape() -> None:
    async with asking(Program()) as client:
        answer = await client.get("/health")

    assert answer.status_code == 200
    found = answer.json()
    assert list(found) == FIELDS
    assert found["status"] == "ok"
    assert found["feishu"]["connected"] is True
    assert found["feishu"]["last_event_at"] == "2026-11-20T12:00:00.000Z"
    assert found["feishu"]["reconnects"] == 2
    assert found["backends"]["claude"]["ok"] is True
    assert found["database"] == {"ok": True, "problem": "", "version": 1}
    assert found["audit"] == {"ok": True, "problem": "", "failures": 0}
    assert found["queues"] == {"effects_owed": 3}
    assert found["version"] == __version__


@pytest.mark.parametrize(
    ("program", "status", "code"),
    [
        (Program(feishu=ChannelHealth(connected=False)), "down", 503),
        (Program(database=Part(ok=False, problem="disk full")), "down", 503),
        (Program(backends={"claude": Part(ok=False, problem="not installed")}), "down", 503),
        (Program(backends={"claude": Part(ok=False), "demo": Part(ok=True)}), "degraded", 200),
        (Program(feishu=ChannelHealth(connected=True, problem="chat gone")), "degraded", 200),
        (Program(queues={"effects_failed": 1}), "degraded", 200),
        (Program(audit=Part(ok=False, problem="disk full")), "degraded", 200),
        (Program(backends={}), "ok", 200),
        (Program(error=PhoneWorkError("the writer has stopped")), "down", 503),
        (Program(error=ZeroDivisionError()), "down", 503),
    ],
)
async def test_one_word_for_the_whole(program: Program, status: str, code: int) -> None:
    async with asking(program) as client:
        answer = await client.get("/health")

    assert (answer.json()["status"], answer.status_code) == (status, code)
    assert list(answer.json()) == FIELDS


async def test_an_error_inside_is_not_shown_outside() -> None:
    async with asking(Program(error=RuntimeError("/home/ada/secret"))) as client:
        answer = await client.get("/health")

    assert "ada" not in answer.text


SHOWN = {"Authorization": "Bearer s3cret"}


async def test_smoke_runs_a_real_turn_and_shows_the_answer() -> None:
    async with asking(Program(), token="s3cret") as client:
        answer = await client.get("/health?smoke=claude", headers=SHOWN)

    assert answer.status_code == 200
    assert answer.json()["smoke"]["claude"]["ok"] is True
    assert answer.json()["smoke"]["claude"]["answer"] == "4"


async def test_a_failed_smoke_is_503_with_the_reason() -> None:
    program = Program(backends={"claude": Part(ok=False), "demo": Part(ok=True)})
    async with asking(program, token="s3cret") as client:
        answer = await client.get("/health?smoke=claude", headers=SHOWN)

    assert answer.status_code == 503
    assert answer.json()["smoke"]["claude"]["problem"] == "not logged in"


async def test_asking_for_smoke_again_runs_no_further_turn() -> None:
    program = Program(hold=asyncio.Event())
    async with asking(program, token="s3cret") as client:
        first, second = (
            asyncio.create_task(client.get("/health?smoke=claude", headers=SHOWN)),
            asyncio.create_task(client.get("/health?smoke=claude", headers=SHOWN)),
        )
        await program.begun.wait()
        assert program.hold is not None
        program.hold.set()
        answers = [
            (await first).json(),
            (await second).json(),
            (await client.get("/health?smoke=claude", headers=SHOWN)).json(),
        ]

    assert program.turns == 1
    assert all(answer["smoke"]["claude"]["ok"] for answer in answers)


async def test_smoke_of_an_unknown_backend_is_404() -> None:
    async with asking(Program(), token="s3cret") as client:
        assert (await client.get("/health?smoke=nobody", headers=SHOWN)).status_code == 404
        assert (await client.get("/health?smoke=", headers=SHOWN)).status_code == 404


@pytest.mark.parametrize(
    "query", ["smoke=claude", "smoke", "a=1&smoke=claude", "%73moke=claude", "smoke=&smoke=claude"]
)
async def test_nobody_without_the_token_spends_money(query: str) -> None:
    program = Program()
    async with asking(program, token="s3cret") as client:
        answers = [await client.get(f"/health?{query}", headers=one) for one in ({}, {"Authorization": "Bearer wrong"})]
        page = await client.get(f"/health?{query}", headers={**SHOWN, "Origin": "http://evil.example"})

    assert [one.status_code for one in (*answers, page)] == [401, 401, 403]
    assert program.turns == 0


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8420", ""])
async def test_a_page_that_took_our_address_for_its_name_is_told_nothing(host: str) -> None:
    async with asking(Program(), token="s3cret") as client:
        answer = await client.get("/health", headers={"Host": host})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "bad_host"


BAD_HEADERS: list[dict[str, Any]] = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic s3cret"},
    {"Authorization": "s3cret"},
    {"Authorization": "Bearer s3cret s3cret"},
    {"Authorization": "Bearer s3cre"},
    {"Authorization": "Bearer " + "x" * 10_000},
    {"Authorization": b"Bearer \xff\xfe"},
]


@pytest.mark.parametrize("headers", BAD_HEADERS)
@pytest.mark.parametrize(
    "path", ["/", "/api/secret", "/nothing", "/health/", "/health/x", "//health", "/%2e%2e/health"]
)
async def test_everything_else_is_401_whether_it_exists_or_not(headers: dict[str, Any], path: str) -> None:
    async with asking(Program(), token="s3cret") as client:
        answer = await client.get(path, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "bad_token"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_with_the_token_the_rest_is_served() -> None:
    async with asking(Program(), token="s3cret") as client:
        client.headers["Authorization"] = "bearer s3cret"
        assert (await client.get("/api/secret")).text == "behind the token"
        assert (await client.get("/nothing")).status_code == 404


async def test_without_a_token_set_nothing_else_is_served_to_anybody() -> None:
    async with asking(Program(), token="") as client:
        for given in ("Bearer ", "Bearer", "Bearer x"):
            assert (await client.get("/api/secret", headers={"Authorization": given})).status_code == 401


async def test_only_get_is_for_everybody() -> None:
    async with asking(Program()) as client:
        assert (await client.post("/health")).status_code == 405


async def test_a_real_server_answers_on_a_free_port_and_stops() -> None:
    async with (
        serving(build(Program(), ()), ServerSettings(port=0)) as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.get(f"{url}/health")
        assert answer.status_code == 200
        assert "server" not in answer.headers

    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/health")


async def test_a_taken_port_is_told_in_words() -> None:
    async with serving(build(Program(), ()), ServerSettings(port=0)) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(PhoneWorkError, match=rf"cannot listen on 127.0.0.1:{port} \(address already in use\)"):
            async with serving(build(Program(), ()), ServerSettings(port=port)):
                pass
