"""What is stored about one person, read-only queries for `phonework inspect` (F11)."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, fields
from typing import Any, Final

from phonework.fsm.types import Timeouts
from phonework.redact import Redactor
from phonework.store.causes import Causes
from phonework.store.codec import load, moment
from phonework.texts import spoken

CLOSED_SHOWN: Final = 20  # sessions that ended, newest first; `session` names any other one
UNSETTLED: Final = "('owed', 'claimed', 'failed', 'unknown')"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A known user. name may be empty."""

    user_id: str
    name: str = ""


def people(db: sqlite3.Connection) -> list[Person]:
    """Everybody who ever wrote."""
    rows = _all(db, "SELECT user_id, name FROM user ORDER BY created_at_ms, user_id")
    return [Person(user_id=row["user_id"], name=row["name"]) for row in rows]


def of_user(
    db: sqlite3.Connection,
    user_id: str,
    *,
    redactor: Redactor,
    session_id: str = "",
    limit: int = 20,
    language: str = "",
) -> Json | None:
    """The fixed shape of `inspect --json`; None when the user (or the session, for this user) does not exist.

    redactor: keeps secrets out of the causes. limit: entries of history for each session. language: of people of
    whom none is known.
    """
    user = _one(
        db, "SELECT name, chosen_mode, chosen_language, language, active_session FROM user WHERE user_id = ?", user_id
    )
    if user is None:
        return None
    sessions = _sessions(db, user_id, session_id)
    if session_id and not sessions:
        return None
    return {
        "user": user_id,
        "name": user["name"],
        "mode": user["chosen_mode"] or "default",
        "language": spoken(user["chosen_language"], user["language"], language),
        "active_session": user["active_session"],
        "sessions": [_session(db, row, limit, Causes(db, redactor)) for row in sessions],
        "effects": _effects(db, "session_id IS NULL AND user_id = ?", user_id),
    }


def history_after(
    db: sqlite3.Connection, user_id: str, seq: int, *, redactor: Redactor, session_id: str = ""
) -> list[Json]:
    """Entries newer than `seq`, oldest first, each with its `seq` and session."""
    rows = _all(
        db,
        """SELECT event.* FROM event LEFT JOIN session ON session.session_id = event.session_id
           WHERE event.seq > ? AND coalesce(event.user_id, session.user_id) = ?
             AND (? = '' OR event.session_id = ?) ORDER BY event.seq LIMIT 1000""",
        seq, user_id, session_id, session_id,
    )  # fmt: skip
    causes = Causes(db, redactor)
    return [{"seq": row["seq"], "session_id": row["session_id"], **_entry(row, causes)} for row in rows]


def newest(db: sqlite3.Connection) -> int:
    """The number of the newest event."""
    row = _one(db, "SELECT coalesce(max(seq), 0) AS seq FROM event")
    return int(row["seq"]) if row else 0


def poisoned(db: sqlite3.Connection, limit: int = 100) -> list[Json]:
    """Events on which deciding raised, newest first, with what they carried."""
    rows = _all(db, "SELECT * FROM event WHERE status = 'poisoned' ORDER BY seq DESC LIMIT ?", limit)
    return [
        {
            "seq": row["seq"],
            "at": _at(row["received_at_ms"]),
            "event": row["kind"],
            "session_id": row["session_id"],
            "user": row["user_id"],
            "source": row["source"],
            "key": row["dedupe_key"],
            "reason": row["reason"],
            "payload": json.loads(row["payload"]),
        }
        for row in rows
    ]


def disagreements(db: sqlite3.Connection) -> list[str]:
    """Sessions whose row is not what their newest applied event led to, one sentence each.

    The row is the truth and the history evidence (pruned by age); a session with no history left cannot disagree.
    """
    rows = _all(
        db,
        """SELECT session.session_id, session.state, session.version, event.to_state, event.version AS event_version
           FROM session JOIN event ON event.seq = (SELECT max(seq) FROM event AS newest
             WHERE newest.session_id = session.session_id AND newest.status = 'applied' AND newest.version IS NOT NULL)
           WHERE event.to_state != session.state OR event.version != session.version LIMIT 50""",
    )
    return [
        f"{row['session_id']} is {row['state']} at version {row['version']}, its history says {row['to_state']} at {row['event_version']}"
        for row in rows
    ]


def count_poisoned(db: sqlite3.Connection) -> int:
    return int(_all(db, "SELECT count(*) AS n FROM event WHERE status = 'poisoned'")[0]["n"])


def count_effects(db: sqlite3.Connection, *, status: str) -> int:
    return int(_all(db, "SELECT count(*) AS n FROM effect WHERE status = ?", status)[0]["n"])


def _sessions(db: sqlite3.Connection, user_id: str, session_id: str) -> list[sqlite3.Row]:
    if session_id:
        return _all(db, "SELECT * FROM session WHERE user_id = ? AND session_id = ?", user_id, session_id)
    return _all(
        db,
        """SELECT * FROM session WHERE user_id = ?1 AND (state != 'closed' OR session_id IN
             (SELECT session_id FROM session WHERE user_id = ?1 AND state = 'closed'
              ORDER BY active_at_ms DESC LIMIT ?2)) ORDER BY created_at_ms, rowid""",
        user_id, CLOSED_SHOWN,
    )  # fmt: skip


def _session(db: sqlite3.Connection, row: sqlite3.Row, limit: int, causes: Causes) -> Json:
    session_id = row["session_id"]
    return {
        "session_id": session_id,
        "state": row["state"],
        "since": _at(row["since_ms"]),
        "version": row["version"],
        "backend": row["backend"],
        "cwd": row["cwd"],
        "agent_session_id": row["agent_session_id"],
        "turn": row["turn"],
        "model": row["model"],
        "mode": row["mode"],
        "container": row["container"],
        "last_activity": _at(row["active_at_ms"]),
        "timeouts": _seconds(load(Timeouts, row["timeouts"])),
        "request": _open_request(db, row),
        "requests_waiting": _requests_waiting(db, session_id),
        "queue": _queue(db, session_id),
        "timers": _timers(db, session_id),
        "effects": _effects(db, "session_id = ?", session_id),
        "history": _history(db, session_id, limit, causes),
    }


def _open_request(db: sqlite3.Connection, session: sqlite3.Row) -> Json | None:
    row = _one(db, "SELECT * FROM request WHERE request_id = ?", session["open_request"])
    if row is None:
        return None
    body = json.loads(row["body"])
    ask = body.get("ask", {})
    return {
        "request_id": row["request_id"],
        "kind": row["kind"],
        "prompt": ask.get("prompt", ""),
        "options": _options(row["kind"], ask),
        "expires_at": body.get("expires_at"),
        "asked_at": _at(row["asked_at_ms"]),
        "opened_at": body.get("opened_at"),
        "status": row["status"],
        "turn": row["turn"],
        "generation": row["generation"],
        **{name: ask[name] for name in ("tool", "command", "path", "diff", "plan", "rule") if ask.get(name)},
        "questions": ask.get("questions", []),
    }


def _seconds(timeouts: Timeouts) -> dict[str, float]:
    """Name → seconds; 0: never."""
    return {field.name: getattr(timeouts, field.name).total_seconds() for field in fields(timeouts)}


def _options(kind: str, ask: Json) -> list[str]:
    """What can be answered: the names of the buttons, or the labels to choose from."""
    if kind == "confirm":
        return ["allow", *(["allow_rule"] if ask.get("rule") else []), "deny"]
    if kind == "plan":
        return ["allow", "allow_edits", "deny"]
    return [option.get("label", "") for question in ask.get("questions", []) for option in question.get("options", [])]


def _requests_waiting(db: sqlite3.Connection, session_id: str) -> int:
    row = _one(db, "SELECT count(*) AS n FROM request WHERE session_id = ? AND status = 'queued'", session_id)
    return int(row["n"]) if row else 0


def _queue(db: sqlite3.Connection, session_id: str) -> list[Json]:
    rows = _all(
        db,
        "SELECT * FROM prompt WHERE session_id = ? AND status IN ('queued', 'held') ORDER BY status DESC, place",
        session_id,
    )
    found = []
    for row in rows:
        body = json.loads(row["body"])
        found.append(
            {
                "prompt_id": row["prompt_id"],
                "status": row["status"],
                "text": body.get("text", ""),
                "sent_at": body.get("sent_at"),
                "attachments": len(body.get("attachments", [])),
            }
        )
    return found


def _timers(db: sqlite3.Connection, session_id: str) -> list[Json]:
    rows = _all(db, "SELECT * FROM timer WHERE session_id = ? ORDER BY due_at_ms", session_id)
    return [
        {"name": row["name"], "due_at": _at(row["due_at_ms"]), "turn": row["turn"], "generation": row["generation"]}
        for row in rows
    ]


def _effects(db: sqlite3.Connection, where: str, value: str) -> list[Json]:
    """Those not carried out: still owed, or ended badly."""
    rows = _all(db, f"SELECT * FROM effect WHERE {where} AND status IN {UNSETTLED} ORDER BY seq LIMIT 200", value)
    return [
        {
            "key": row["key"],
            "kind": row["kind"],
            "status": row["status"],
            "lane": row["lane"],
            "policy": row["policy"],
            "attempts": row["attempts"],
            "created_at": _at(row["created_at_ms"]),
            "not_before": _at(row["not_before_ms"]),
            "result": row["result"],
        }
        for row in rows
    ]


def _history(db: sqlite3.Connection, session_id: str, limit: int, causes: Causes) -> list[Json]:
    rows = _all(db, "SELECT * FROM event WHERE session_id = ? ORDER BY seq DESC LIMIT ?", session_id, limit)
    return [_entry(row, causes) for row in reversed(rows)]


def _entry(row: sqlite3.Row, causes: Causes) -> Json:
    return {
        "at": _at(row["received_at_ms"]),
        "event": row["kind"],
        "from": row["from_state"],
        "to": row["to_state"],
        "outcome": row["status"],
        "reason": row["reason"],
        "version": row["version"],
        "source": row["source"],
        "cause": causes.of(row),
    }


def _at(value: int | None) -> str | None:
    return moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value is not None else None


def _all(db: sqlite3.Connection, sql: str, *values: object) -> list[sqlite3.Row]:
    with closing(db.cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        return cursor.execute(sql, values).fetchall()


def _one(db: sqlite3.Connection, sql: str, *values: object) -> sqlite3.Row | None:
    rows = _all(db, sql, *values)
    return rows[0] if rows else None
