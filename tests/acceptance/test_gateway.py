"""The gateway of the whole program: what a program sends over HTTP, what the phone shows of it, and what a kill leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from phonework.gateway.sse import Event, Parser
from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone
from phonework.testing.server import Server
from phonework.texts import text

MANY = 1000


@contextlib.asynccontextmanager
async def gateway_of(server: Server, token: str = "") -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token or server.token}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/v1", headers=headers, trust_env=False, timeout=30) as client:
        yield client


class Stream:
    """`GET /v1/events` on a connection of its own."""

    def __init__(self, server: Server, query: str = "", last_id: str = "") -> None:
        self._server, self._query, self._last_id = server, query, last_id
        self._parser, self._events = Parser(last_id), list[Event]()

    async def open(self) -> Stream:
        """Return when the server has answered, and with the first it says."""
        host, _, port = self._server.url.removeprefix("http://").rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        lines = [
            f"GET /v1/events?{self._query} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Authorization: Bearer {self._server.token}",
            *([f"Last-Event-ID: {self._last_id}"] if self._last_id else []),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return self

    async def next(self) -> Event | None:
        """What comes next; None at the end."""
        while not self._events:
            size = (await asyncio.wait_for(self._reader.readline(), 60)).strip()
            if size in (b"", b"0"):
                return None
            self._events += self._parser.feed(await self._reader.readexactly(int(size, 16)))
            await self._reader.readexactly(2)
        return self._events.pop(0)

    async def until(self, state: str) -> dict[str, Any]:
        while (event := await self.next()) is not None:
            session: dict[str, Any] = json.loads(event.data)
            if session.get("state") == state:
                return session
        raise AssertionError("the stream ended")

    def close(self) -> None:
        self._writer.close()


async def made(client: httpx.AsyncClient, message: str, **more: object) -> str:
    """A new session in a new directory of the working root; its id."""
    body = {"cwd": "hello", "create": True, "text": message, **more}
    answer = await client.post("/sessions", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_what_a_programs_agent_asks_is_answered_on_the_phone(phone: Phone, server: Server) -> None:
    person = Person(phone)
    await person.says("/help")
    async with gateway_of(server) as client:
        session = await made(client, "confirm", name="build")
        stream = await Stream(server, "session=build").open()
        asked = (await stream.until("waiting_confirm"))["request"]
        card = await person.question(asked["prompt"])
        assert card.shows(asked["command"])
        answered = await person.presses(card, "Deny")
        assert answered.toast_text == text("en", "toast.recorded")
        ended = await stream.until("idle")

        assert ended["id"] == session
        assert ended["last"]["status"] == "done"
        late = await client.post("/sessions/build/answer", json={"verdict": "allow", "request_id": asked["id"]})
        assert (late.status_code, late.json()["error"]["code"]) == (409, "already_answered")
        stream.close()


async def test_what_a_program_answered_is_settled_on_the_phone_which_then_takes_over(
    phone: Phone, server: Server
) -> None:
    person = Person(phone)
    await person.says("/help")
    async with gateway_of(server) as client:
        await made(client, "confirm", name="build")
        card = await person.question()
        button = next(value for value in operations(card) if value.get("c") == "deny")
        asked = (await client.get("/sessions/build")).json()["request"]["id"]
        answer = await client.post("/sessions/build/answer", json={"verdict": "allow", "request_id": asked})
        assert answer.status_code == 200
        settled = await person.sees(
            lambda shown: shown.message_id == card.message_id and not offers(op="answer")(shown)
        )
        tapped = await phone.act(settled.message_id, {"tag": "button", "value": button}, user=person.user)
        assert tapped.toast_text == text("en", "reason.already_answered")

        await person.says("/switch build")
        await person.sees("build")
        await client.post("/sessions/build/prompts", json={"text": "echo both see it", "how": "interrupt"})
        await person.sees("both see it")


async def test_what_is_sent_again_after_a_kill_is_done_once(server: Server) -> None:
    """Killed after the answer and before it, at once and later: under its key a message is there once."""
    keys = [f"key-{number}" for number in range(12)]
    async with gateway_of(server) as client:
        session = await made(client, "echo begun")
        sends = [asyncio.create_task(_send(client, session, key)) for key in keys]
        await sends[0]
        await server.kill()
        acknowledged = {key for key, one in zip(keys, await asyncio.gather(*sends), strict=True) if one}
    await server.start()
    stored = {json.loads(row["body"])["text"] for row in server.rows("SELECT body FROM prompt")}
    assert {f"echo {key}" for key in acknowledged} <= stored, "acknowledged and lost"
    async with gateway_of(server) as client:
        first = [await client.post(f"/sessions/{session}/prompts", json={"text": f"echo {key}"}, headers={"Idempotency-Key": key}) for key in keys]  # fmt: skip
        assert {one.status_code for one in first} == {202}

    texts = [json.loads(row["body"])["text"] for row in server.rows("SELECT body FROM prompt")]
    assert sorted(texts) == sorted(["echo begun", *(f"echo {key}" for key in keys)])


async def _send(client: httpx.AsyncClient, session: str, key: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        headers = {"Idempotency-Key": key}
        answer = await client.post(f"/sessions/{session}/prompts", json={"text": f"echo {key}"}, headers=headers)
        return answer.status_code == 202
    return False


async def test_a_thousand_wait_and_cost_nothing_are_told_and_do_not_delay_the_stop(server: Server) -> None:
    """O6 holds with all of them connected."""
    assert server.child is not None
    process = psutil.Process(server.child.pid)
    async with gateway_of(server) as client:
        session = await made(client, "confirm")
        streams = [Stream(server, f"session={session}") for _ in range(MANY)]
        for start in range(0, MANY, 100):
            await asyncio.gather(*(one.open() for one in streams[start : start + 100]))
        await asyncio.gather(*(one.until("waiting_confirm") for one in streams))
        before = process.cpu_times()
        # A second of the clock in which nothing happens: what polls would show.
        assert not await asyncio.to_thread(server.child.ends_within, 1.0)
        after = process.cpu_times()
        assert (after.user + after.system) - (before.user + before.system) < 0.2
        asked = (await client.get(f"/sessions/{session}")).json()["request"]["id"]
        answer = await client.post(f"/sessions/{session}/answer", json={"verdict": "deny", "request_id": asked})
        assert answer.status_code == 200
        await asyncio.gather(*(one.until("idle") for one in streams))
    seconds = await server.stop()

    assert seconds < 5
    ends = [await _last(one) for one in streams]
    assert ends == ["bye"] * MANY
    for one in streams:
        one.close()


async def _last(stream: Stream) -> str:
    """The kind of the last event before the end."""
    kind = ""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while (event := await stream.next()) is not None:
            kind = event.kind
    return kind


async def test_a_kill_says_no_goodbye_and_who_waited_goes_on_where_they_were(server: Server) -> None:
    async with gateway_of(server) as client:
        session = await made(client, "confirm")
    stream = await Stream(server, f"session={session}").open()
    event = await stream.next()
    while event is not None and json.loads(event.data)["state"] != "waiting_confirm":
        event = await stream.next()
    assert event is not None
    await server.kill()
    assert await _last(stream) == ""
    stream.close()
    await server.start()
    again = await Stream(server, f"session={session}", last_id=event.id).open()
    missed = await again.next()

    assert missed is not None
    assert (missed.kind, json.loads(missed.data)["last"]["status"]) == ("session", "lost")
    again.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Authorization": "Bearer guess"}, 401),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_who_may_not_is_refused(server: Server, headers: dict[str, str], status: int) -> None:
    async with gateway_of(server) as client:
        sent = {"Content-Type": "application/json", **headers}
        answer = await client.post("/sessions", content=b'{"cwd": "hello", "create": true}', headers=sent)

    assert answer.status_code == status
    assert answer.json()["error"]["code"]
    assert server.rows("SELECT 1 FROM session") == []
    assert not (server.work / "hello").exists()


async def test_what_is_too_large_or_outside_is_refused(server: Server) -> None:
    async with gateway_of(server) as client:
        huge = await client.post("/sessions", json={"cwd": "hello", "text": "x" * 2 * 1024 * 1024})
        outside = await client.post("/sessions", json={"cwd": "/etc", "create": True})
        beyond = await client.post("/sessions", json={"cwd": "../beside", "create": True})

    assert (huge.status_code, huge.json()["error"]["code"]) == (413, "too_large")
    for one in (outside, beyond):
        assert (one.status_code, one.json()["error"]["code"]) == (422, "dir_outside_root")
    assert server.rows("SELECT 1 FROM session") == []
    assert not (server.work.parent / "beside").exists()


async def test_a_damaged_token_file_is_remade_and_the_old_token_opens_nothing(server: Server) -> None:
    path, old = server.data_dir / "gateway.json", server.token
    await server.stop()
    path.write_text(path.read_text()[:-20])
    await server.start()
    await server.says("the gateway's token file is damaged; a new token is made")

    assert path.stat().st_mode & 0o777 == 0o600
    assert server.token != old
    async with gateway_of(server, token=old) as client:
        assert (await client.get("/sessions")).status_code == 401
    async with gateway_of(server) as client:
        assert (await client.get("/sessions")).json() == {"sessions": [], "next": ""}


async def test_the_token_stays_the_same_from_start_to_start(server: Server) -> None:
    old = server.token
    await server.kill()
    await server.start()
    assert server.token == old

    await server.stop()
    assert json.loads((server.data_dir / "gateway.json").read_text()) == {"token": old}, "it names no server that ended"
    await server.start()
    assert server.token == old


# From elsewhere on the machine


@contextlib.asynccontextmanager
async def network_of_its_own() -> AsyncIterator[tuple[str, str]]:
    """A process in a network namespace of its own, and a cable to it: its pid, and our end's address."""
    name, place = f"pw{os.getpid() % 100_000}", f"10.213.{os.getpid() % 250}"
    inside = await asyncio.create_subprocess_exec(
        "unshare", "--net", "sh", "-c", "echo; exec sleep 600", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert inside.stdout is not None
        await inside.stdout.readline()  # it is there
        pid = str(inside.pid)
        await _ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", pid)
        await _ip("addr", "add", f"{place}.1/30", "dev", f"{name}a")
        await _ip("link", "set", f"{name}a", "up")
        await _ip("addr", "add", f"{place}.2/30", "dev", f"{name}b", into=pid)
        await _ip("link", "set", f"{name}b", "up", into=pid)
        yield pid, f"{place}.1"
    finally:
        inside.kill()
        await inside.wait()


async def _ip(*words: str, into: str = "") -> None:
    enter = ("nsenter", "--target", into, "--net") if into else ()
    process = await asyncio.create_subprocess_exec(*enter, "ip", *words)
    assert await process.wait() == 0, words


CAN_MAKE_NETWORKS = (
    sys.platform == "linux" and os.geteuid() == 0 and all(map(shutil.which, ("ip", "unshare", "nsenter")))
)


@pytest.mark.skipif(not CAN_MAKE_NETWORKS, reason="networks of their own take root and iproute2 (Linux)")
async def test_it_is_used_from_a_network_namespace_of_its_own(idle_server: Server) -> None:
    """As from a container: another network, another view of the files, the address and the token from the environment."""
    server = idle_server
    async with network_of_its_own() as (pid, address):
        server.settings |= {"SERVER__HOST": address, "SERVER__TOKEN": "for-all-but-health"}
        await server.start()
        (server.work / "api").mkdir(parents=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(server.place / "home"),
            "PHONEWORK_GATEWAY_URL": server.url,
            "PHONEWORK_GATEWAY_TOKEN": server.token,
            "HOST_PATH": f"/inside:{server.work}",
        }

        async def session(*words: str) -> tuple[int, str]:
            process = await asyncio.create_subprocess_exec(
                *("nsenter", "--target", pid, "--net", sys.executable, "-m", "phonework", "session", *words),
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await asyncio.wait_for(process.communicate(), 60)
            assert process.returncode is not None
            return process.returncode, out.decode()

        code, made = await session("create", "--cwd", "/inside/api", "--name", "build", "echo from inside")
        assert code == 0, made
        code, waited = await session("wait", "build")
        assert code == 0, waited
        assert "from inside" in (await session("last-message", "build"))[1]
        code, refused = await session("create", "--cwd", "/elsewhere")
        assert code == 1, refused
        await _ip("route", "add", "default", "via", address, into=pid)
        url = environment.pop("PHONEWORK_GATEWAY_URL")
        environment |= {"IS_SANDBOX": "1", "PHONEWORK_SERVER__PORT": url.rpartition(":")[2]}
        code, listed = await session("list")
        assert code == 0, listed
        assert "build" in listed
        environment["PHONEWORK_GATEWAY_URL"] = f"http://{address}:9"
        code, unreachable = await session("list")
        assert code == 6, unreachable
        assert f"http://{address}:9" in unreachable

    assert server.rows("SELECT cwd FROM session")[0]["cwd"] == str((server.work / "api").resolve())
