"""`phonework doctor` (O3), against the emulator."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from phonework.cli.checking import Verdict
from phonework.cli.checks_feishu import _skew, judged
from phonework.clock import SystemClock
from phonework.setup.console import SCOPES
from phonework.store.lock import DirectoryLock
from phonework.testing.bubblewrap import why_not
from phonework.testing.emulator import EmulatorThread, RunningEmulator, running_emulator
from phonework.testing.fake_openai import FakeOpenAI, fail, say


@pytest.fixture
def feishu() -> Iterator[str]:
    with EmulatorThread(any_credentials=False, app_secret="right") as emulator:
        yield emulator.url


@pytest.fixture
def examine(run: Any, data_dir: Path, monkeypatch: pytest.MonkeyPatch, feishu: str, tmp_path: Path) -> Any:
    """Run doctor on a good set-up, changed by environment; → exit code and the checks by name."""
    data_dir.chmod(0o700)
    good = {
        "FEISHU__APP_ID": "cli_demo", "FEISHU__APP_SECRET": "right", "FEISHU__DOMAIN": feishu, "ACCESS__ALLOW": "ou_a",
        "SERVER__DATA_DIR": str(data_dir), "WORK__ROOT": str(tmp_path), "AGENT__DEFAULT": "demo",
    }  # fmt: skip

    def invoke(**changes: str) -> tuple[int, dict[str, dict[str, str]]]:
        for name, value in {**good, **changes}.items():
            monkeypatch.setenv(f"PHONEWORK_{name}", value)
        result = run("doctor", "--json")
        checks = json.loads(result.stdout)["checks"]
        return result.exit_code, {check["name"]: check for check in checks}

    return invoke


def test_a_good_set_up_is_all_well(examine: Any, run: Any) -> None:
    code, checks = examine()

    assert code == 0
    assert checks["feishu"]["verdict"] == "ok"
    assert "PhoneWork" in checks["feishu"]["found"]
    assert checks["clock"]["verdict"] == "ok"
    assert checks["agent demo"]["verdict"] == "ok"
    assert checks["data"]["verdict"] == "ok"
    assert run("doctor").stdout.endswith("all well\n")


def test_granted_scopes_are_told(examine: Any) -> None:
    _, checks = examine()

    assert checks["scopes"]["verdict"] == "ok"
    assert "im:message.p2p_msg:readonly" in checks["scopes"]["found"]
    assert checks["wished scopes"]["verdict"] == "note"
    assert "not granted: im:user_agent:read (the language" in checks["wished scopes"]["found"]


def test_a_scope_that_is_missing_is_named_with_its_purpose_and_how_to_get_it(examine: Any) -> None:
    lacking = {"scopes_absent": ["im:resource"], "scopes_withheld": ["im:message.p2p_msg:readonly"]}
    with EmulatorThread(**lacking) as emulator:
        code, checks = examine(FEISHU__DOMAIN=emulator.url)

    assert code == 1
    assert checks["scopes"]["verdict"] == "bad"
    assert "im:resource (sending pictures and files)" in checks["scopes"]["found"]
    assert "im:message.p2p_msg:readonly (private messages to the bot)" in checks["scopes"]["found"]
    assert checks["scopes"]["remedy"].startswith(
        "add im:resource under Permissions & scopes in https://open.feishu.cn/app"
    )
    assert "publish" in checks["scopes"]["remedy"]


ALL = {name: True for scope in SCOPES for name in scope.names}


def test_what_was_asked_for_and_not_granted_only_wants_publishing() -> None:
    check, _ = judged({**ALL, "im:resource": False}, "https://open.larksuite.com")

    assert check.verdict is Verdict.BAD
    assert check.remedy.startswith("create a version and publish it")


def test_finer_scopes_do_as_well_when_all_are_there() -> None:
    finer = {"im:message:send_as_bot": True, "im:message:update": True, "im:message:readonly": True}
    whole, _ = judged({**ALL, "im:message": False, **finer}, "")
    half, _ = judged({**ALL, "im:message": False, **finer, "im:message:update": False}, "")

    assert (whole.verdict, half.verdict) == (Verdict.OK, Verdict.BAD)


def test_no_list_of_scopes_is_no_verdict() -> None:
    (check,) = judged({}, "")

    assert check.verdict is Verdict.NOTE


def test_a_wrong_secret_is_bad_and_says_where_to_look(examine: Any) -> None:
    code, checks = examine(FEISHU__APP_SECRET="s3cret-but-wrong")

    assert code == 1
    assert checks["feishu"]["verdict"] == "bad"
    assert checks["feishu"]["remedy"]
    assert "s3cret" not in str(checks)


def test_an_unreachable_feishu_is_bad(examine: Any) -> None:
    code, checks = examine(FEISHU__DOMAIN="http://127.0.0.1:9")

    assert code == 1
    assert checks["feishu"]["verdict"] == "bad"


def test_missing_credentials_are_bad(examine: Any) -> None:
    code, checks = examine(FEISHU__APP_SECRET="")

    assert code == 1
    assert "docs/feishu-setup.md" in checks["feishu"]["remedy"]


def test_wrong_settings_are_told_line_by_line(examine: Any) -> None:
    code, checks = examine(SERVER__PORT="eighty")

    assert code == 1
    assert "PHONEWORK_SERVER__PORT" in checks["settings"]["found"]


def test_the_agent_in_use_must_work_and_others_need_not(examine: Any) -> None:
    needed = examine(AGENT__DEFAULT="claude", CLAUDE__CLI_PATH="/nowhere/claude")
    spare = examine(AGENT__DEFAULT="demo", CLAUDE__CLI_PATH="/nowhere/claude")

    assert (needed[0], needed[1]["agent claude"]["verdict"]) == (1, "bad")
    assert (spare[0], spare[1]["agent claude"]["verdict"]) == (0, "note")


def test_a_directory_of_someone_else_is_bad(examine: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, checks = examine(SERVER__DATA_DIR=str(tmp_path / "file" / "data"))

    assert code == 1
    assert checks["data"]["verdict"] == "bad"


def test_the_holder_of_the_data_directory_is_named(examine: Any, data_dir: Path) -> None:
    with DirectoryLock(data_dir, SystemClock()):
        code, checks = examine()

    assert code == 0
    assert "in use by process" in checks["data"]["found"]


def test_a_state_that_disagrees_with_its_history_is_bad(story: Any, examine: Any) -> None:
    story.says("hello")
    assert examine()[0] == 0
    with closing(sqlite3.connect(story.database)) as connection:
        connection.execute("UPDATE session SET state = 'stopping'")
        connection.commit()

    code, checks = examine()

    assert code == 1
    assert checks["history"]["found"] == "fizz-top is stopping at version 2, its history says executing at 2"


def test_a_damaged_database_is_bad(examine: Any, data_dir: Path) -> None:
    (data_dir / "phonework.db").write_bytes(b"no database" * 1000)
    code, checks = examine()

    assert code == 1
    assert checks["database"]["verdict"] == "bad"


@pytest.mark.parametrize(
    ("offset", "verdict"),
    [(0, Verdict.OK), (50, Verdict.OK), (-50, Verdict.OK), (90, Verdict.BAD), (-3600, Verdict.BAD)],
)
def test_the_clock_may_be_off_by_a_minute(offset: int, verdict: Verdict) -> None:
    theirs = datetime.now(UTC) - timedelta(seconds=offset)
    (check,) = _skew(format_datetime(theirs, usegmt=True))

    assert check.verdict is verdict
    if verdict is Verdict.BAD:
        assert ("ahead" if offset > 0 else "behind") in check.found


def test_a_server_without_a_clock_is_only_noted() -> None:
    assert _skew("yesterday")[0].verdict is Verdict.NOTE


def test_no_sandbox_is_said_and_is_no_fault(examine: Any) -> None:
    code, checks = examine()

    assert code == 0
    assert checks["sandbox"]["verdict"] == "ok"
    assert checks["sandbox"]["found"].startswith("off")


def test_a_sandbox_that_works_is_said(examine: Any) -> None:
    if why := why_not():
        pytest.skip(why)
    code, checks = examine(WORK__SANDBOX="bwrap")

    assert code == 0
    assert checks["sandbox"] == {
        "name": "sandbox", "verdict": "ok", "remedy": "",
        "found": "bwrap works: an agent writes in its session's directory and its own only",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("script", "found"),
    [("", "not installed"), ("echo 'bwrap: No permissions to create a new namespace' >&2; exit 1", "No permissions")],
)
def test_a_sandbox_that_is_wanted_and_does_not_work_is_bad(
    examine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    if script:
        (programs / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))

    code, checks = examine(WORK__SANDBOX="bwrap")

    assert code == 1
    assert checks["sandbox"]["verdict"] == "bad"
    assert found in checks["sandbox"]["found"]
    assert 'sandbox = "off"' in checks["sandbox"]["remedy"]


def test_a_place_for_the_sandbox_that_is_not_there_is_bad(examine: Any, tmp_path: Path) -> None:
    if why := why_not():
        pytest.skip(why)
    code, checks = examine(WORK__SANDBOX="bwrap", WORK__SANDBOX_WRITE=str(tmp_path / "gone"))

    assert code == 1
    assert "is not there" in checks["sandbox"]["found"]


# With a phone


@pytest.fixture
async def emulator() -> AsyncIterator[RunningEmulator]:
    async with running_emulator(answer_within_s=0.3, time_scale=0.001) as running:
        yield running


@pytest.fixture
def by_phone(
    phonework: Any, emulator: RunningEmulator, data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    """Start `doctor --click --json` with Ada's phone in reach → a running process."""
    data_dir.chmod(0o700)
    settings = {
        "FEISHU__APP_ID": "cli_demo", "FEISHU__APP_SECRET": "right", "FEISHU__DOMAIN": emulator.url, "UI__LANGUAGE": "en",
        "ACCESS__ALLOW": "ou_demo", "SERVER__DATA_DIR": str(data_dir), "WORK__ROOT": str(tmp_path), "AGENT__DEFAULT": "demo",
    }  # fmt: skip

    def start(*words: str, **changes: str) -> Any:
        for name, value in {**settings, **changes}.items():
            monkeypatch.setenv(f"PHONEWORK_{name}", value)
        return phonework("doctor", "--click", "--json", *words)

    return start


async def ends(process: Any) -> tuple[int, dict[str, dict[str, str]]]:
    stdout, _ = await asyncio.to_thread(process.communicate)
    return process.returncode, {check["name"]: check for check in json.loads(stdout)["checks"]}


async def test_a_tap_and_a_message_prove_both_subscriptions(by_phone: Any, emulator: RunningEmulator) -> None:
    process = by_phone()
    card = await emulator.phone.wait_for_message("Tap the button", timeout_s=30)
    await emulator.phone.click(card, "It works")
    await emulator.phone.say("a word")
    code, checks = await ends(process)

    assert code == 0, checks
    assert (checks["callbacks"]["verdict"], checks["events"]["verdict"]) == ("ok", "ok")


async def test_what_does_not_arrive_is_named(by_phone: Any, emulator: RunningEmulator) -> None:
    await emulator.phone.fault("event.lose", times=-1, match={"event_type": "card.action.trigger"})
    process = by_phone("--wait", "3")
    card = await emulator.phone.wait_for_message("Tap the button", timeout_s=30)
    await emulator.phone.say("a word")
    assert (await emulator.phone.click(card, "It works")).error
    code, checks = await ends(process)

    assert code == 1
    assert checks["events"]["verdict"] == "ok"
    assert checks["callbacks"]["verdict"] == "bad"
    assert "card.action.trigger" in checks["callbacks"]["remedy"]


async def test_the_tap_of_somebody_else_does_not_count(by_phone: Any, emulator: RunningEmulator) -> None:
    await emulator.phone.add_user("ou_bob", "Bob")
    process = by_phone("--wait", "2")
    card = await emulator.phone.wait_for_message("Tap the button", timeout_s=30)
    await emulator.phone.click(card, "It works", user="ou_bob")
    code, checks = await ends(process)

    assert code == 1
    assert checks["callbacks"]["found"] == "no tap within 2 s"
    assert "im.message.receive_v1" in checks["events"]["remedy"]


async def test_a_running_server_is_not_disturbed(by_phone: Any, data_dir: Path, emulator: RunningEmulator) -> None:
    with DirectoryLock(data_dir, SystemClock()):
        code, checks = await ends(by_phone())

    assert code == 1
    assert "not tried" in checks["phone"]["found"]
    assert await emulator.phone.connections() == []


def test_nobody_to_write_to_is_said(examine: Any, run: Any) -> None:
    examine(ACCESS__ALLOW="*")
    result = run("doctor", "--click", "--json")

    found = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert result.exit_code == 1
    assert "phonework init" in found["phone"]["remedy"]


# What else there is


async def test_the_assistants_model_is_asked(examine: Any) -> None:
    async with FakeOpenAI() as api:
        api.will(say("pong"))
        code, checks = await asyncio.to_thread(
            examine, ASSISTANT__BASE_URL=api.base_url, ASSISTANT__MODEL="glm", ASSISTANT__API_KEY="k3y-of-it"
        )

    assert code == 0
    assert checks["assistant"]["found"].startswith("glm at 127.0.0.1")


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_an_assistant_that_does_not_answer_is_bad(examine: Any, status: int) -> None:
    async with FakeOpenAI() as api:
        api.will(fail(status))
        code, checks = await asyncio.to_thread(
            examine, ASSISTANT__BASE_URL=api.base_url, ASSISTANT__MODEL="glm", ASSISTANT__API_KEY="k3y-of-it"
        )

    assert code == 1
    assert checks["assistant"]["verdict"] == "bad"
    assert "glm" in checks["assistant"]["found"] or "127.0.0.1" in checks["assistant"]["found"]
    assert "k3y" not in str(checks)


def test_the_default_agent_answers_a_line(run: Any, examine: Any) -> None:
    examine()
    result = run("doctor", "--turn", "--json")

    found = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert "commands run" in found["agent demo"]["found"]


def test_a_changed_audit_is_bad(examine: Any, data_dir: Path) -> None:
    from phonework.audit.chain import linked

    audit = data_dir / "audit"
    audit.mkdir()
    last, lines = "", []
    for number in range(1, 4):
        line, last = linked({"seq": number, "part": 0, "what": "said", "text": f"line {number}"}, last)
        lines.append(line)
    (audit / "fizz-top.jsonl").write_bytes(b"".join(lines))
    assert examine()[1]["audit"]["verdict"] == "ok"
    (audit / "fizz-top.jsonl").write_bytes(b"".join(lines).replace(b"line 2", b"line 9"))
    code, checks = examine()

    assert code == 1
    assert "fizz-top" in checks["audit"]["found"]


def test_programs_that_are_not_there_are_only_noted(
    examine: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, checks = examine()

    assert code == 0
    assert (checks["git"]["verdict"], checks["rg"]["verdict"]) == ("note", "note")
