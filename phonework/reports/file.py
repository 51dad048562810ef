"""A file of the working root, sent to the chat."""

import asyncio

from phonework.errors import RefusedError
from phonework.files.place import Root, locate
from phonework.files.reading import read_to_send
from phonework.reports import Report, Wanted


class FileReport:
    """params: `path`, absolute or below the root. What may not leave the root, or is gone by now, is said so instead."""

    def __init__(self, root: Root) -> None:
        self._root = root

    async def __call__(self, wanted: Wanted) -> Report:
        return await asyncio.to_thread(self._read, wanted.params.get("path", ""))

    def _read(self, path: str) -> Report:
        if not path:
            raise RefusedError("file_missing", path=".")
        place = locate(path, self._root, self._root.path)
        return Report(files={place.real.name: read_to_send(place)})
