"""Going on with a conversation begun at the desk: under its own id, as a copy of it, or after the process there has ended."""

from datetime import datetime

from phonework.channels.base import Chat
from phonework.channels.cards.clicks import DeskClick, DeskOp
from phonework.engine import Outcome
from phonework.fsm import effects as order
from phonework.fsm.effects import Effect
from phonework.fsm.reasons import Reason
from phonework.fsm.types import SessionId
from phonework.intake.beginning import begun, free_name
from phonework.intake.hand import Hand, Opened, Taken, note, owe, switched
from phonework.store import desk, users
from phonework.store.codec import dump
from phonework.store.events import Status
from phonework.store.sessions import NewSession
from phonework.views import DeskView


def resume(
    hand: Hand, opened: Opened | None, *, key: str, at: datetime, chat: Chat, click: DeskClick | None = None
) -> Taken:
    """What comes of `/resume n` or a tap. opened: the conversation as it was found just now. click: None for the command."""
    if opened is not None and opened.refused is not None:
        return _says(hand, order.Say(text=f"say.{opened.refused.text}", params=opened.refused.params), key=key, at=at)
    view = opened.desk if opened is not None else None
    if view is None:
        return _says(hand, order.Say(text="say.desk_gone"), key=key, at=at)
    op = click.op if click is not None else DeskOp.CONTINUE
    owner = desk.owner(hand.connection, view.backend, view.session.agent_session_id)
    if owner is not None and owner.user_id != hand.user_id:
        return _says(hand, order.Say(text="say.desk_gone"), key=key, at=at)
    if owner is not None and owner.open:
        return _goes_to(hand, owner.session_id, key=key, at=at)
    if op is DeskOp.FORK:
        copy = desk.fork_not_begun(hand.connection, view.backend, hand.user_id, view.session.agent_session_id)
        return _goes_to(hand, copy, key=key, at=at) if copy else _fork(hand, view, key=key, at=at, chat=chat)
    holder = view.session.held_by
    if holder is None:
        return _go_on(hand, view, key=key, at=at, chat=chat)
    if op is DeskOp.TAKE_OVER and click is not None and click.key and click.key == holder.key:
        return _go_on(hand, view, key=key, at=at, chat=chat, ends=holder.key)
    report = "take_over" if op is DeskOp.ASK else "held"
    params = {"backend": view.backend, "id": view.session.agent_session_id}
    return _says(hand, order.ShowReport(report=report, params=params), key=key, at=at)


def _go_on(hand: Hand, view: DeskView, *, key: str, at: datetime, chat: Chat, ends: str = "") -> Taken:
    new = _new(hand, view, chat, agent_session_id=view.session.agent_session_id)
    orders: list[Effect] = [_said(new, view, "say.taking_over" if ends else "say.resumed")]
    if ends:
        orders.append(order.TakeOver(agent_session_id=view.session.agent_session_id, key=ends))
    return begun(hand, new, key=key, occurred_at=at, orders=orders)


def _fork(hand: Hand, view: DeskView, *, key: str, at: datetime, chat: Chat) -> Taken:
    new = _new(hand, view, chat, fork_of=view.session.agent_session_id)
    return begun(hand, new, key=key, occurred_at=at, orders=[_said(new, view, "say.forked")])


def _new(hand: Hand, view: DeskView, chat: Chat, *, agent_session_id: str = "", fork_of: str = "") -> NewSession:
    """What ran in a container goes on in one, and so does a copy of it."""
    before = desk.owner(hand.connection, view.backend, view.session.agent_session_id)
    return NewSession(
        session_id=free_name(hand),
        user_id=hand.user_id,
        backend=view.backend,
        cwd=view.session.cwd,
        chat=chat,
        timeouts=hand.desk.timeouts,
        can_steer=hand.desk.backends[view.backend].can_steer,
        agent_session_id=agent_session_id,
        fork_of=fork_of,
        container=before.container if before is not None else "",
    )


def _said(new: NewSession, view: DeskView, key: str) -> Effect:
    params = {"session_id": new.session_id, "cwd": new.cwd, "backend": new.backend, "first": view.session.first[:120]}
    return order.Say(text=key, params=params)


def _goes_to(hand: Hand, session_id: SessionId, *, key: str, at: datetime) -> Taken:
    """It is open here already."""
    users.activate(hand.connection, hand.user_id, session_id)
    return _says(hand, switched(hand, session_id), key=key, at=at, applied=True)


def _says(hand: Hand, says: Effect, *, key: str, at: datetime, applied: bool = False) -> Taken:
    said, clicked = hand.envelope.said, hand.envelope.clicked
    what: object = said
    if clicked is not None:
        what = {"value": dump(clicked.value)[:2000], "message_id": clicked.message_id}
    kind, reason = "Command" if clicked is None else "Clicked", None if applied else Reason.NOTED
    note(hand, hand.source, key, kind, what, at, reason)
    status = Status.APPLIED if applied else Status.IGNORED
    return Taken(outcome=Outcome(status=status), owed=owe(hand, [says], key=key), toast=("info", "toast.looking"))
