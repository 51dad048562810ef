"""Asks a model forty everyday requests, and shows which tool it would use first: `make eval ENDPOINT=… MODEL=…`.

Nothing is carried out. The key is read from PHONEWORK_ASSISTANT__API_KEY. Exits with 1 when the share is below the bar.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from evaluation.requests import REQUESTS, WORDS
from phonework.assistant.client import OpenAIModel
from phonework.assistant.model import Message, Model, ModelError, Offer, Role, Watch
from phonework.assistant.surroundings import Surroundings, system_prompt
from phonework.assistant.tools import Tool
from phonework.assistant.tools.registry import tools
from phonework.assistant.tools.schemas import offer
from phonework.assistant.tools.sessions import Office
from phonework.channels.base import Chat
from phonework.clock import SystemClock
from phonework.config import Config
from phonework.fsm.types import SessionId, State, UserId
from phonework.intake.hand import Desk
from phonework.shell.runner import Runner
from phonework.store.writer import Writer
from phonework.views import SessionView
from phonework.web.service import web_of

BAR = 0.85
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ROOT = Path("/home/ada/work")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One request, what came of it and whether that was expected. got: the first tool, or the words; seconds: of the answer."""

    request: str
    expected: tuple[str, ...]
    got: str
    passed: bool
    seconds: float


def registered() -> dict[str, Tool[Any]]:
    """The assistant's tools; what they would work with is never used."""
    config = Config()
    writer = Writer(config.database, SystemClock())
    desk = Desk(backends={}, default_backend="", new_id=str, root=ROOT)
    office = Office(writer=writer, desk=desk, root=ROOT)
    runner = Runner(root=ROOT, timeout=timedelta(), limit_bytes=0)
    return tools(office, web_of(config.web), runner=runner)


def offers() -> tuple[Offer, ...]:
    """The tools as the model sees them."""
    return tuple(offer(one) for one in registered().values())


def scene(words: str) -> str:
    """What the model is told of the person, in the language of the request."""
    shown = (
        ("fizz-top", "api", State.IDLE, ""),
        ("buzz-owl", "web", State.EXECUTING, ""),
        ("calm-fox", "docs", State.WAITING_CONFIRM, "May I run `git push`?"),
    )
    sessions = tuple(
        SessionView(
            session_id=SessionId(session_id),
            number=number,
            project=project,
            cwd=str(ROOT / project),
            backend="claude",
            state=state,
            since=NOW,
            last_activity=NOW,
            turn=1,
            active=session_id == "buzz-owl",
            asking=asks,
        )
        for number, (session_id, project, state, asks) in enumerate(shown, start=1)
    )
    chinese = any(letter > "\u2e80" for letter in words)
    around = Surroundings(
        user_id=UserId("ou_ada"),
        language="zh" if chinese else "en",
        zone=UTC,
        root=ROOT,
        cwd=ROOT / "web",
        chat=Chat(channel="none", chat_id="none"),
        sessions=sessions,
    )
    return system_prompt(around, NOW)


async def mark(model: Model, tools: Sequence[Offer], request: str, expected: tuple[str, ...]) -> Marked:
    """Ask one request, once."""
    began = time.monotonic()
    watch = Watch(text=lambda _text: None, again=lambda _error, _pause: None)
    try:
        reply = await model.ask(scene(request), [Message(role=Role.USER, text=request)], tools, watch)
        chosen = reply.calls[0].name if reply.calls else WORDS
        got, passed = chosen or "(words)", chosen in expected
    except ModelError as error:
        got, passed = f"(error: {error})", False
    return Marked(request=request, expected=expected, got=got, passed=passed, seconds=time.monotonic() - began)


def table(marked: Sequence[Marked]) -> Iterator[str]:
    """Line by line, and the share at the end."""
    for one in marked:
        expected = " or ".join(name or "(words)" for name in one.expected)
        verdict = "ok " if one.passed else "NOT"
        yield f"{verdict} {one.seconds:6.1f} s  {one.got:<18} {'' if one.passed else f'expected {expected}'}  {one.request}"
    yield f"{share(marked):.0%} of {len(marked)} as expected; the bar is {BAR:.0%}"


def share(marked: Sequence[Marked]) -> float:
    return sum(one.passed for one in marked) / len(marked)


async def evaluate(endpoint: str, model: str, key: str) -> list[Marked]:
    """All requests, one after another."""
    asked = OpenAIModel(base_url=endpoint, api_key=key, model=model, timeout=timedelta(seconds=120), retries=2)
    tools_offered = offers()
    try:
        return [await mark(asked, tools_offered, request, expected) for request, expected in REQUESTS]
    finally:
        await asked.aclose()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="base URL, like http://127.0.0.1:11434/v1")
    parser.add_argument("--model", required=True, help="name of the model")
    given = parser.parse_args(arguments)
    key = os.environ.get("PHONEWORK_ASSISTANT__API_KEY", "")
    marked = asyncio.run(evaluate(given.endpoint, given.model, key))
    for each in table(marked):
        print(each)
    return 0 if share(marked) >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
