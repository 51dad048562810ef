"""A file of the working root, sent to the chat."""

import asyncio
from dataclasses import replace
from pathlib import Path

from phonework.errors import RefusedError
from phonework.files.place import Root, locate
from phonework.files.reading import read_to_send
from phonework.reports import Report, Wanted
from phonework.store import sessions
from phonework.store.reader import Reader


class FileReport:
    """params: `path`, absolute or below the session's directory; `within`: `session` for what must lie in that directory.

    What may not leave its place, or is gone by now, is said so instead.
    """

    def __init__(self, reader: Reader, root: Root) -> None:
        self._reader, self._root = reader, root

    async def __call__(self, wanted: Wanted) -> Report:
        path = wanted.params.get("path", "")
        cwd = await self._cwd(wanted, path)
        within = replace(self._root, path=cwd) if wanted.params.get("within") == "session" else self._root
        return await asyncio.to_thread(self._read, path, within, cwd)

    async def _cwd(self, wanted: Wanted, path: str) -> Path:
        """Where the path begins."""
        if path.startswith(("/", "~")):
            return self._root.path
        if (session_id := wanted.session_id) is None:
            raise RefusedError("no_session")
        return Path((await self._reader.run(lambda connection: sessions.run_of(connection, session_id))).cwd)

    def _read(self, path: str, root: Root, cwd: Path) -> Report:
        place = locate(path, root, cwd)
        return Report(files={place.real.name: read_to_send(place)})
