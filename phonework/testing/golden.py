"""`python -m phonework.testing.golden DIRECTORY`: a database as this version writes it, as SQL, for later upgrades.

To be run once for each version of the database: a session that waits for a permission, one at work with a message in
line, and a closed one, left behind by a kill. Its deadlines are long past, whenever it is read.
"""

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from phonework.testing.emulator import running_emulator
from phonework.testing.person import Person, offers
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote

WORK = "/WORK"


async def _live(server: Server, ada: Person) -> None:
    await ada.begins("asks", "confirm")
    await ada.question()
    await ada.begins("waits", "hang")
    await ada.sees(lambda shown: offers(op="stop")(shown) and shown.shows("hanging"))
    await ada.says("say from the line")
    await ada.sees(offers(op="drop"))
    await ada.begins("closed", "say one")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("one"))
    await ada.says("/close")
    await ada.sees("Session closed")
    revision = 0
    while server.rows("SELECT 1 FROM effect WHERE status IN ('owed', 'claimed')"):
        revision, _ = await ada.phone.changes(revision, timeout_s=0.3)


def _write(server: Server, target: Path) -> None:
    work = str(server.work.resolve())
    with closing(sqlite3.connect(server.data_dir / "phonework.db")) as db:
        db.execute("UPDATE timer SET due_at_ms = 1")
        db.commit()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        text = "\n".join([*db.iterdump(), f"PRAGMA user_version = {version};", ""])
    target.mkdir(parents=True, exist_ok=True)
    (target / f"v{version}.sql").write_text(text.replace(work, WORK))
    shutil.rmtree(target / f"v{version}", ignore_errors=True)
    shutil.copytree(server.data_dir / "backends", target / f"v{version}")


async def main(target: Path) -> None:
    """Write `v<n>.sql` and the agent's own files `v<n>/` into the directory."""
    with Zygote() as zygote, tempfile.TemporaryDirectory() as place:
        async with running_emulator() as emulator:
            server = Server(zygote, emulator.url, Path(place))
            await server.start()
            await _live(server, Person(emulator.phone))
            await server.kill()
            _write(server, target)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
