"""The output of a command that its card does not hold, as a file."""

from phonework.errors import RefusedError
from phonework.reports import Report, Wanted
from phonework.shell.showing import Shown
from phonework.store import runs
from phonework.store.codec import load
from phonework.store.reader import Reader


class OutputReport:
    """params: `turn`, of the shell's session. It is kept for a while, see `runs.KEPT`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, wanted: Wanted) -> Report:
        session_id, turn = wanted.session_id, int(wanted.params["turn"])
        assert session_id is not None
        stored = await self._reader.run(lambda connection: runs.result(connection, session_id, turn))
        if stored is None:
            raise RefusedError("output_gone")
        return Report(files={"output.txt": load(Shown, stored).file.encode("utf-8", "replace")})
