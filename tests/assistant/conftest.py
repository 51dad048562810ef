"""The engine with an assistant, whose model is a server by script on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phonework.assistant.backend import AssistantBackend
from phonework.assistant.client import connect
from phonework.assistant.tools import Arguments, Call, Question, Result
from phonework.fsm.types import SessionId
from phonework.intake.companions import companion_of
from phonework.intake.routing import FRESH
from phonework.testing.fake_openai import FakeOpenAI, Reply
from phonework.testing.playbook import ADA, MOMENT, Playbook
from phonework.testing.silence import silent


@dataclass
class Scene:
    """A person, their assistant, and the model behind it."""

    play: Playbook
    api: FakeOpenAI

    @property
    def helper(self) -> SessionId:
        return companion_of(ADA, "assistant")

    def turns(self) -> list[dict[str, Any]]:
        """Every turn of the assistant that has ended, in order: its status, words and error."""
        rows = self.play.rows(
            "SELECT turn, status, json_extract(body, '$.text'), json_extract(body, '$.error') FROM turn"
            " WHERE session_id = ? AND status != 'live' ORDER BY turn",
            self.helper,
        )
        return [{"turn": turn, "status": status, "text": text, "error": error} for turn, status, text, error in rows]

    async def quiet_session(self) -> SessionId:
        """A session that nobody is in the middle of: what is said now is for the assistant."""
        session = await self.play.begin()
        await self.play.advance(FRESH + MOMENT)
        return session

    async def ended(self, turn: int = 1) -> dict[str, Any]:
        """The turn, once it has ended and all is shown."""
        await self.play.until(lambda: len(self.turns()) >= turn)
        await self._settled()
        return self.turns()[turn - 1]

    async def ask(self, text: str, *replies: Reply, **more: Any) -> dict[str, Any]:
        """What becomes of a message to the assistant."""
        before = len(self.turns())
        self.api.will(*replies)
        await self.play.say(text, **more)
        return await self.ended(before + 1)

    async def request(self, count: int = 1) -> tuple[str, str]:
        """The assistant's question with this number, once it is open: its id and what it asks."""
        found = "SELECT request_id, json_extract(body, '$.ask.prompt') FROM request WHERE session_id = ? ORDER BY place"
        opened = "SELECT count(*) FROM request WHERE session_id = ? AND generation > 0"
        await self.play.until(lambda: self.play.one(opened, self.helper) >= count)
        await self._settled()
        request_id, prompt = self.play.rows(found, self.helper)[count - 1]
        return request_id, prompt

    async def _settled(self) -> None:
        """Return when what the last commit owes is carried out; the dispatcher hears of it before the next job ends."""
        await self.play.writer.run(lambda _connection, _now: None)
        await self.play.settled()

    async def tap(self, request_id: str, op: str, choice: str = "") -> None:
        await self.play.click(self.play.button(f"request:{request_id}", op, choice))

    def dialogue(self) -> list[tuple[int, str, str]]:
        """What is stored of the conversation: turn, role, text."""
        return self.play.rows(
            "SELECT turn, json_extract(body, '$.role'), json_extract(body, '$.text') FROM dialogue ORDER BY place"
        )

    def calls(self) -> list[tuple[str, str]]:
        """Tool calls that were claimed, with what became of them."""
        return self.play.rows("SELECT name, status FROM tool_call ORDER BY session_id, turn, call_id")


Stage = Callable[..., Any]


@pytest.fixture(autouse=True, scope="session")
def _package() -> None:
    """The first use of `openai` costs a second, on a busy machine twenty: it belongs to no test, whose times are shorter."""
    connect("http://127.0.0.1:9/v1", "", timedelta(seconds=1))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with silent():
        yield


@asynccontextmanager
async def _opened(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    async with FakeOpenAI() as api:
        chosen = {"base_url": api.base_url, "model": "glm-4.6", "timeout": 10, **settings.pop("assistant", {})}
        async with Playbook.opened(folder, assistant=chosen, **settings) as play:
            yield Scene(play, api)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Opens a scene with settings of its own."""
    return lambda **settings: _opened(tmp_path, **settings)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with _opened(tmp_path) as scene:
        yield scene


class _What(Arguments, frozen=True, kw_only=True):
    what: str


class _Hanging:
    """A tool that never comes to its end."""

    name, description, arguments, changes, within = "hang", "Hang.", _What, True, timedelta(seconds=60)

    async def question(self, call: Call, arguments: _What) -> Question | None:
        return None

    async def run(self, call: Call, arguments: _What) -> Result:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def hanging(scene: Scene) -> None:
    """Lets the assistant of this life have such a tool."""
    backend = scene.play.core.backends["assistant"]
    assert isinstance(backend, AssistantBackend)
    backend._kit = replace(backend._kit, tools={**backend._kit.tools, "hang": _Hanging()})
