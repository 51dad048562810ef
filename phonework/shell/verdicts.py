"""What the guard says of a command, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

LONGEST_PART: Final = 120  # characters of the command that a reason quotes
UNKNOWN: Final = "\ufffd"  # stands for what only running would tell
_STANDS_FOR: Final = {UNKNOWN: "…"}


class Verdict(IntEnum):
    """The worse, the higher."""

    RUN = 0
    ASK = 1
    REFUSE = 2


class Why(StrEnum):
    """Keys of reasons; `{part}` is the piece of the command that is meant."""

    # Nobody can judge it.
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    HIDDEN_CHARACTER = "hidden_character"  # takes no room, turns the direction, or is a blank that is none
    LOOK_ALIKE = "look_alike"  # looks like another character that would mean something else
    # Known to destroy.
    DELETES_TOO_MUCH = "deletes_too_much"
    PROTECTED_PLACE = "protected_place"  # changes the system, or what guards the user's keys
    DEVICE = "device"
    DISK = "disk"
    POWER = "power"
    PRIVILEGE = "privilege"
    FORK_BOMB = "fork_bomb"
    KILLS_ALL = "kills_all"
    RUNS_DOWNLOAD = "runs_download"  # what would run comes from the network and cannot be shown
    # A person decides.
    UNCLEAR = "unclear"
    UNKNOWN_PROGRAM = "unknown_program"
    UNKNOWN_OPTION = "unknown_option"
    RUNS_OTHERS = "runs_others"  # a program that runs what it is given
    RUNS_HIDDEN = "runs_hidden"  # an interpreter whose program comes through a pipe
    CHANGES = "changes"
    NETWORK = "network"
    WRITES_FILE = "writes_file"
    OUTSIDE = "outside"
    SECRET = "secret"
    LINK = "link"  # its name is inside, and it leads out
    LONG = "long"  # too much for anybody to see at a glance
    VARIABLE = "variable"
    SUBSTITUTION = "substitution"
    ASSIGNMENT = "assignment"
    HERE_DOCUMENT = "here_document"
    FUNCTION = "function"
    BACKGROUND = "background"
    COMPOUND = "compound"
    REPOSITORY = "repository"  # its configuration may make git run something
    PATTERN = "pattern"  # a file's name, made up by somebody, may become an option


REFUSED: Final = frozenset(
    {
        Why.EMPTY,
        Why.TOO_LONG,
        Why.CONTROL_CHARACTER,
        Why.HIDDEN_CHARACTER,
        Why.LOOK_ALIKE,
        Why.DELETES_TOO_MUCH,
        Why.PROTECTED_PLACE,
        Why.DEVICE,
        Why.DISK,
        Why.POWER,
        Why.PRIVILEGE,
        Why.FORK_BOMB,
        Why.KILLS_ALL,
        Why.RUNS_DOWNLOAD,
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that worried the guard. part: the piece of the command; printable, and cut."""

    key: Why
    part: str = ""

    @property
    def params(self) -> dict[str, str]:
        return {"part": self.part}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and every reason for it, without repetition: none for `RUN`, and only those that refuse for `REFUSE`.

    directories: where a command that may run may find itself, absolute: where it began, and where `cd` may have led.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    directories: tuple[str, ...] = ()


def reason(key: Why, part: str = "") -> Reason:
    """A reason whose part can be shown: one line, printable, not too long."""
    shown = "".join(
        each if each.isprintable() and each != UNKNOWN else _STANDS_FOR.get(each, " ")
        for each in part[: LONGEST_PART + 1]
    )
    return Reason(key, shown if len(shown) <= LONGEST_PART else f"{shown[: LONGEST_PART - 1]}…")


def judgement(reasons: Iterable[Reason], directories: tuple[str, ...] = ()) -> Judgement:
    """No reason: it may run. The worst reason decides."""
    found = tuple(dict.fromkeys(reasons))
    if refused := tuple(each for each in found if each.key in REFUSED):
        return Judgement(Verdict.REFUSE, refused)
    return Judgement(Verdict.ASK, found) if found else Judgement(Verdict.RUN, directories=directories)
