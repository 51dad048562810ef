"""What the guard says of commands, those of attackers among them."""

import time
import unicodedata
from pathlib import Path

import pytest

from phonework.shell.characters import LONGEST
from phonework.shell.guard import Judgement, Reason, Verdict, Why, judge
from phonework.shell.verdicts import LONGEST_PART

ROOT = Path("/home/ada/work")
CWD = ROOT / "app"


def table() -> list[tuple[Verdict, str]]:
    found, verdict = [], Verdict.RUN
    for line in (Path(__file__).parent / "commands.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            verdict = Verdict[line.split()[1].rstrip(":").upper()]
        elif line and not (line.startswith("# ") and verdict is Verdict.RUN):
            found.append((verdict, line.replace("⏎", "\n").replace("⇥", "\t")))
    return found


TABLE = table()


def judged(command: str, cwd: Path = CWD, root: Path = ROOT) -> Judgement:
    return judge(command, cwd=cwd, root=root)


def keys(command: str) -> set[Why]:
    return {each.key for each in judged(command).reasons}


def test_the_table_is_long_and_mostly_hostile() -> None:
    assert len(TABLE) == len({command for _, command in TABLE}) >= 200
    assert sum(verdict is not Verdict.RUN for verdict, _ in TABLE) >= 60


@pytest.mark.parametrize(("verdict", "command"), TABLE)
def test_every_command_of_the_table(verdict: Verdict, command: str) -> None:
    found = judged(command)

    assert found.verdict is verdict, found
    assert bool(found.reasons) is (verdict is not Verdict.RUN)
