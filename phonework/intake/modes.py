"""Choosing how much an agent asks. A mode in which it asks nothing is confirmed on a card first, and has an end."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from phonework.backends.base import Capabilities, PermissionMode
from phonework.channels.base import Clicked, Said
from phonework.channels.cards.clicks import ModeClick
from phonework.commands.modes import ChooseMode
from phonework.engine import Happened, ingest
from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.reasons import Reason
from phonework.fsm.types import SessionId
from phonework.intake.hand import Desk, Hand, Taken, find_session, note, stray
from phonework.intake.messages import reply, told
from phonework.intake.which import acted_on
from phonework.store import events, sessions, views
from phonework.views import ModeView

USUAL: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=2)
_ASK_NOTHING: Final = ("bypass", "免询问")
"""Words for the mode in which nothing is asked, whatever an agent calls it."""
_ALIASES: Final = {"默认": "default", "自动编辑": "acceptEdits", "计划": "plan"}


def choose(hand: Hand, said: Said, command: ChooseMode) -> Taken:
    """What comes of `/mode name [time]`."""
    session_id = acted_on(hand, said, "/mode")
    if isinstance(session_id, order.Say):
        return reply(hand, said, session_id)
    offered = _offered(hand, session_id)
    if not offered:
        return reply(hand, said, order.Say(text="say.no_modes"))
    chosen = named(offered, command.name)
    if chosen is None:
        known = ", ".join(one.name for one in offered)
        return reply(hand, said, order.Say(text="say.mode_unknown", params={"mode": command.name[:40], "known": known}))
    if not chosen.dangerous:
        if command.limit is not None:
            return reply(hand, said, order.Say(text="say.mode_no_time", params={"mode": chosen.name}))
        return told(hand, said, session_id, happened.ModeChosen(by=hand.user_id, mode=chosen.name))
    limit = USUAL if command.limit is None else command.limit
    if not timedelta(minutes=1) <= limit <= LONGEST:
        return reply(hand, said, order.Say(text="say.mode_time_range", params={"mode": chosen.name}))
    params = {
        "mode": chosen.name,
        "minutes": str(int(limit.total_seconds() // 60)),
        "offer": hand.derive(said.key, "mode"),
        "at": str(int(hand.now.timestamp())),
    }
    return reply(hand, said, order.ShowReport(report="mode", session_id=session_id, params=params))


def tapped(hand: Hand, clicked: Clicked, click: ModeClick) -> tuple[Taken | None, Reason | None]:
    """What comes of a tap on a card of modes; or the reason why nothing does."""
    session_id = find_session(hand, click.session_id)
    if session_id is None:
        return None, Reason.NO_SESSION
    chosen = next((one for one in _offered(hand, session_id) if one.name == click.mode), None)
    if chosen is None:
        return None, Reason.MALFORMED_CLICK
    if not chosen.dangerous:
        return _chosen(hand, clicked, session_id, happened.ModeChosen(by=hand.user_id, mode=chosen.name)), None
    limit = timedelta(minutes=click.minutes)
    if click.offered_at is None or not timedelta(minutes=1) <= limit <= LONGEST:
        return None, Reason.MALFORMED_CLICK
    if not timedelta() <= clicked.clicked_at - click.offered_at <= min(hand.desk.stale_after, LONGEST):
        return None, Reason.OLD_OFFER
    event = happened.ModeChosen(by=hand.user_id, mode=chosen.name, limit=limit)
    return _chosen(hand, clicked, session_id, event, offer=click.offer), None


def _chosen(
    hand: Hand, clicked: Clicked, session_id: SessionId, event: happened.ModeChosen, *, offer: str = ""
) -> Taken:
    """offer: names the card that was confirmed; one card does so once, however often it is tapped."""
    card = ModeView(session=views.session(hand.connection, session_id), modes=_offered(hand, session_id))
    if offer and events.find(hand.connection, "mode", f"{session_id}:{offer}"):
        return replace(stray(hand, clicked, Reason.DUPLICATE), card=card)
    one = Happened(
        source="click",
        key=clicked.key,
        session_id=session_id,
        event=event,
        occurred_at=clicked.clicked_at,
        user_id=hand.user_id,
    )
    outcome = ingest(hand.connection, one, hand.now, claim=True)
    if offer and outcome.applied:
        what = {"value": {"offer": offer, "session_id": session_id}}
        note(hand, "mode", f"{session_id}:{offer}", "Clicked", what, clicked.clicked_at, Reason.NOTED)
    card = replace(card, session=views.session(hand.connection, session_id))
    if outcome.reason is not None:
        return Taken(outcome=outcome, toast=("warning", f"reason.{outcome.reason.value}"), card=card)
    return Taken(outcome=outcome, owed=outcome.owed, toast=("success", "toast.mode"), card=card)


def problem_of_new(desk: Desk, backend: str, mode: str) -> order.Say | None:
    """Why a session cannot begin in this mode; None: it can."""
    offered = _modes(desk.backends.get(backend))
    if not mode or not offered:
        return None
    chosen = next((one for one in offered if one.name == mode), None)
    if chosen is None:
        known = ", ".join(one.name for one in offered if not one.dangerous)
        return order.Say(text="say.mode_unknown", params={"mode": mode[:40], "known": known})
    return order.Say(text="say.mode_only_later", params={"mode": chosen.name}) if chosen.dangerous else None


def named(offered: tuple[PermissionMode, ...], typed: str) -> PermissionMode | None:
    """The mode that is meant: its name in any case, a word for it, or the only one that begins so and is not dangerous."""
    wanted = _ALIASES.get(typed, typed).lower()
    exact = [one for one in offered if one.name.lower() == wanted or (one.dangerous and wanted in _ASK_NOTHING)]
    alike = exact or [one for one in offered if one.name.lower().startswith(wanted) and not one.dangerous]
    return alike[0] if len(alike) == 1 else None


def _offered(hand: Hand, session_id: SessionId) -> tuple[PermissionMode, ...]:
    return _modes(hand.desk.backends.get(sessions.run_of(hand.connection, session_id).backend))


def _modes(capabilities: Capabilities | None) -> tuple[PermissionMode, ...]:
    return capabilities.modes if capabilities is not None else ()
