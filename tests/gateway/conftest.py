"""A whole engine with its gateway, asked over HTTP without a network."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp

from phonework.fsm.types import SessionId
from phonework.gateway.shapes import Failure, Session
from phonework.http.app import build
from phonework.link.local import LocalLink
from phonework.testing.playbook import ADA, Playbook
from phonework.testing.silence import silent
from phonework.wellbeing import Health

TOKEN: Final = "t" * 43


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with silent():
        yield


class Program:
    """A program of this machine: asks, and reads the answers as strictly as their types say."""

    def __init__(self, client: httpx.AsyncClient, play: Playbook) -> None:
        self.client, self.play = client, play

    async def post(self, path: str, body: object = None, *, key: str = "") -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        given: dict[str, Any] = {} if body is None else {"json": body}
        answer = await self.client.post(f"/v1/{path}", headers=headers, **given)
        await self.play.settled()
        return answer

    async def create(self, *, key: str = "", **wanted: object) -> Session:
        return made(await self.post("sessions", {"cwd": "api", **wanted}, key=key), 201)

    async def at_work(self, **wanted: object) -> SessionId:
        """A session whose agent works on its first message."""
        return SessionId((await self.create(text="fix the build", **wanted)).id)

    async def act(self, session_id: str, act: str, body: object = None, *, key: str = "") -> httpx.Response:
        return await self.post(f"sessions/{session_id}/{act}", body, key=key)

    async def look(self, session_id: str) -> Session:
        return made(await self.client.get(f"/v1/sessions/{session_id}"))


def made(answer: httpx.Response, status: int = 200) -> Session:
    assert answer.status_code == status, answer.text
    return msgspec.json.decode(answer.content, type=Session)


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of what was not done."""
    failure = msgspec.json.decode(answer.content, type=Failure)
    assert failure.error.message
    return answer.status_code, failure.error.code


def app_of(play: Playbook) -> ASGIApp:
    return build(Health(link=play.core.link, channel=play.channel), (TOKEN,), play.core.gateway.all())


@asynccontextmanager
async def program_of(play: Playbook) -> AsyncIterator[Program]:
    transport = httpx.ASGITransport(app=app_of(play), raise_app_exceptions=True)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420", headers=headers) as client:
        yield Program(client, play)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path, link=LocalLink, allow=[ADA]) as play:
        yield play


@pytest.fixture
async def program(play: Playbook) -> AsyncIterator[Program]:
    async with program_of(play) as program:
        yield program
