"""Things to show in chats: read what is true now, render it, deliver it under the effect's key."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from phonework import engine
from phonework.backends.base import Capabilities
from phonework.carriers.live import LiveCards, may_stream, turn_key
from phonework.carriers.news import View, in_card, is_news, is_past
from phonework.carriers.retry import Retry
from phonework.carriers.sender import Sender
from phonework.channels.cards.modes import mode_card
from phonework.channels.cards.note import help_card, rich
from phonework.channels.cards.pending import pending_card
from phonework.channels.cards.prompt import prompt_card
from phonework.channels.cards.reminder import Reader, reminder_card, reminders_card
from phonework.channels.cards.request import request_card, request_file
from phonework.channels.cards.status import status_card
from phonework.channels.cards.turn import WORDS, actor, called, result_card, why_not_done
from phonework.clock import Clock
from phonework.errors import ChannelError, RefusedError, StoreError
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.types import SessionId, TurnStatus
from phonework.link.base import Outlet
from phonework.reports import Report, Reporter, Wanted
from phonework.store import effects, messages, reminders, users, views
from phonework.store.effects import Ended, Owed
from phonework.store.writer import Writer
from phonework.texts import text
from phonework.views import (
    ModeView,
    PendingView,
    PromptView,
    RemindersView,
    ReminderView,
    RequestView,
    StatusView,
    TurnView,
    Wishes,
)

log = structlog.get_logger(__name__)

REPORT_WITHIN: Final = timedelta(seconds=30)

Card = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an effect is about, read when it is carried out. superseded: it is not worth showing any more.

    names: what a sentence of ours may call the session and who works in it.
    moved: it is carried out from another lane. late: it had to wait until its person may be disturbed.
    """

    wishes: Wishes
    names: Mapping[str, str] = field(default_factory=dict)
    view: View = None
    superseded: bool = False
    moved: bool = False
    late: bool = False


class ChatCarrier:
    """Carries out everything that is shown."""

    def __init__(
        self,
        *,
        writer: Writer,
        outlet: Outlet,
        retry: Retry,
        clock: Clock,
        house: Wishes,
        max_parts: int,
        reporters: Mapping[str, Reporter] | None = None,
        backends: Mapping[str, Capabilities] | None = None,
        smart: bool = True,
    ) -> None:
        """smart: with an assistant, people who chose nothing are in smart mode."""
        self._writer, self._retry, self._clock, self._house = writer, retry, clock, house
        self._reporters = reporters or {}
        self._backends = backends if backends is not None else {}  # filled when they are made
        self._sender, self._smart = Sender(outlet, max_parts), smart
        self._live = LiveCards(writer=writer, outlet=outlet, clock=clock, house=house, ended=self._result_card)
        self.board = self._live.board

    async def close(self) -> None:
        """Keep no live card up any longer."""
        await self._live.close()

    async def carry_out(self, owed: Owed) -> timedelta | None:
        shown = await self._writer.run(lambda connection, now: self._read(connection, owed, now))
        if shown.moved:
            return None
        if shown.superseded:
            await self._end(owed, Ended.SUPERSEDED)
            return None
        try:
            await self._show(owed, shown)
        except ChannelError as error:
            return await self._again(owed, error)
        except StoreError:
            raise
        except Exception as error:
            log.exception("a thing to show could not be made", effect=owed.key)
            await self._end(owed, Ended.FAILED, repr(error))
            return None
        self._retry.forget(owed)
        await self._done(owed, shown)
        return None

    async def _done(self, owed: Owed, shown: Shown) -> None:
        if not (shown.late and isinstance(owed.effect, order.ShowRequest) and isinstance(shown.view, RequestView)):
            await self._end(owed, Ended.DONE)
            return
        request = shown.view.request
        event = happened.RequestShown(request_id=request.request_id, generation=request.generation)
        await self._writer.run(lambda connection, now: engine.complete(connection, owed, event, now))

    async def _again(self, owed: Owed, error: ChannelError) -> timedelta | None:
        pause = await self._retry.later(owed, error)
        if pause is None:
            log.warning("not delivered", effect=owed.key, code=error.code, why=str(error))
            await self._end(owed, Ended.FAILED, str(error))
        return pause

    async def _end(self, owed: Owed, how: Ended, result: str = "") -> None:
        await self._writer.run(lambda connection, now: effects.end(connection, owed, how, result, now))

    def _read(self, connection: sqlite3.Connection, owed: Owed, now: datetime) -> Shown:
        """A job of the writer: what is true now, and that an attempt is made."""
        wishes = users.wishes_of(users.get(connection, owed.user_id), self._house)
        if effects.is_held(owed) and not effects.is_there(connection, owed):
            return Shown(wishes=wishes, moved=True)
        if effects.is_superseded(connection, owed):
            return Shown(wishes=wishes, superseded=True)
        effects.note_attempt(connection, owed, now)
        try:
            view = _view(connection, owed)
        except KeyError:
            return Shown(wishes=wishes, superseded=True)
        late = effects.is_late(owed)
        past = is_past(owed.effect, view, late=late)
        names = _names(connection, owed, wishes.language)
        return Shown(wishes=wishes, names=names, view=view, late=late, superseded=past)

    async def _show(self, owed: Owed, shown: Shown) -> None:
        view, wishes = shown.view, shown.wishes
        language, tz = wishes.language, wishes.zone
        match owed.effect:
            case order.ShowRequest(request_id=request_id):
                assert isinstance(view, RequestView)
                await self.board.catch_up(view.session.session_id, view.request.turn)
                await self._sender.create(owed, request_card(view, language, tz=tz), f"request:{request_id}")
                if (file := request_file(view, language)) is not None:
                    await self._sender.file(owed, *file)
                self.board.nudge(view.session.session_id, view.request.turn)
            case order.UpdateRequest(request_id=request_id):
                assert isinstance(view, RequestView)
                await self._sender.update(owed, request_card(view, language, tz=tz), f"request:{request_id}")
            case order.ShowPrompt(prompt_id=prompt_id):
                assert isinstance(view, PromptView)
                await self._sender.create(owed, prompt_card(view, language, tz=tz), f"prompt:{prompt_id}")
            case order.UpdatePrompt(prompt_id=prompt_id):
                assert isinstance(view, PromptView)
                await self._sender.update(owed, prompt_card(view, language, tz=tz), f"prompt:{prompt_id}")
            case order.ShowTurn():
                assert isinstance(view, TurnView)
                stream = WORDS if may_stream(view, wishes) else ""
                async with self._live.shown_by_another(view):
                    await self._sender.create(owed, self._live.card(view, wishes), turn_key(view), stream=stream)
                self._live.begin(view)
            case order.UpdateTurn():
                assert isinstance(view, TurnView)
                streams = self.board.streams(view.session.session_id, view.turn.turn)
                stream = self._live.stream(view, wishes) if streams else ""
                async with self._live.shown_by_another(view):
                    await self._sender.update(owed, self._live.card(view, wishes), turn_key(view), stream=stream)
            case order.ShowTask():
                assert isinstance(view, TurnView)
                await self._sender.words(
                    owed, text(language, "say.background", project=called(view.session, language), task=view.task)
                )
            case order.ShowResult(silent=silent):
                assert isinstance(view, TurnView)
                await self._result(owed, view, wishes, silent=silent)
            case order.TellResult():
                assert isinstance(view, TurnView)
                await self._tell(owed, view, wishes, fresh=True)
            case order.ShowStatus():
                assert isinstance(view, StatusView)
                confined = frozenset(name for name, one in self._backends.items() if one.sandboxed)
                mode = (view.mode or ("smart" if self._smart else "direct")) if self._has_assistant else "direct"
                card = status_card(replace(view, sandboxed=confined, mode=mode), language, self._clock.now(), tz=tz)
                await self._sender.create(owed, card, f"status:{owed.key}")
            case order.ShowReport():
                await self._report(owed, owed.effect, wishes)
            case order.ShowReminder(reminder_id=reminder_id, fired=fired):
                assert isinstance(view, ReminderView)
                card = reminder_card(view, self._reader(wishes))
                await self._sender.create(owed, card, reminders.card_key(reminder_id, fired))
            case order.Say(text="say.help"):
                await self._sender.create(owed, help_card(language), f"help:{owed.key}")
            case order.Say():
                words = text(language, owed.effect.text, **{**shown.names, **owed.effect.params})
                await self._sender.words(owed, words, owed.effect.reply_to)
            case order.Relay(body=body):
                await self._sender.relay(owed, body, language)
            case _:
                raise TypeError(f"{type(owed.effect).__name__} is nothing to show")

    @property
    def _has_assistant(self) -> bool:
        return any(one.assists for one in self._backends.values())

    async def _report(self, owed: Owed, effect: order.ShowReport, wishes: Wishes) -> None:
        wanted = Wanted(
            user_id=owed.user_id,
            language=wishes.language,
            now=self._clock.now(),
            tz=wishes.zone,
            session_id=SessionId(effect.session_id) if effect.session_id else None,
            params=effect.params,
        )
        report = await self._made(effect.report, wanted)
        if effect.update:
            if report.card is not None:
                await self._sender.update(owed, report.card, report.card_key)
            return
        if report.card is not None:
            if report.earlier is not None and await self._is_shown_elsewhere(owed, report.card_key):
                await self._sender.update(owed, report.earlier, report.card_key, part="earlier")
            await self._sender.create(owed, report.card, report.card_key or f"{effect.report}:{owed.key}")
        if report.markdown:
            await self._sender.deliver(owed, "words", markdown=report.markdown)
        for number, (name, content) in enumerate(report.files.items()):
            await self._sender.deliver(owed, f"file{number}", file_name=name, file=content)

    async def _is_shown_elsewhere(self, owed: Owed, card_key: str) -> bool:
        """An earlier message shows the card, and not the one of this very order, of an attempt before a crash."""

        def job(connection: sqlite3.Connection, _now: datetime) -> bool:
            is_there = messages.receipt(connection, f"{owed.key}/card") is not None
            return not is_there and messages.of_card(connection, card_key) is not None

        return await self._writer.run(job)

    async def _made(self, name: str, wanted: Wanted) -> Report:
        """The report, or why there is none, in words."""
        try:
            async with asyncio.timeout(REPORT_WITHIN.total_seconds()):
                return await self._reporters[name](wanted)
        except RefusedError as refused:
            return Report(markdown=rich(text(wanted.language, f"say.{refused.text}", **refused.params)))
        except TimeoutError:
            return Report(markdown=rich(text(wanted.language, "say.report_slow")))

    def _reader(self, wishes: Wishes) -> Reader:
        return Reader.of(wishes, self._clock.now())

    def click_card(
        self,
        view: RequestView | TurnView | PromptView | ModeView | PendingView | ReminderView | RemindersView,
        wishes: Wishes,
    ) -> Card:
        """What a tapped card shows from now on."""
        match view:
            case RequestView():
                return request_card(view, wishes.language, tz=wishes.zone)
            case PromptView():
                return prompt_card(view, wishes.language, tz=wishes.zone)
            case PendingView():
                return pending_card(view, wishes.language, now=self._clock.now(), tz=wishes.zone)
            case ModeView():
                return mode_card(view, wishes.language, tz=wishes.zone)
            case ReminderView():
                return reminder_card(view, self._reader(wishes))
            case RemindersView():
                return reminders_card(view, self._reader(wishes))
            case TurnView():
                self._live.tapped(view)
                return self._live.card(view, wishes)

    def _result_card(self, view: TurnView, wishes: Wishes, *, elsewhere: bool = False) -> Card:
        """elsewhere: a newer message has the result."""
        return result_card(
            view,
            wishes.language,
            tz=wishes.zone,
            with_answer=not elsewhere and in_card(view, wishes),
            elsewhere=elsewhere,
            verbosity=wishes.verbosity,
        )

    async def _result(self, owed: Owed, view: TurnView, wishes: Wishes, *, silent: bool) -> None:
        """The live card becomes the result card; silent: nothing is said besides, and nothing new is sent."""
        await self._live.finish(view.session.session_id, view.turn.turn)
        if silent:
            await self._sender.update(owed, self._result_card(view, wishes), turn_key(view))
        else:
            await self._tell(owed, view, wishes, fresh=is_news(view, wishes))

    async def _tell(self, owed: Owed, view: TurnView, wishes: Wishes, *, fresh: bool) -> None:
        """How the turn ended. fresh: in a card of its own, because edits of a card make no sound on the phone."""
        language = wishes.language
        card = self._result_card(view, wishes, elsewhere=fresh)
        await self._sender.update(owed, card, turn_key(view), or_create=not fresh)
        if fresh:
            await self._sender.create(owed, self._result_card(view, wishes), f"ended:{turn_key(view)}")
        if view.turn.text.strip() and not in_card(view, wishes):
            await self._sender.relay(owed, view.turn.text, language)
        if view.turn.status in (TurnStatus.FAILED, TurnStatus.LOST) and not fresh:
            await self._sender.words(owed, _failure(view, language))


def _names(connection: sqlite3.Connection, owed: Owed, language: str) -> Mapping[str, str]:
    """What our sentences about a session call it, and who works in it."""
    if owed.session_id is None or not isinstance(owed.effect, order.Say):
        return {}
    session = views.session(connection, owed.session_id)
    return {"project": called(session, language), **actor(session, language)}


def _view(connection: sqlite3.Connection, owed: Owed) -> View:
    """Raises KeyError when what the effect names is not there any more."""
    match owed.effect:
        case order.ShowRequest(request_id=request_id) | order.UpdateRequest(request_id=request_id):
            return views.request(connection, request_id)
        case order.ShowPrompt(prompt_id=prompt_id) | order.UpdatePrompt(prompt_id=prompt_id):
            return views.prompt(connection, prompt_id)
        case (
            order.ShowTurn(turn=turn)
            | order.UpdateTurn(turn=turn)
            | order.ShowTask(turn=turn)
            | order.ShowResult(turn=turn)
            | order.TellResult(turn=turn)
        ):
            assert owed.session_id is not None
            return views.turn(connection, owed.session_id, turn)
        case order.ShowReminder(reminder_id=reminder_id, fired=fired):
            return reminders.view(connection, reminder_id, fired)
        case order.ShowStatus():
            return views.status(connection, owed.user_id, owed.chat)
        case _:
            return None


def _failure(view: TurnView, language: str) -> str:
    key = "say.turn_lost" if view.turn.status is TurnStatus.LOST else "say.turn_failed"
    params = {"project": called(view.session, language), "problem": why_not_done(view.turn, language)}
    return text(language, key, **params, **actor(view.session, language))
