"""What of a request of Codex's the person is shown, and what their answer may let pass."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from phonework.backends.codex import asks
from phonework.backends.codex.frames import Call
from phonework.fsm.types import Answer, Ask, Scope, Verdict

HERE = "/home/ada/project"
FOR_THE_SESSION = Answer(verdict=Verdict.ALLOW_SESSION)


def command(**params: Any) -> Ask | None:
    named = {"itemId": "i", "threadId": "t", "turnId": "u", "command": "rm -rf build", "cwd": HERE}
    return asks.ask(Call(id=0, method=asks.COMMAND, params={**named, **params}), None, kept_in="f")


def files(*changes: Mapping[str, Any], **params: Any) -> Ask | None:
    named = {"itemId": "i", "threadId": "t", "turnId": "u"}
    return asks.ask(Call(id=0, method=asks.FILES, params={**named, **params}), {"changes": list(changes)}, kept_in="f")


def change(path: str, kind: str = "update", diff: str = "@@ -1 +1 @@\n-a\n+b\n") -> dict[str, Any]:
    return {"path": path, "kind": {"type": kind}, "diff": diff}


def test_the_directory_of_a_command_is_shown_and_is_part_of_what_is_asked() -> None:
    here, elsewhere = command(), command(cwd="/home/ada")
    assert here is not None
    assert elsewhere is not None

    assert elsewhere.path == "/home/ada"
    assert here.fingerprint != elsewhere.fingerprint
    assert here.fingerprint == getattr(command(startedAtMs=5), "fingerprint", "")


def test_for_the_session_is_a_yes_only_where_it_was_offered() -> None:
    asked = command()
    assert asked is not None

    assert Scope.SESSION in asked.offered
    assert asks.reply(asked, FOR_THE_SESSION) == {"decision": "acceptForSession"}
    assert asks.reply(replace(asked, scopes=(Scope.ALWAYS,)), FOR_THE_SESSION) == asks.DECLINED
    assert asks.reply(replace(asked, rule=""), FOR_THE_SESSION) == asks.DECLINED


@pytest.mark.parametrize("environment", [None, "", "local"])
def test_a_command_on_this_machine_is_asked(environment: str | None) -> None:
    assert command(environmentId=environment) is not None


@pytest.mark.parametrize("environment", ["remote", "Local", 0, ["local"], {"id": "local"}])
def test_a_command_anywhere_else_cannot_be_shown_and_is_not_asked(environment: object) -> None:
    assert command(environmentId=environment) is None


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("add", "--- /dev/null\n+++ /etc/profile\n@@ -0,0 +1 @@\n+hi\n"),
        ("update", "--- /etc/profile\n+++ /etc/profile\nhi\n"),
        ("delete", "--- /etc/profile\n+++ /dev/null\n-hi\n"),
    ],
)
def test_a_file_outside_the_project_is_named_as_it_is(kind: str, head: str) -> None:
    asked = files(change("/etc/profile", kind, "hi\n"), change("shop.py"))
    assert asked is not None

    assert asked.diff == head + "--- a/shop.py\n+++ b/shop.py\n@@ -1 +1 @@\n-a\n+b\n"


def test_what_would_be_granted_with_it_is_said_and_no_rule_is_offered() -> None:
    asked = files(change("shop.py"), grantRoot="/")
    assert asked is not None

    assert [(note.key, note.params) for note in asked.notes][1:] == [("codex.grants_root", {"root": "/"})]
    assert asked.offered == ()
    assert asks.reply(asked, FOR_THE_SESSION) == asks.DECLINED


def test_a_change_of_which_a_part_cannot_be_shown_is_not_asked() -> None:
    assert files(change("shop.py"), {"path": "/etc/profile", "kind": "update", "diff": ""}) is None
