"""`phonework session create`."""

from pathlib import Path

import click

from phonework.cli.session.common import json_option, print_json, seen_here, valid_name
from phonework.gateway.client import Client


@click.command()
@click.argument("text", nargs=-1)
@click.option("--backend", default="", help="Kind of agent. [default: as configured]")
@click.option("--cwd", default=".", help="Where it works, below the working root. [default: here]")
@click.option("--mkdir", is_flag=True, help="Make that directory if it is missing.")
@click.option("--model", default="", help="Model of the agent. [default: its own choice]")
@click.option("--mode", default="", help="How much it asks, in the agent's words. [default: as usual]")
@click.option(
    "--in", "container", default="", help="Run the agent in a container: docker or podman. [default: in none]"
)
@click.option("--name", callback=valid_name, default="", help="A name of its own, besides its id.")
@click.option("--group", callback=valid_name, default="", help="A group, to be used together.")
@json_option
def create(
    text: tuple[str, ...],
    backend: str,
    cwd: str,
    mkdir: bool,
    model: str,
    mode: str,
    container: str,
    name: str,
    group: str,
    as_json: bool,
) -> None:
    """Begin a session, with TEXT as its first message if there is any. Prints its id."""
    with Client() as client:
        wanted = {
            "cwd": client.place.mapping.outward(str(Path(cwd).absolute())),
            "create": mkdir,
            **{"backend": backend, "model": model, "mode": mode, "name": name, "group": group},
            "container": container,
        }
        words = {"text": " ".join(text)} if text else {}
        made = seen_here(client.post("/v1/sessions", {**wanted, **words}), client.place.mapping)
    if as_json:
        print_json(made)
    else:
        click.echo(made["id"])
