"""Who is waited for when a group is."""

from typing import Any, cast

import pytest

from phonework.cli.session.common import at_work_in
from phonework.errors import RemoteError
from phonework.gateway.client import Client
from phonework.gateway.mapping import PathMapping


def one(name: str, state: str, status: str, created: int, since: int) -> dict[str, Any]:
    times = {"created_at": f"2026-01-01T00:{created:02}:00Z", "since": f"2026-01-01T00:{since:02}:00Z"}
    return {"id": name, "state": state, "cwd": "/", "request": None, "last": {"status": status}, **times}


class Listing:
    """The one page of a list."""

    def __init__(self, *sessions: dict[str, Any]) -> None:
        self.sessions, self.place = sessions, self
        self.mapping = PathMapping(())

    def get(self, _path: str, closed: str = "", **_query: str) -> dict[str, Any]:
        found = [one for one in self.sessions if closed or one["state"] != "closed"]
        return {"sessions": found, "next": ""}


def waited_for(*sessions: dict[str, Any]) -> list[str]:
    return [one["id"] for one in at_work_in(cast(Client, Listing(*sessions)), "night")]


def test_what_failed_and_was_closed_meanwhile_counts_and_earlier_uses_of_the_group_do_not() -> None:
    open_one = one("open", "executing", "done", 10, 11)
    failed, lost = one("failed", "closed", "failed", 9, 12), one("lost", "closed", "lost", 11, 13)
    fine, yesterday = one("fine", "closed", "done", 9, 12), one("yesterday", "closed", "failed", 1, 2)

    assert waited_for(yesterday, failed, fine, open_one, lost) == ["failed", "open", "lost"]
    assert waited_for(yesterday, failed, one("last", "closed", "failed", 11, 12)) == ["failed", "last"]


def test_a_group_of_which_nothing_is_left_is_not_found() -> None:
    with pytest.raises(RemoteError, match="no open session in a group"):
        waited_for(one("fine", "closed", "done", 1, 2))
