"""Whether a command may run unasked, the disk looked at too: what the guard says, where links lead, what makes git run others.

A repository's own configuration may name programs that git runs even when it only looks: filters, diff drivers, monitors. It can
be written by whoever works in the directory, so only keys that are known to be harmless may be in it. Source: git-config(1).
"""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from phonework.shell import links
from phonework.shell.guard import judge
from phonework.shell.verdicts import Judgement, Reason, Verdict, Why, judgement, reason

SECONDS: Final = 5.0
# Keys are printed in lower case, but for the part in the middle. What `environment.of_command` sets is harmless here.
_HARMLESS: Final = re.compile(
    r"""core\.(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|safecrlf
        |quotepath|fsmonitor|hookspath|pager|editor|untrackedcache|preloadindex|abbrev|commentchar|compression|longpaths|protect\w+
        |sparsecheckout|sparsecheckoutcone|trustctime|whitespace|checkstat|multipackindex|commitgraph)
    |remote\..*\.(?:url|pushurl|fetch|push|prune|prunetags|tagopt|gh-resolved|mirror|vcs)|remote\.pushdefault
    |branch\..*|user\.\w+|author\.\w+|committer\.\w+|(?:push|pull|fetch|init|rebase|gc|pack|commit|color|advice|maintenance|gui|index
        |merge|feature|receive|transfer|checkout|rerere|tag|apply|stash|worktree|i18n)\.(?:[^.]*|.*\.\w*)
    |extensions\.(?:objectformat|worktreeconfig|refstorage|noop)""",
    re.VERBOSE | re.DOTALL,
)
_DRIVER: Final = re.compile(r"merge\..*\.driver", re.DOTALL)


async def weigh(
    command: str, *, cwd: Path, root: Path, environment: Mapping[str, str], home: Path | None = None
) -> Judgement:
    """What `guard.judge` says; what would run unasked asks if a link leads it out of the root, or git may run others there.

    cwd, root, home: real, absolute paths. environment: what the command will get, see `environment.of_command`.
    """
    found = await asyncio.to_thread(judge, command, cwd=cwd, root=root, home=home)
    if found.verdict is not Verdict.RUN:
        return found
    worries = [await asyncio.to_thread(links.worry, command, found.directories, root)]
    if "git" in command:
        worries += [await repository_worry(Path(place), environment) for place in found.directories]
    return judgement((worry for worry in worries if worry), found.directories)


async def repository_worry(directory: Path, environment: Mapping[str, str]) -> Reason | None:
    """What in the repository around a directory may make git run something; None where there is no repository either."""
    try:
        async with asyncio.timeout(SECONDS):
            listed = await _git(directory, environment, "config", "--list", "--show-scope", "--name-only", "-z")
            top = await _git(directory, environment, "rev-parse", "--show-toplevel")
    except (OSError, TimeoutError, ValueError) as error:
        return reason(Why.REPOSITORY, f"{directory}: {error}")
    submodules = Path(top.rstrip("\n")) / ".gitmodules"
    has_submodules = await asyncio.to_thread(os.path.lexists, submodules)
    if top and has_submodules:
        return reason(Why.REPOSITORY, ".gitmodules")  # each of them has a configuration of its own
    scopes, keys = listed.split("\0")[::2], listed.split("\0")[1::2]
    for scope, key in zip(scopes, keys, strict=False):
        if scope in ("local", "worktree") and (_DRIVER.fullmatch(key) or not _HARMLESS.fullmatch(key)):
            return reason(Why.REPOSITORY, key)
    return None


async def _git(directory: Path, environment: Mapping[str, str], *words: str) -> str:
    """What git prints; nothing where it fails. These two read the configuration and run nothing."""
    process = await asyncio.create_subprocess_exec(
        "git", *words,
        cwd=directory, env=dict(environment), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode("utf-8", "surrogateescape") if process.returncode == 0 else ""
