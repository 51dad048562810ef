"""Links inside the working root that lead out of it: what goes by their names is no longer harmless."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from phonework.shell import links
from phonework.shell.consent import weigh
from phonework.shell.guard import LONGEST_UNASKED, Verdict, Why

if TYPE_CHECKING:
    from tests.shell.conftest import Scratch

Weighed = Callable[[str], Awaitable[tuple[Verdict, list[Why]]]]


@pytest.fixture
def weighed(scratch: "Scratch") -> Weighed:
    """A project with links out of the root (to a file, a directory, a key, one that is gone) and within."""
    outside = scratch.place / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "passwords").write_text("s3cret\n")
    (outside / "deep/x.py").write_text("s3cret\n")
    app = scratch.app
    (app / "leak.txt").symlink_to(outside / "passwords")
    (app / "away").symlink_to(outside)
    (app / "gone").symlink_to("/nowhere/at/all")
    (app / "loop").symlink_to("loop")
    (app / "near.md").symlink_to("README.md")
    (app / "absolute.md").symlink_to(app / "README.md")
    (app / "docs/other").mkdir()
    (app / "docs/other/leak.rst").symlink_to("../../../../outside/passwords")
    (app / "keys").mkdir()
    (app / "keys/.env").write_text("s3cret\n")
    (app / "keys/innocent").symlink_to(".env")
    (app / "keys/server.pem").write_text("s3cret\n")

    async def found(command: str) -> tuple[Verdict, list[Why]]:
        judged = await weigh(command, cwd=app, root=scratch.root, environment=scratch.environment())
        return judged.verdict, [each.key for each in judged.reasons]

    return found


@pytest.mark.parametrize(
    "command",
    [
        "cat leak.txt",
        "cat ./leak.txt",
        "cat -- leak.txt",
        'cat "leak.txt"',
        "cat README.md leak.txt",
        "head -n 3 away/passwords",
        "ls away",
        "ls away/",
        "ls away/deep",
        "cat away/deep/x.py",
        "cat gone",
        "cd away && ls",
        "cd away; cat passwords",
        "cd docs && cd other && cat leak.rst",
        "cd docs/other && cat *",
        "grep -r s3cret away",
        "grep s3cret leak.txt",
        "echo ok | cat leak.txt",
        "cat *",
        "cat *.txt",
        "cat l*",
        "cat leak.tx?",
        "cat [kl]eak.txt",
        "cat [!a]*",
        "cat l[[:lower:]]ak.txt",
        "ls aw*",
        "ls */",
        "cat aw*/passwords",
        "cat away/*",
        "cat */deep/*.py",
        "cat docs/*/*.rst",
        "cat 'le'ak.*",
        "echo away/*",
        "wc -l docs/other/*",
        "diff -r docs src",
        "diff docs/other src",
        "tail -f leak.txt",
        "git diff -- leak.txt",
        "stat -c %s leak.txt",
        "sort leak.txt",
        "jq . leak.txt",
        "tree away",
        "find away -name x.py",
        "find . -newer leak.txt",
        "rg foo away",
    ],
)
async def test_what_a_link_leads_out_is_asked_about(weighed: Weighed, command: str) -> None:
    verdict, why = await weighed(command)

    assert verdict is Verdict.ASK
    assert Why.LINK in why


async def test_absolute_paths_are_followed_too(weighed: Weighed, scratch: "Scratch") -> None:
    assert await weighed(f"cat {scratch.app}/leak.txt") == (Verdict.ASK, [Why.LINK])
    assert await weighed(f"cat {scratch.app}/l*.txt") == (Verdict.ASK, [Why.LINK])
    assert await weighed(f"cat {scratch.app}/README.*") == (Verdict.RUN, [])


@pytest.mark.parametrize("command", ["cat keys/innocent", "cat keys/inno*", "cat keys/*", "cat k*/server.???"])
async def test_a_name_that_leads_to_what_is_secret_is_asked_about(weighed: Weighed, command: str) -> None:
    assert await weighed(command) == (Verdict.ASK, [Why.SECRET])


@pytest.mark.parametrize(
    "command",
    [
        "cat near.md absolute.md",
        "cat *.md",
        "cat loop",
        "cat no-such-file",
        "cat no-such-*",
        "cat src/*.py",
        "cat s*/m*.py",
        "cat 数据/*",
        "grep -r s3cret .",
        "ls -la",
        "ls docs",
        "find . -name '*.py'",
        "diff -r src 数据",
        "cd src && cat main.py",
        "echo 'leak*'",
        "git log --oneline",
        "cat src/[m]ain.py",
        "cat /dev/null",
        "echo a/b | tr / _",
        "basename /usr/bin/env",
    ],
)
async def test_what_stays_inside_runs(weighed: Weighed, command: str) -> None:
    assert await weighed(command) == (Verdict.RUN, [])


async def test_a_working_directory_that_is_a_link_by_now_is_asked_about(weighed: Weighed, scratch: "Scratch") -> None:
    found = await weigh("ls", cwd=scratch.app / "away", root=scratch.root, environment=scratch.environment())

    assert [each.key for each in found.reasons] == [Why.LINK]


async def test_what_cannot_be_looked_through_is_asked_about(weighed: Weighed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_NAMES", 5)

    assert await weighed("cat s*/*") == (Verdict.ASK, [Why.PATTERN])
    assert await weighed("cat src/main.py") == (Verdict.RUN, [])


@pytest.mark.parametrize("command", ["ls -L", "ls -RL docs", "ls -lH away"])
async def test_ls_does_not_follow_links_unasked(weighed: Weighed, command: str) -> None:
    verdict, why = await weighed(command)

    assert (verdict, Why.UNKNOWN_OPTION in why) == (Verdict.ASK, True)


async def test_only_a_command_seen_at_a_glance_runs_unasked(weighed: Weighed) -> None:
    longest = "echo " + "a" * (LONGEST_UNASKED - 5)

    assert await weighed(longest) == (Verdict.RUN, [])
    assert await weighed(longest + "a") == (Verdict.ASK, [Why.LONG])
    assert await weighed("echo " + "好" * 1000) == (Verdict.ASK, [Why.LONG])
    verdict, why = await weighed(f"{longest}a; rm -rf /")
    assert (verdict, Why.DELETES_TOO_MUCH in why) == (Verdict.REFUSE, True)


async def test_the_root_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real/app").mkdir(parents=True)
    (tmp_path / "root").symlink_to(tmp_path / "real")

    assert links.worry("ls", (str(tmp_path / "root/app"),), tmp_path / "root") is None
