"""Who is waited for when a group is, and what is told of what was done to several."""

from typing import Any, cast

import pytest

from phonework.cli.session.common import at_work_in, for_each
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


def test_what_was_done_before_the_server_was_lost_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a script would do it to all of them once more."""
    asked = []

    def do(name: str) -> dict[str, str]:
        asked.append(name)
        if name in errors:
            raise RemoteError(errors[name], f"no {name}")
        return {"id": name}

    errors = {"b": "not_found", "c": "unreachable"}
    done, failed, code = for_each(["a", "b", "c", "d"], do)

    assert (done, code, asked) == ([{"id": "a"}], 5, ["a", "b", "c"])
    assert [(one["session"], one["code"]) for one in failed] == [
        ("b", "not_found"),
        ("c", "unreachable"),
        ("d", "unreachable"),
    ]
    assert capsys.readouterr().err.count("Error: ") == 3

    errors = {"a": "token"}
    with pytest.raises(RemoteError):
        for_each(["a", "b"], do)
    assert asked[3:] == ["a"]
