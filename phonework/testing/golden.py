"""`python -m phonework.testing.golden DIRECTORY`: a database as this version writes it, as SQL, for later upgrades.

To be run once for each version of the database, when it is released: sessions in every state and all else that a version keeps
(here: a task, reminders, commands, an assistant's conversation), left behind by a kill while something is owed. Its deadlines
are long past, whenever it is read.
"""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from phonework.testing.emulator import running_emulator
from phonework.testing.fake_openai import FakeOpenAI, call, say
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote

WORK = "/WORK"
ADA, BOB = "ou_demo", "ou_bob"
_OWED = "SELECT 1 FROM effect WHERE status IN ('owed', 'claimed') AND kind {} 'ShowStatus'"


async def _sessions(ada: Person) -> None:
    """One in each state, but the one that is being stopped."""
    await ada.begins("asks", "confirm")
    await ada.question()
    await ada.begins("answers", "input")
    await ada.sees(lambda shown: offers(op="answer")(shown) and not offers(op="answer", c="allow")(shown))
    await ada.begins("waits", "hang")
    await ada.sees(lambda shown: offers(op="stop")(shown) and shown.shows("hanging"))
    await ada.says("say from the line")
    await ada.sees(offers(op="drop"))
    await ada.begins("closed", "say one")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("one"))
    await ada.says("/close")
    await ada.sees("Session closed")
    await ada.begins("rests", "say two")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("two"))


async def _helpers(server: Server, ada: Person, bob: Person, api: FakeOpenAI) -> None:
    """A task, reminders of each kind, a command that ended and one at work, a conversation and a turn in its middle."""
    await ada.sees("it goes on as task")
    await ada.says("/remind 1s drink some water")
    await ada.sees(offers(op="remind_done"))
    await ada.says("/remind 1h check the build")
    await ada.says("/remind every Monday 10:00 weekly meeting")
    await _until(server, lambda: len(server.rows("SELECT 1 FROM reminder")) == 3)
    await ada.says("/shell echo hello")
    await ada.sees("Exit code 0")
    await ada.says("/shell tail -f /dev/null")
    await _until(server, lambda: bool(server.rows("SELECT 1 FROM tool_call WHERE status = 'claimed'")))
    api.will([call("list_sessions")], say("You have none."), [{"hang": True}])
    await bob.says("/smart which sessions do I have?")
    await bob.sees("You have none.")
    await bob.says("/smart and what can you do?")
    await api.requested(3)


async def _owes(server: Server, bob: Person) -> None:
    """Feishu takes nothing more for him."""
    await _until(server, lambda: not server.rows(_OWED.format("!=")))
    chat = await bob.phone.private_chat(BOB)
    await bob.phone.fault("http.status", times=-1, status=503, match={"path": "/im/v1/messages", "contains": chat})
    await bob.says("/status")
    await _until(server, lambda: bool(server.rows(f"{_OWED.format('=')} AND attempts > 0")))


async def _stops(server: Server, ada: Person) -> None:
    await ada.begins("stops", "stubborn")
    await ada.presses(await ada.sees(lambda shown: offers(op="stop")(shown) and shown.shows("stubborn")), "Stop")
    await _until(server, lambda: bool(server.rows("SELECT 1 FROM session WHERE state = 'stopping'")))
    await _until(server, lambda: not server.rows(_OWED.format("!=")))


async def _until(server: Server, holds: Callable[[], bool]) -> None:
    assert server.child is not None
    while not holds():
        ended = await asyncio.to_thread(server.child.ends_within, 0.02)
        assert not ended, server.child.tail()


def _write(server: Server, target: Path) -> None:
    work = str(server.work.resolve())
    with closing(sqlite3.connect(server.data_dir / "phonework.db")) as db:
        db.execute("UPDATE timer SET due_at_ms = 1")
        db.execute("UPDATE reminder SET due_at_ms = due_at_ms - 14 * 24 * 3600 * 1000 WHERE status = 'waiting'")
        db.commit()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        text = "\n".join([*db.iterdump(), f"PRAGMA user_version = {version};", ""])
    target.mkdir(parents=True, exist_ok=True)
    (target / f"v{version}.sql").write_text(text.replace(work, WORK))
    _copy(server.data_dir / "backends", target / f"v{version}", work, WORK)


def _copy(source: Path, target: Path, old: str, new: str) -> None:
    """The agent's own files, with the place of work in them replaced."""
    for path in source.rglob("*.jsonl"):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text().replace(old, new))


def restore(recording: Path, data_dir: Path, work: Path) -> None:
    """Put a recorded database, and the agent's own files, into a data directory that has none."""
    with closing(sqlite3.connect(data_dir / "phonework.db")) as db:
        db.executescript(recording.read_text().replace(WORK, str(work)))
    _copy(recording.with_suffix(""), data_dir / "backends", WORK, str(work))


async def _live(server: Server, phone: Phone, api: FakeOpenAI) -> None:
    await phone.add_user(BOB, "Bob", "en")
    ada, bob = Person(phone), Person(phone, user=BOB)
    await server.start()
    await _sessions(ada)
    await _helpers(server, ada, bob, api)
    await _owes(server, bob)
    await _stops(server, ada)
    await server.kill()


async def main(target: Path) -> None:
    """Write `v<n>.sql` and the agent's own files `v<n>/` into the directory."""
    with Zygote() as zygote, tempfile.TemporaryDirectory() as place:
        async with running_emulator() as emulator, FakeOpenAI() as api:
            settings = {"ASSISTANT__BASE_URL": api.base_url, "ASSISTANT__MODEL": "glm-4.6"}
            server = Server(zygote, emulator.url, Path(place), **settings)
            server.settings |= {
                "ACCESS__ALLOW": f"{ADA},{BOB}",
                "TIMEOUTS__BACKGROUND": "1",
                "ASSISTANT__MODE": "direct",
            }
            await _live(server, emulator.phone, api)
            _write(server, target)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
