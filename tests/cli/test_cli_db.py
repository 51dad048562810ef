"""`phonework db`."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from phonework.clock import SystemClock
from phonework.fsm import events as happened
from phonework.fsm.types import Prompt, PromptId, UserId
from phonework.store.lock import DirectoryLock


def test_migrate_creates_and_then_has_nothing_to_do(run: Any, tmp_path: Path) -> None:
    place = tmp_path / "new" / "data"

    first = run("db", "migrate", "--data-dir", place)
    second = run("db", "migrate", "--data-dir", place)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.startswith(f"{place}/phonework.db: version 0 → ")
    assert "nothing to do" in second.stdout
    assert place.stat().st_mode & 0o077 == 0


def test_migrate_beside_a_running_server_is_refused(run: Any, data_dir: Path) -> None:
    with DirectoryLock(data_dir, SystemClock()):
        result = run("db", "migrate", "--data-dir", data_dir)

    assert result.exit_code == 1
    assert "is in use by process" in result.stderr


def test_check_of_a_good_database(story: Any, run: Any, run_json: Any) -> None:
    assert run("db", "check", "--data-dir", story.data_dir).stdout.rstrip().endswith("in order")
    assert run_json("db", "check", "--json", "--data-dir", story.data_dir)["problems"] == []


def test_check_of_a_broken_one_names_what_is_wrong(story: Any, run: Any) -> None:
    with closing(sqlite3.connect(story.database)) as connection:
        connection.execute("UPDATE session SET user_id = 'ou_nobody'")
        connection.commit()

    result = run("db", "check", "--json", "--data-dir", story.data_dir)

    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"]
    assert result.stderr.startswith("Error: ")


def test_a_newer_database_is_refused_and_untouched(story: Any, run: Any) -> None:
    with closing(sqlite3.connect(story.database)) as connection:
        connection.execute("PRAGMA user_version = 9999")

    result = run("db", "migrate", "--data-dir", story.data_dir)

    assert result.exit_code == 1
    assert "newer PhoneWork" in result.stderr
    with closing(sqlite3.connect(story.database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (9999,)


def test_backup_makes_a_whole_copy_and_overwrites_nothing(story: Any, run: Any, tmp_path: Path) -> None:
    story.says("hello")
    target = tmp_path / "copy.db"

    first = run("db", "backup", target, "--data-dir", story.data_dir)
    second = run("db", "backup", target, "--data-dir", story.data_dir)

    assert (first.exit_code, first.stdout) == (0, f"{target}\n")
    assert second.exit_code == 1
    assert "exists already" in second.stderr
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_backup_without_a_target_goes_to_the_backups(story: Any, run: Any) -> None:
    result = run("db", "backup", "--data-dir", story.data_dir)

    assert Path(result.stdout.strip()).parent == story.data_dir / "backups"
    assert Path(result.stdout.strip()).exists()


def test_a_poisoned_event_is_run_again_once(story: Any, run: Any, run_json: Any) -> None:
    prompt = Prompt(prompt_id=PromptId("p1"), text="hello", sent_at=story.now)
    story.poisons(happened.MessageReceived(prompt=prompt, by=UserId("ou_ada")))
    (event,) = run_json("inspect", "--poisoned", "--json", "--data-dir", story.data_dir)

    first = run("db", "rerun", event["seq"], "--data-dir", story.data_dir)
    second = run("db", "rerun", event["seq"], "--data-dir", story.data_dir)

    assert (first.exit_code, first.stdout) == (0, f"event {event['seq']}: applied\n")
    assert second.exit_code == 1
    assert f"there is no poisoned event {event['seq']}" in second.stderr
    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]
    assert session["state"] == "executing"
    assert "StartTurn" in {effect["kind"] for effect in session["effects"]}


def test_running_again_beside_a_server_is_refused(story: Any, run: Any) -> None:
    with DirectoryLock(story.data_dir, SystemClock()):
        result = run("db", "rerun", 1, "--data-dir", story.data_dir)

    assert result.exit_code == 1
    assert "is in use by process" in result.stderr
