"""Runs git so that it only looks: no hook, filter, pager, monitor, helper or network of the repository's is ever started."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from phonework.pipes import gone, last_of

# A clean filter or a file-system monitor is a command of the repository's owner, who may be anybody.
_QUIET: Final = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.untrackedCache": "false",
    "core.splitIndex": "false",
    "core.pager": "cat",
    "submodule.recurse": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_HOOK: Final = re.compile(r"(hook\..*)\.(?:command|event|enabled)", re.DOTALL)
_FILTER: Final = re.compile(r"filter\..*\.(?:clean|smudge|process|required)", re.DOTALL)


class GitError(Exception):
    """git is not there, or said no. The message is its last line."""


@dataclass(frozen=True, slots=True)
class Output:
    """What git printed. cut: there was more than was asked for."""

    data: bytes
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Git:
    """git in one directory. more: settings beside the quiet ones; env: variables of its own."""

    directory: Path
    more: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, *words: str, give: bytes = b"", limit: int = 1_000_000, cwd: Path | None = None) -> Output:
        """Run it to its end, or until it has printed `limit` bytes. Raises GitError."""
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                "--no-pager",
                *words,
                cwd=cwd or self.directory,
                env=self._environment(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise GitError(str(error)) from error
        try:
            return await _conversation(process, give, limit)
        finally:
            await _end(process)

    def _environment(self) -> dict[str, str]:
        """Ours without what would lead git elsewhere; settings by variables, which take any characters."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PHONEWORK_"))}
        settings = {**_QUIET, **self.more}
        config = {"GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings.items()):
            config[f"GIT_CONFIG_KEY_{number}"], config[f"GIT_CONFIG_VALUE_{number}"] = key, value
        quiet = {
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "none",  # what a partial clone lacks is not fetched
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C",
        }
        return {**kept, **quiet, **config, **self.env}


async def _conversation(process: asyncio.subprocess.Process, give: bytes, limit: int) -> Output:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    feeding = asyncio.create_task(_feed(process.stdin, give))
    complaining = asyncio.create_task(last_of(process.stderr))
    try:
        data = bytearray()
        while len(data) <= limit and (chunk := await process.stdout.read(65_536)):
            data += chunk
        if len(data) > limit:
            return Output(bytes(data[:limit]), cut=True)
        await feeding
        if code := await process.wait():
            said = (await complaining).decode("utf-8", "replace").strip().splitlines()
            raise GitError(said[-1][:300] if said else f"git ended with code {code}")
        return Output(bytes(data))
    finally:
        feeding.cancel()
        complaining.cancel()
        await asyncio.gather(feeding, complaining, return_exceptions=True)


async def _feed(pipe: asyncio.StreamWriter, give: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        pipe.write(give)
        await pipe.drain()
    pipe.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await gone(process)
    process._transport.close()  # type: ignore[attr-defined]  # asyncio has no other way to let go of the pipes (3.11 to 3.13)


async def without_programs(git: Git) -> dict[str, str]:
    """Settings that take the commands of every filter and of every hook that is a setting away. Raises GitError.

    An empty command of a filter is none (git's convert.c). From git 2.54 on a hook may be a setting, which no `core.hooksPath`
    keeps from being run (git-hook(1)).
    """
    printed = await git("config", "--list", "--name-only", "-z")
    names = {name.decode("utf-8", "surrogateescape") for name in printed.data.split(b"\0") if name}
    filters = {name: "false" if name.endswith(".required") else "" for name in names if _FILTER.fullmatch(name)}
    hooks = {f"{found[1]}.enabled": "false" for name in names if (found := _HOOK.fullmatch(name))}
    return filters | hooks
