"""The table for people and programs: rows, a text table, a Mermaid diagram, and the form of the golden file."""

from phonework.fsm.events import EVENTS
from phonework.fsm.table import TABLE, TABLE_VERSION, Ignore, Row
from phonework.fsm.types import State


def rows() -> list[dict[str, str]]:
    """One dict per row: source, event, target, action, when, guards, and for an ignored event the reason."""
    return [_move(row) if isinstance(row, Row) else _ignored(row) for row in TABLE]


def golden() -> dict[str, object]:
    """What the stored version of the table is compared with."""
    return {
        "version": TABLE_VERSION,
        "states": [state.value for state in State],
        "events": list(EVENTS),
        "rows": rows(),
    }


def table() -> str:
    """The moves as a Markdown table, then the refusals."""
    moves = [
        f"| {row['source']} | {row['event']} | {row['target']} | {row['action']} | {row['when']} | {row['guards']} |"
        for row in rows()
        if row["target"]
    ]
    refusals = [f"| {row['source']} | {row['event']} | {row['reason']} |" for row in rows() if not row["target"]]
    return "\n".join(
        [
            "| from | event | to | action | when | guards |",
            "| --- | --- | --- | --- | --- | --- |",
            *moves,
            "",
            "| from | event | ignored because |",
            "| --- | --- | --- |",
            *refusals,
        ]
    )


def mermaid(current: State | None = None) -> str:
    """A state diagram. current: the state to mark."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in rows():
        if row["target"] and row["source"] != row["target"]:
            names = arrows.setdefault((row["source"], row["target"]), [])
            if row["event"] not in names:
                names.append(row["event"])
    lines = ["stateDiagram-v2", "    [*] --> idle: Created"]
    lines += [f"    {source} --> {target}: {'<br/>'.join(names)}" for (source, target), names in arrows.items()]
    lines.append("    closed --> [*]")
    if current is not None:
        lines += ["    classDef current fill:#1456f0,color:#fff", f"    class {current.value} current"]
    return "\n".join(lines)


def _move(row: Row) -> dict[str, str]:
    return {
        "source": row.source.value,
        "event": row.event.__name__,
        "target": row.target.value,
        "action": row.action.__name__,
        "when": ", ".join(branch.__name__ for branch in row.when),
        "guards": ", ".join(guard.__name__ for guard in row.guards),
        "reason": "",
    }


def _ignored(row: Ignore) -> dict[str, str]:
    reason = row.reason if isinstance(row.reason, str) else row.reason.__name__
    return {
        "source": row.source.value,
        "event": row.event.__name__,
        "target": "",
        "action": "",
        "when": "",
        "guards": "",
        "reason": str(reason),
    }
