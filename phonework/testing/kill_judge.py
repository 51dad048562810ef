"""What the evidence of the kill test holds, read once."""

from __future__ import annotations

import json
import sqlite3
from functools import cached_property
from typing import Any

from phonework.testing.kill_load import Evidence
from phonework.testing.phone import Shown

Json = dict[str, Any]


class Judge:
    """The evidence, and the database read once."""

    def __init__(self, evidence: Evidence, db: sqlite3.Connection) -> None:
        self.evidence = evidence
        self.damage = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        self.damage += [f"a row of {row[0]} refers to nothing" for row in db.execute("PRAGMA foreign_key_check")]
        self.events = db.execute("SELECT * FROM event ORDER BY seq").fetchall()
        self.effects = db.execute("SELECT * FROM effect ORDER BY seq").fetchall()
        self.sessions = db.execute("SELECT * FROM session").fetchall()
        self.messages = db.execute("SELECT * FROM message").fetchall()
        self.requests = {row["request_id"]: row for row in db.execute("SELECT * FROM request")}
        self.prompts = {row["prompt_id"]: row for row in db.execute("SELECT * FROM prompt")}
        self.turns = {(row["session_id"], row["turn"]): row for row in db.execute("SELECT * FROM turn")}
        self.reminders = db.execute("SELECT * FROM reminder").fetchall()
        self.tasks = db.execute("SELECT * FROM task").fetchall()
        self.calls = db.execute("SELECT * FROM tool_call").fetchall()
        self.companions = {row["session_id"] for row in self.sessions if row["companion"]}
        self.answers: dict[
            tuple[str, int], list[Json]
        ] = {}  # by the version that gave them; one tap may answer several
        for row in self.effects:
            if row["kind"] == "AnswerAgent":
                where = row["session_id"], int(row["key"].split(":")[1])
                self.answers.setdefault(where, []).append(json.loads(row["payload"]))
        self.bot = {shown.message_id: shown for shown in evidence.shown if shown.from_bot and not shown.recalled}

    def card(self, card_key: str) -> Shown | None:
        """The message that shows it."""
        found = [self.bot.get(row["message_id"]) for row in self.messages if row["card_key"] == card_key]
        return found[0] if found else None

    @cached_property
    def allowed(self) -> list[sqlite3.Row]:
        """Requests whose agent may have heard a yes."""
        return [
            self.requests[answer["request_id"]]
            for answers in self.answers.values()
            for answer in answers
            if str(answer["answer"]["verdict"]).startswith("allow")
        ]


def ask_of(request: sqlite3.Row) -> Json:
    """What a request asks."""
    return dict(json.loads(request["body"])["ask"])
