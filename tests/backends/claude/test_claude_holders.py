"""Who has a conversation open at the desk: real processes, as Claude Code tells of them and as the system does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from phonework.backends.claude import holders
from phonework.backends.claude.holders import Holder, holder_of, start_of
from phonework.backends.claude.launcher import MARK
from phonework.errors import BackendError

ONE = str(uuid4())
OURS = "/data/of/ours:"
Begin = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts a process that waits, called like Claude Code; words: its arguments."""
    begun: list[subprocess.Popen[bytes]] = []
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.symlink_to(sys.executable)

    def start(*words: str, stubborn: bool = False, **env: str) -> subprocess.Popen[bytes]:
        ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
        code = f"{ignore}print(flush=True); import sys; sys.stdin.read()"
        environment = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "config"), **env}
        process = subprocess.Popen(
            [str(program), "-c", code, *words],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        begun.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield start
    for one in begun:
        one.kill()
        one.communicate()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "sessions").mkdir(parents=True)
    return tmp_path / "config"


def tells(config: Path, pid: object, **more: Any) -> None:
    """What the process writes of itself."""
    told = {"pid": pid, "sessionId": ONE, "cwd": "/somewhere", "tmux": "main:@0.%0", "status": "idle"}
    if isinstance(pid, int):
        told["procStart"] = start_of(pid)
    (config / "sessions" / f"{pid}.json").write_text(json.dumps({**told, **more}))


def found(config: Path, cwd: str = "") -> Holder | None:
    return holder_of(holders.holders(config, OURS), ONE, cwd)


def test_one_that_tells_is_found_and_ended(config: Path, begin: Begin) -> None:
    process = begin()
    tells(config, process.pid)
    holder = found(config)
    assert holder is not None
    assert holder.key == f"{process.pid}:{start_of(process.pid)}"
    assert holder.where == "tmux main:@0.%0"

    holders.end(config, OURS, ONE, holder.key)
    assert start_of(process.pid) == ""
    assert found(config) is None, "what it wrote of itself is left behind, and counts no more"
    holders.end(config, OURS, ONE, holder.key)  # again, as after a crash of ours


def test_a_number_given_to_another_process_holds_nothing(config: Path, begin: Begin) -> None:
    process = begin()
    tells(config, process.pid, procStart="1")
    assert found(config) is None


def test_where_the_beginning_is_not_told_it_counts_as_held(config: Path, begin: Begin) -> None:
    process = begin()
    for unknown in (None, 7, "yesterday", {}):
        tells(config, process.pid, procStart=unknown)
        assert found(config) is not None


def test_one_in_another_container_counts_as_held_and_cannot_be_ended(config: Path) -> None:
    tells(config, 999_999, pidDomain="linux:abc:pid:[1]")
    holder = found(config)
    assert holder is not None
    assert holder.key == ""
    with pytest.raises(BackendError):
        holders.end(config, OURS, ONE, holder.key)
    tells(config, 999_999, pidDomain=f"linux:abc:{Path('/proc/self/ns/pid').readlink()}")
    assert found(config) is None, "it is of here, and gone"


def test_one_whose_container_was_ended_holds_nothing_any_more(config: Path, begin: Begin) -> None:
    process = begin()
    tells(config, process.pid)
    tells(config, 6, pidDomain="linux:abc:pid:[1]")
    tells(config, 7, pidDomain="linux:abc:pid:[1]", sessionId="another")
    tells(config, "damaged", sessionId=[])

    holders.forget_contained(config, ONE)

    left = {file.name for file in (config / "sessions").iterdir()}
    assert left == {f"{process.pid}.json", "7.json", "damaged.json"}
    holders.forget_contained(config / "nowhere", ONE)


def test_an_agent_of_ours_is_none_at_the_desk(config: Path, begin: Begin) -> None:
    process = begin(f"--resume={ONE}", **{MARK: f"{OURS}fizz-top"})
    tells(config, process.pid)
    assert found(config) is None
    other = begin(f"--resume={ONE}", **{MARK: "/data/of/another:fizz-top"})
    holder = found(config)
    assert holder is not None, "an agent of another server is somebody else's"
    assert holder.pid == other.pid


@pytest.mark.parametrize("words", [("--resume", ONE), (f"--resume={ONE}",), ("-r", ONE), ("--session-id", ONE)])
def test_one_that_tells_nothing_is_known_by_its_command_line(
    config: Path, begin: Begin, words: tuple[str, ...]
) -> None:
    process = begin(*words)
    holder = found(config)
    assert holder is not None
    assert (holder.pid, bool(holder.key)) == (process.pid, True)


def test_one_that_goes_on_with_a_copy_holds_the_copy(config: Path, begin: Begin) -> None:
    begin(f"--resume={ONE}", "--fork-session", "--session-id=other")
    assert found(config) is None
    assert holder_of(holders.holders(config, OURS), "other") is not None


def test_one_of_which_only_the_directory_is_known_may_hold_it(config: Path, begin: Begin, tmp_path: Path) -> None:
    """It is not written to, and nothing is ended on a guess."""
    begin()
    assert found(config) is None
    assert found(config, cwd="/somewhere/else") is None
    holder = found(config, cwd=str(tmp_path))
    assert holder is not None
    assert holder.key == ""


def test_one_with_another_configuration_is_none_of_ours(config: Path, begin: Begin, tmp_path: Path) -> None:
    begin(f"--resume={ONE}", CLAUDE_CONFIG_DIR=str(tmp_path / "other"))
    assert found(config) is None


def test_one_that_does_not_listen_is_killed_with_what_it_started(
    config: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "ENDS_WITHIN", 0.3)
    process = begin(f"--resume={ONE}", stubborn=True)
    holder = found(config)
    assert holder is not None
    holders.end(config, OURS, ONE, holder.key)
    assert start_of(process.pid) == ""


def test_another_one_is_not_ended_in_its_place(config: Path, begin: Begin) -> None:
    process = begin(f"--resume={ONE}")
    for key in ("", "1:1", f"{process.pid}:1", "x:y"):
        with pytest.raises(BackendError):
            holders.end(config, OURS, ONE, key)
    assert process.poll() is None


def test_whatever_stands_in_the_files_is_survived(config: Path, tmp_path: Path) -> None:
    place = config / "sessions"
    for number, content in enumerate(
        (b"", b"{", b"[]", b"\xff", b"[" * 60_000, b'{"pid": true}', b'{"pid": -1, "sessionId": "x"}')
    ):
        (place / f"{number}.json").write_bytes(content)
    (place / "dir.json").mkdir()
    os.mkfifo(place / "pipe.json")
    (place / "link.json").symlink_to("/dev/zero")
    tells(config, "x")
    tells(config, 10**30)
    assert found(config) is None
    assert holders.holders(tmp_path / "nothing", OURS) == []
