"""`phonework inspect` (F11)."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from phonework.fsm import events as happened
from phonework.fsm.types import Option, Question, RequestKind

FIXED = {"user", "mode", "language", "active_session", "sessions"}
FIXED_OF_SESSION = {
    "session_id", "state", "since", "version", "backend", "cwd", "agent_session_id", "turn", "request",
    "requests_waiting", "queue", "timers", "effects", "history",
}  # fmt: skip
FIXED_OF_REQUEST = {"request_id", "kind", "prompt", "options", "expires_at"}


def test_json_has_the_fixed_shape(story: Any, run_json: Any) -> None:
    story.says("tidy up")
    story.happens(happened.TurnStarted(turn=1, agent_session_id="agent-1"))
    story.asks(rule="Bash(rm:*)")
    story.asks()
    story.says("hm\x1b[2J")

    facts = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)

    assert facts.keys() >= FIXED
    assert (facts["user"], facts["mode"], facts["language"], facts["active_session"]) == (
        "ou_ada", "direct", "en", "fizz-top",
    )  # fmt: skip
    (session,) = facts["sessions"]
    assert session.keys() >= FIXED_OF_SESSION
    assert (session["session_id"], session["backend"], session["cwd"]) == ("fizz-top", "demo", "/work/fizz")
    assert (session["turn"], session["agent_session_id"]) == (1, "agent-1")
    assert (session["timeouts"]["wait"], session["timeouts"]["turn"]) == (300, 1800)


def test_an_open_request_is_shown_with_what_can_be_answered(story: Any, run_json: Any) -> None:
    story.says("tidy up")
    story.asks(rule="Bash(rm:*)")
    story.asks()

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]

    request = session["request"]
    assert session["state"] == "waiting_confirm"
    assert request.keys() >= FIXED_OF_REQUEST
    assert (request["kind"], request["prompt"], request["command"]) == ("confirm", "Run rm -rf build?", "rm -rf build")
    assert request["options"] == ["allow", "allow_rule", "deny"]
    assert request["expires_at"] == "2026-11-20T12:05:02Z"
    assert session["requests_waiting"] == 1
    assert {timer["name"] for timer in session["timers"]} >= {"wait", "turn"}


def test_the_options_of_a_choice_are_its_labels(story: Any, run_json: Any) -> None:
    story.says("pick")
    question = Question(text="Which?", options=(Option(label="SQLite"), Option(label="Postgres")))
    story.asks(kind=RequestKind.CHOICE, prompt="Which?", command="", questions=(question,))

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]

    assert session["request"]["options"] == ["SQLite", "Postgres"]
    assert session["request"]["questions"][0]["text"] == "Which?"


def test_queue_and_undelivered_effects_are_shown(story: Any, run_json: Any) -> None:
    story.says("first")
    story.says("second")

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]

    assert [(prompt["status"], prompt["text"]) for prompt in session["queue"]] == [("queued", "second")]
    assert "StartTurn" in {effect["kind"] for effect in session["effects"]}
    assert {effect["status"] for effect in session["effects"]} == {"owed"}


def test_the_history_names_causes_and_is_limited(story: Any, run_json: Any) -> None:
    story.says("first")
    story.happens(happened.TurnStarted(turn=1))
    story.happens(happened.TurnFinished(turn=7, text="of a turn that never was"))
    story.happens(happened.TurnFinished(turn=1, text="done"))

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir, "--limit", 2)["sessions"]

    late, last = session["history"]
    assert late["outcome"] in ("ignored", "stale")
    assert late["reason"]
    assert (last["event"], last["from"], last["to"], last["outcome"], last["reason"]) == (
        "TurnFinished", "executing", "idle", "applied", None,
    )  # fmt: skip
    assert last["at"] == "2026-11-20T12:00:04.000Z"


def test_a_person_reads_the_same_facts(story: Any, run: Any) -> None:
    story.says("tidy\x1b[2J up")
    story.asks()
    story.says("\x07later")

    result = run("inspect", "ou_ada", "--data-dir", story.data_dir)

    assert result.exit_code == 0
    text = result.stdout
    for word in (
        "ou_ada",
        "mode direct",
        "fizz-top *",
        "waiting_confirm",
        "Run rm -rf build?",
        "allow · deny",
        "timer",
    ):
        assert word in text
    assert "executing → waiting_confirm" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_a_name_will_do_and_an_unknown_user_gets_the_nearest(story: Any, run: Any) -> None:
    result = run("inspect", "ou_adda", "--json", "--data-dir", story.data_dir)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: no user ou_adda\nHint: the nearest known is ou_ada\n"


def test_an_unknown_session_is_a_sentence(story: Any, run: Any) -> None:
    result = run("inspect", "ou_ada", "--session", "no-one", "--data-dir", story.data_dir)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ou_ada has no session no-one\nHint: ")


def test_without_a_database_the_place_is_named(run: Any, tmp_path: Path) -> None:
    result = run("inspect", "ou_ada", "--data-dir", tmp_path / "none")

    assert result.exit_code == 1
    assert f"Error: {tmp_path}/none/phonework.db does not exist" in result.stderr


def test_a_damaged_database_is_a_sentence(run: Any, data_dir: Path) -> None:
    (data_dir / "phonework.db").write_bytes(b"not a database" * 1000)

    result = run("inspect", "ou_ada", "--data-dir", data_dir)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {data_dir}/phonework.db is damaged")
    assert "Traceback" not in result.stderr


def test_an_empty_file_is_a_sentence(run: Any, data_dir: Path) -> None:
    (data_dir / "phonework.db").write_bytes(b"")

    result = run("inspect", "ou_ada", "--data-dir", data_dir)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_poisoned_events_are_listed(story: Any, run_json: Any, run: Any) -> None:
    story.poisons(happened.TurnStarted(turn=1))

    (event,) = run_json("inspect", "--poisoned", "--json", "--data-dir", story.data_dir)

    assert (event["event"], event["session_id"], event["key"]) == ("TurnStarted", "fizz-top", "m1")
    assert "ZeroDivisionError" in event["payload"]["error"]
    assert "TurnStarted" in run("inspect", "--poisoned", "--data-dir", story.data_dir).stdout


@pytest.mark.parametrize("words", [["inspect"], ["inspect", "ou_ada", "--poisoned"], ["inspect", "a", "--limit", "-1"]])
def test_wrong_usage_is_two(run: Any, words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_follow_prints_what_happens_until_interrupted(story: Any, phonework: Any) -> None:
    process: subprocess.Popen[str] = phonework("inspect", "ou_ada", "--json", "--follow", "--data-dir", story.data_dir)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["sessions"][0]["state"] == "idle"

    story.says("hello")

    event = json.loads(process.stdout.readline())
    assert (event["session_id"], event["event"], event["to"]) == ("fizz-top", "MessageReceived", "executing")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_reading_changes_nothing(story: Any, run_json: Any) -> None:
    story.says("first")
    before = story.database.read_bytes()

    run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)

    assert story.database.read_bytes() == before
