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
OFF: Final = 'or set [work] sandbox = "off" and let agents write wherever you may'
INSTALL: Final = f"install it, for example with `apt install bubblewrap`, {OFF}"
PLACES: Final = "change [work] sandbox_write or choose another directory"
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
    try:
        found = arguments(bwrap, places)
    except ValueError as error:
        raise SandboxError(f"The sandbox cannot be set up: {error}.", hint=PLACES) from error
    await _try(found)
    return found


def find() -> str:
    """The program. Raises SandboxError with the remedy."""
    if sys.platform != "linux":
        raise SandboxError("The sandbox is for Linux only.", hint='set [work] sandbox = "off"')
    found = shutil.which("bwrap")
    if not found:
        raise SandboxError("The sandbox is switched on, but bubblewrap is not installed.", hint=INSTALL)
    return str(Path(found).absolute())


def look(sandbox: Sandbox, directory: str, own: tuple[str, ...], hide: tuple[str, ...]) -> Places:
    """The places by their real paths. Raises SandboxError for one that is missing, or that a link of an agent leads to."""
    # A link where none was may be an agent's work, and would widen what the owner allowed.
    for place, remedy_of in ((directory, "begin a new session in"), *((one, "write") for one in sandbox.write)):
        if place and (real := _real(place, ())) != place:
            raise SandboxError(
                f"The sandbox cannot be set up: {place} is a link or behind one.",
                hint=f"{remedy_of} {real} if that is what you want",
            )
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
            raise SandboxError(f"The sandbox cannot be set up: {place} is not there.", hint=PLACES) from error
        if links > MOST_LINKS or any(within(str(here), outer) for outer in doubtful):
            raise SandboxError(
                f"The sandbox cannot be set up: {place} leads through the link {here}, which an agent may have put there.",
                hint="remove the link, or put it outside of the working root",
            )
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
        raise SandboxError(f"The sandbox was not up within {TRY_SECONDS:.0f} s.", hint=INSTALL) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        why = " ".join(said.decode("utf-8", "replace").split())[:300] or f"exit code {process.returncode}"
        raise SandboxError(f"The sandbox cannot be set up here: {why}.", hint=f"{remedy()}, {OFF}")


def remedy(sysctl: Path = _SYSCTL) -> str:
    """What most likely keeps bubblewrap from working on this machine, as something to do."""
    if _setting(sysctl / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "allow bwrap its namespaces: `apt install apparmor-profiles`, copy "
            "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict to /etc/apparmor.d/ and run "
            "`apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`"
        )
    if _setting(sysctl / "kernel/unprivileged_userns_clone") == "0":
        return "allow user namespaces: `sysctl -w kernel.unprivileged_userns_clone=1`"
    if _setting(sysctl / "user/max_user_namespaces") == "0":
        return "allow user namespaces: `sysctl -w user.max_user_namespaces=15000`"
    return "run PhoneWork where user namespaces are allowed (in many containers they are not)"


def _setting(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
