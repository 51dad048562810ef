"""`phonework fsm`."""

import json
from pathlib import Path
from typing import Any

from phonework.cli.fsm import rendered
from phonework.fsm.table import TABLE, TABLE_VERSION, Row
from phonework.fsm.types import State

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_has_every_move(run: Any) -> None:
    lines = run("fsm").stdout.splitlines()

    moves = lines[1 : lines.index("")]
    assert len(moves) == sum(isinstance(row, Row) for row in TABLE)
    assert len(lines) - len(moves) - 3 == sum(not isinstance(row, Row) for row in TABLE)


def test_mermaid_names_every_state(run: Any) -> None:
    text = run("fsm", "--format", "mermaid").stdout

    assert text.startswith("stateDiagram-v2\n")
    assert all(state.value in text for state in State)


def test_json_is_the_table_with_its_version(run: Any) -> None:
    found = json.loads(run("fsm", "--format", "json").stdout)

    assert found["version"] == TABLE_VERSION
    assert len(found["rows"]) == len(TABLE)


def test_the_page_in_docs_is_current() -> None:
    assert (ROOT / "docs" / "states.md").read_text(encoding="utf-8") == rendered("page")
