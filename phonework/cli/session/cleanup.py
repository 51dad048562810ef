"""`phonework session cleanup`."""

from datetime import UTC, datetime, timedelta

import click

from phonework.cli.session.common import every, json_option, print_json
from phonework.cli.session.durations import seconds_of
from phonework.cli.session.words import when
from phonework.gateway.client import Client


@click.command()
@click.option(
    "--older-than",
    metavar="TIME",
    callback=seconds_of("h"),
    required=True,
    help="Unused for so long, like 24h or 7d; a bare number counts hours.",
)
@click.option("--dry-run", is_flag=True, help="Close nothing, only print which it would be.")
@json_option
def cleanup(older_than: float, dry_run: bool, as_json: bool) -> None:
    """Close the sessions at rest that nobody has used for so long, also those made in a chat. Prints their ids."""
    with Client() as client:
        if dry_run:
            before = datetime.now(UTC) - timedelta(seconds=older_than)
            found = [one["id"] for one in every(client, state="idle") if when(one["active_at"]) < before]
        else:
            found = client.post("/v1/cleanup", {"older_than_hours": older_than / 3600})["closed"]
    if as_json:
        print_json({"would_close" if dry_run else "closed": found})
    elif found:
        click.echo("\n".join(found))
    else:
        click.echo("none is that old", err=True)
