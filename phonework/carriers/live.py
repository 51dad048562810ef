"""The card of a turn while it runs: outside the outbox, so nothing of it is owed and nothing is tried again."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from phonework.backends.base import Progress
from phonework.channels.base import Action, Chat, Delivery
from phonework.channels.cards.turn import WORDS, live_words, progress_card
from phonework.clock import Clock
from phonework.fsm.types import SessionId, State, TurnStatus
from phonework.link.base import Outlet
from phonework.progress import Look, ProgressBoard
from phonework.store import sessions, users, views
from phonework.store.writer import Writer
from phonework.views import TurnView, Verbosity, Wishes

CLOSED_WITHIN: Final = timedelta(seconds=1)

Card = dict[str, object]


class LiveCards:
    """Keeps the cards of running turns up to date. ended: makes the card of a turn that is over."""

    def __init__(
        self,
        *,
        writer: Writer,
        outlet: Outlet,
        clock: Clock,
        house: Wishes,
        ended: Callable[[TurnView, Wishes], Card],
    ) -> None:
        self._writer, self._outlet, self._clock, self._house, self._ended = writer, outlet, clock, house, ended
        self._shown_as: dict[tuple[SessionId, int], tuple[State, int]] = {}  # what the cards said last
        self._chats: dict[tuple[SessionId, int], Chat] = {}  # where those are that stream
        self._looks: WeakValueDictionary[tuple[SessionId, int], asyncio.Lock] = WeakValueDictionary()
        self.board = ProgressBoard(self._show, self._write)

    def card(self, view: TurnView, wishes: Wishes, progress: Progress | None = None) -> Card:
        """A turn that ended in the meantime is shown as it ended. progress: None: what was reported last."""
        if view.turn.status is not TurnStatus.LIVE:
            return self._ended(view, wishes)
        glimpse = progress or self.board.newest(view.session.session_id, view.turn.turn)
        now = self._clock.now()
        return progress_card(view, glimpse, wishes.language, now, tz=wishes.zone, verbosity=wishes.verbosity)

    def stream(self, view: TurnView, wishes: Wishes, progress: Progress | None = None) -> str:
        """The text of the card that grows now; empty: none does. While somebody is asked or stops it, none does."""
        grows = view.turn.status is TurnStatus.LIVE and view.session.state is State.EXECUTING
        glimpse = progress or self.board.newest(view.session.session_id, view.turn.turn)
        return WORDS if grows and may_stream(view, wishes) and glimpse.text.strip() else ""

    @contextlib.asynccontextmanager
    async def shown_by_another(self, view: TurnView) -> AsyncIterator[None]:
        """Around the sending of a card that was made elsewhere: nothing else is on its way, and what it says is known then."""
        async with self._look_at(view.session.session_id, view.turn.turn):
            yield
            self._note_shown(view)

    def tapped(self, view: TurnView) -> None:
        """The answer to a tap shows the card: when is not known, so it is brought up to date once more."""
        self._shown_as.pop((view.session.session_id, view.turn.turn), None)

    def _note_shown(self, view: TurnView) -> None:
        if view.turn.status is TurnStatus.LIVE:
            self._shown_as[view.session.session_id, view.turn.turn] = view.session.state, view.task

    def begin(self, view: TurnView) -> None:
        """The card was just shown: from here on it is kept up."""
        if view.turn.status is TurnStatus.LIVE:
            self.board.begin(view.session.session_id, view.turn.turn)

    async def finish(self, session_id: SessionId, turn: int) -> None:
        """From here on the card belongs to the result; returns when nothing else is on its way to it."""
        await self.board.finish(session_id, turn)
        async with self._look_at(session_id, turn):  # for a question, or at the stop
            self._shown_as.pop((session_id, turn), None)
            self._chats.pop((session_id, turn), None)

    def _look_at(self, session_id: SessionId, turn: int) -> asyncio.Lock:
        """Held from the look at what is true until the card says so, lest an older truth comes after a newer one."""
        return self._looks.setdefault((session_id, turn), asyncio.Lock())

    async def close(self) -> None:
        """Keep nothing up any longer; no card is left that says more is to come."""
        streaming = {key: self.board.newest(*key) for key in self._chats if self.board.streams(*key)}
        await self.board.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_WITHIN.total_seconds()):
                looks = (self._show(*key, progress, at_rest=True) for key, progress in streaming.items())
                await asyncio.gather(*looks, return_exceptions=True)

    async def _show(self, session_id: SessionId, turn: int, progress: Progress, *, at_rest: bool = False) -> Look:
        """at_rest: nothing of it grows any more."""
        async with self._look_at(session_id, turn):
            return await self._brought_up_to_date(session_id, turn, progress, at_rest=at_rest)

    async def _brought_up_to_date(self, session_id: SessionId, turn: int, progress: Progress, *, at_rest: bool) -> Look:
        def job(connection: sqlite3.Connection, _now: datetime) -> tuple[TurnView, Chat, Wishes]:
            view = views.turn(connection, session_id, turn)
            user = users.get(connection, sessions.run_of(connection, session_id).user_id)
            return view, sessions.chat_of(connection, session_id), users.wishes_of(user, self._house)

        view, chat, wishes = await self._writer.run(job)
        if view.turn.status is not TurnStatus.LIVE:
            return Look.OVER
        said = self._shown_as.get((session_id, turn))
        if wishes.verbosity is Verbosity.QUIET and said == (view.session.state, view.task):
            return Look.SHOWN
        receipt = await self._outlet.deliver(
            Delivery(
                key=f"{session_id}:{turn}/progress",
                chat=chat,
                action=Action.UPDATE,
                card=self.card(view, wishes, progress),
                card_key=turn_key(view),
                stream="" if at_rest else self.stream(view, wishes, progress),
            )
        )
        self._note_shown(view)
        if not receipt.streams:
            return Look.SHOWN
        self._chats[session_id, turn] = chat
        return Look.STREAMS

    async def _write(self, session_id: SessionId, turn: int, progress: Progress) -> bool:
        """The words alone, several times a second: without a look into the store, and without the rest of the card."""
        chat, words = self._chats.get((session_id, turn)), live_words(progress)
        if chat is None or not words:
            return False
        delivery = Delivery(
            key=f"{session_id}:{turn}/words",
            chat=chat,
            action=Action.STREAM,
            markdown=words,
            card_key=key_of(session_id, turn),
            stream=WORDS,
        )
        return (await self._outlet.deliver(delivery)).streams


def may_stream(view: TurnView, wishes: Wishes) -> bool:
    """Whether the card of this turn shows the agent's words while they come."""
    return view.turn.status is TurnStatus.LIVE and wishes.verbosity is not Verbosity.QUIET


def turn_key(view: TurnView) -> str:
    return key_of(view.session.session_id, view.turn.turn)


def key_of(session_id: SessionId, turn: int) -> str:
    """What the card of a turn is called."""
    return f"turn:{session_id}:{turn}"
