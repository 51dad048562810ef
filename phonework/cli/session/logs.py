"""`phonework session logs`."""

from collections.abc import Iterator
from contextlib import suppress

import click

from phonework.cli.printing import echo, json_line, plain
from phonework.cli.session.common import get, json_option, print_json, session_argument
from phonework.cli.session.words import label, when
from phonework.gateway.client import Client, Json, part
from phonework.gateway.watching import watch
from phonework.one_line import one_line

MOST = 100
"""Turns that the server gives at once."""


@click.command()
@session_argument
@click.option("-n", "count", type=click.IntRange(1, MOST), default=20, show_default=True, help="So many turns.")
@click.option(
    "--follow", is_flag=True, help="Go on with what comes, until the session is closed or this is interrupted."
)
@json_option
def logs(session: str, count: int, follow: bool, as_json: bool) -> None:
    """Print what was said in SESSION, turn by turn. With --follow and --json one turn a line, when it has ended."""
    with Client() as client:
        found = get(client, session)
        if follow:
            with suppress(KeyboardInterrupt):  # how it ends
                for turn in _ending(client, found["id"], count):
                    click.echo(json_line(turn)) if as_json else echo(told(turn))
            return
        turns = _turns(client, found["id"], count)
    if as_json:
        print_json({"session": found["id"], "turns": turns})
    elif turns:
        echo("\n".join(told(turn) for turn in turns).rstrip())
    else:
        click.echo(f"nothing was said in {label(found)} yet", err=True)


def _turns(client: Client, session: str, count: int) -> list[Json]:
    turns: list[Json] = client.get(f"/v1/sessions/{part(session)}/turns", n=str(count))["turns"]
    return turns


def _ending(client: Client, session: str, count: int) -> Iterator[Json]:
    """The turns that have ended, then each when it ends."""
    seen = 0
    for one in watch(client, {"session": session}):
        last = one["last"]["turn"] if one["last"] else 0
        if last > seen:
            missing = min(last - seen + 1, MOST) if seen else count  # one may be running by now
            ended = [turn for turn in _turns(client, session, missing) if turn["ended_at"] and turn["turn"] > seen]
            yield from ended
            seen = max([seen, *(turn["turn"] for turn in ended)])
        if one["state"] == "closed":
            return


def told(turn: Json) -> str:
    """One turn for people: what was asked of the agent, each line with a sign before it, and what it said."""
    took = f", {(when(turn['ended_at']) - when(turn['started_at'])).total_seconds():.1f} s" if turn["ended_at"] else ""
    lines = [f"── turn {turn['turn']} · {turn['started_at']} · {turn['status']}{took}"]
    for prompt in turn["prompts"]:
        lines += [f"> {line}" for line in plain(prompt).split("\n") or [""]]
    lines += ["", turn["text"]] if turn["text"] else []
    lines += [f"! {one_line(turn['error'], 1000)}"] if turn["error"] else []
    return "\n".join([*lines, ""])
