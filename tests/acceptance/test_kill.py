"""The real program is killed again and again under people's hands: nothing lost, nothing twice, no false yes.

PHONEWORK_KILLS: how often (100). PHONEWORK_KILL_SEED: repeats the same people and the same pauses; timing is the machine's.
"""

import asyncio
import copy
import os
import random
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from phonework.testing import kill_load
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_openai import FakeOpenAI
from phonework.testing.kill_check import violations
from phonework.testing.kill_load import Evidence
from phonework.testing.kill_wishes import LOOKED, MARKS, model
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote

KILLS = int(os.environ.get("PHONEWORK_KILLS", "100"))
SEED = int(os.environ.get("PHONEWORK_KILL_SEED") or random.SystemRandom().randrange(10**6))
PEOPLE, HELPED = 4, 2

# A turn of a second is a task, so that many end as one; a command may take two.
SETTINGS = {
    "ASSISTANT__MODEL": "fake",
    "ASSISTANT__MODE": "direct",
    "ASSISTANT__RETRIES": "0",
    "SHELL__TIMEOUT": "2",
    "TIMEOUTS__BACKGROUND": "1",
    "GATEWAY__USER": "ou_p0",
}

pytestmark = [pytest.mark.kill, pytest.mark.timeout(120 + 6 * KILLS)]


@pytest.fixture(scope="module")
def evidence(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What is left of one long run."""
    return asyncio.run(_run(zygote, tmp_path_factory.mktemp("kill")))


async def _run(zygote: Zygote, place: Path) -> Evidence:
    # Rates are limited elsewhere; redeliveries come after 0.15, 3 and 36 s instead of 15 s, 5 min and 1 h.
    async with running_emulator(time_scale=0.01, chat_per_s=0, patch_per_s=0) as emulator:
        emulator.phone.timeout_s = 60
        async with FakeOpenAI(rules=[model]) as api:
            server = Server(zygote, emulator.url, place, ACCESS__ALLOW="*", **SETTINGS)
            server.settings["ASSISTANT__BASE_URL"] = api.base_url
            server.programs = _programs(place)
            await server.start()
            try:
                return await kill_load.run(server, emulator.phone, kills=KILLS, people=PEOPLE, helped=HELPED, seed=SEED)
            finally:
                await server.aclose()


def _programs(place: Path) -> Path:
    """A `basename` that tells how often it was run."""
    program = place / "programs" / "basename"
    program.parent.mkdir()
    (place / "work").mkdir()
    log = shlex.quote(str(place / "work" / LOOKED))
    program.write_text(f'#!/bin/sh\necho "$1" >> {log}\necho "$1"\n')
    program.chmod(0o755)
    return program.parent


def test_nothing_is_lost_doubled_or_allowed_by_nobody(evidence: Evidence, capsys: pytest.CaptureFixture[str]) -> None:
    found = violations(evidence)
    deeds = evidence.deeds
    with capsys.disabled():
        print(
            f"\nkill test: seed {SEED}, {evidence.kills} kills, {evidence.starts} starts, {len(deeds.said)} messages said, "
            f"{len(deeds.acknowledged)} by a program, {deeds.taps} taps ({deeds.unanswered_taps} into the void), {len(deeds.yes)} approvals, "
            f"{len(evidence.shown)} messages in the chats, {len(found)} violations"
        )
    assert not found, "\n".join(found[:40])
    assert deeds.acknowledged, "no program was told that its message is stored, so nothing was proved"
    assert deeds.yes, "nobody allowed anything, so nothing was proved"
    for name in (LOOKED, MARKS):
        assert list(evidence.work.rglob(name)), f"no command left its mark in {name}, so nothing was proved"


# It can fail: each of these is what a fault would leave behind.

Plant = Callable[[Evidence, sqlite3.Connection], Evidence]


def a_message_without_an_event(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event WHERE source = 'message')")
    return evidence


def a_programs_message_that_is_gone(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    prompt_id = next(iter(evidence.deeds.acknowledged.values()))
    db.execute("DELETE FROM prompt WHERE prompt_id = ?", [prompt_id])
    return evidence


def a_programs_message_taken_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute(
        "CREATE TEMP TABLE again AS SELECT * FROM event WHERE source = 'shell' AND kind = 'MessageReceived' LIMIT 1"
    )
    db.execute("UPDATE again SET seq = NULL, dedupe_key = 'again:' || dedupe_key, version = NULL, status = 'ignored'")
    db.execute("INSERT INTO event SELECT * FROM again")
    return evidence


def an_answer_that_is_not_shown(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    (message_id,) = db.execute("SELECT message_id FROM message WHERE delivery_key LIKE '%/part0'").fetchone()
    return replace(evidence, shown=tuple(shown for shown in evidence.shown if shown.message_id != message_id))


def a_message_shown_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    # A card: one message about a task that ended may stand there twice, see the check.
    once = next(shown for shown in evidence.shown if shown.from_bot and shown.msg_type == "interactive")
    return replace(evidence, shown=(*evidence.shown, replace(once, message_id="om_again")))


def a_card_shown_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    once = next(shown for shown in evidence.shown if shown.from_bot and shown.msg_type == "interactive")
    db.execute("CREATE TEMP TABLE again AS SELECT * FROM message WHERE message_id = ?", [once.message_id])
    db.execute("UPDATE again SET message_id = 'om_again', delivery_key = delivery_key || '/again'")
    db.execute("INSERT INTO message SELECT * FROM again")
    return replace(evidence, shown=(*evidence.shown, replace(once, message_id="om_again")))


def a_yes_that_nobody_gave(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    deeds = copy.deepcopy(evidence.deeds)
    deeds.yes.clear()
    deeds.said = {key: "no" if text == "yes" else text for key, text in deeds.said.items()}
    return replace(evidence, deeds=deeds)


def an_edit_that_nobody_allowed(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    with (evidence.work / "p0" / "shop" / "prices.py").open("a") as file:
        file.write("\n\ndef sneaky() -> None:\n    pass\n")
    return evidence


def a_command_that_nobody_allowed(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    with (evidence.work / "p0" / "tests" / "ran.log").open("a") as file:
        file.write("ran\n" * 1000)
    return evidence


def a_turn_begun_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    journal = next(path for path in evidence.journals.iterdir() if '"prompt"' in path.read_text())
    journal.write_text(journal.read_text() * 2)
    return evidence


def a_session_that_is_stuck(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute("UPDATE session SET state = 'executing' WHERE rowid = 1")
    return evidence


def an_effect_nobody_finished(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute("UPDATE effect SET status = 'claimed' WHERE seq = (SELECT max(seq) FROM effect)")
    return evidence


def a_version_left_out(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event WHERE version = 3)")
    return evidence


def a_card_that_lies(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    (message_id,) = db.execute("SELECT message_id FROM message WHERE card_key LIKE 'turn:%'").fetchone()
    lying = {"body": {"elements": [{"tag": "button", "behaviors": [{"type": "callback", "value": {"op": "stop"}}]}]}}
    return replace(
        evidence,
        shown=tuple(
            replace(shown, content=lying) if shown.message_id == message_id else shown for shown in evidence.shown
        ),
    )


def a_reminder_that_came_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute("UPDATE reminder SET fired = 2 WHERE reminder_id = (SELECT min(reminder_id) FROM reminder)")
    return evidence


def a_reminder_that_was_not_shown(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    (message_id,) = db.execute("SELECT message_id FROM message WHERE card_key LIKE 'reminder:%:1'").fetchone()
    return replace(evidence, shown=tuple(shown for shown in evidence.shown if shown.message_id != message_id))


def a_command_that_ran_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    marks = next(path for path in evidence.work.rglob(MARKS) if path.read_text())
    marks.write_text(marks.read_text() * 50)
    return evidence


def a_command_nobody_was_asked_about(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    with (evidence.work / "p0" / MARKS).open("a") as marks:
        marks.write("w999xp0\n")
    return evidence


def a_look_that_was_taken_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    looked = evidence.work / LOOKED
    looked.write_text(looked.read_text() * 50)
    return evidence


def commands_that_were_not_run(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    for name in (LOOKED, MARKS):
        for path in evidence.work.rglob(name):
            path.unlink()
    return evidence


def a_call_that_was_made_twice(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    db.execute("CREATE TEMP TABLE again AS SELECT * FROM reminder WHERE origin LIKE 'assistant:%'")
    db.execute("UPDATE again SET reminder_id = 'x' || reminder_id, origin = origin || ':again'")
    db.execute("INSERT INTO reminder SELECT * FROM again")
    return evidence


def a_call_nobody_was_told_of(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    (session_id, turn) = db.execute(
        "SELECT session_id, turn FROM tool_call JOIN turn USING (session_id, turn) WHERE turn.status = 'done'"
    ).fetchone()
    db.execute("UPDATE tool_call SET status = 'claimed' WHERE session_id = ? AND turn = ?", [session_id, turn])
    return evidence


def the_end_of_a_task_that_was_not_told(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    (message_id,) = db.execute(
        "SELECT message_id FROM message JOIN task ON card_key = 'ended:turn:' || session_id || ':' || turn"
    ).fetchone()
    return replace(evidence, shown=tuple(shown for shown in evidence.shown if shown.message_id != message_id))


def a_process_that_is_left(evidence: Evidence, db: sqlite3.Connection) -> Evidence:
    return replace(evidence, left=("sleep",))


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (a_message_without_an_event, "lost: "),
        (a_programs_message_that_is_gone, "lost: k"),
        (a_programs_message_taken_twice, "doubled: k"),
        (an_answer_that_is_not_shown, "lost: "),
        (a_message_shown_twice, "doubled: "),
        (a_card_shown_twice, "doubled: the card"),
        (a_yes_that_nobody_gave, "false approval: nobody allowed"),
        (an_edit_that_nobody_allowed, "false approval: p0 has sneaky"),
        (a_command_that_nobody_allowed, "false approval: p0 ran its tests"),
        (a_turn_begun_twice, "twice: "),
        (a_session_that_is_stuck, "stuck: "),
        (an_effect_nobody_finished, "stuck: "),
        (a_version_left_out, "gap: "),
        (a_card_that_lies, "untrue: "),
        (a_reminder_that_came_twice, "reminder: "),
        (a_reminder_that_was_not_shown, "lost: the reminder"),
        (a_command_that_ran_twice, "twice: the command"),
        (a_command_nobody_was_asked_about, "false approval: the command of w999xp0"),
        (a_look_that_was_taken_twice, "twice: the look"),
        (commands_that_were_not_run, "lost: the command"),
        (a_call_that_was_made_twice, "twice: the reminder"),
        (a_call_nobody_was_told_of, "untold: "),
        (the_end_of_a_task_that_was_not_told, "task: "),
        (a_process_that_is_left, "left running: "),
    ],
)
def test_the_check_finds(plant: Plant, said: str, evidence: Evidence, tmp_path: Path) -> None:
    planted = _copied(evidence, tmp_path)
    with closing(sqlite3.connect(planted.database)) as db, db:
        planted = plant(planted, db)

    assert [found for found in violations(planted) if found.startswith(said)]


def _copied(evidence: Evidence, place: Path) -> Evidence:
    with closing(sqlite3.connect(evidence.database)) as there, closing(sqlite3.connect(place / "copy.db")) as here:
        there.backup(here)
    shutil.copytree(evidence.journals, place / "journals")
    shutil.copytree(evidence.work, place / "work", ignore=shutil.ignore_patterns(".git"))
    with closing(sqlite3.connect(place / "copy.db")) as db, db:
        db.execute("UPDATE session SET cwd = replace(cwd, ?, ?)", [str(evidence.work.resolve()), str(place / "work")])
    return replace(evidence, database=place / "copy.db", journals=place / "journals", work=place / "work")
