"""Why words make no schedule."""

from enum import StrEnum


class Trouble(StrEnum):
    """Why there is no schedule: keys of the catalogue. All but the first two may name {part}."""

    NO_TIME = "when.no_time"
    NOTHING = "when.nothing"
    PAST = "when.past"
    TOO_FAR = "when.too_far"
    TOO_OFTEN = "when.too_often"
    NO_SUCH_DATE = "when.no_such_date"
    SEVERAL = "when.several"
    NOT_UNDERSTOOD = "when.not_understood"


class Unreadable(Exception):
    """The parts make no schedule. trouble: why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble
