"""The demo agent's own record of a session: JSON lines, from which it goes on after a restart."""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from phonework.fsm.types import PromptId, SessionId

Record = dict[str, object]
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(slots=True)
class Memory:
    """What a journal says. said: the prompts of each conversation (the agent's own session id), in order."""

    said: dict[str, list[str]] = field(default_factory=dict)
    taken: set[tuple[int, PromptId]] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    accept_edits: bool = False
    deeds: dict[str, Record] = field(default_factory=dict)  # request id -> how to ask for the same thing again

    def learn(self, record: Record) -> None:
        """Take in one line; lines of an unknown or damaged shape are passed over."""
        match record:
            case {
                "kind": "prompt",
                "conversation": str(name),
                "turn": int(turn),
                "id": str(prompt_id),
                "text": str(text),
            }:
                self.said.setdefault(name, []).append(text)
                self.taken.add((turn, PromptId(prompt_id)))
            case {"kind": "recalled", "conversation": str(name), "said": [*said]}:
                self.said[name] = [text for text in said if isinstance(text, str)]
            case {"kind": "rule", "rule": str(rule)}:
                self.rules.add(rule)
            case {"kind": "rule_removed", "rule": str(rule)}:
                self.rules.discard(rule)
            case {"kind": "accept_edits"}:
                self.accept_edits = True
            case {"kind": "cleared"}:
                self.rules, self.accept_edits = set(), False
            case {"kind": "asked", "request_id": str(request_id), "deed": dict(deed)}:
                self.deeds[request_id] = deed
            case _:
                pass


class Journal:
    """One session's file. Lines are appended in one write each; a torn last line is passed over."""

    def __init__(self, directory: Path, session_id: SessionId) -> None:
        name = session_id if _SAFE_NAME.fullmatch(session_id) else hashlib.sha256(session_id.encode()).hexdigest()[:32]
        self.path = directory / f"{name}.jsonl"
        self.memory = Memory()
        self._in_order = asyncio.Lock()

    def load(self) -> Memory:
        """Return what was recorded; an absent file is an empty memory. Raises OSError when it cannot be read."""
        self.memory = Memory()
        for record in self._records():
            self.memory.learn(record)
        return self.memory

    async def append(self, *records: Record) -> None:
        """Write the lines and return when they are on the disk: what they say must not be done twice after a crash."""
        async with self._in_order:
            await asyncio.to_thread(self._write, records)
            for record in records:
                self.memory.learn(record)

    def _records(self) -> Iterator[Record]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict):
                    yield record

    def _write(self, records: tuple[Record, ...]) -> None:
        # A line torn by a crash has no newline; the leading one keeps it from swallowing ours.
        text = "".join("\n" + json.dumps(record, ensure_ascii=True) for record in records) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            data = text.encode()
            while data:  # a regular file takes it whole; a full disk may not
                data = data[os.write(file, data) :]
            os.fsync(file)
        finally:
            os.close(file)
