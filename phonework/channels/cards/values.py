"""What a button carries; `reading` has the way back."""

from collections.abc import Sequence
from typing import Final

from phonework.channels.cards.clicks import DeskOp, MeantClick, Press, PromptOp, ReminderOp, TurnOp
from phonework.reminders.reminder import Delay

VERSION: Final = 1

Value = dict[str, object]


def answer_value(
    request_id: str,
    generation: int,
    choice: str,
    *,
    late: bool = False,
    also: Sequence[str] = (),
    listed: bool = False,
) -> Value:
    """choice: a `Press`, or `pick(question, option)`. also, listed: see `AnswerClick`."""
    further: Value = {"also": list(also)} if also else {}
    further |= {"listed": True} if listed else {}
    op = "late" if late else "answer"
    return {"v": VERSION, "op": op, "id": request_id, "g": generation, "c": str(choice), **further}


def pick(question: int, option: int) -> str:
    return f"{Press.PICK}:{question}:{option}"


def turn_value(op: TurnOp, session_id: str, turn: int) -> Value:
    return {"v": VERSION, "op": str(op), "id": session_id, "g": turn}


def prompt_value(op: PromptOp, prompt_id: str) -> Value:
    return {"v": VERSION, "op": str(op), "id": prompt_id}


def fetch_value(session_id: str, turn: int, number: int) -> Value:
    return {"v": VERSION, "op": "fetch", "id": session_id, "g": turn, "n": number}


def switch_value(session_id: str) -> Value:
    return {"v": VERSION, "op": "switch", "id": session_id}


def reminder_value(
    op: ReminderOp, reminder_id: str, *, number: int = 0, delay: Delay = Delay.HOUR, page: int = 0
) -> Value:
    return {"v": VERSION, "op": str(op), "id": reminder_id, "g": number, "c": str(delay), "p": page}


def reminders_value(user_id: str, page: int) -> Value:
    return {"v": VERSION, "op": "remind_page", "id": user_id, "p": page}


def desk_value(op: DeskOp, backend: str, agent_session_id: str, key: str = "") -> Value:
    return {"v": VERSION, "op": str(op), "b": backend, "id": agent_session_id, **({"key": key} if key else {})}


def mode_value(session_id: str, mode: str, *, minutes: int = 0, offer: str = "", offered_at: int = 0) -> Value:
    """offered_at: seconds since the epoch."""
    asked: Value = {"g": minutes, "offer": offer, "at": offered_at} if offer else {}
    return {"v": VERSION, "op": "mode", "id": session_id, "mode": mode, **asked}


def rule_value(session_id: str, rule_id: str) -> Value:
    return {"v": VERSION, "op": "rule", "id": session_id, "rule": rule_id}


def meant_value(click: MeantClick) -> Value:
    op = "as_is" if click.as_is else "meant"
    where: Value = {"in": click.active, "re": click.reply_to, "at": click.topic}
    return {"v": VERSION, "op": op, "id": click.session_id, "asked": click.asked, "text": click.text, **where}
