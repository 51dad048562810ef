"""What a session changed: a directory taken down and compared, with nothing in it or its repository touched."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.changes import bases, compare, snapshot
from phonework.changes.bases import Bases
from phonework.changes.compare import Changes, read
from phonework.changes.git import Git, without_programs
from phonework.errors import RefusedError
from phonework.fsm.types import SessionId

ONE = SessionId("fizz-top")


def git(directory: Path, *words: str) -> str:
    settings = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *settings, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit: text, a file in a directory, one that is ignored."""
    place = tmp_path / "a project: «ü»"
    (place / "sub").mkdir(parents=True)
    git(place, "init", "-q")
    (place / "kept.txt").write_text("1\n2\n3\n")
    (place / "sub" / "inner.txt").write_text("inner\n")
    (place / "moved.txt").write_text("the same words\n" * 20)
    (place / "gone.txt").write_text("bye\n")
    (place / ".gitignore").write_text("*.log\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "all")
    return place


@pytest.fixture
def known(tmp_path: Path) -> Bases:
    return Bases(tmp_path / "data" / "changes")


def everything(place: Path) -> dict[str, tuple[int, str]]:
    """Each file below it, the repository's own too, with its time and a hash."""
    return {
        os.fsdecode(os.fsencode(path)): (path.lstat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def figures(changes: Changes) -> dict[str, tuple[str, int | None, int | None]]:
    return {one.path: (one.kind, one.added, one.removed) for one in changes.files}


async def test_all_kinds_of_changes_are_told_and_nothing_is_touched(repository: Path, known: Bases) -> None:
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    (repository / "untracked.txt").write_text("mine\n")
    before = everything(repository)
    base = await known.take(ONE, str(repository))
    assert base
    assert everything(repository) == before

    (repository / "kept.txt").write_text("1\ntwo\n3\n")
    (repository / "moved.txt").rename(repository / "sub" / "new name.txt")
    (repository / "gone.txt").unlink()
    (repository / "untracked.txt").write_text("mine\nand yours\n")
    (repository / "picture.bin").write_bytes(bytes(range(256)))
    (repository / "line\nbreak\t“”.txt").write_text("odd\n")
    (repository / "noise.log").write_text("ignored\n")
    (repository / "link").symlink_to("kept.txt")
    (repository / os.fsdecode(b"\xff.txt")).write_text("no UTF-8\n")
    os.mkfifo(repository / "pipe")
    before = everything(repository)
    changes = await known.changes(ONE, str(repository), base)

    assert everything(repository) == before
    assert figures(changes) == {
        "kept.txt": ("M", 1, 1),
        "sub/new name.txt": ("R", 0, 0),
        "gone.txt": ("D", 0, 1),
        "untracked.txt": ("M", 1, 0),
        "picture.bin": ("A", None, None),
        "line\nbreak\t“”.txt": ("A", 1, 0),
        "link": ("A", 1, 0),
        "\ufffd.txt": ("A", 1, 0),
    }
    assert b"-2\n+two\n" in changes.patch
    assert b"rename from moved.txt" in changes.patch
    assert [one.before for one in changes.files if one.kind == "R"] == ["moved.txt"]
    assert b"ignored" not in changes.patch


async def test_a_commit_of_the_agent_counts_as_a_change(repository: Path, known: Bases) -> None:
    """What matters is what was there when the session began, not what is committed."""
    base = await known.take(ONE, str(repository))
    (repository / "kept.txt").write_text("1\n")
    git(repository, "commit", "-qam", "by the agent")
    git(repository, "checkout", "-q", "-b", "other")

    assert figures(await known.changes(ONE, str(repository), base)) == {"kept.txt": ("M", 0, 2)}


async def test_only_the_sessions_own_directory_is_compared(repository: Path, known: Bases) -> None:
    base = await known.take(ONE, str(repository / "sub"))
    (repository / "kept.txt").write_text("outside\n")
    (repository / "sub" / "inner.txt").write_text("inside\n")

    changes = await known.changes(ONE, str(repository / "sub"), base)
    assert figures(changes) == {"inner.txt": ("M", 1, 1)}
    assert b"outside" not in changes.patch


async def test_a_directory_without_anything_tracked_can_be_compared_too(repository: Path, known: Bases) -> None:
    empty = repository / "empty"
    empty.mkdir()
    base = await known.take(ONE, str(empty))
    (empty / "first.txt").write_text("1\n")

    assert figures(await known.changes(ONE, str(empty), base)) == {"first.txt": ("A", 1, 0)}


async def test_a_repository_without_a_commit(tmp_path: Path, known: Bases) -> None:
    git(tmp_path, "init", "-q", "fresh")
    base = await known.take(ONE, str(tmp_path / "fresh"))
    (tmp_path / "fresh" / "first.txt").write_text("1\n")

    assert figures(await known.changes(ONE, str(tmp_path / "fresh"), base)) == {"first.txt": ("A", 1, 0)}


async def test_an_empty_directory_that_becomes_a_repository(tmp_path: Path, known: Bases) -> None:
    place = tmp_path / "new"
    place.mkdir()
    base = await known.take(ONE, str(place))
    git(place, "init", "-q")
    (place / "first.txt").write_text("1\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "by the agent")

    assert figures(await known.changes(ONE, str(place), base)) == {"first.txt": ("A", 1, 0)}


async def test_repositories_within_this_one_count_by_their_heads(repository: Path, known: Bases) -> None:
    git(repository, "clone", "-q", str(repository), "nested")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "module")
    base = await known.take(ONE, str(repository))
    for name in ("nested", "module"):
        git(repository / name, "commit", "-q", "--allow-empty", "-m", "more")
    (repository / "nested" / "dirty.txt").write_text("not ours to look into\n")

    changes = await known.changes(ONE, str(repository), base)
    assert {path: kind for path, (kind, *_) in figures(changes).items()} == {"nested": "M", "module": "M"}
    assert b"Subproject commit" in changes.patch


async def test_a_conflict_is_compared_as_the_files_stand(repository: Path, known: Bases) -> None:
    git(repository, "checkout", "-q", "-b", "theirs")
    (repository / "kept.txt").write_text("theirs\n")
    git(repository, "commit", "-qam", "theirs")
    git(repository, "checkout", "-q", "-")
    (repository / "kept.txt").write_text("ours\n")
    git(repository, "commit", "-qam", "ours")
    base = await known.take(ONE, str(repository))
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "theirs")

    assert b"<<<<<<<" in (await known.changes(ONE, str(repository), base)).patch


async def test_hooks_that_are_settings_are_switched_off(repository: Path) -> None:
    """As git 2.54 and later know them; an older one, which these tests may run with, ignores them."""
    for key in ("hook.evil.command", "hook.a.b\u00e9 c.command", "hook.only.event"):
        git(repository, "config", key, "touch ran")
    found = await without_programs(Git(repository))

    assert found == {f"hook.{name}.enabled": "false" for name in ("evil", "a.b\u00e9 c", "only")}


async def test_nothing_of_the_repository_is_ever_run(repository: Path, known: Bases, tmp_path: Path) -> None:
    """Hooks, filters, a file-system monitor, textconv and external diffs are commands of whoever made the repository."""
    ran = tmp_path / "ran"
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{ran}'\ncat\n")
    trap.chmod(0o755)
    for name in ("pre-commit", "post-index-change", "reference-transaction", "post-checkout"):
        (repository / ".git" / "hooks" / name).symlink_to(trap)
    for key in (
        "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.fsmonitor", "core.pager", "core.editor",
        "diff.evil.command", "diff.evil.textconv", "diff.external", "core.sshCommand", "credential.helper",
    ):  # fmt: skip
        git(repository, "config", key, str(trap))
    git(repository, "config", "filter.evil.required", "true")
    git(repository, "config", "hook.evil.event", "post-index-change")
    git(repository, "config", "hook.evil.command", str(trap))
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    base = await known.take(ONE, str(repository))
    later = time.time() + 60
    os.utime(repository / "kept.txt", (later, later))  # so that git must look into it
    (repository / "gone.txt").write_text("changed\n")
    changes = await known.changes(ONE, str(repository), base)

    assert figures(changes) == {"gone.txt": ("M", 1, 1)}
    assert not ran.exists(), ran.read_text()


async def test_a_huge_file_is_known_by_its_size_and_does_not_fill_the_patch(
    repository: Path, known: Bases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "LARGEST_FILE", 1_000)
    (repository / "huge.txt").write_text("x" * 2_000)
    (repository / "other.txt").write_text("y" * 2_000)
    base = await known.take(ONE, str(repository))
    (repository / "huge.txt").write_text("z" * 3_000)
    changes = await known.changes(ONE, str(repository), base)

    assert figures(changes) == {"huge.txt": ("M", 1, 1)}
    assert b"too large to compare: 3000 bytes" in changes.patch
    assert b"zzz" not in changes.patch


async def test_what_is_no_repository_has_nothing_to_compare_with(tmp_path: Path, known: Bases) -> None:
    (tmp_path / "a file").touch()
    assert await known.take(ONE, str(tmp_path)) == ""
    with pytest.raises(RefusedError) as refused:
        await known.changes(ONE, str(tmp_path), "")
    assert refused.value.text == "diff_no_repository"


async def test_too_much_is_refused_in_words_and_in_time(
    repository: Path, known: Bases, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = await known.take(ONE, str(repository))
    monkeypatch.setattr(snapshot, "MOST_PATHS", 3)
    for number in range(5):
        (repository / f"{number}.txt").touch()
    with pytest.raises(RefusedError) as refused:
        await known.changes(ONE, str(repository), base)
    assert refused.value.text == "diff_too_much"
    assert await known.take(SessionId("other"), str(repository)) == ""


async def test_a_difference_that_is_too_long_is_cut_and_every_file_still_counted(
    repository: Path, known: Bases
) -> None:
    base = await known.take(ONE, str(repository))
    for number in range(8):
        (repository / f"{number}.txt").write_text(f"line {number}\n" * 120_000)
    changes = await known.changes(ONE, str(repository), base)

    assert len(changes.files) == 8
    assert sum(one.added or 0 for one in changes.files) == 960_000
    assert len(changes.patch) < compare.LONGEST_PATCH + 100
    assert b"the rest is left out" in changes.patch[-100:]


async def test_new_files_come_after_those_that_changed(repository: Path, known: Bases) -> None:
    base = await known.take(ONE, str(repository))
    (repository / "aaa.txt").write_text("new\n")
    (repository / "kept.txt").write_text("1\ntwo\n3\n")
    (repository / "moved.txt").rename(repository / "zzz.txt")
    changes = await known.changes(ONE, str(repository), base)

    assert [one.path for one in changes.files] == ["kept.txt", "zzz.txt", "aaa.txt"]
    headers = [line for line in changes.patch.splitlines() if line.startswith(b"diff --git")]
    assert headers == [
        b"diff --git a/kept.txt b/kept.txt",
        b"diff --git a/moved.txt b/zzz.txt",
        b"diff --git a/aaa.txt b/aaa.txt",
    ]


async def test_a_base_that_was_not_taken_or_is_gone_is_said(repository: Path, known: Bases) -> None:
    for base, key in (("", "diff_no_base"), ("0" * 40, "diff_base_gone"), ("--output=/tmp/x", "diff_base_gone")):
        with pytest.raises(RefusedError) as refused:
            await known.changes(ONE, str(repository), base)
        assert refused.value.text == key


async def test_without_git_it_is_said(repository: Path, known: Bases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert await known.take(ONE, str(repository)) == ""
    with pytest.raises(RefusedError):
        await known.changes(ONE, str(repository), "0" * 40)


async def test_what_is_kept_goes_with_the_session(repository: Path, known: Bases, tmp_path: Path) -> None:
    await known.take(ONE, str(repository))
    assert (tmp_path / "data" / "changes" / ONE).is_dir()
    await known.forget(ONE)
    await known.forget(ONE)
    assert not (tmp_path / "data" / "changes" / ONE).exists()


async def test_our_own_git_variables_lead_nowhere(
    repository: Path, known: Bases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert await known.take(ONE, str(repository))


async def test_taking_down_is_bounded_in_time(
    repository: Path, known: Bases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A git that hangs delays the first turn by the limit and no more, and is ended."""
    fake, pid = tmp_path / "bin" / "git", tmp_path / "pid"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho $$ > '{pid}'\nexec tail -f /dev/null\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(bases, "TAKEN_WITHIN", bases.TAKEN_WITHIN / 10)

    assert await known.take(ONE, str(repository)) == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@given(st.binary(max_size=400))
def test_whatever_git_prints_is_read(printed: bytes) -> None:
    list(read(printed))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"1\t2\t", b"-\t-\t", b":100644 100644 a b M\0", b":1 1 a b R100\0", b""]),
            st.binary(max_size=9),
        )
    )
)
def test_whatever_is_cut_short_is_read(parts: list[tuple[bytes, bytes]]) -> None:
    for change in read(b"\0".join(one + two for one, two in parts)):
        assert change.added is None or change.added >= 0
