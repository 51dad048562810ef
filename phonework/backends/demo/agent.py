"""One session's demo agent: runs turns one after another, and reports each end exactly once."""

import asyncio
from dataclasses import replace
from enum import StrEnum
from uuid import uuid4

import structlog

from phonework.backends.base import TurnStart
from phonework.backends.demo.edits import go_on
from phonework.backends.demo.journal import Journal, Record
from phonework.backends.demo.past import conversations
from phonework.backends.demo.stories import STORIES, pictures
from phonework.backends.demo.talk import AgentCrashError, Desk, Talk
from phonework.backends.demo.words import Story, Wish, understand
from phonework.errors import BackendError, PhoneWorkError, RequestGoneError
from phonework.fsm.events import (
    AgentEvent,
    AgentLost,
    AgentSessionChanged,
    PromptsTaken,
    RequestWithdrawn,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import Answer, Prompt, RequestId

log = structlog.get_logger(__name__)
_NAMES = frozenset(story.value for story in Story)


class Stop(StrEnum):
    """Why a turn is being ended from outside."""

    INTERRUPT = "interrupt"
    KILL = "kill"
    QUIET = "quiet"  # we are stopping ourselves: the next start finds the turn and reports it


class Agent:
    """The agent of one session. alive: False once it crashed or was ended; a new one then takes its place."""

    def __init__(self, desk: Desk) -> None:
        self.alive = True
        self.conversation = ""
        self._desk = desk
        self._talk: Talk | None = None
        self._inbox: list[tuple[Prompt, tuple[str, ...]]] = []
        self._stop: Stop | None = None
        self._story: asyncio.Task[str] | None = None
        self._turn: asyncio.Task[None] | None = None

    @property
    def journal(self) -> Journal:
        return self._desk.journal

    async def begin(self, start: TurnStart) -> None:
        """Take the prompts and return; the turn goes on by itself. Raises BackendError when one runs already."""
        if self._talk is not None:
            raise BackendError("agent.busy")
        self.conversation = start.agent_session_id or str(uuid4())
        talk = self._talk = Talk(start=start, desk=self._desk, conversation=self.conversation, mode=start.mode)
        self._stop, self._inbox = None, []
        try:
            recalled = await self._recalled(start)
            await self._desk.journal.append(*recalled, *(self._record(start, prompt) for prompt in start.prompts))
        except OSError as error:
            self._talk = None
            raise BackendError("demo.no_journal", problem=error.strerror or str(error)) from error
        if not self.alive:
            self._talk = None
            raise BackendError("demo.ended")
        self._turn = asyncio.create_task(self._run(talk), name=f"demo {start.session_id}:{start.turn}")

    async def steer(self, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        """Put one more message in front of the running turn. Raises BackendError when that turn is not running."""
        if self._talk is None or self._talk.start.turn != turn or self._talk.over or self._stop:
            raise BackendError("agent.turn_over")
        self._inbox.append((prompt, images))

    def answer(self, request_id: RequestId, answer: Answer) -> None:
        """Hand over a decision. Raises RequestGoneError when nobody waits for it."""
        if self._talk is None:
            raise RequestGoneError("The agent no longer waits for this answer.")
        self._talk.answer(request_id, answer)

    def set_mode(self, mode: str) -> None:
        """From the next thing it would ask about."""
        if self._talk is not None:
            self._talk.mode = mode

    def interrupt(self, turn: int) -> None:
        """Ask the turn to stop."""
        if self._talk is not None and self._talk.start.turn == turn and not self._talk.deaf:
            self._end(Stop.INTERRUPT)

    async def finish(self, stop: Stop) -> None:
        """End the agent and whatever it runs; return when it is gone."""
        self.alive = False
        if self._talk is not None:
            self._end(stop)
        if self._turn is not None and self._turn is not asyncio.current_task():
            await asyncio.wait({self._turn})

    def _end(self, stop: Stop) -> None:
        self._stop = stop
        if self._story is not None:
            self._story.cancel()

    async def _run(self, talk: Talk) -> None:
        """Tell the story and report how it ended: whatever happens in it, one end event comes out."""
        turn = talk.start.turn
        started = await self._report(TurnStarted(turn=turn, agent_session_id=self.conversation))
        if started and self._stop is None:
            self._story = asyncio.create_task(self._tell(talk))
            await asyncio.wait({self._story})
        end = self._ending(talk, self._story)
        self._story = None
        if isinstance(end, TurnFinished | TurnFailed):
            for request_id in talk.waiting:
                await self._report(RequestWithdrawn(turn=turn, request_id=request_id))
        # Free before the end is reported: the next turn may begin while we still wait for the commit.
        self._talk = None
        if end is not None:
            await self._report(end)

    async def _report(self, event: AgentEvent) -> bool:
        """Return whether the event was committed. A store that fails stops the server, not the agent."""
        try:
            await self._desk.report(event)
        except Exception as error:
            log.error("demo agent could not report", agent_event=type(event).__name__, error=str(error))
            return False
        return True

    def _ending(self, talk: Talk, story: asyncio.Task[str] | None) -> AgentEvent | None:
        turn, usage = talk.start.turn, talk.usage
        if self._stop is Stop.QUIET:
            return None
        if self._stop is Stop.KILL:
            ended = BackendError("demo.ended")
            return AgentLost(turn=turn, reason=str(ended), problem=ended.problem, text=talk.text)
        if story is None and self._stop is None:
            lost = BackendError("demo.not_stored")
            return TurnFailed(turn=turn, error=str(lost), problem=lost.problem, usage=usage)
        if story is None or story.cancelled():
            return TurnFinished(turn=turn, text=talk.text, interrupted=True, usage=usage)
        error = story.exception()
        if error is None:
            return TurnFinished(turn=turn, text=story.result(), usage=usage)
        error = _first(error)
        if isinstance(error, AgentCrashError):
            self.alive = False
            return AgentLost(turn=turn, reason=str(error), text=talk.text)
        failure = _failure(error)
        return TurnFailed(turn=turn, error=str(failure), problem=failure.problem, text=talk.text, usage=usage)

    async def _tell(self, talk: Talk) -> str:
        last = [text for text in [await self._carry_on(talk)] if text]
        if not last:
            for prompt in talk.start.prompts:
                last.append(await self._play(talk, prompt, talk.start.images.get(prompt.prompt_id, ())))
        while self._inbox:
            prompt, images = self._inbox.pop(0)
            await self._desk.journal.append(self._record(talk.start, prompt))
            await self._desk.report(PromptsTaken(turn=talk.start.turn, prompt_ids=(prompt.prompt_id,)))
            last.append(await self._play(talk, prompt, images))
        talk.over = True
        return "\n\n".join(last)

    async def _carry_on(self, talk: Talk) -> str:
        """Ask again for what a late decision is about; empty when there is none or it is not possible any more."""
        carry = talk.start.carry
        deed = self._desk.journal.memory.deeds.get(carry.ask.request_id) if carry else None
        if carry is None or deed is None or carry.used:
            return ""
        texts = [prompt.text for prompt in talk.start.prompts]
        wish = understand(carry.ask.prompt + "\n".join(texts))
        await talk.say(wish.words("我接着做之前没做完的事。", "I go on with what was left unfinished."))
        if again := _story_of(deed):
            return await STORIES[again.story](talk, again)
        if (done := await go_on(talk, wish, deed)) is not None:
            return done
        await talk.say(wish.words("文件在这期间变了，所以我重新问。", "The file has changed meanwhile, so I ask anew."))
        return await STORIES[Story.WORK](talk, wish)

    async def _play(self, talk: Talk, prompt: Prompt, images: tuple[str, ...]) -> str:
        wish = understand(prompt.text, verbatim=prompt.verbatim)
        if not prompt.verbatim:
            wish = replace(wish, chinese=wish.chinese or self._chinese(talk))
        if wish.story is Story.CLEAR:
            return await self._clear(talk, wish)
        if not images:
            return await STORIES[wish.story](talk, wish)
        seen = await talk.say(f"📎 {pictures(images)}")
        if not prompt.text.strip():
            return seen
        return f"{seen}\n\n{await STORIES[wish.story](talk, wish)}"

    def _chinese(self, talk: Talk) -> bool:
        """Whether the person wrote Chinese here last: a command has no language, and who wrote nothing has the house's."""
        said = self._desk.journal.memory.said
        here, before = said.get(talk.conversation, []), (text for texts in said.values() for text in texts)
        words = [text for text in (*before, *here) if not text.startswith("/")]
        return understand(words[-1]).chinese if words else self._desk.chinese

    async def _clear(self, talk: Talk, wish: Wish) -> str:
        """Begin a new conversation, under a new id, as Claude Code does on /clear."""
        self.conversation = talk.conversation = str(uuid4())
        await self._desk.journal.append({"kind": "cleared"})
        await self._desk.report(AgentSessionChanged(turn=talk.start.turn, agent_session_id=self.conversation))
        return await talk.say(wish.words("好，之前的对话我忘掉了。", "Done, I have forgotten what was said before."))

    async def _recalled(self, start: TurnStart) -> list[Record]:
        """What was said in the conversation that this session goes on with, or with a copy of, and did not begin."""
        origin, journal = start.agent_session_id or start.fork_of, self._desk.journal
        if not origin or origin in journal.memory.said:
            return []
        known = await asyncio.to_thread(conversations, journal.path.parent)
        said: list[object] = [*known[origin].said] if origin in known else []
        return [{"kind": "recalled", "conversation": self.conversation, "said": said, "cwd": start.cwd}]

    def _record(self, start: TurnStart, prompt: Prompt) -> Record:
        return {
            "kind": "prompt",
            "conversation": self.conversation,
            "turn": start.turn,
            "id": prompt.prompt_id,
            "text": prompt.text,
            "cwd": start.cwd,
        }


def _story_of(deed: Record) -> Wish | None:
    match deed:
        case {"story": str(name), "text": str(text), "feedback": [*feedback]} if name in _NAMES:
            wish = understand(text)
            said = tuple(str(line) for line in feedback)
            return Wish(story=Story(name), text=text, chinese=wish.chinese, number=wish.number, feedback=said)
        case _:
            return None


def _first(error: BaseException) -> BaseException:
    """Return what went wrong first inside a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _failure(error: BaseException) -> BackendError:
    if isinstance(error, BackendError):
        return error
    if isinstance(error, PhoneWorkError):
        return BackendError(str(error))
    log.error("demo agent made a mistake", exc_info=error)
    return BackendError("demo.mistake", problem=f"{type(error).__name__}: {error}")
