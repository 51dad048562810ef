"""Hooks are held until there is an answer; whatever goes wrong, nothing is said, and never yes."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from phonework.gateway import hooks
from phonework.testing.backend import Script, ScriptedBackend
from phonework.testing.playbook import Playbook

from .conftest import TOKEN, Program, app_of, refused


class Hooked(ScriptedBackend):
    """A backend whose hooks wait until the test answers."""

    def __init__(self) -> None:
        super().__init__("hooked", Script())
        self.calls: list[Mapping[str, object]] = []
        self.called, self.cancelled = asyncio.Event(), asyncio.Event()
        self.answer: asyncio.Future[Mapping[str, object] | None] = asyncio.get_running_loop().create_future()

    async def hook(self, call: Mapping[str, object]) -> Mapping[str, object] | None:
        self.calls.append(call)
        self.called.set()
        try:
            return await asyncio.shield(self.answer)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.fixture
async def hooked(play: Playbook) -> Hooked:
    backend = Hooked()
    play.core.gateway.hooks._backends["hooked"] = backend  # type: ignore[index]  # a dict
    return backend


async def test_it_is_held_until_there_is_an_answer(program: Program, hooked: Hooked) -> None:
    asked = asyncio.create_task(program.client.post("/v1/hooks/hooked", json={"tool": "Bash"}))
    await hooked.called.wait()
    assert not asked.done()
    hooked.answer.set_result({"decision": "allow"})

    assert (await asked).json() == {"output": {"decision": "allow"}}
    assert hooked.calls == [{"tool": "Bash"}]
    assert program.play.core.gateway.hooks.held == 0


async def test_nothing_to_say_is_null(program: Program, hooked: Hooked) -> None:
    hooked.answer.set_result(None)

    assert (await program.client.post("/v1/hooks/hooked", json={})).json() == {"output": None}


async def test_a_backend_that_breaks_says_nothing(program: Program, hooked: Hooked) -> None:
    hooked.answer.set_exception(ZeroDivisionError())

    assert (await program.client.post("/v1/hooks/hooked", json={})).json() == {"output": None}


async def test_who_hangs_up_is_not_answered_for(play: Playbook, hooked: Hooked) -> None:
    """The backend hears of it, so that the phone's card can say that nobody waits any more."""
    gone = asyncio.Event()
    messages = [{"type": "http.request", "body": b'{"tool": "Bash"}', "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        """Nobody reads it."""

    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {TOKEN}".encode())]
    headers.append((b"content-type", b"application/json"))
    path = "/v1/hooks/hooked"
    scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "query_string": b"", "headers": headers}
    asked = asyncio.create_task(app_of(play)(scope, receive, send))
    await hooked.called.wait()
    gone.set()
    await asyncio.wait_for(asked, 30)

    assert hooked.cancelled.is_set()
    assert play.core.gateway.hooks.held == 0


async def test_at_the_stop_nobody_is_kept_waiting(play: Playbook, program: Program, hooked: Hooked) -> None:
    asked = asyncio.create_task(program.client.post("/v1/hooks/hooked", json={}))
    await hooked.called.wait()
    play.core.gateway.stop()

    assert refused(await asyncio.wait_for(asked, 30)) == (503, "stopping")
    assert hooked.cancelled.is_set()
    assert refused(await program.client.post("/v1/hooks/hooked", json={})) == (503, "stopping")


async def test_more_than_can_be_held_are_refused(
    program: Program, hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST", 1)
    first = asyncio.create_task(program.client.post("/v1/hooks/hooked", json={}))
    await hooked.called.wait()

    assert refused(await program.client.post("/v1/hooks/hooked", json={})) == (503, "too_many_hooks")
    hooked.answer.set_result(None)
    await first


@pytest.mark.parametrize("name", ["demo", "nobody", "%2e%2e"])
async def test_who_takes_no_hooks_says_so(program: Program, name: str) -> None:
    assert refused(await program.client.post(f"/v1/hooks/{name}", json={})) == (404, "not_found")


@pytest.mark.parametrize("content", [b"[]", b"null", b"1", b"{", b"", b'{"a":' * 9000])
async def test_a_call_that_is_no_object_reaches_nobody(program: Program, hooked: Hooked, content: bytes) -> None:
    answer = await program.client.post(
        "/v1/hooks/hooked", content=content, headers={"Content-Type": "application/json"}
    )

    assert refused(answer)[0] == 400
    assert hooked.calls == []
