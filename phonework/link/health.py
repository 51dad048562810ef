"""What a node says when it is asked `health`: values that serialise, and nothing that helps a stranger."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How a backend, the database or the audit is. ok: it works. problem: one sentence why not. facts: figures worth showing.

    Nothing that helps a stranger belongs here: no paths, no names of people, no secrets.
    """

    ok: bool
    problem: str = ""
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return {"ok": self.ok, "problem": self.problem, **self.facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoked:
    """How a real one-line turn went. known: there is such a backend. problem: why it failed, else there is an answer."""

    known: bool = True
    answer: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """One node. queues: name → how many wait (`effects_owed`, `effects_failed`, …). smoked: only when it was asked for.

    assistant: how messages found their way, and how its model does; None when there is none.
    """

    backends: Mapping[str, Part]
    database: Part
    audit: Part
    queues: Mapping[str, int]
    assistant: Part | None = None
    smoked: Smoked | None = None
