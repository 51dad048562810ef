"""The whole engine for a test: a real file, a clock that stands still, a channel and an agent that do what they are told."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from phonework import boot
from phonework.backends.base import Backend
from phonework.channels.base import Act, Channel, Chat, Clicked, Recalled, Reply, Said
from phonework.config import Config
from phonework.core import Core, assemble
from phonework.errors import BackendError
from phonework.fsm.events import (
    AgentAsked,
    AgentEvent,
    RequestWithdrawn,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import Ask, Attachment, RequestId, RequestKind, SessionId
from phonework.link.local import LocalLink
from phonework.router.authorise import Gate
from phonework.store.connect import open_reader
from phonework.store.migrate import migrate
from phonework.store.writer import Writer
from phonework.testing.backend import Script, ScriptedBackend
from phonework.testing.channel import FakeChannel
from phonework.testing.clock import ManualClock

ADA, BOB, MALLORY = "ou_ada", "ou_bob", "ou_mallory"
LATER_THAN_NOW: Final = datetime(2999, 1, 5, 9, 0, tzinfo=UTC)
"""The engine's alarm lives by the machine's clock: deadlines of this time never ring by themselves."""
SETTLES_WITHIN: Final = 60.0
"""However busy the machine is: nothing that a test waits for takes so long, unless it never comes."""
QUICK_LOOKS: Final = 100
GLANCE_SECONDS: Final = 0.005
MOMENT: Final = timedelta(seconds=1)


class Pauses:
    """What lanes wait by: it passes when the clock is put forward."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, asyncio.Future[None]]] = []
        self.lengths: list[float] = []

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def __call__(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        mine = (self._clock.now() + timedelta(seconds=seconds), future)
        self._waiting.append(mine)
        self.lengths.append(seconds)
        try:
            await future
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)

    def wake(self) -> None:
        for due, future in list(self._waiting):
            if due <= self._clock.now():
                self._waiting.remove((due, future))
                future.set_result(None)


@cache
def _template() -> bytes:
    """A migrated, empty database: made once, copied for each test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "phonework.db"
        migrate(path, ManualClock())
        return path.read_bytes()


def private_chat(user: str) -> Chat:
    return Chat(channel="feishu", chat_id=f"oc_of_{user}")


class Playbook:
    """A person says, taps and waits; the test speaks for the agent; `crash` is kill -9 and a new start."""

    def __init__(
        self,
        folder: Path,
        *,
        link: type[LocalLink] = LocalLink,
        allow: Iterable[str] = (ADA, BOB),
        timeouts: Mapping[str, float] | None = None,
        language: str = "en",
        assistant: Mapping[str, object] | None = None,
        shell: Mapping[str, object] | None = None,
        web: Mapping[str, object] | None = None,
        hears: bool = False,
        sandbox: str = "off",
    ) -> None:
        self.folder, self._link_type = folder, link
        self.clock = ManualClock(LATER_THAN_NOW)
        self.channel = FakeChannel(self.clock)
        self.script = Script()
        self.work = folder / "work"
        (self.work / "api").mkdir(parents=True)
        self.codes: list[str] = []
        self.hears = hears
        self.heard: list[str] = []  # files that were listened to
        self.deaf: BackendError | None = None  # raised instead of words
        self.life = 0
        self._settings: dict[str, Any] = {
            "work": {"root": self.work, "sandbox": sandbox},
            "agent": {"default": "demo"},
            "access": {"allow": tuple(allow)},
            "ui": {"language": language, "timezone": "UTC"},
            "timeouts": dict(timeouts or {}),
            "assistant": dict(assistant or {}),
            "shell": dict(shell or {}),
            "web": dict(web or {}),
        }
        self._count = 0
        self._names = 0
        self._data = self._new_data()
        self.path.write_bytes(_template())
        self.core: Core
        self.left: boot.Left
        self.writer: Writer
        self.link: LocalLink
        self.pauses: Pauses
        self._looked: sqlite3.Connection | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, folder: Path, **settings: Any) -> AsyncIterator["Playbook"]:
        play = cls(folder, **settings)
        await play.start()
        try:
            yield play
        finally:
            await play.stop()

    async def hear(self, path: str) -> str:
        """What is said in a voice message: in a test, the bytes of its file."""
        self.heard.append(path)
        if self.deaf is not None:
            raise self.deaf
        return await asyncio.to_thread(Path(path).read_text)

    # Its life

    async def start(self) -> None:
        """As `serve` does it: look at what was left, recover, carry out."""
        await self.open()
        await self.core.start(self.left)
        await self.settled()

    async def open(self) -> None:
        """Everything in its place, nothing begun."""
        self.life += 1
        config = Config.model_validate({**self._settings, "server": {"data_dir": self._data}})
        # NORMAL: what is committed survives the death of the program; a power cut is not played here.
        self.writer = Writer(config.database, self.clock, synchronous="NORMAL")
        await self.writer.start()
        self.left = await boot.look(self.writer)
        self.pauses, self.link = Pauses(self.clock), self._link_type()
        channels: dict[str, Channel] = {self.channel.name: self.channel}
        self.gate = Gate(config.access.people, self.left.paired, self.codes.append, new_code=self._new_code)
        self.backends = {
            "demo": ScriptedBackend("demo", self.script),
            "steering": ScriptedBackend("steering", self.script, can_steer=True),
        }
        made: dict[str, Backend] = dict(self.backends)
        self.core = assemble(
            writer=self.writer,
            clock=self.clock,
            config=config,
            channels=channels,
            gate=self.gate,
            link=self.link,
            make_backends=lambda node, config: made,
            new_id=self._new_name,
            pause=self.pauses,
            hear=self.hear if self.hears else None,
        )

    @property
    def path(self) -> Path:
        """The database of this life."""
        return self._data / "phonework.db"

    async def stop(self) -> None:
        """As on SIGTERM."""
        await self.core.stop()
        await self._close()

    async def _close(self) -> None:
        if self._looked is not None:
            self._looked.close()
            self._looked = None
        await self.writer.close()

    async def crash(self, *, start: bool = True) -> None:
        """End as `kill -9` does at this very instant, then start anew. What was not committed is gone."""
        self._data = self._snapshot()
        await self._bury()
        if start:
            await self.start()

    async def crash_unacknowledged(self, act: Act) -> None:
        """What the act comes to is committed; then, before anybody hears of it, the program is killed."""
        async with self.crashing_when(lambda: True):
            await self.core.router.submit(act)

    @contextlib.asynccontextmanager
    async def crashing_when(self, holds: Callable[[], bool]) -> AsyncIterator[None]:
        """What is done inside is done; the commit that makes it hold is the last one, and nobody hears of it."""
        found: list[Path] = []

        def committed(_values: tuple[object, ...]) -> None:
            if not found and holds():
                found.append(self._snapshot())
                self.core.dispatcher._open = False  # the dead carry nothing out

        self.writer.subscribe(committed)
        yield
        await self.until(lambda: bool(found))
        (self._data,) = found
        await self._bury()
        await self.start()

    def _snapshot(self) -> Path:
        """What is on the disk now. The log comes first: folded into the database meanwhile, it may be there twice."""
        copy = self._new_data()
        for name in ("phonework.db-wal", "phonework.db"):
            if (path := self._data / name).exists():
                shutil.copy(path, copy / name)
        return copy

    async def _bury(self) -> None:
        """The old life goes on on the old file, where nobody sees it, until it has ended."""
        posts, sent, told = dict(self.channel.posts), dict(self.channel._sent), list(self.script.told)
        tasks = list(self.core.dispatcher._tasks)
        self.core.alarm.stop()
        for task in tasks:
            task.cancel()
        await self.core.chats.board.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        for backend in self.core.backends.values():
            await backend.aclose()
        await self.core.reader.close()
        await self._close()
        assert (posts, sent, told) == (self.channel.posts, self.channel._sent, self.script.told), "it lived on"

    async def settled(self) -> None:
        """Return when nothing more happens until somebody does something or the clock moves."""
        await self._come_to(
            lambda: self.core.dispatcher.working <= self._blocked, "the dispatcher does not come to rest"
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when it holds, of something that is under way outside the lanes."""
        await self._come_to(condition, "it does not come about")

    async def _come_to(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Look after each commit, in which everybody has a turn; in what takes long, leave the processor to it."""
        end = asyncio.get_running_loop().time() + SETTLES_WITHIN
        looks = 0
        while not condition():
            assert asyncio.get_running_loop().time() < end, otherwise
            await self.writer.run(lambda _connection, _now: None)
            looks += 1
            if looks > QUICK_LOOKS:
                await asyncio.sleep(GLANCE_SECONDS)

    @property
    def _blocked(self) -> int:
        hanging = sum(one.blocked for one in self.backends.values())
        return self.pauses.waiting + self.channel.blocked + hanging

    async def release(self) -> None:
        """Whatever hangs goes on."""
        self.channel.release()
        for backend in self.backends.values():
            backend.release()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await self.settled()

    async def advance(self, by: timedelta) -> None:
        """Time passes: deadlines ring that the alarm was armed for, without the net under it; pauses end."""
        self.clock.advance(by)
        self.pauses.wake()
        await asyncio.sleep(0)
        if (due := self.core.alarm.due) is not None and due <= self.clock.now():
            await self.core.alarm.ring()
        await self.settled()

    # People

    async def say(
        self,
        text: str,
        *,
        user: str = ADA,
        key: str = "",
        sent_at: datetime | None = None,
        chat: Chat | None = None,
        reply_to: str = "",
        attachments: tuple[Attachment, ...] = (),
        addressed: bool = True,
        problem: str = "",
        language: str = "",
    ) -> Said:
        """A message, a moment after whatever happened before; returns it when it is committed and all is quiet."""
        if sent_at is None:
            sent_at = self.clock.advance(MOMENT)
        key = key or self._next("om_in")
        said = Said(
            key=key,
            user=user,
            chat=chat or private_chat(user),
            message_id=key,
            text=text,
            sent_at=sent_at,
            reply_to=reply_to,
            attachments=attachments,
            addressed=addressed,
            problem=problem,
            language=language,
        )
        await self.deliver(said)
        return said

    async def deliver(self, act: Act) -> Reply:
        """What a channel does with what came in, and once more when it comes again."""
        reply = await self.core.router.submit(act)
        await self.settled()
        return reply

    async def recall(self, key: str) -> None:
        """The message is taken back."""
        await self.deliver(Recalled(key=key, recalled_at=self.clock.advance(MOMENT)))

    async def click(
        self, value: Mapping[str, object], *, user: str = ADA, key: str = "", form: Mapping[str, object] | None = None
    ) -> Reply:
        return await self.deliver(self.tap(value, user=user, key=key, form=form))

    def tap(
        self, value: Mapping[str, object], *, user: str = ADA, key: str = "", form: Mapping[str, object] | None = None
    ) -> Clicked:
        """A tap, not yet delivered."""
        return Clicked(
            key=key or self._next("ev"),
            user=user,
            chat=private_chat(user),
            message_id="om_card",
            value=dict(value),
            form=dict(form or {}),
            clicked_at=self.clock.now(),
        )

    async def begin(self, text: str = "", *, user: str = ADA, backend: str = "demo") -> SessionId:
        """A new session, at work on the text if there is one."""
        await self.say(f"/new api --backend {backend} {text}", user=user)
        return SessionId(f"fizz-{self._names}")

    # The agent

    async def agent(self, session_id: SessionId, event: AgentEvent, *, key: str = "") -> None:
        await self.core.node.emit(session_id, event, key=key or self._next("report"))
        await self.settled()

    async def started(self, session_id: SessionId, turn: int = 1) -> None:
        await self.agent(session_id, TurnStarted(turn=turn, agent_session_id=f"agent-{session_id}"))

    async def asks(
        self,
        session_id: SessionId,
        turn: int = 1,
        *,
        kind: RequestKind = RequestKind.CONFIRM,
        fingerprint: str = "rm",
        request_id: str = "",
        **more: Any,
    ) -> RequestId:
        identity = RequestId(request_id or f"{self._advance():032x}")
        ask = Ask(request_id=identity, kind=kind, agent_ref="toolu", fingerprint=fingerprint, prompt="May I?")
        if kind is RequestKind.CONFIRM:
            ask = replace(ask, tool="Bash", command=fingerprint)
        await self.agent(session_id, AgentAsked(turn=turn, ask=replace(ask, **more)))
        return identity

    async def withdraws(self, session_id: SessionId, request_id: RequestId, turn: int = 1) -> None:
        await self.agent(session_id, RequestWithdrawn(turn=turn, request_id=request_id))

    async def finishes(self, session_id: SessionId, turn: int = 1, text: str = "Done.", **more: Any) -> None:
        await self.agent(session_id, TurnFinished(turn=turn, text=text, **more))

    # Looking

    @property
    def database(self) -> sqlite3.Connection:
        """A connection that only reads, beside the engine."""
        if self._looked is None:
            self._looked = open_reader(self.path)
        return self._looked

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.database.execute(statement, values).fetchall()

    def one(self, statement: str, *values: object) -> Any:
        """The single value of a single row."""
        ((value,),) = self.rows(statement, *values)
        return value

    def state(self, session_id: SessionId) -> str:
        state: str = self.one("SELECT state FROM session WHERE session_id = ?", session_id)
        return state

    def request_status(self, request_id: RequestId) -> str:
        status: str = self.one("SELECT status FROM request WHERE request_id = ?", request_id)
        return status

    def reason(self, key: str) -> str | None:
        """Why the event of this key changed nothing."""
        reason: str | None = self.one("SELECT reason FROM event WHERE dedupe_key = ?", key)
        return reason

    def button(self, card_key: str, op: str, choice: str = "", *, also: bool = False) -> dict[str, object]:
        """The value of a button on the card as it is shown now. Raises StopIteration when it has no such button.

        also: the one for all that the card shows.
        """
        values = self.channel.values(card_key)
        fitting = (one for one in values if one["op"] == op and (not choice or one.get("c") == choice))
        return next(one for one in fitting if ("also" in one) is also)

    # Names

    def _advance(self) -> int:
        self._count += 1
        return self._count

    def _next(self, prefix: str) -> str:
        return f"{prefix}_{self._advance()}"

    def _new_name(self) -> str:
        self._names += 1
        return f"fizz-{self._names}"

    def _new_code(self) -> str:
        return f"{len(self.codes) + 1:08d}"

    def _new_data(self) -> Path:
        data = self.folder / f"life{self.life + 1}"
        data.mkdir(parents=True)
        return data
