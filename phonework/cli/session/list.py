"""`phonework session list`."""

from datetime import UTC, datetime

import click

from phonework.cli.session.common import every, group_option, json_option, print_json, valid_name
from phonework.cli.session.words import age, brief, outcome_of, table
from phonework.gateway.client import Client, Json
from phonework.one_line import one_line


@click.command()
@group_option("Of this group.")
@click.option("--state", default="", help="In this state, like idle, executing or waiting_confirm.")
@click.option("--backend", default="", help="With this kind of agent.")
@click.option("--name", callback=valid_name, default="", help="Of this name.")
@click.option("--closed", is_flag=True, help="The closed ones too.")
@json_option
def list(group: str, state: str, backend: str, name: str, closed: bool, as_json: bool) -> None:
    """List sessions, also those made in a chat."""
    wanted = {"group": group, "state": state, "backend": backend, "name": name, "closed": "true" if closed else ""}
    with Client() as client:
        found = every(client, **wanted)
    if as_json:
        print_json({"sessions": found})
    elif found:
        click.echo(table([("SESSION", "NAME", "GROUP", "OUTCOME", "ACTIVE", "PROJECT", "LAST"), *map(_row, found)]))
    else:
        click.echo("no sessions", err=True)


def _row(session: Json) -> tuple[str, ...]:
    return (
        session["id"],
        session["name"] or "-",
        session["group"] or "-",
        outcome_of(session).value if session["state"] != "closed" else "closed",
        age(session["active_at"], datetime.now(UTC)),
        one_line(session["project"], 30),
        brief(session, 60),
    )
