"""What runs without asking changes nothing: every such command of the table is really run."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from phonework.shell.consent import repository_worry, weigh
from phonework.shell.guard import Verdict, Why, judge

if TYPE_CHECKING:
    from tests.shell.conftest import Scratch

Snapshot = Callable[[], dict[str, tuple[int, int, int, bytes]]]


def harmless() -> list[str]:
    lines = (Path(__file__).parent / "commands.txt").read_text(encoding="utf-8").partition("== ask")[0].splitlines()
    return [line.replace("⏎", "\n") for line in lines if line and not line.startswith(("==", "# "))]


async def test_what_runs_without_asking_changes_no_file(scratch: "Scratch", snapshot: Snapshot) -> None:
    before, few = snapshot(), asyncio.Semaphore(4)

    async def ran(command: str) -> tuple[str, int | None]:
        assert judge(command, cwd=scratch.app, root=scratch.root).verdict is Verdict.RUN, command
        async with few:
            finished = await scratch.run(command, seconds=1.5 if "-f " in command else 30)
        return command, finished.exit_code

    codes = dict(await asyncio.gather(*(ran(command) for command in harmless())))

    assert snapshot() == before
    # They did run: nearly all of them end well, on a machine that has the programs.
    assert sum(code == 0 for code in codes.values()) > len(codes) * 0.8, codes


def test_the_snapshot_notices_what_git_writes_when_it_may(scratch: "Scratch", snapshot: Snapshot) -> None:
    """`git status` keeps what it learnt of the files in the index, unless told not to; the test above would see it."""
    os.utime(scratch.app / "README.md", ns=(1, 1))
    before = snapshot()
    environment = {key: value for key, value in scratch.environment().items() if not key.startswith("GIT_")}
    subprocess.run(["git", "status"], cwd=scratch.app, env=environment, check=True, capture_output=True)

    assert snapshot() != before


EVIL = "touch ../../tmp/evil; cat"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.external", EVIL),
        ("diff.x.command", EVIL),
        ("diff.x.textconv", EVIL),
        ("filter.x.clean", EVIL),
        ("filter.x.process", EVIL),
        ("gpg.program", EVIL),
        ("gpg.ssh.program", EVIL),
        ("pretty.mine", "%G?"),
        ("format.pretty", "%G?"),
        ("log.diffmerges", "remerge"),
        ("merge.x.driver", EVIL),
        ("core.worktree", "/"),
        ("core.sshcommand", EVIL),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", EVIL),
        ("extensions.partialclone", "origin"),
        ("submodule.x.update", "!id"),
        ("alias.status", "!id"),
        ("unknown.key", "x"),
    ],
)
async def test_a_repository_that_could_make_git_run_something_is_asked_about(
    scratch: "Scratch", key: str, value: str
) -> None:
    look = {"cwd": scratch.app, "root": scratch.root, "environment": scratch.environment()}
    assert (await weigh("git diff", **look)).verdict is Verdict.RUN  # type: ignore[arg-type]
    scratch.git("config", key, value)

    found = await weigh("git diff", **look)  # type: ignore[arg-type]
    elsewhere = await weigh("cd app && git diff", **{**look, "cwd": scratch.root})  # type: ignore[arg-type]

    assert found.verdict is elsewhere.verdict is Verdict.ASK
    assert [(each.key, each.part) for each in found.reasons] == [(Why.REPOSITORY, key)]
    assert (await weigh("ls", **look)).verdict is Verdict.RUN  # type: ignore[arg-type]


async def test_included_configuration_submodules_and_bare_repositories_are_looked_at(scratch: "Scratch") -> None:
    environment = scratch.environment()
    (scratch.app / "more").write_text("[diff]\n\texternal = evil\n")
    scratch.git("config", "--local", "include.path", "../more")
    assert await repository_worry(scratch.app, environment) is not None
    scratch.git("config", "--local", "--unset", "include.path")
    assert await repository_worry(scratch.app, environment) is None
    (scratch.app / ".gitmodules").write_text("")
    assert await repository_worry(scratch.app / "src", environment) is not None
    bare = scratch.root / "bare"
    scratch.git("init", "-q", "--bare", str(bare))
    scratch.git("config", "diff.external", "evil", at=bare)
    assert await repository_worry(bare, environment) is not None
    assert await repository_worry(scratch.root, environment) is None


async def test_what_cannot_be_looked_at_is_asked_about(scratch: "Scratch") -> None:
    gone = scratch.root / "gone"

    assert (
        await weigh("git log", cwd=gone, root=scratch.root, environment=scratch.environment())
    ).verdict is Verdict.ASK


async def test_a_monitor_or_a_hook_of_the_repository_does_not_run(scratch: "Scratch") -> None:
    """These are so common that they do not ask; the environment of a command that nobody was asked about turns them off."""
    scratch.git("config", "core.fsmonitor", "touch ../../tmp/evil; false")
    hook = scratch.app / ".git/hooks/post-index-change"
    hook.write_text("#!/bin/sh\ntouch ../../tmp/evil\n")
    hook.chmod(0o755)
    os.utime(scratch.app / "README.md", ns=(1, 1))

    finished = await scratch.run("git status && git diff && git ls-files -m")

    assert finished.exit_code == 0
    assert not (scratch.place / "tmp/evil").exists()


async def test_the_look_at_the_disk_lets_harmless_commands_run_where_nothing_leads_out(scratch: "Scratch") -> None:
    few = asyncio.Semaphore(4)

    async def verdict(command: str) -> Verdict:
        async with few:
            look = {"cwd": scratch.app, "root": scratch.root, "environment": scratch.environment()}
            return (await weigh(command, **look)).verdict  # type: ignore[arg-type]

    asked = [command for command in harmless() if "git" not in command and await verdict(command) is not Verdict.RUN]
    assert asked == []
