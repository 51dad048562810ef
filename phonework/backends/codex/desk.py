"""The conversations in Codex's own records, and which process at the desk has one open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psutil  # type: ignore[import-untyped]

from phonework import processes
from phonework.backends.base import DeskSession, Holder
from phonework.backends.codex.program import MARK
from phonework.backends.codex.rpc import RpcError
from phonework.backends.codex.server import AppServer
from phonework.errors import BackendError

SOURCES: Final = ("cli", "vscode", "exec", "appServer", "unknown")
"""Where conversations come from; not those of its own helpers. Without them those of `codex exec` would be left out."""
MOST_PAGES: Final = 10
PAGE: Final = 50
LONGEST_FIRST: Final = 300  # characters
ENDS_WITHIN: Final = 5.0  # seconds after SIGTERM, and again after SIGKILL
OURS: Final = "phonework"


async def listed(server: AppServer, home: Path, mark: str, under: Path, limit: int) -> tuple[DeskSession, ...]:
    """The newest that began in a directory below `under` that is still there. home: Codex's own. mark: of our own server."""
    open_by = await asyncio.to_thread(_holders, home, mark)
    found: dict[str, DeskSession] = {}
    for archived in (False, True):
        count = 0
        async for thread in _threads(server, archived=archived):
            one = await asyncio.to_thread(_session, thread, open_by)
            if one is not None and _is_below(Path(one.cwd), under):
                found[one.agent_session_id] = one
                count += 1
            if count >= limit:
                break
    return tuple(sorted(found.values(), key=lambda one: one.active_at, reverse=True)[:limit])


async def found(server: AppServer, home: Path, mark: str, thread_id: str) -> DeskSession | None:
    """One of them; None when there is none."""
    if not _is_id(thread_id):
        return None
    try:
        thread = (await server.request("thread/read", {"threadId": thread_id})).get("thread")
    except RpcError:
        return None
    open_by = await asyncio.to_thread(_holders, home, mark)
    return await asyncio.to_thread(_session, thread, open_by) if isinstance(thread, dict) else None


async def _threads(server: AppServer, *, archived: bool) -> AsyncIterator[Mapping[str, Any]]:
    """The newest first. Of those that were put away only ours: the owner has put the others away."""
    cursor: object = None
    for _ in range(MOST_PAGES):
        asked = {
            "limit": PAGE,
            "modelProviders": [],
            "sourceKinds": SOURCES,
            "sortKey": "recency_at",
            "archived": archived,
        }
        page = await server.request("thread/list", {**asked, **({"cursor": cursor} if cursor else {})})
        data = page.get("data")
        for one in data if isinstance(data, list) else []:
            if isinstance(one, dict) and (not archived or one.get("originator") == OURS):
                yield one
        cursor = page.get("nextCursor")
        if not cursor:
            return


def _session(thread: Mapping[str, Any], open_by: Mapping[str, "_Process"]) -> DeskSession | None:
    # `updatedAt` changes also when the conversation is only loaded, or put away (0.163.0).
    thread_id, cwd, seconds = thread.get("id"), thread.get("cwd"), thread.get("recencyAt")
    if not isinstance(thread_id, str) or not isinstance(cwd, str) or not isinstance(seconds, int | float):
        return None
    preview, path, holder = thread.get("preview"), thread.get("path"), open_by.get(thread_id)
    size = 0
    with contextlib.suppress(OSError, ValueError):
        size = Path(str(path)).stat().st_size
    return DeskSession(
        agent_session_id=thread_id,
        cwd=cwd,
        first=" ".join(str(preview or "").split())[:LONGEST_FIRST],
        active_at=datetime.fromtimestamp(seconds, UTC),
        size_bytes=size,
        held_by=Holder(where=f"pid {holder.pid}", key=holder.key) if holder is not None else None,
    )


def _is_below(cwd: Path, under: Path) -> bool:
    try:
        return cwd.is_dir() and cwd.resolve().is_relative_to(under.resolve())
    except OSError:
        return False


def _is_id(thread_id: str) -> bool:
    with contextlib.suppress(ValueError):
        return str(UUID(thread_id)) == thread_id
    return False


# Who has one open


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    key: str


def _holders(home: Path, mark: str) -> dict[str, _Process]:
    """By conversation. Codex keeps a locked file open for each one it has loaded (0.163.0); our own server is nobody at the desk."""
    locks = (home / "thread-writer-locks").resolve()
    found: dict[str, _Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if "codex" not in process.name() or process.environ().get(MARK) == mark:
                continue
            known = _Process(process.pid, f"{process.pid}:{process.create_time()}")
            opened = [Path(one.path) for one in process.open_files()]
            found |= {one.stem: known for one in opened if one.parent == locks and one.suffix == ".lock"}
    return found


def end(home: Path, mark: str, thread_id: str, key: str) -> None:
    """End the process of this key, if it has the conversation open; return when it is gone. Blocks.

    Raises BackendError when another one has it, or it stays.
    """
    holder = _holders(home, mark).get(thread_id) if _is_id(thread_id) else None
    if holder is None:
        return
    if holder.key != key:
        raise BackendError("codex.other_holder")
    try:
        process = psutil.Process(holder.pid)
        family = process.children(recursive=True)
        process.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(ENDS_WITHIN)
        processes.end([process, *family])
        process.wait(ENDS_WITHIN)
    except psutil.NoSuchProcess:
        return
    except (psutil.Error, psutil.TimeoutExpired) as error:
        raise BackendError("codex.holder_stays", pid=str(holder.pid)) from error
