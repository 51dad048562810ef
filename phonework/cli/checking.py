"""What a check of `phonework doctor` found."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """note: works, but worth knowing."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def ok(name: str, found: str) -> Check:
    return Check(name, Verdict.OK, found)


def note(name: str, found: str, remedy: str = "") -> Check:
    return Check(name, Verdict.NOTE, found, remedy)


def bad(name: str, found: str, remedy: str = "") -> Check:
    return Check(name, Verdict.BAD, found, remedy)
