"""`phonework session retry`, `stop`, `kill`, `close` and `rename`."""

import click

from phonework.cli.session.common import (
    act,
    for_each,
    json_option,
    print_json,
    session_argument,
    sessions_argument,
    valid_name,
)
from phonework.gateway.client import Client


@click.command()
@sessions_argument()
@json_option
def retry(sessions: tuple[str, ...], as_json: bool) -> None:
    """Run the last turn of each SESSION again."""
    _all(sessions, "retry", as_json)


@click.command()
@sessions_argument()
@json_option
def stop(sessions: tuple[str, ...], as_json: bool) -> None:
    """Stop the running turn of each SESSION; what the agent changed stays."""
    _all(sessions, "stop", as_json)


@click.command()
@sessions_argument()
@json_option
def kill(sessions: tuple[str, ...], as_json: bool) -> None:
    """End the agent of each SESSION at once, with all it had started. The session stays, and can go on."""
    _all(sessions, "kill", as_json)


@click.command()
@sessions_argument()
@json_option
def close(sessions: tuple[str, ...], as_json: bool) -> None:
    """Close each SESSION; its name is free again."""
    _all(sessions, "close", as_json)


def _all(sessions: tuple[str, ...], what: str, as_json: bool) -> None:
    with Client() as client:
        done, failed, code = for_each(sessions, lambda name: act(client, name, what))
    if as_json:
        print_json({"sessions": done, "failed": failed})
    else:
        for one in done:
            click.echo(one["id"])
    raise SystemExit(code)


@click.command()
@session_argument
@click.argument("name", callback=valid_name)
@json_option
def rename(session: str, name: str, as_json: bool) -> None:
    """Call SESSION by this NAME; with an empty one it has its id alone."""
    with Client() as client:
        named = act(client, session, "rename", {"name": name})
    if as_json:
        print_json(named)
    else:
        click.echo(named["id"])
