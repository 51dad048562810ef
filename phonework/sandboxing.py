"""Puts a command into the sandbox of this machine: finds bubblewrap, looks at the places, and tries all of it first."""

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from phonework.errors import SandboxError
from phonework.sandbox import Places, Sandbox, arguments, within

TRY_SECONDS: Final = 10.0
MOST_LINKS: Final = 40  # as the kernel
_SYSCTL: Final = Path("/proc/sys")


async def words(
    sandbox: Sandbox, *, directory: str = "", own: Iterable[str] = (), hide: Iterable[str] = (), program: str = ""
) -> list[str]:
    """The words to put before a command, after a trial of them.

    directory: where the command begins and may write, a real path; empty: its own /tmp. own: further places of the
    command, whose links are followed; they exist. hide: further places that must not be seen. program: the file that
    will be run, wherever it lies.
    Raises SandboxError with the remedy: then nothing may be run.
    """
    bwrap = find()
    places = await asyncio.to_thread(look, sandbox, directory, tuple(own), tuple(hide))
    if program:
        places = replace(places, programs=(program, str(await asyncio.to_thread(Path(program).resolve))))
    found = arguments(bwrap, places)
    await _try(found)
    return found


def find() -> str:
    """The program. Raises SandboxError with the remedy."""
    if sys.platform != "linux":
        raise SandboxError("sandbox.linux_only")
    found = shutil.which("bwrap")
    if not found:
        raise SandboxError("sandbox.no_bwrap")
    return str(Path(found).absolute())


def look(sandbox: Sandbox, directory: str, own: tuple[str, ...], hide: tuple[str, ...]) -> Places:
    """The places by their real paths. Raises SandboxError for one that is missing, or that a link of an agent leads to."""
    # A link where none was may be an agent's work, and would widen what the owner allowed.
    for place, problem in ((directory, "directory_linked"), *((one, "place_linked") for one in sandbox.write)):
        if place and (real := _real(place, ())) != place:
            raise SandboxError(f"sandbox.{problem}", place=place, real=real)
    lent = (directory, *sandbox.write)
    doubtful = tuple(str(Path(place).resolve()) for place in (*sandbox.untrusted, *lent) if place)
    writable = (*sandbox.write, *(_real(place, doubtful) for place in own))
    hidden = [Path(place).resolve() for place in (*sandbox.hide, *hide) if Path(place).exists()]
    return Places(
        directory=directory,
        writable=writable,
        hidden=tuple(str(place) for place in hidden if place.is_dir()),
        hidden_files=tuple(str(place) for place in hidden if not place.is_dir()),
    )


def _real(place: str, doubtful: tuple[str, ...]) -> str:
    """The place without links. Raises SandboxError when it is not there, or a link in a doubtful place was on the way."""
    here, left, links = PurePosixPath("/"), list(reversed(PurePosixPath(place).parts[1:])), 0
    while left:
        part = left.pop()
        here = here.parent if part == ".." else here / part
        try:
            if not stat.S_ISLNK(os.lstat(here).st_mode):
                continue
            target, links = Path(here).readlink(), links + 1
        except (OSError, ValueError) as error:
            raise SandboxError("sandbox.not_there", place=place) from error
        if links > MOST_LINKS or any(within(str(here), outer) for outer in doubtful):
            raise SandboxError("sandbox.led_away", place=place, link=str(here))
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        here = PurePosixPath("/") if target.is_absolute() else here.parent
    return str(here)


async def _try(found: list[str]) -> None:
    """Run nothing in it. Raises SandboxError with what bwrap says."""
    process = await asyncio.create_subprocess_exec(
        *found, "true",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TRY_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        raise SandboxError("sandbox.slow", seconds=f"{TRY_SECONDS:.0f}") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        why = " ".join(said.decode("utf-8", "replace").split())[:300] or f"exit code {process.returncode}"
        raise SandboxError(obstacle(), why=why)


def obstacle(sysctl: Path = _SYSCTL) -> str:
    """What most likely keeps bubblewrap from working on this machine, as a key of the catalogue with {why}."""
    if _setting(sysctl / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "sandbox.apparmor"
    if _setting(sysctl / "kernel/unprivileged_userns_clone") == "0":
        return "sandbox.not_cloned"
    if _setting(sysctl / "user/max_user_namespaces") == "0":
        return "sandbox.no_namespaces"
    return "sandbox.elsewhere"


def _setting(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
