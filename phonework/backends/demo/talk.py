"""One turn as its story sees it: say, do, ask."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from phonework.backends.base import Progress, Step, TurnStart, end_of
from phonework.backends.demo import asks
from phonework.backends.demo.journal import Journal, Record
from phonework.backends.demo.process import Finished, run
from phonework.backends.demo.project import Edit, Project
from phonework.backends.demo.rules import ProjectRules
from phonework.backends.demo.words import understand
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm.events import AgentAsked, AgentEvent, BackgroundFinished
from phonework.fsm.types import Answer, Ask, RequestId, Usage, Verdict
from phonework.one_line import first_line

Pace = Callable[[float], Awaitable[object]]  # wait this many seconds; asyncio.sleep, or a test's own
SHOWN_CHARACTERS = 4000
SHOWN_STEPS = 30
PIECES = 120
YES = (Verdict.ALLOW, Verdict.ALLOW_SESSION, Verdict.ALLOW_RULE, Verdict.ALLOW_EDITS)
BYPASS = "bypassPermissions"
EDITING_MODES = ("acceptEdits", BYPASS)


class AgentCrashError(Exception):
    """The agent ends in the middle of its work, as it was told to."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What an agent works with. rules: those of all projects. delay: seconds between streamed pieces; report: commit an event; show: live progress.

    chinese: spoken with those who wrote no words yet.
    """

    journal: Journal
    rules: ProjectRules
    pace: Pace
    delay: float
    making: asyncio.Lock
    report: Callable[[AgentEvent], Awaitable[None]]
    show: Callable[[int, Progress], None]
    later: Callable[[float, BackgroundFinished], None]
    chinese: bool


@dataclass(slots=True)
class Talk:
    """A running turn. conversation: the agent's own session id. mode: how much it asks now; empty: as usual.

    deaf: an interrupt does not reach it. over: the story has come to its end and takes no more messages.
    unasked: something was done because the person allowed it for good in an earlier turn.
    """

    start: TurnStart
    desk: Desk
    conversation: str
    mode: str = ""
    deaf: bool = False
    over: bool = False
    unasked: bool = False
    text: str = ""
    steps: list[Step] = field(default_factory=list)
    waiting: dict[RequestId, asyncio.Future[Answer]] = field(default_factory=dict)
    _in_turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def usage(self) -> Usage:
        """Words read and written; the demo agent is free, so it names no cost."""
        read = sum(len(prompt.text.split()) for prompt in self.start.prompts)
        return Usage(input_tokens=read, output_tokens=len(self.text.split()))

    def _words(self, chinese: str, english: str) -> str:
        """Return the one in the language of what the turn was begun with."""
        wrote_chinese = any(understand(prompt.text).chinese for prompt in self.start.prompts)
        return chinese if wrote_chinese else english

    async def say(self, text: str) -> str:
        """Stream a paragraph and return it."""
        if self.text:
            self.text += "\n\n"
        size = max(12, -(-len(text) // PIECES)) if self.desk.delay else len(text)
        for at in range(0, len(text), size or 1):
            self.text += text[at : at + size]
            self._show()
            await self.desk.pace(self.desk.delay)
        return text

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[None]:
        """Show that something is being done, and how it ended."""
        place = len(self.steps)
        self.steps.append(Step(title=title))
        self._show()
        try:
            yield
        except BaseException:
            self.steps[place] = replace(self.steps[place], state="failed")
            raise
        else:
            if self.steps[place].state == "running":
                self.steps[place] = replace(self.steps[place], state="ok")
        finally:
            self._show()

    def note(self, text: str) -> None:
        """Show a passing remark."""
        self._show(text)

    async def project(self) -> Project:
        """Return the scratch project, made if need be."""
        async with self.step(f"{self._words('打开', 'open')} {Path(self.start.cwd).name}"):
            return await Project.open(Path(self.start.cwd), self.desk.making)

    async def run(self, argv: tuple[str, ...], cwd: Path, *, seconds: float = 60.0) -> Finished:
        """Run a command that needs no asking any more, with its output shown as it comes."""
        place = len(self.steps)
        async with self.step(f"$ {shlex.join(argv)}"):
            try:
                finished = await run(argv, cwd=cwd, timeout=seconds, on_output=lambda output: self.note(output[-500:]))
            except OSError as error:
                raise BackendError("demo.not_started", program=argv[0], problem=error.strerror or str(error)) from error
            state = "running" if finished.ok else "failed"
            self.steps[place] = replace(self.steps[place], state=state, output=first_line(finished.output))
        return finished

    async def apply(self, project: Project, edit: Edit) -> None:
        """Make an edit that was agreed to."""
        async with self.step(f"{self._words('修改', 'edit')} {edit.path}"):
            await project.apply(edit)

    async def ask(self, ask: Ask, deed: Record) -> Answer:
        """Return what the person decided; deed: how to ask for the very same thing after a restart.

        A rule or mode the person chose earlier answers without asking.
        """
        async with self._in_turn:  # what is asked at the same moment comes in its order
            if answer := await self._standing(ask):
                return answer
            await self.desk.journal.append({"kind": "asked", "request_id": ask.request_id, "deed": deed})
            decision = await self._put(ask)
        answer = await decision
        del self.waiting[ask.request_id]  # an interrupt leaves it here, to be withdrawn
        if answer.verdict is Verdict.ALLOW_SESSION and ask.rule:
            await self.desk.journal.append({"kind": "rule", "rule": ask.rule})
        if answer.verdict is Verdict.ALLOW_RULE and ask.rule:
            await asyncio.to_thread(self.desk.rules.add, self.start.cwd, ask.rule)
        if answer.verdict is Verdict.ALLOW_EDITS:
            await self.desk.journal.append({"kind": "accept_edits"})
        return answer

    async def agrees(self, ask: Ask, deed: Record) -> tuple[bool, str]:
        """Ask for permission; return whether it was given, and the reason if not. Only an explicit yes is one."""
        answer = await self.ask(ask, deed)
        return answer.verdict in YES, answer.text.strip()

    async def agrees_to_edit(self, edit: Edit, prompt: str) -> tuple[bool, str]:
        """Ask for permission to make an edit."""
        return await self.agrees(asks.edit(edit, prompt), asks.edit_record(edit))

    async def agrees_to_run(self, argv: tuple[str, ...], prompt: str) -> tuple[bool, str]:
        """Ask for permission to run a command."""
        return await self.agrees(asks.command(argv, prompt), {"command": list(argv)})

    def answer(self, request_id: RequestId, answer: Answer) -> None:
        """Let the story go on. Raises RequestGoneError when it does not wait for this."""
        future = self.waiting.get(request_id)
        if future is None or future.done():
            raise RequestGoneError("The agent no longer waits for this answer.")
        future.set_result(answer)

    async def _put(self, ask: Ask) -> asyncio.Future[Answer]:
        """Put the question to the person."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting[ask.request_id] = future
        await self.desk.report(AgentAsked(turn=self.start.turn, ask=ask))
        return future

    async def _standing(self, ask: Ask) -> Answer | None:
        memory = self.desk.journal.memory
        edits = ask.tool == "Edit"
        if (edits and memory.accept_edits) or (ask.rule and await self._is_ruled(ask.rule)):
            self.unasked = True
            return Answer(verdict=Verdict.ALLOW)
        if (edits and self.mode in EDITING_MODES) or (ask.tool == "Bash" and self.mode == BYPASS):
            return Answer(verdict=Verdict.ALLOW)
        return None

    async def _is_ruled(self, rule: str) -> bool:
        if rule in self.desk.journal.memory.rules:
            return True
        try:
            return rule in await asyncio.to_thread(self.desk.rules.of, self.start.cwd)
        except BackendError:
            return False  # a file that cannot be read allows nothing

    def _show(self, note: str = "") -> None:
        progress = Progress(
            text=end_of(self.text, SHOWN_CHARACTERS),
            steps=tuple(self.steps[-SHOWN_STEPS:]),
            usage=self.usage,
            note=note,
        )
        self.desk.show(self.start.turn, progress)
