"""The calls of one live agent that wait for a person, between the SDK's callback and the person's answer."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from claude_agent_sdk import (
    PermissionResult,
    PermissionResultAllow,
    PermissionResultDeny,
    PermissionUpdate,
    ToolPermissionContext,
)

from phonework.backends.claude import asks, diffs
from phonework.errors import RequestGoneError
from phonework.fsm.types import Answer, Ask, RequestId, Verdict

ANSWER_WITHIN = 10.0  # seconds until an answer is written


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A tool call that waits for a person. answered, then delivered: True when the answer was written to the CLI."""

    ask: Ask
    answered: asyncio.Future[Answer]
    delivered: asyncio.Future[bool]

    def refuse(self, why: str) -> None:
        if not self.answered.done():
            self.answered.set_result(Answer(verdict=Verdict.DENY, text=why))

    def lose(self) -> None:
        """The answer will not reach the agent any more."""
        if not self.delivered.done():
            self.delivered.set_result(False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call began to wait."""

    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The CLI no longer asks about it."""

    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Settled:
    """A call no longer waits, however that came."""

    waiting: Waiting


class Desk:
    """All that waits. post: told of each change, in order; the caller reports it."""

    def __init__(self, cwd: str, post: Callable[[Asked | Withdrawn | Settled], None]) -> None:
        self._cwd, self._post = cwd, post
        self._waiting: dict[RequestId, Waiting] = {}
        self._by_task: dict[asyncio.Task[Any], Waiting] = {}
        self._session_rules: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def session_rules(self) -> tuple[str, ...]:
        """What was allowed for the session, as the agent writes rules."""
        return tuple(self._session_rules)

    @property
    def waiting(self) -> list[Waiting]:
        return list(self._waiting.values())

    async def ask(self, tool: str, tool_input: dict[str, Any], context: ToolPermissionContext) -> PermissionResult:
        """Called by the SDK for each call that needs a person; cancelled when the CLI no longer asks, or is gone."""
        loop = asyncio.get_running_loop()
        ask = asks.ask(await _call(tool, tool_input, context, self._cwd))
        waiting = Waiting(ask, loop.create_future(), loop.create_future())
        task = asyncio.current_task()
        assert task is not None
        self._waiting[ask.request_id], self._by_task[task] = waiting, waiting
        task.add_done_callback(self._done)
        self._post(Asked(waiting))
        try:
            answer = await waiting.answered
        except asyncio.CancelledError:
            self._post(Withdrawn(waiting))
            raise
        finally:
            self._waiting.pop(ask.request_id, None)
            self._post(Settled(waiting))
        if answer.verdict is Verdict.ALLOW_SESSION and ask.offered:
            self._session_rules[ask.rule] = None
        return _permission(asks.decision(waiting.ask, answer, tool_input))

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Return when the answer was written to the agent. Raises RequestGoneError when it cannot be."""
        waiting = self._waiting.get(ask.request_id)
        if waiting is None or waiting.answered.done():
            raise RequestGoneError("Claude Code no longer waits for this answer.")
        waiting.answered.set_result(answer)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                delivered = await asyncio.shield(waiting.delivered)
        except TimeoutError:
            delivered = False
        if not delivered:
            raise RequestGoneError("Claude Code did not take the answer.")

    def note_written(self) -> None:
        """Something was written to the CLI; the SDK writes an answer in the task that asked for it."""
        task = asyncio.current_task()
        waiting = self._by_task.get(task) if task is not None else None
        if waiting is not None and not waiting.delivered.done():
            waiting.delivered.set_result(True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        """The SDK is through with a request: what was not written by now never will be."""
        if waiting := self._by_task.pop(task, None):
            waiting.lose()


async def _call(tool: str, tool_input: dict[str, Any], context: ToolPermissionContext, cwd: str) -> asks.Call:
    suggestions: list[dict[str, Any]] = []
    for one in context.suggestions:
        with contextlib.suppress(ValueError):
            suggestions.append(one.to_dict())
    diff = await asyncio.to_thread(diffs.of_call, tool, tool_input, cwd) if tool in diffs.EDITING else ""
    return asks.Call(
        tool=tool,
        tool_input=tool_input,
        tool_use_id=context.tool_use_id or "",
        title=context.title or "",
        description=context.description or "",
        blocked_path=context.blocked_path or "",
        by_subagent=bool(context.agent_id),
        suggestions=tuple(suggestions),
        diff=diff,
    )


def _permission(decision: asks.Allow | asks.Deny) -> PermissionResult:
    match decision:
        case asks.Deny(message=message):
            return PermissionResultDeny(message=message)
        case asks.Allow(tool_input=tool_input, updates=updates):
            return PermissionResultAllow(
                updated_input=tool_input,
                updated_permissions=[PermissionUpdate.from_dict(dict(one)) for one in updates] or None,
            )
