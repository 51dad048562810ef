"""The table itself: total, reachable, versioned, drawn."""

import json
from pathlib import Path

import pytest

from phonework.fsm import diagram
from phonework.fsm.events import EVENTS
from phonework.fsm.table import TABLE, Ignore, Row
from phonework.fsm.types import State

GOLDEN = Path(__file__).with_name("table.golden.json")


def test_every_pair_of_state_and_event_is_written_down() -> None:
    written = {(row.source, row.event.__name__) for row in TABLE}

    assert written == {(state, event) for state in State for event in EVENTS}


def test_no_row_stands_behind_one_that_always_applies() -> None:
    """A row without branch and guards is the last of its pair."""
    closed: set[tuple[State, str]] = set()
    for row in TABLE:
        pair = (row.source, row.event.__name__)
        assert pair not in closed, pair
        if isinstance(row, Ignore) or not (row.when or row.guards):
            closed.add(pair)


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_left_for_rest(state: State) -> None:
    moves = [(row.source, row.target) for row in TABLE if isinstance(row, Row)]

    assert state in _closure({State.IDLE}, moves)
    backwards = [(target, source) for source, target in moves]
    assert state in _closure({State.IDLE, State.CLOSED}, backwards)


def test_nothing_leaves_a_closed_session() -> None:
    assert {row.target for row in TABLE if isinstance(row, Row) and row.source is State.CLOSED} == {State.CLOSED}


def test_the_table_is_the_one_of_its_version() -> None:
    """If this fails: raise TABLE_VERSION, say how stored sessions are upgraded, write the golden file anew.

    python -c "import json; from phonework.fsm import diagram; print(json.dumps(diagram.golden(), indent=1))"
    """
    assert diagram.golden() == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_diagram_has_every_move_between_states() -> None:
    drawn = diagram.mermaid(State.EXECUTING)

    for row in TABLE:
        if isinstance(row, Row) and row.source is not row.target:
            arrow = next(line for line in drawn.splitlines() if f"    {row.source} --> {row.target}:" in line)
            assert row.event.__name__ in arrow
    assert "class executing current" in drawn


def _closure(start: set[State], moves: list[tuple[State, State]]) -> set[State]:
    found = set(start)
    while more := {target for source, target in moves if source in found} - found:
        found |= more
    return found
