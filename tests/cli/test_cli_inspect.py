"""`phonework inspect` (F11)."""

import json
import signal
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from phonework.fsm import events as happened
from phonework.fsm.types import (
    Answer,
    Attachment,
    Option,
    Prompt,
    PromptId,
    Question,
    RequestId,
    RequestKind,
    UserId,
    Verdict,
)
from phonework.store import users
from phonework.store.connect import open_writer

BEGUN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

FIXED = {"user", "mode", "language", "active_session", "sessions"}
FIXED_OF_SESSION = {
    "session_id", "state", "since", "version", "backend", "cwd", "agent_session_id", "turn", "request",
    "requests_waiting", "queue", "timers", "effects", "history",
}  # fmt: skip
FILES = Prompt(
    prompt_id=PromptId("p9"),
    text="",
    sent_at=BEGUN,
    attachments=(Attachment(kind="file", key="f", message_id="m"), Attachment(kind="image", key="g", message_id="m")),
)
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
        "ou_ada", "default", "en", "fizz-top",
    )  # fmt: skip
    (session,) = facts["sessions"]
    assert session.keys() >= FIXED_OF_SESSION
    assert (session["session_id"], session["backend"], session["cwd"]) == ("fizz-top", "demo", "/work/fizz")
    assert (session["turn"], session["agent_session_id"]) == (1, "agent-1")
    assert (session["timeouts"]["wait"], session["timeouts"]["turn"]) == (300, 1800)


def test_the_language_is_the_one_a_person_chose(story: Any, run_json: Any) -> None:
    with closing(open_writer(story.data_dir / "phonework.db")) as connection:
        users.hear(connection, UserId("ou_ada"), "zh")
        users.choose_language(connection, UserId("ou_ada"), "en")
    assert run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["language"] == "en"
    with closing(open_writer(story.data_dir / "phonework.db")) as connection:
        users.choose_language(connection, UserId("ou_ada"), "")
    assert run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["language"] == "zh"


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


def test_each_entry_says_its_cause(story: Any, run_json: Any, run: Any) -> None:
    story.says("tidy\x1b[2J   up\nplease " + "x" * 200)
    story.happens(happened.TurnStarted(turn=1, agent_session_id="agent-1"))
    story.asks()
    asked = RequestId(f"{2:032x}")
    no = Answer(verdict=Verdict.DENY, text="not today")
    story.happens(happened.CardAnswered(request_id=asked, generation=1, answer=no, by=UserId("ou_ada")))
    story.happens(happened.AnswerDelivered(request_id=asked))
    story.happens(happened.TurnFailed(turn=1, error="the agent ended\nunexpectedly"))

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]

    said, *causes = (entry["cause"] for entry in session["history"])
    assert said.startswith("“tidy [2J up please xxx")
    assert said.endswith("x…”")
    assert len(said) < 100
    assert causes == [
        "turn 1 · the agent's session agent-1",
        "Bash: rm -rf build",
        "deny “not today” · by ou_ada · Bash: rm -rf build",
        "Bash: rm -rf build",
        "turn 1 · the agent ended unexpectedly",
    ]
    text = run("inspect", "ou_ada", "--data-dir", story.data_dir).stdout
    for cause in (said, *causes):
        assert any(line.endswith(f"  {cause}") for line in text.splitlines())


def test_a_deadline_is_named_as_the_cause(story: Any, run_json: Any) -> None:
    story.says("tidy up")
    story.asks()
    story.sweeps(after=timedelta(minutes=6))

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]

    due = datetime(2026, 11, 20, 12, 5, 2, tzinfo=UTC).astimezone()
    expired = next(entry for entry in session["history"] if entry["event"] == "WaitExpired")
    assert expired["cause"] == f"no answer by {due:%m-%d %H:%M:%S} · Bash: rm -rf build"


def test_no_cause_holds_a_secret(story: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "wordsworth-1798")
    story.says("use wordsworth-1798 and password=hunter22 " + "x" * 100_000)
    story.asks(command=" " * 9_990 + "export A=wordsworth-1798; curl -H 'Authorization: Bearer abcdefgh12345678'")

    for form in ([], ["--json"]):
        text = run("inspect", "ou_ada", "--data-dir", story.data_dir, "--limit", 50, *form).stdout
        causes = [line for line in text.splitlines() if '"cause"' in line or "  history " in line]
        assert len(causes) == 2
        assert not [line for line in causes if "wordsworth" in line or "hunter22" in line or "abcdefgh1" in line]


ADA = UserId("ou_ada")
P1 = PromptId("p0")
R1 = RequestId("r1")
PICKS = Answer(verdict=Verdict.ANSWER, picks=(("red", "my own"), ("1",)))


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (happened.Created(), ""),
        (happened.MessageReceived(prompt=FILES, by=ADA, stale=True), "2 files · too old"),
        (happened.CardAnswered(request_id=R1, generation=1, answer=PICKS, by=ADA), "“red, my own; 1” · by ou_ada"),
        (happened.LateAnswered(request_id=R1, generation=1, answer=PICKS, by=ADA, prompt=FILES), "“red, my own; 1” · by ou_ada"),
        (happened.RetryAsked(by=ADA, prompt_id=P1), "the newest turn · by ou_ada"),
        (happened.ContinueAsked(by=ADA, turn=3, prompt=FILES), "after turn 3 · by ou_ada"),
        (happened.StopAsked(by=ADA), "by ou_ada"),
        (happened.KillAsked(by=ADA), "by ou_ada"),
        (happened.CloseAsked(by=ADA), "by ou_ada"),
        (happened.SendNowAsked(prompt_id=P1, by=ADA), "“first” · by ou_ada"),
        (happened.DropAsked(prompt_id=P1, by=ADA), "“first” · by ou_ada"),
        (
            happened.MessageTakenBack(prompt_id=P1, message_id="om_1", by=ADA, unheard=True),
            "“first” · not yet with the agent · by ou_ada",
        ),
        (happened.TurnStarted(turn=3), "turn 3"),
        (happened.PromptsTaken(turn=3, prompt_ids=(P1, PromptId("gone"))), "“first”"),
        (happened.AgentSessionChanged(turn=3, agent_session_id="a2"), "turn 3 · the agent's session a2"),
        (happened.RequestWithdrawn(turn=3, request_id=R1), ""),
        (happened.AnswerLost(request_id=R1, reason="it is gone"), "it is gone"),
        (happened.SteerFailed(prompt_id=P1, reason="too late"), "too late · “first”"),
        (happened.TurnFinished(turn=3, text="done\n", interrupted=True), "turn 3 · interrupted · “done”"),
        (happened.AgentLost(turn=3, reason="killed"), "turn 3 · killed"),
        (happened.AgentLost(turn=3, reason=happened.RESTART, restart=True), "turn 3 · the server was started anew"),
        (happened.BackgroundFinished(text="built"), "“built”"),
        (happened.WaitReminderDue(generation=9), "no answer yet"),
        (happened.WaitExpired(generation=9), "no answer by {due}"),
        (happened.TurnExpired(turn=3), "turn 3 was not over at {due}"),
        (happened.StopExpired(turn=3), "turn 3 had not stopped at {due}"),
        (happened.IdleExpired(turn=3), "nobody used it until {due}"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)  # fmt: skip
def test_the_cause_of_each_kind(event: happened.Event, cause: str, story: Any, run_json: Any) -> None:
    story.says("first")
    story.happens(event)

    history = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"][0]["history"]

    due = datetime(2026, 11, 20, 12, 0, 2, tzinfo=UTC).astimezone()
    assert history[-1]["event"] == type(event).__name__
    assert history[-1]["cause"] == cause.format(due=f"{due:%m-%d %H:%M:%S}")


def test_what_cannot_be_read_has_no_cause(story: Any, run_json: Any) -> None:
    story.says("first")
    with closing(open_writer(story.database)) as connection:
        connection.execute("UPDATE event SET payload = '{\"prompt\": 7}'")

    (session,) = run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)["sessions"]

    assert [entry["cause"] for entry in session["history"]] == [""]


def test_a_person_reads_the_same_facts(story: Any, run: Any) -> None:
    story.says("tidy\x1b[2J up")
    story.asks()
    story.says("\x07later")

    result = run("inspect", "ou_ada", "--data-dir", story.data_dir)

    assert result.exit_code == 0
    text = result.stdout
    for word in (
        "ou_ada",
        "mode default",
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
    assert event["cause"] == "“hello”"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_reading_changes_nothing(story: Any, run_json: Any) -> None:
    story.says("first")
    before = story.database.read_bytes()

    run_json("inspect", "ou_ada", "--json", "--data-dir", story.data_dir)

    assert story.database.read_bytes() == before
