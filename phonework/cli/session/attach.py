"""`phonework session attach`."""

import os
import shutil
import sys

import click

from phonework.cli.session.common import get, json_option, print_json, session_argument
from phonework.errors import PhoneWorkError
from phonework.gateway.client import Client, part


@click.command()
@session_argument
@json_option
def attach(session: str, as_json: bool) -> None:
    """Go to the terminal in which the agent of SESSION runs. --json prints the command instead of running it."""
    with Client() as client:
        found = get(client, session)
        command = client.get(f"/v1/sessions/{part(found['id'])}/terminal")["attach"]
        remote = client.place.remote
    if as_json:
        print_json({"session": found["id"], "attach": command})
        return
    if remote:
        raise PhoneWorkError(
            "its terminal is on another machine", hint=f"there: phonework session attach {found['id']}"
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PhoneWorkError("this is no terminal", hint=f"run it in one: phonework session attach {found['id']}")
    _become(command)


def _become(command: list[str]) -> None:
    """Run it in the place of this process."""
    program = shutil.which(command[0])
    if program is None:
        raise PhoneWorkError(f"{command[0]} is not installed here", hint=f"install {command[0]} with the system's package manager")  # fmt: skip
    sys.stdout.flush()
    try:
        os.execv(program, command)
    except OSError as error:
        raise PhoneWorkError(f"{program} cannot be run: {(error.strerror or str(error)).lower()}") from error
