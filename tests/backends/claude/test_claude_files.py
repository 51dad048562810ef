"""Diffs of what would change, the agent's record of a conversation, and messages with pictures."""

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copy
from uuid import uuid4

import pytest

from phonework import unified
from phonework.backends.claude import diffs, launcher, prompts, transcript
from phonework.backends.claude.launcher import Settings
from phonework.backends.claude.modes import Modes
from phonework.errors import BackendError
from phonework.testing.images import gif, png, webp
from phonework.testing.messages import message

RECORDINGS = Path(__file__).parents[2] / "recordings" / "claude"
KILLED = RECORDINGS / "killed-1-pending-permission.transcript.jsonl"
FOLDED = RECORDINGS / "queued-in-mid-turn.transcript.jsonl"


def test_a_new_file_is_all_additions(tmp_path: Path) -> None:
    shown = diffs.of_call("Write", {"file_path": str(tmp_path / "n.txt"), "content": "a\nb"}, "/")

    assert shown.startswith("--- /dev/null\n+++ b/")
    assert "+a\n+b\n\\ No newline at end of file\n" in shown


def test_several_edits_are_one_diff(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one\ntwo\nthree\ntwo\n")
    edits = [
        {"old_string": "one", "new_string": "1"},
        {"old_string": "two", "new_string": "2", "replace_all": True},
    ]

    shown = diffs.of_call("MultiEdit", {"file_path": "f", "edits": edits}, str(tmp_path))

    assert "-one\n-two\n+1\n+2\n three\n-two\n+2\n" in shown


def test_an_edit_that_does_not_fit_the_file_shows_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("something else\n")

    shown = diffs.of_call("Edit", {"file_path": str(tmp_path / "f"), "old_string": "a\n", "new_string": "b\n"}, "/")

    assert "-a\n+b\n" in shown


def test_a_cell_of_a_notebook_is_shown_by_itself(tmp_path: Path) -> None:
    book = {"cells": [{"id": "c1", "source": ["x = 1\n", "y = 2\n"]}]}
    (tmp_path / "n.ipynb").write_text(json.dumps(book))
    call = {"notebook_path": str(tmp_path / "n.ipynb"), "cell_id": "c1", "new_source": "x = 1\ny = 3\n"}

    shown = diffs.of_call("NotebookEdit", call, "/")

    assert "-y = 2\n+y = 3\n" in shown
    assert "n.ipynb#c1" in shown


@pytest.mark.parametrize("book", ["", "{", "[]", '{"cells": 7}', "[" * 100_000])
def test_a_notebook_that_is_none_shows_what_was_meant(tmp_path: Path, book: str) -> None:
    (tmp_path / "n.ipynb").write_text(book)
    call = {"notebook_path": str(tmp_path / "n.ipynb"), "cell_id": "c1", "new_source": "y = 3\n"}

    assert "+y = 3\n" in diffs.of_call("NotebookEdit", call, "/")


@pytest.mark.parametrize(
    ("tool", "call"),
    [
        ("Bash", {"command": "ls"}),
        ("Edit", {}),
        ("Edit", {"file_path": "/f", "old_string": 1}),
        ("MultiEdit", {"file_path": "/f"}),
    ],
)
def test_what_is_no_clear_edit_has_no_diff(tool: str, call: dict[str, object]) -> None:
    assert diffs.of_call(tool, call, "/") == ""


def test_files_that_cannot_be_read_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("pipe", "binary", "."):
        call = {"file_path": str(tmp_path / name), "old_string": "a", "new_string": "b"}
        assert "+b" in diffs.of_call("Edit", call, "/")


def test_huge_files_and_diffs_stay_bounded(tmp_path: Path) -> None:
    lines = [f"line {number}\n" for number in range(30_000)]
    (tmp_path / "f").write_text("".join(lines))
    call = {"file_path": str(tmp_path / "f"), "old_string": "line 15000\n", "new_string": "changed\n"}

    shown = diffs.of_call("Edit", call, "/")

    assert shown.endswith("@@ -15001,1 +15001,1 @@\n-line 15000\n+changed\n")
    whole = diffs.of_call(
        "Write", {"file_path": str(tmp_path / "n"), "content": "x" * 99 + "\n" + "y\n" * 2_000_000}, "/"
    )
    assert len(whole) < unified.LARGEST_DIFF + 1000
    assert "goes on beyond" in whole


def test_a_prompt_is_found_as_a_line_and_as_folded_in() -> None:
    assert transcript.has_prompt(FOLDED, "4c07f713-1188-4fd0-a2d8-40fe804affdd")
    assert transcript.has_prompt(FOLDED, "c0272d24-d768-48ab-aa16-0e555cf8ad55")
    assert not transcript.has_prompt(FOLDED, str(uuid4()))
    assert not transcript.has_prompt(FOLDED.with_name("missing"), str(uuid4()))


def test_what_was_said_in_a_turn_is_found(tmp_path: Path) -> None:
    """Since the last tool call, else before it; not a subagent's words, nor what is put into the agent's mouth."""
    record = tmp_path / "record.jsonl"

    def said(text: str, **more: object) -> dict[str, object]:
        return {"type": "assistant", "message": {"content": [{"type": "text", "text": text}], **more}}

    call = {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "t", "name": "X", "input": {}}]}}
    lines = [
        said("earlier"),
        {"type": "user", "uuid": "p1", "message": {"content": "go"}},
        said("first"),
        said("second"),
        call,
        {**said("a helper"), "isSidechain": True},
        said("No response requested.", model="<synthetic>"),
    ]

    def found(*more: dict[str, object]) -> str:
        record.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *more]) + '{"torn": ')
        return transcript.said(record, {"p1"})

    assert found() == "first\n\nsecond"
    assert found(said("third")) == "third"
    assert transcript.said(record, {"p2"}) == ""


def test_the_totals_are_the_last_recorded_ones() -> None:
    assert transcript.totals(FOLDED) == transcript.Totals(cost_usd=0.021972, tokens=(5323, 34, 0, 0))
    assert transcript.totals(KILLED) == transcript.Totals()


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999", "9" * 400, "-1", "true", '"many"', "null"])
def test_totals_are_believed_as_far_as_they_make_sense(tmp_path: Path, number: str) -> None:
    record = tmp_path / "r.jsonl"
    usage = f'{{"m": {{"inputTokens": {number}, "outputTokens": 7}}}}'
    record.write_text(f'{{"type": "cost-state", "totalCostUSD": {number}, "modelUsage": {usage}}}\n')
    found = transcript.totals(record)

    assert -1 <= found.cost_usd <= 1
    assert found.tokens[0] in (0, 1)
    assert found.tokens[1] == 7


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript, "LONGEST_LINE", 1_000)
    record = tmp_path / "r.jsonl"
    prompt = json.dumps({"type": "user", "uuid": "p1"})
    record.write_text(json.dumps({"type": "user", "uuid": "p1", "text": "x" * 5_000}) + "\n")
    assert not transcript.has_prompt(record, "p1")

    record.write_text("x" * 5_000 + "\n" + prompt + "\n")
    assert transcript.has_prompt(record, "p1")


def test_an_unanswered_call_is_found_only_at_the_end() -> None:
    (call,) = transcript.unanswered(KILLED)

    assert (call.tool, call.tool_use_id) == ("Bash", "toolu_fake_0e318ddaa47b4f06")
    assert call.tool_input["command"] == "touch marker && echo made"
    assert transcript.unanswered(FOLDED) == []


def test_the_mark_goes_on_a_line_of_its_own_after_a_torn_one(tmp_path: Path) -> None:
    record = tmp_path / "r.jsonl"
    copy(KILLED, record)
    record.write_bytes(record.read_bytes() + b'{"type":"tor')
    (call,) = transcript.unanswered(record)

    transcript.mark_deferred(record, call, "11111111-2222-3333-4444-555555555555")

    *_, torn, last = record.read_text().splitlines()
    mark = json.loads(last)
    assert torn == '{"type":"tor'
    assert mark["attachment"]["toolUseID"] == call.tool_use_id
    assert mark["parentUuid"] == call.line_uuid
    assert mark["sessionId"] == "02e30f2a-5b3b-4b83-9f44-d342d2bf0b4a"
    assert transcript.has_prompt(record, "11111111-2222-3333-4444-555555555555")


def test_a_record_is_found_in_any_directory_and_never_outside(tmp_path: Path) -> None:
    (tmp_path / "projects" / "-a").mkdir(parents=True)
    (tmp_path / "projects" / "-a" / "one.jsonl").write_text("")
    (tmp_path / "secret.jsonl").write_text("")

    assert transcript.find(tmp_path, "one") == tmp_path / "projects" / "-a" / "one.jsonl"
    assert transcript.find(tmp_path, "../../secret") is None
    assert transcript.find(tmp_path, "..") is None
    assert transcript.find(tmp_path, "") is None
    assert transcript.find(tmp_path / "missing", "one") is None


def test_plain_texts_are_one_message_and_commands_their_own() -> None:
    first, second = message("one"), message("two")
    command, third = message("/compact", verbatim=False), message("three")

    found = prompts.messages([first, second, command, third], {})

    assert [one["uuid"] for one in found] == [first.prompt_id, command.prompt_id, third.prompt_id]
    assert [one["message"]["content"] for one in found] == ["one\n\ntwo", "/compact", "three"]
    assert not any("client_composed" in one for one in found)


@pytest.mark.parametrize(
    ("text", "expands"),
    [
        ("hello", False),
        ("a / b", False),
        ("@x", True),
        ("me@x.org", True),
        ("/clear", True),
        (" \n/clear", True),
        ("!ls", True),
    ],
)
def test_only_text_that_could_expand_is_marked(text: str, expands: bool) -> None:
    (sent,) = prompts.messages([message(text)], {})

    assert ("client_composed" in sent) is expands


def test_pictures_the_api_does_not_take_are_named_instead(tmp_path: Path) -> None:
    prompt = message("look")
    (tmp_path / "p.bmp").write_bytes(b"BM123")
    (tmp_path / "big.png").write_bytes(png(9, 9) + b"0" * prompts.LARGEST_IMAGE)
    (tmp_path / "wide.png").write_bytes(png(8001, 9))
    (tmp_path / "broken.png").write_bytes(png(9, 9)[:12])
    (tmp_path / "ok.webp").write_bytes(webp(9, 9))
    paths = tuple(str(tmp_path / name) for name in ("p.bmp", "big.png", "wide.png", "broken.png", "ok.webp"))

    (sent,) = prompts.messages([prompt], {prompt.prompt_id: paths})

    text, picture = sent["message"]["content"]
    assert all(path in text["text"] for path in paths[:-1])
    assert picture["source"]["media_type"] == "image/webp"


def test_pictures_that_are_too_much_together_are_named_instead(tmp_path: Path) -> None:
    paths = tuple(str(tmp_path / f"{number}.png") for number in range(7))
    for path in paths:
        Path(path).write_bytes(png(9, 9).ljust(prompts.LARGEST_IMAGE, b"0"))
    prompt = message("look")
    (sent,) = prompts.messages([prompt], {prompt.prompt_id: paths})

    text, *pictures = sent["message"]["content"]
    assert len(pictures) == prompts.LARGEST_TOGETHER // prompts.LARGEST_IMAGE
    assert [path in text["text"] for path in paths] == [False] * len(pictures) + [True] * (7 - len(pictures))


def test_pictures_without_words_come_without_an_empty_text(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(gif(9, 9))
    prompt = message("")
    (sent,) = prompts.messages([prompt], {prompt.prompt_id: (str(tmp_path / "a.gif"),)})

    assert [one["type"] for one in sent["message"]["content"]] == ["image"]


def test_a_missing_program_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"claude\.cli_path"):
        launcher.find_cli(str(tmp_path / "nothing"))


def test_values_cannot_become_flags() -> None:
    words = launcher.command("claude", resume="--dangerously-skip-permissions", model="--x", mode="--y")

    assert "--dangerously-skip-permissions" not in words
    assert "--resume=--dangerously-skip-permissions" in words
    assert "--model=--x" in words


def test_the_configured_environment_wins_and_what_is_not_for_the_agent_stays_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("ANTHROPIC_MODEL", "from outside")
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "not for agents")
    settings = Settings.read({"env": {"ANTHROPIC_API_KEY": "k"}, "max_live": None, "cli_path": None})

    env = launcher.environment(settings, "mark")

    assert "CLAUDECODE" not in env
    assert "not for agents" not in env.values()
    assert (env["ANTHROPIC_MODEL"], env["ANTHROPIC_API_KEY"], env[launcher.MARK]) == ("from outside", "k", "mark")
    assert settings.max_live == 8


def test_the_agents_directory_follows_its_environment() -> None:
    assert launcher.config_dir({"CLAUDE_CONFIG_DIR": "/c", "HOME": "/h"}) == Path("/c")
    assert launcher.config_dir({"HOME": "/h"}) == Path("/h/.claude")


def test_the_sdk_is_loaded_only_when_the_backend_is_built() -> None:
    """It takes long, and is not there without the extra."""
    looked = "import sys, phonework.backends.claude; sys.exit('claude_agent_sdk' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", looked], check=False).returncode == 0


def test_the_mode_of_a_conversation_is_remembered(tmp_path: Path) -> None:
    modes = Modes(tmp_path / "modes")
    modes.remember("c1", wanted="plan", mode="acceptEdits")

    assert modes.recall("c1", wanted="plan") == "acceptEdits"
    assert modes.recall("c1", wanted="default") == "default", "the person wants another one now"
    assert modes.recall("c2", wanted="plan") == "plan"
    modes.remember("c1", wanted="plan", mode="plan")
    assert not list((tmp_path / "modes").iterdir()), "it is where it would begin"
    modes.forget("c1")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"wanted": "plan"}', '{"wanted": "plan", "mode": "--x"}', "\udcff"])
def test_a_damaged_memory_of_a_mode_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "c1.json").write_bytes(text.encode("utf-8", "surrogateescape"))

    assert Modes(tmp_path).recall("c1", wanted="plan") == "plan"
