"""A session in a line: for people."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from phonework.one_line import first_line, one_line

Json = dict[str, Any]


class Outcome(StrEnum):
    """What has become of what a session was told to do."""

    WORKING = "working"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


_ASKING = ("waiting_confirm", "waiting_input")
_AT_REST = ("idle", "closed")


def outcome_of(session: Json) -> Outcome:
    """A state that nobody here knows is one of work."""
    if session["state"] in _ASKING:
        return Outcome.WAITING
    if session["state"] not in _AT_REST:
        return Outcome.WORKING
    last = session.get("last")
    status = last["status"] if last else Outcome.DONE
    return Outcome(status) if status in list(Outcome) else Outcome.WORKING


def has_failed(session: Json) -> bool:
    """Its last turn failed or was lost."""
    return outcome_of(session) in (Outcome.FAILED, Outcome.LOST)


def how_to_answer(session: Json) -> list[str]:
    """The commands that decide about what is asked; none when nothing is."""
    request = session.get("request")
    if not request:
        return []
    asks = request["kind"] in ("confirm", "plan")
    commands = ("approve {}", 'deny {} --reason "…"') if asks else ('respond {} "…"',)
    return [f"phonework session {one.format(session['id'])} --request {request['id']}" for one in commands]


def label(session: Json) -> str:
    """Its id, and what it is called."""
    return f"{session['id']} ({session['name']})" if session["name"] else str(session["id"])


def brief(session: Json, limit: int = 100) -> str:
    """What matters of it now: what it asks, what went wrong, or what it said."""
    outcome, last = outcome_of(session), session.get("last") or {}
    if outcome is Outcome.WAITING:
        return one_line(str((session.get("request") or {}).get("prompt", "")), limit)
    if outcome is Outcome.WORKING:
        return f"{session['queue']} more to come" if session["queue"] else ""
    if last.get("error"):
        return one_line(str(last["error"]), limit)
    return first_line(str(last.get("text") or ""), limit)


def table(rows: list[tuple[str, ...]]) -> str:
    """The columns aligned; the last one as long as it is."""
    if not rows:
        return ""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def age(moment: str, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = int((now - when(moment)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def when(moment: str) -> datetime:
    """A time of the gateway."""
    found = datetime.fromisoformat(moment)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
