"""`phonework session attach`."""

import os
import shutil
import sys
from pathlib import PurePath
from typing import Final

import click

from phonework.cli.session.common import get, json_option, print_json, session_argument
from phonework.errors import PhoneWorkError
from phonework.gateway.client import Client, part

PROGRAM: Final = "tmux"


@click.command()
@session_argument
@json_option
def attach(session: str, as_json: bool) -> None:
    """Go to the terminal in which the agent of SESSION runs. --json prints the command instead of running it."""
    with Client() as client:
        found = get(client, session)
        command = checked(client.get(f"/v1/sessions/{part(found['id'])}/terminal").get("attach"))
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


def checked(words: object) -> list[str]:
    """The command that shows a terminal, from its parts: what a server says is never run as it stands.

    Whichever tmux the server has, it is the one on our own PATH; its `-f` is for who begins a server. Raises PhoneWorkError.
    """
    match words:
        case [str(program), "-f", _, *server, "attach" | "attach-session", "-t", str(target)]:
            pass
        case [str(program), *server, "attach" | "attach-session", "-t", str(target)]:
            pass
        case _:
            raise _refused()
    match server:
        case _ if PurePath(program).name != PROGRAM:
            raise _refused()
        case []:
            return _plain(PROGRAM, "attach-session", "-t", target)
        case ["-L" | "-S" as option, str(socket)]:
            return _plain(PROGRAM, option, socket, "attach-session", "-t", target)
        case _:
            raise _refused()


def _plain(*words: str) -> list[str]:
    """A semicolon begins another command of tmux. Raises PhoneWorkError."""
    if not all(word.isprintable() and ";" not in word for word in words) or "" in words:
        raise _refused()
    return list(words)


def _refused() -> PhoneWorkError:
    return PhoneWorkError("the server names a command that does not show a terminal of tmux, and it is not run", hint="is it the server you mean?")  # fmt: skip


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
