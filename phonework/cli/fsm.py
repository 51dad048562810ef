"""`phonework fsm`: the table of transitions, as text, as a diagram, as data."""

import json

import click

from phonework.fsm import diagram
from phonework.fsm.table import TABLE_VERSION

PAGE = """\
# States of a session

<!-- Written by `phonework fsm --format page`; `make check` compares. -->

Every session is a persisted state machine. This page is drawn from the rows in `phonework/fsm/table.py`, version {version}.
A request for a confirmation, a choice or an approval of a plan waits in `waiting_confirm`, one for a text in
`waiting_input`; in `stopping` an end was decided and the agent has not ended yet. Silence is never consent: no row leads
from an expired wait, a lost agent or a stale card to an approval.

```mermaid
{diagram}
```

Of several rows for one state and event the first is taken whose `when` says yes; its guards then either let it pass or
name the reason for a no, which the history keeps and the person is shown.

{table}
"""


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "mermaid", "json", "page"]),
    default="table",
    show_default=True,
    help="page: docs/states.md.",
)
def fsm(form: str) -> None:
    """Print the table of transitions."""
    click.echo(rendered(form), nl=False)


def rendered(form: str) -> str:
    """The table in one of the formats, with a newline at its end."""
    match form:
        case "mermaid":
            return diagram.mermaid() + "\n"
        case "json":
            return json.dumps(diagram.golden(), indent=2) + "\n"
        case "page":
            return PAGE.format(version=TABLE_VERSION, diagram=diagram.mermaid(), table=diagram.table())
        case _:
            return _columns(diagram.rows())


def _columns(rows: list[dict[str, str]]) -> str:
    heads = {"source": "FROM", "event": "EVENT", "target": "TO", "action": "ACTION", "when": "WHEN", "guards": "GUARDS"}
    moves = [heads, *(row for row in rows if row["target"])]
    widths = {name: max(len(row[name]) for row in moves) for name in heads}
    lines = ["  ".join(row[name].ljust(widths[name]) for name in heads).rstrip() for row in moves]
    ignored = [f"{row['source']:<16} {row['event']:<20} {row['reason']}" for row in rows if not row["target"]]
    return "\n".join([*lines, "", "IGNORED, with the reason", *ignored]) + "\n"
