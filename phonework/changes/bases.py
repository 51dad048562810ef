"""What each session's directory held when the session began: taken down once, kept until the session is closed."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from phonework.changes import compare, snapshot
from phonework.changes.compare import EMPTY, BaseGoneError, Changes
from phonework.changes.git import GitError
from phonework.changes.snapshot import NoRepositoryError, TooMuchError
from phonework.errors import RefusedError
from phonework.fsm.types import SessionId

log = structlog.get_logger(__name__)

TAKEN_WITHIN: Final = timedelta(seconds=5)
"""The first turn waits for it."""
COMPARED_WITHIN: Final = timedelta(seconds=25)


class Bases:
    """directory: ours; each session has a place in it for what git stores."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def take(self, session_id: SessionId, cwd: str) -> str:
        """The id of the tree, or empty when there is none to take: no repository, too much in it, too slow.

        EMPTY for a directory with nothing in it: the agent may make a repository of it.
        """
        try:
            async with asyncio.timeout(TAKEN_WITHIN.total_seconds()):
                return await snapshot.take(Path(cwd), self._objects(session_id))
        except NoRepositoryError:
            return EMPTY if await asyncio.to_thread(_is_empty, Path(cwd)) else ""
        except (TooMuchError, TimeoutError, GitError, OSError) as error:
            log.info("what the directory holds could not be taken down", session_id=session_id, why=repr(error)[:300])
            return ""

    async def changes(self, session_id: SessionId, cwd: str, base: str) -> Changes:
        """What changed since. Raises RefusedError with a sentence on why that cannot be told."""
        directory, objects = Path(cwd), self._objects(session_id)
        try:
            async with asyncio.timeout(COMPARED_WITHIN.total_seconds()):
                if not base:
                    await snapshot.locate(directory)
                    raise RefusedError("diff_no_base")
                return await compare.between(directory, objects, base, await snapshot.take(directory, objects))
        except NoRepositoryError:
            raise RefusedError("diff_no_repository", dir=directory.name) from None
        except (TooMuchError, TimeoutError):
            raise RefusedError("diff_too_much", dir=directory.name) from None
        except BaseGoneError:
            raise RefusedError("diff_base_gone") from None
        except (GitError, OSError) as error:
            raise RefusedError("diff_failed", problem=str(error)[:200]) from error

    async def forget(self, session_id: SessionId) -> None:
        """The session is closed."""
        await asyncio.to_thread(shutil.rmtree, self._directory / session_id, ignore_errors=True)

    def _objects(self, session_id: SessionId) -> Path:
        return self._directory / session_id / "objects"


def _is_empty(directory: Path) -> bool:
    try:
        return next(directory.iterdir(), None) is None
    except OSError:
        return False
