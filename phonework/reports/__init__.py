"""Reports: what a person asks to look at. Made when they are shown, from what is true then; nothing is changed by one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from phonework.fsm.types import SessionId, UserId

Card = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be reported, and for whom. session_id: empty when it concerns no session. params: as the command had them."""

    user_id: UserId
    language: str
    now: datetime
    tz: tzinfo | None = None
    session_id: SessionId | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What to show: a card or words, and files by name. card_key: what the card shows, if it is to be updated later.

    earlier: what the message that showed it until now becomes, so that only the newest says how things are; None: it stays.
    """

    card: Card | None = None
    card_key: str = ""
    earlier: Card | None = None
    markdown: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


Reporter = Callable[[Wanted], Awaitable[Report]]
"""Makes one kind of report. Raises RefusedError when it cannot."""
