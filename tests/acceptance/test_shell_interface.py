"""`phonework session`, as scripts and other agents use it: the real process, the real server, the demo agent (D1-D3)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from phonework.testing.person import Person
from phonework.testing.phone import Phone
from phonework.testing.server import Server
from phonework.testing.shell import Ran, Shell, ended

PAGE = Path(__file__).parents[2] / "docs" / "shell.md"
PARTS = ("api", "web", "docs", "tests", "tools")


@pytest.fixture
async def shell(server: Server) -> AsyncIterator[Shell]:
    shell = Shell(server)
    yield shell
    await shell.aclose()


# Scripts


async def test_the_script_of_the_page_makes_five_sessions_and_prints_their_answers(idle_server: Server) -> None:
    script = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    idle_server.work = idle_server.place / "home/phonework"
    idle_server.settings["WORK__ROOT"] = str(idle_server.work)
    await idle_server.start()
    shell = Shell(idle_server)
    ran = await ended(await shell.start("bash", "-euc", script))

    assert ran.code == 0, ran.err
    for part in PARTS:
        assert f"== {part}: in one sentence what is here." in ran.out.splitlines()
    assert (await shell.session("list")).out == ""
    closed = (await shell.session("list", "--closed", "--group", "review", "--json")).json["sessions"]
    assert sorted(one["name"] for one in closed) == sorted(PARTS)


async def test_two_at_once_never_share_a_name(shell: Shell) -> None:
    ran = await asyncio.gather(*(shell.session("create", "--name", "one") for _ in range(4)))

    assert sorted(one.code for one in ran) == [0, 1, 1, 1]
    assert all("one" in each.err for each in ran if each.code)
    assert len((await shell.session("list", "--json")).json["sessions"]) == 1


async def test_a_message_may_come_from_a_file_with_variables_and_from_standard_input(shell: Shell) -> None:
    made = await shell.makes("--name", "tests", "--cwd", "shop", "--mkdir")
    (shell.server.work / "ask.md").write_text(r"echo {{name}} in {{project}} of \{{group}}")
    sent = await shell.session("send", "tests", "--file", "ask.md", "--stdin", stdin="and this", PYTHONUTF8="1")
    assert (sent.code, sent.out) == (0, f"{made}\n")

    assert (await shell.session("wait", made)).code == 0
    assert (await shell.session("last-message", made)).out == "tests in shop of {{group}}\n\nand this\n"

    (shell.server.work / "ask.md").write_text("{{nmae}}")
    wrong = await shell.session("send", "tests", "--file", "ask.md")
    assert (wrong.code, "there is no {{nmae}}" in wrong.err) == (1, True)
    assert (await shell.session("status", made, "--json")).json["turn"] == 1


async def test_a_group_is_given_work_and_its_results_are_gathered(shell: Shell) -> None:
    made = [await shell.makes("--group", "nightly", "--name", name) for name in ("one", "two", "three")]
    (shell.server.work / "ask.md").write_text("echo {{name}} of {{group}}")
    sent = await shell.session("send", "--group", "nightly", "--file", "ask.md", "--json")
    assert sorted(one["session"] for one in sent.json["sent"]) == sorted(made)
    assert sent.json["failed"] == []

    ran = await shell.session("wait", "--group", "nightly", "--json")
    answers = {one["name"]: (one["outcome"], one["last"]["text"]) for one in ran.json["sessions"]}
    assert (ran.code, ran.json["outcome"]) == (0, "done")
    assert answers == {name: ("done", f"{name} of nightly") for name in ("one", "two", "three")}


async def test_a_message_waits_its_turn_or_takes_the_place_of_what_runs(shell: Shell) -> None:
    made = await shell.makes("hang")
    assert (await shell.session("send", made, "echo later")).code == 0
    assert (await shell.session("status", made, "--json")).json["queue"] == 1
    assert (await shell.session("send", made, "--interrupt", "echo", "now")).code == 0
    assert (await shell.session("wait", made)).code == 0

    turns = (await shell.session("logs", made, "--json")).json["turns"]
    assert (turns[0]["status"], turns[0]["prompts"]) == ("stopped", ["hang"])
    assert turns[1]["prompts"][0] == "echo now"


# Waiting


async def test_waiting_for_any_for_all_and_not_for_ever(shell: Shell) -> None:
    busy, quick = await shell.makes("hang"), await shell.makes("echo hello")
    first = await shell.session("wait", "--any", busy, quick, "--json")
    assert (first.code, first.json["outcome"]) == (0, "done")
    outcomes = {one["id"]: one["outcome"] for one in first.json["sessions"]}
    assert outcomes == {busy: "working", quick: "done"}

    late = await shell.session("wait", busy, quick, "--timeout", "1s", "--json")
    assert (late.code, late.json["outcome"]) == (4, "timeout")
    assert busy in late.err

    waiting = await shell.waiting(busy, quick)
    assert (await shell.session("stop", busy)).code == 0
    ran = await ended(waiting)
    assert ran.code == 8
    assert f"{quick}  done  hello" in ran.out.splitlines()
    assert any(line.startswith(f"{busy}  stopped") for line in ran.out.splitlines())


async def test_a_server_that_stops_ends_the_wait_with_its_own_code(shell: Shell) -> None:
    made, other = await shell.makes("hang"), await shell.makes("hang")
    waiting = await shell.waiting(made, other)
    await shell.session("stop", other)
    assert waiting.stdout is not None
    assert (await waiting.stdout.readline()).startswith(other.encode())
    await shell.server.stop()
    ran = await ended(waiting)
    assert (ran.code, "the server stopped" in ran.err) == (7, True)

    away = await shell.session("wait", made)
    assert away.code == 6
    assert "no server runs" in away.err
    assert "phonework serve" in away.err


async def test_a_server_that_is_killed_and_comes_back_is_found_again(shell: Shell) -> None:
    made = await shell.makes("hang")
    patient, hasty = await shell.waiting(made), await shell.waiting(made, "--grace", "0.3s", "--json")
    await shell.server.kill()
    given_up = await ended(hasty)
    assert (given_up.code, given_up.json["outcome"]) == (7, "server_stopped")
    assert "not back after" in given_up.err

    await shell.server.start()
    ran = await ended(patient)
    assert (ran.code, ran.out.split()[:2]) == (8, [made, "lost"])
    assert (await shell.session("retry", made)).code == 0
    assert (await shell.session("kill", made)).code == 0
    assert (await shell.session("wait", made)).code == 8


# Answering


async def test_what_is_asked_is_approved_denied_and_answered(shell: Shell) -> None:
    made = await shell.makes("confirm")
    asked = await shell.session("wait", made)
    assert (asked.code, "waiting" in asked.out) == (3, True)
    request = (await shell.session("status", made, "--json")).json["request"]
    assert request["kind"] == "confirm"
    assert request["command"] in (await shell.session("status", made)).out

    for shown in (asked.out, (await shell.session("status", made)).out):
        assert f"phonework session approve {made} --request {request['id']}" in shown
    assert (await shell.session("respond", made, "yes", "--request", request["id"])).code == 1
    blind = await shell.session("approve", made)
    assert (blind.code, "--request" in blind.err) == (2, True)
    own = await shell.session("approve", made, "--request", request["id"], AGENT_OF_PHONEWORK=f"/data:{made}")
    assert (own.code, "its own session" in own.err) == (1, True)
    other = await shell.session("approve", made, "--request", "0" * 32)
    assert other.code != 0
    assert (await shell.session("approve", made, "--request", request["id"])).code == 0
    assert (await shell.session("wait", made)).code == 0
    again = await shell.session("approve", made, "--request", request["id"])
    assert (again.code, again.err != "") == (1, True)

    await shell.session("send", made, "change something")
    asked = await shell.session("wait", made, "--json")
    assert asked.code == 3
    assert asked.json["sessions"][0]["answer_with"][0].startswith(f"phonework session approve {made} --request ")
    open_now = asked.json["sessions"][0]["request"]["id"]
    assert (await shell.session("deny", made, "--reason", "the tax is wrong", "--request", open_now)).code == 0
    assert (await shell.session("wait", made)).code == 0
    assert "the tax is wrong" in (await shell.session("last-message", made)).out

    await shell.session("send", made, "choose")
    assert (await shell.session("wait", made)).code == 3
    open_now = (await shell.session("status", made, "--json")).json["request"]["id"]
    wrong = await shell.session("respond", made, "1", "2", "--request", open_now)
    assert (wrong.code, "1 answers are wanted" in wrong.err) == (1, True)
    assert (await shell.session("respond", made, "rust", "--request", open_now)).code == 0
    assert (await shell.session("wait", made)).code == 0
    assert "Rust" in (await shell.session("last-message", made)).out


async def test_a_question_is_waited_through_when_the_phone_answers_it(shell: Shell, phone: Phone) -> None:
    ada = Person(phone)
    await ada.says("/status")
    made = await shell.makes("confirm")
    waiting = await shell.waiting(made, "--until-done")
    card = await ada.question("May I run this command?")
    asked = (await shell.session("status", made, "--json")).json["request"]["id"]
    await ada.presses(card, "Allow")

    assert (await ended(waiting)).code == 0
    late = await shell.session("deny", made, "--request", asked)
    assert late.code == 1


async def test_at_a_terminal_what_is_open_is_shown_and_asked_about(shell: Shell) -> None:
    made = await shell.makes("confirm")
    request = (await shell.session("wait", made, "--json")).json["sessions"][0]["request"]

    code, said = await asyncio.to_thread(at_terminal, shell, "n\n", "approve", made)
    assert (code, request["command"] in said, request["id"] in said) == (1, True, True)
    assert (await shell.session("wait", made)).code == 3, "nothing was decided"
    code, said = await asyncio.to_thread(at_terminal, shell, "y\n", "approve", made)
    assert code == 0, said
    assert (await shell.session("wait", made)).code == 0


def at_terminal(shell: Shell, typed: str, *words: str) -> tuple[int, str]:
    """Exit code, and what was shown at a terminal at which this was typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["phonework", "session", *words],
        **{"stdin": theirs, "stdout": theirs, "stderr": theirs},
        cwd=shell.server.work, env=shell.environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends whose program has ended (Linux)
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    return process.wait(60), shown.decode()


async def test_a_session_of_the_shell_is_taken_over_on_the_phone_and_back(shell: Shell, phone: Phone) -> None:
    ada = Person(phone)
    made = await shell.makes("--name", "mine", "echo from the shell")
    assert (await shell.session("wait", "mine")).code == 0
    await ada.says(f"/switch {made}")
    await ada.sees(lambda shown: shown.shows(made))
    await ada.says("echo from the phone")
    await ada.sees("from the phone")
    assert (await shell.session("wait", "mine")).code == 0
    assert (await shell.session("last-message", "mine")).out == "from the phone\n"

    await shell.session("send", "mine", "echo back again")
    await ada.sees("back again")
    logs = (await shell.session("logs", "mine")).out
    places = [logs.index(words) for words in ("> echo from the shell", "> echo from the phone", "> echo back again")]
    assert places == sorted(places)


# What may go wrong


async def test_what_is_not_there_is_not_found(shell: Shell) -> None:
    for words in (
        ("send", "fizz-top", "hi"),
        ("wait", "--group", "nobody"),
        ("status", "../secret"),
        ("wait", "no/one"),
    ):
        ran = await shell.session(*words)
        assert (ran.code, ran.err.startswith("Error: there is no")) == (5, True), ran
    made = await shell.makes()
    ran = await shell.session("stop", made, "fizz-top")
    assert ran.code in (1, 5)
    assert "fizz-top" in ran.err
    assert (await shell.session("last-message", made)).code == 1
    assert (await shell.session("attach", made)).code == 1


async def test_wrong_usage_is_two(shell: Shell) -> None:
    for words in (
        ("send",),
        ("send", "x"),
        ("wait",),
        ("wait", "x", "--group", "y"),
        ("wait", "x", "--timeout", "soon"),
    ):
        ran = await shell.session(*words)
        assert (ran.code, ran.out) == (2, ""), ran


async def test_what_is_missing_is_named(idle_server: Server) -> None:
    missing = {"CLAUDE__CLI_PATH": "/no/claude", "CLAUDE_TMUX__TMUX_PATH": "/no/tmux", "CODEX__CLI_PATH": "/no/codex"}
    idle_server.settings |= missing
    await idle_server.start()
    shell = Shell(idle_server)
    for backend, said in (("claude", "/no/claude"), ("claude-tmux", "apt install tmux"), ("codex", "/no/codex")):
        ran = await shell.session("wait", await shell.makes("--backend", backend, "hello"))
        assert (ran.code, said in ran.out) == (8, True), ran
    unknown = await shell.session("create", "--backend", "clade")
    assert (unknown.code, "claude, claude-tmux, codex, demo" in unknown.err) == (1, True)


async def test_a_damaged_token_file_is_named_and_nothing_is_sent(shell: Shell) -> None:
    path = shell.server.data_dir / "gateway.json"
    whole = path.read_text()
    path.chmod(0o644)
    open_to_all = await shell.session("list")
    path.chmod(0o600)
    path.write_text(json.dumps({**json.loads(whole), "token": "x" * 43}))
    foreign = await shell.session("list")
    path.write_text(whole[: len(whole) // 2])
    torn = await shell.session("list")
    path.unlink()
    none = await shell.session("list")

    assert (open_to_all.code, "can be read by others" in open_to_all.err) == (1, True)
    assert (foreign.code, "does not take the token" in foreign.err) == (1, True)
    assert (torn.code, "is damaged" in torn.err) == (1, True)
    assert (none.code, "no server has run here" in none.err) == (6, True)
    assert all(each.out == "" and str(path) in each.err for each in (open_to_all, foreign, torn, none))


async def test_a_container_sees_its_own_paths_and_no_others(shell: Shell) -> None:
    work, token = shell.server.work, json.loads((shell.server.data_dir / "gateway.json").read_text())["token"]
    container = {
        "PHONEWORK_GATEWAY_URL": shell.server.url, "PHONEWORK_GATEWAY_TOKEN": token,
        "PHONEWORK_SERVER__DATA_DIR": "/nowhere", "HOST_PATH": f"/work:{work}",
    }  # fmt: skip
    made = await shell.session("create", "--cwd", "/work/shop", "--mkdir", "--json", **container)
    assert (made.code, made.json["cwd"]) == (0, "/work/shop"), made.err
    assert (work / "shop").is_dir()

    outside = await shell.session("create", "--cwd", "/work/../etc", **container)
    assert (outside.code, "HOST_PATH" in outside.err) == (1, True)
    assert len((await shell.session("list", "--json", **container)).json["sessions"]) == 1


async def test_huge_output_comes_whole_and_a_closed_pipe_is_no_error(shell: Shell) -> None:
    made = await shell.makes("long 200")
    assert (await shell.session("wait", made)).code == 0
    whole = (await shell.session("last-message", made)).out
    assert "## Chapter 200 of 200" in whole
    assert len(whole) > 100_000

    for command in (f"last-message {made}", f"logs {made}", f"logs {made} --follow", "list", f"status {made} --json"):
        ran = await ended(await shell.start("bash", "-c", f"phonework session {command} | head -n 1"))
        assert ran.code == 0
        assert "Traceback" not in ran.err


async def test_logs_follow_what_comes_until_the_session_is_closed(shell: Shell) -> None:
    made = await shell.makes("echo one")
    assert (await shell.session("wait", made)).code == 0
    following = await shell.start("phonework", "session", "logs", made, "--follow", "--json", PYTHONUNBUFFERED="1")
    assert following.stdout is not None
    assert json.loads(await following.stdout.readline())["text"] == "one"
    await shell.session("send", made, "echo two")
    second = json.loads(await following.stdout.readline())
    assert (second["turn"], second["text"], second["prompts"]) == (2, "two", ["echo two"])
    await shell.session("close", made)

    assert (await ended(following)).code == 0


async def test_a_wait_is_interrupted_at_once(shell: Shell) -> None:
    waiting = await shell.waiting(await shell.makes("hang"))
    waiting.send_signal(signal.SIGINT)

    assert await ended(waiting) == Ran(130, "", "")


async def test_order_is_kept(shell: Shell) -> None:
    one, two = await shell.makes("--group", "g"), await shell.makes()
    assert (await shell.session("rename", one, "first")).code == 0
    assert (await shell.session("list", "--name", "first", "--json")).json["sessions"][0]["id"] == one
    listed = (await shell.session("list", "--group", "g")).out.splitlines()
    assert [line.split()[0] for line in listed] == ["SESSION", one]

    old = await shell.session("cleanup", "--older-than", "0", "--dry-run")
    assert sorted(old.out.split()) == sorted([one, two])
    assert (await shell.session("cleanup", "--older-than", "1h")).out == ""
    assert sorted((await shell.session("cleanup", "--older-than", "0", "--json")).json["closed"]) == sorted([one, two])
    assert (await shell.session("list", "--json")).json == {"sessions": []}
