"""The feed of changes: commits wake it, it reads once what they changed, and tells everybody who waits for that."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from phonework.clock import Clock
from phonework.errors import PhoneWorkError
from phonework.fsm.types import SessionId, UserId
from phonework.gateway import looks
from phonework.gateway.refusals import GatewayError, not_found
from phonework.owner import Owner
from phonework.store import listing
from phonework.store.listing import Listed, Wanted
from phonework.store.reader import Reader

log = structlog.get_logger(__name__)

MOST: Final = 2000
"""Who waits at once; more are refused."""
MOST_NAMED: Final = 1000
"""Sessions that one who waits may name."""
BEHIND: Final = 256
"""Changes that one who waits may be behind; then they are let go, and may come again with the number they had."""
_ALL: Final = 2**53
BYE: Final = b"event: bye\ndata: {}\n\n"
"""The last that is told when the server stops in order."""


class News(NamedTuple):
    """One session as it is after an event, as server-sent event."""

    seq: int
    wire: bytes


def news(kind: str, seq: int, one: Listed, *, told: bool = True) -> News:
    """kind: `state`: as it was found, `session`: it changed. told: all up to this number has been told with it."""
    data = msgspec.json.encode(looks.session(one))  # without line breaks
    number = b"id: %d\n" % seq if told else b""
    return News(seq, number + b"event: %s\ndata: %s\n\n" % (kind.encode(), data))


@dataclass(eq=False, slots=True, kw_only=True)
class Subscription:
    """Who waits, and for what. ids, group: empty: any. seq: the event up to which it knows. gone: nothing more comes."""

    user_id: UserId
    ids: frozenset[SessionId]
    group: str
    seq: int = -1
    gone: bool = False
    behind: deque[News] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, one: Listed) -> bool:
        if one.user_id != self.user_id:
            return False
        if self.ids or self.group:
            return one.session_id in self.ids or (bool(self.group) and one.group == self.group)
        return True

    def tell(self, one: News) -> None:
        if self.gone or one.seq <= self.seq:
            return
        if len(self.behind) >= BEHIND:
            log.info("one who waits for changes reads too slowly and is let go", behind=BEHIND)
            self.end()
            return
        self.behind.append(one)
        self.woken.set()

    def knows(self, seq: int) -> None:
        """It was told how things are after this event."""
        self.seq = seq
        self.behind = deque(one for one in self.behind if one.seq > seq)

    def end(self) -> None:
        self.gone = True
        self.woken.set()


class Feed:
    """While nobody waits, or nothing happens, nothing is done.

    `committed` is the writer's listener. One task reads after commits, however many there were meanwhile.
    """

    def __init__(self, *, reader: Reader, clock: Clock, owner: Owner) -> None:
        self._reader, self._clock, self._owner = reader, clock, owner
        self._waiting: set[Subscription] = set()
        self._told = -1  # the last event that was told of; -1: nobody waits
        self._dirty = self.stopping = False
        self._task: asyncio.Task[None] | None = None
        self._begins = asyncio.Lock()  # those who come first agree on where it begins

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def committed(self, _results: tuple[Any, ...]) -> None:
        """Something was committed."""
        if not self._waiting or self.stopping:
            return
        self._dirty = True
        if self._task is None:
            self._task = asyncio.create_task(self._tell(), name="feed")

    def stop(self) -> None:
        """The server stops: everybody is told, and nobody is taken any more."""
        self.stopping = True
        for one in self._waiting:
            one.end()
        if self._task is not None:
            self._task.cancel()

    # Waiting

    async def begin(self, names: Iterable[str], group: str, after: int | None) -> tuple[Subscription, tuple[News, ...]]:
        """Wait for changes of these sessions, by id or name, or of a group; of all when none are named.

        after: the last event that is known; None: none. Returns what there is to tell at once: what changed since then,
        or how all of them are. `leave` must be called at the end. Raises GatewayError, RefusedError, StoreError.
        """
        self._check_room()
        if len(named := tuple(names)) > MOST_NAMED:
            raise GatewayError(400, "bad_request", f"more than {MOST_NAMED} sessions are named", hint="name a group")
        user_id, ids = await self._reader.run(lambda connection: self._found(connection, named))
        one = Subscription(user_id=user_id, ids=ids, group=group)
        async with self._begins:
            if self._told < 0:
                self._told = await self._reader.run(listing.newest_event)
            self._check_room()
            self._waiting.add(one)
        try:
            seq, found = await self._reader.run(lambda connection: self._as_it_is(connection, one, after))
        except BaseException:
            self.leave(one)
            raise
        one.knows(seq)
        self.committed(())  # what was committed before anybody waited was told to nobody
        return one, found

    def _check_room(self) -> None:
        if self.stopping:
            raise GatewayError(503, "stopping", "the server is stopping", hint="try again in a moment")
        if len(self._waiting) >= MOST:
            raise GatewayError(
                503, "too_many_waiting", f"{MOST} programs wait already", hint="end some of them, or try again later"
            )

    def leave(self, one: Subscription) -> None:
        one.end()
        self._waiting.discard(one)
        if not self._waiting:
            self._told = -1

    async def next(self, one: Subscription) -> tuple[News, ...]:
        """What comes next, as soon as there is something; empty: nothing more will."""
        while not one.behind and not one.gone:
            one.woken.clear()
            await one.woken.wait()
        told = tuple(one.behind)
        one.behind.clear()
        return told

    def _found(self, connection: sqlite3.Connection, names: tuple[str, ...]) -> tuple[UserId, frozenset[SessionId]]:
        user_id, ids = self._owner.find(connection), set()
        for name in names:
            found = listing.find(connection, user_id, name)
            if found is None:
                raise not_found(name)
            ids.add(found)
        return user_id, frozenset(ids)

    def _as_it_is(
        self, connection: sqlite3.Connection, one: Subscription, after: int | None
    ) -> tuple[int, tuple[News, ...]]:
        """The newest event, and what is to be told at once. A number we never gave is as good as none."""
        seq, now = listing.newest_event(connection), self._clock.now()
        if after is not None and 0 <= after <= seq:
            changed = listing.changed(connection, after)
            found = listing.of(connection, one.user_id, changed, now)
            told = (news("session", changed[each.session_id], each) for each in found if one.wants(each))
            return seq, tuple(sorted(told))
        found = listing.of(connection, one.user_id, one.ids, now) if one.ids else []
        if one.group or not one.ids:
            wanted = Wanted(group=one.group, limit=_ALL)
            found += [
                each for each in listing.listed(connection, one.user_id, wanted, now) if each.session_id not in one.ids
            ]
        # Only the last has the number: who loses the stream in the middle knows none yet and is told all of them again.
        return seq, tuple(news("state", seq, each, told=each is found[-1]) for each in found)

    # Telling

    async def _tell(self) -> None:
        try:
            while self._dirty and self._waiting:
                self._dirty = False
                await self._tell_once()
        except PhoneWorkError as error:
            log.warning("changes cannot be read; those who wait are let go", why=str(error))
            for one in self._waiting:
                one.end()
        finally:
            self._task = None

    async def _tell_once(self) -> None:
        after, people = self._told, {one.user_id for one in self._waiting}

        def read(connection: sqlite3.Connection) -> tuple[dict[SessionId, int], Sequence[Listed]]:
            changed, now = listing.changed(connection, after), self._clock.now()
            return changed, [each for person in people for each in listing.of(connection, person, changed, now)]

        changed, found = await self._reader.run(read)
        if changed and self._told >= 0:
            self._told = max(self._told, *changed.values())
        for each in sorted(found, key=lambda one: changed[one.session_id]):
            wanting = [one for one in self._waiting if one.wants(each)]
            told = news("session", changed[each.session_id], each) if wanting else None
            for one in wanting:
                assert told is not None
                one.tell(told)
