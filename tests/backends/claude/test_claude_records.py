"""Finding conversations in Claude Code's own records, whatever state these are in."""

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.claude import records
from phonework.backends.claude.records import HEAD_BYTES, TAIL_BYTES, WORDS, Record, look, newest, understood

RECORDED = Path(__file__).parents[2] / "recordings" / "claude"


def typed(text: object, **more: Any) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": text}, "cwd": "/somewhere", **more}


def answered(tokens: int, **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 2, "cache_read_input_tokens": tokens, "output_tokens": 5}
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": "Done."}], "usage": usage}, **more}


def written(lines: list[object]) -> bytes:
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


class Desk:
    """A configuration directory with records in it, and a working root."""

    def __init__(self, place: Path) -> None:
        self.config, self.root = place / "config", place / "work"
        self.cwd = self.root / "api"
        self.cwd.mkdir(parents=True)

    def keep(self, *lines: object, name: str = "", cwd: Path | None = None, age: float = 0) -> Path:
        cwd = cwd or self.cwd
        directory = self.config / "projects" / records.project_key(str(cwd.resolve()))
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{name or uuid4()}.jsonl"
        with_cwd = [{**line, "cwd": str(cwd)} if isinstance(line, dict) else line for line in lines]
        path.write_bytes(written(with_cwd))
        os.utime(path, (time.time() - age, time.time() - age))
        return path

    def found(self, limit: int = 10) -> list[Record]:
        return newest(self.config, self.root, limit)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_was_typed_at_a_terminal_is_a_persons(desk: Desk) -> None:
    """As Claude Code 2.1.329 writes it there; what an SDK sends has no origin."""
    of_terminal = {"origin": {"kind": "human"}, "promptSource": "typed", "entrypoint": "cli", "permissionMode": "auto"}
    desk.keep(
        {"type": "mode", "mode": "normal"},
        typed("The word is mango.", **of_terminal),
        answered(3),
        typed("And?", **of_terminal),
    )
    (one,) = desk.found()

    assert (one.first, one.last) == ("The word is mango.", "And?")


def test_the_newest_come_first_with_what_was_first_and_last_written(desk: Desk) -> None:
    desk.keep(typed("older"), age=100)
    newer = desk.keep(typed("make\nthe tests\u0007 pass"), answered(40), typed("and the docs"), answered(900), age=1)
    first, second = desk.found()

    assert (first.first, first.last, second.first) == ("make the tests pass", "and the docs", "older")
    assert first.agent_session_id == newer.stem
    assert first.cwd == str(desk.cwd)
    assert first.context_tokens == 907
    assert first.size_bytes == newer.stat().st_size
    assert desk.found(limit=1) == [first]


def test_what_no_person_wrote_is_not_taken_for_their_words(desk: Desk) -> None:
    desk.keep(
        {"type": "queue-operation", "operation": "enqueue", "content": "x"},
        typed("injected", isMeta=True),
        typed("<command-name>/cost</command-name>"),
        typed("Caveat: the messages below"),
        typed([{"type": "tool_result", "content": "output"}], toolUseResult={"a": 1}),
        typed(
            [{"type": "text", "text": "<system-reminder>no</system-reminder>"}, {"type": "text", "text": "real words"}]
        ),
        typed("[Request interrupted by user]"),
        typed("a task ended", origin={"kind": "task-notification"}),
    )
    (one,) = desk.found()
    assert (one.first, one.last) == ("real words", "")


def test_subagents_internal_records_and_those_without_words_are_left_out(desk: Desk) -> None:
    desk.keep(typed("sidechain", isSidechain=True))
    desk.keep(typed("warm up", isMeta=True))
    desk.keep(typed("a subagent"), name="agent-a1b2c3")
    desk.keep(typed("no id"), name="notes")
    desk.keep()
    below = desk.keep(typed("a person")).with_suffix("") / "subagents"
    below.mkdir(parents=True)
    (below / f"{uuid4()}.jsonl").write_bytes(written([typed("deeper")]))

    assert [one.first for one in desk.found()] == ["a person"]


def test_only_directories_below_the_root_that_are_still_there(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "work-other").mkdir()
    (desk.root / "a b").mkdir()
    desk.keep(typed("beside"), cwd=tmp_path / "work-other")
    desk.keep(typed("gone"), cwd=desk.root / "gone")
    desk.keep(typed("inside"), cwd=desk.root / "a b")
    desk.keep(typed("the root itself"), cwd=desk.root)
    (desk.root / "out").symlink_to(tmp_path / "work-other")
    desk.keep(typed("through a link"), cwd=desk.root / "out")
    lying = desk.keep(typed("lies"))
    lying.write_bytes(written([typed("lies", cwd=str(desk.root / ".." / "work-other"))]))

    assert {one.first for one in desk.found()} == {"inside", "the root itself"}


def test_links_pipes_and_what_cannot_be_read_are_passed_over(desk: Desk, tmp_path: Path) -> None:
    path = desk.keep(typed("good"))
    (tmp_path / "elsewhere.jsonl").write_bytes(written([typed("elsewhere")]))
    (path.parent / f"{uuid4()}.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    os.mkfifo(path.parent / f"{uuid4()}.jsonl")
    (path.parent / f"{uuid4()}.jsonl").mkdir()
    (desk.config / "projects" / f"{path.parent.name}-linked").symlink_to(path.parent)

    assert [one.first for one in desk.found()] == ["good"]
    assert newest(tmp_path / "nothing", desk.root, 5) == []
    for odd in (tmp_path / "none", tmp_path, Path("/dev/zero"), path.with_name("\0")):
        assert look(odd) is None


def test_a_huge_line_between_beginning_and_end_is_never_read(desk: Desk) -> None:
    huge = b'{"type": "assistant", "message": "' + b"x" * (3 * HEAD_BYTES) + b'"}\n'
    desk.keep(typed("before"), huge, answered(77), typed("after"))
    (one,) = desk.found()

    assert (one.first, one.last, one.context_tokens) == ("before", "after", 84)


def test_a_first_line_that_is_too_long_leaves_the_last_words(desk: Desk) -> None:
    desk.keep(typed("y" * (2 * HEAD_BYTES)), {"type": "last-prompt", "lastPrompt": "the end"})
    assert desk.found() == [], "without a directory nobody can go on with it"


def test_damage_costs_only_the_damaged_lines(desk: Desk) -> None:
    desk.keep(
        b'{"type": "user", "message": {"con\n',
        b"\xff\xfe\x00\n",
        b"[]\n",
        b"[" * 50_000 + b"\n",
        typed("whole"),
        b'{"type": "us',
    )
    assert [one.first for one in desk.found()] == ["whole"]


def test_thousands_are_listed_with_a_few_looked_into(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []

    def counted(path: Path) -> Record | None:
        looked.append(path)
        return look(path)

    monkeypatch.setattr(records, "look", counted)
    for number in range(3_000):
        desk.keep(typed(f"number {number}"), age=number)
    begun = time.monotonic()

    assert [one.first for one in desk.found(3)] == ["number 0", "number 1", "number 2"]
    assert len(looked) <= 3 * records.READ_FOR_EACH
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.transcript.jsonl")), ids=lambda path: path.stem)
def test_recorded_conversations_are_understood(path: Path) -> None:
    found = look(path)
    assert found is not None
    assert found.first
    assert found.cwd == "/home/dev/project"


@pytest.mark.parametrize(
    ("path", "key"),
    [("/home/dev/project", "-home-dev-project"), ("/x/中文", "-x---"), ("/x/😀", "-x---"), ("/a_b.c d", "-a-b-c-d")],
)
def test_directories_have_the_names_claude_code_gives_them(path: str, key: str) -> None:
    assert records.project_key(path) == key


@given(st.text(max_size=60))
def test_only_ids_are_ids(name: str) -> None:
    assert not records.is_id(name) or str(UUID(name)) == name.lower()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["type", "message", "content", "text", "cwd", "usage", "lastPrompt", "isSidechain", "input_tokens"]
)
LINES = st.dictionaries(KEYS, JSON | st.sampled_from(["user", "assistant", "last-prompt"]), max_size=8)


@given(st.binary(max_size=300), st.binary(max_size=300), st.booleans())
def test_any_bytes_are_taken(head: bytes, tail: bytes, whole: bool) -> None:
    told = understood(head, tail, whole=whole)
    assert len(told.first) <= WORDS


@given(
    st.lists(LINES | st.just(typed("w" * 5_000)) | st.just(answered(10**12)), max_size=8),
    st.integers(0, 400),
    st.booleans(),
)
def test_any_shapes_cut_anywhere_are_taken(lines: list[dict[str, Any]], at: int, whole: bool) -> None:
    content = written(list(lines))
    told = understood(content[:at], content[at:], whole=whole)

    assert len(told.first) <= WORDS
    assert len(told.last) <= WORDS
    assert "\n" not in told.first + told.last
    assert 0 <= told.context_tokens < 10**10


def test_no_more_than_two_blocks_are_ever_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.keep(typed("big"), b"x" * (HEAD_BYTES + TAIL_BYTES * 4) + b"\n", typed("end"))
    read: list[int] = []
    pread = os.pread

    def counting(file: int, size: int, at: int) -> bytes:
        read.append(size)
        return pread(file, size, at)

    monkeypatch.setattr(os, "pread", counting)
    assert look(path) is not None
    assert sum(read) <= HEAD_BYTES + TAIL_BYTES
