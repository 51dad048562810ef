"""A data directory from before is taken up: one the last start left, and the golden one of each version."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from phonework.testing.golden import WORK
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone
from phonework.testing.server import Server

DATA = Path(__file__).with_name("data")


async def test_what_the_last_start_left_is_taken_up(ada: Person, server: Server) -> None:
    await ada.says("say before")
    await ada.ended_turn(1)
    before = await server.session()
    await server.stop()
    await server.start()

    after = await server.session()
    assert {name: value for name, value in after.items() if name != "effects"} == {
        name: value for name, value in before.items() if name != "effects"
    }
    await ada.says("/history")
    await ada.sees("1. say before")


def _restore(golden: Path, server: Server) -> None:
    with closing(sqlite3.connect(server.data_dir / "phonework.db")) as db:
        db.executescript(golden.read_text().replace(WORK, str(server.work)))
    shutil.copytree(DATA / golden.stem, server.data_dir / "backends")


@pytest.mark.parametrize("golden", sorted(DATA.glob("v*.sql")), ids=lambda path: path.stem)
async def test_a_database_of_an_earlier_version_goes_on(phone: Phone, idle_server: Server, golden: Path) -> None:
    """It holds a session that waited for a permission, one with a message in line, and one that was closed."""
    idle_server.data_dir.mkdir()
    for name in ("asks", "waits", "closed"):
        (idle_server.work / name).mkdir(parents=True)
    _restore(golden, idle_server)
    await idle_server.start()
    ada = Person(phone)

    sessions = (await idle_server.inspect())["sessions"]
    assert [(Path(one["cwd"]).name, one["state"]) for one in sessions] == [
        ("asks", "idle"), ("waits", "idle"), ("closed", "closed"),
    ]  # fmt: skip
    (asked,) = idle_server.rows("SELECT status FROM request")
    assert asked["status"] == "void"
    assert [prompt["text"] for prompt in sessions[1]["queue"]] == ["say from the line"]
    checked = await idle_server.command("db", "check", "--data-dir", str(idle_server.data_dir))
    assert checked.returncode == 0, checked.tail()
    await ada.says("/switch 2")
    await ada.sees("Now in waits")
    await ada.says("say on the new version")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("on the new version"))
    await ada.says("/switch 1")
    await ada.sees("Now in asks")
    await ada.says("confirm")
    await ada.presses(await ada.sees(offers(op="answer")), "Deny")
    await ada.sees("All right, I leave it.")
