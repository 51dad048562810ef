"""Searching files below the root for a regular expression: `rg` where there is one, else our own small search.

Either is a process that is ended when time is up, when there is enough, and when nobody waits any more. It works in a
directory that was reached without following a link, and follows none itself.
"""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from phonework.errors import RefusedError
from phonework.files import place as places
from phonework.files.hits import Hit, Lines, hit_of
from phonework.files.place import Place, Root
from phonework.one_line import one_line
from phonework.pipes import gone

MOST_HITS: Final = 200
MOST_HITS_OF_A_FILE: Final = 50
WITHIN: Final = timedelta(seconds=20)
_CHUNK: Final = 64 * 1024
_PROGRAM: Final = (sys.executable, "-P", "-m", "phonework.files.plain_search")


@dataclass(slots=True, kw_only=True)
class Hits:
    """complete: there is no more. slow: because time was up."""

    hits: list[Hit] = field(default_factory=list)
    complete: bool = True
    slow: bool = False


async def search(
    place: Place,
    root: Root,
    pattern: str,
    *,
    glob: str = "",
    ignore_case: bool = False,
    program: str | None = None,
    within: timedelta = WITHIN,
) -> Hits:
    """The lines that match, of one file or of all below a directory, sorted by path; hidden and ignored files are left out.

    program: `rg`; None: the one on the path; empty: none. Raises RefusedError: search_pattern with the reason.
    """
    with ExitStack() as held:
        folder, file = await asyncio.to_thread(_reached, place, held)
        where = "-" if file is not None else "."
        rg = shutil.which("rg") if program is None else program
        command = _rg(rg, pattern, glob, where, ignore_case) if rg else _own(pattern, glob, where, ignore_case)
        found = await _run(command, folder, file, within)
    if file is not None:
        found.hits = [Hit(path=place.real.name, line=hit.line, text=hit.text) for hit in found.hits]
    else:
        found.hits = await asyncio.to_thread(_not_hidden, found.hits, place, root)
    return found


def _not_hidden(hits: list[Hit], place: Place, root: Root) -> list[Hit]:
    return [hit for hit in hits if not places.is_hidden(place.real / hit.path, root)]


def _reached(place: Place, held: ExitStack) -> tuple[int | None, int | None]:
    """Descriptors of the directory or of the file to search."""
    if places.is_folder(place):
        return held.enter_context(places.opened_folder(place)), None
    return None, held.enter_context(places.opened(place)).fileno()


def _rg(program: str, pattern: str, glob: str, where: str, ignore_case: bool) -> list[str]:
    options = ["--json", "--no-config", "--no-messages", "--no-follow", "--sort=path", "--max-filesize=10M"]
    options += [f"--max-count={MOST_HITS_OF_A_FILE}", *(["--ignore-case"] if ignore_case else [])]
    return [program, *options, *([f"--glob={glob}"] if glob else []), "-e", pattern, "--", where]


def _own(pattern: str, glob: str, where: str, ignore_case: bool) -> list[str]:
    return [*_PROGRAM, pattern, glob, "i" if ignore_case else "-", where]


async def _run(command: list[str], folder: int | None, file: int | None, within: timedelta) -> Hits:
    found = Hits()
    async with _process(command, folder, file) as process:
        try:
            async with asyncio.timeout(within.total_seconds()):
                await _gather(process, found)
        except TimeoutError:
            found.complete, found.slow = False, True
    return found


@contextlib.asynccontextmanager
async def _process(
    command: list[str], folder: int | None, file: int | None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The search, which does not outlive the block. Nothing of our environment but the path is its business."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=file if file is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=await asyncio.to_thread(_as_path, folder),
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONIOENCODING": "utf-8"},
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(gone(process))


def _as_path(folder: int | None) -> str | None:
    """A name of the open directory that nobody can put a link in place of, where the system has one."""
    if folder is None:
        return None
    name = Path(f"/proc/self/fd/{folder}")
    if sys.platform == "linux" and name.exists():
        return str(name)
    import fcntl

    return os.fsdecode(fcntl.fcntl(folder, getattr(fcntl, "F_GETPATH", 50), bytes(1024)).rstrip(b"\0"))  # macOS


async def _gather(process: asyncio.subprocess.Process, found: Hits) -> None:
    """Read until it ends, or until there is enough."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.create_task(process.stderr.read(_CHUNK))
    try:
        lines = Lines()
        while data := await process.stdout.read(_CHUNK):
            found.hits += [hit for line in lines.feed(data) if (hit := hit_of(line)) is not None]
            if len(found.hits) > MOST_HITS:
                del found.hits[MOST_HITS:]
                found.complete = False
                return
        # `rg` fails for a file it may not read too, and then has nothing to say.
        if await process.wait() and (problem := (await said).decode("utf-8", "replace").strip()):
            raise _wrong(problem)
    finally:
        said.cancel()
        await asyncio.gather(said, return_exceptions=True)


def _wrong(said: str) -> RefusedError:
    """What `rg` says of a pattern, with its drawing of the place left out."""
    told = [line.strip() for line in said.splitlines() if line.strip(" ^")]
    last = next((line for line in reversed(told) if line.startswith("error:")), told[-1] if told else "")
    return RefusedError("search_pattern", problem=one_line(last.removeprefix("error:"), 200))
