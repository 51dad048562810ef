"""`phonework inspect`: what is stored about a person's sessions, beside a running server or on a stopped one's file (F11)."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import click

from phonework.cli import inspect_text
from phonework.cli.options import config_option, data_dir_option, existing_database, json_option, load_for_reading
from phonework.config import Config
from phonework.errors import PhoneWorkError
from phonework.one_line import one_line
from phonework.redact import Redactor
from phonework.store import inspection
from phonework.store.inspection import Json
from phonework.store.reader import Reader

FOLLOW_SECONDS = 0.5


@click.command()
@click.argument("user", required=False)
@config_option
@data_dir_option
@json_option
@click.option("--session", "session_id", default="", help="Only this session, also a long closed one.")
@click.option(
    "--limit", type=click.IntRange(0, 10_000), default=20, show_default=True, help="Entries of history shown."
)
@click.option("--follow", is_flag=True, help="Go on printing what happens, until interrupted.")
@click.option("--poisoned", is_flag=True, help="Events the program could not decide on, of everybody.")
def inspect(
    user: str | None,
    config_path: Path | None,
    data_dir: Path | None,
    as_json: bool,
    session_id: str,
    limit: int,
    follow: bool,
    poisoned: bool,
) -> None:
    """Show what is stored about a person's sessions. USER is an open_id, or a name if only one person has it."""
    if poisoned == bool(user):
        raise click.UsageError("name a USER, or use --poisoned")
    config = load_for_reading(config_path, data_dir)
    if poisoned:
        asyncio.run(_poisoned(config, as_json))
        return
    assert user is not None
    with contextlib.suppress(KeyboardInterrupt):  # how --follow ends
        asyncio.run(_inspect(config, user, session_id, limit, as_json, follow))


async def _inspect(config: Config, wanted: str, session_id: str, limit: int, as_json: bool, follow: bool) -> None:
    redactor = Redactor(config.secrets())

    def look(db: sqlite3.Connection) -> tuple[Json, int]:
        user_id = _meant(wanted, inspection.people(db))
        facts = inspection.of_user(
            db, user_id, redactor=redactor, session_id=session_id, limit=limit, language=config.ui.language
        )
        if facts is None:
            raise PhoneWorkError(
                f"{user_id} has no session {session_id}", hint=f"`phonework inspect {user_id}` lists them"
            )
        return facts, inspection.newest(db)

    async with Reader(existing_database(config)) as reader:
        facts, seen = await reader.run(look)
        text = json.dumps(facts, ensure_ascii=False, indent=None if follow else 2)
        click.echo(text if as_json else inspect_text.report(facts, datetime.now(UTC)), nl=as_json)
        if follow:
            newer = partial(inspection.history_after, user_id=facts["user"], redactor=redactor, session_id=session_id)
            await _follow(reader, newer, seen, as_json)


async def _follow(reader: Reader, newer: Callable[..., list[Json]], seen: int, as_json: bool) -> None:
    """Print each new entry once, as one line, until interrupted. newer: reads those after the event `seq`."""
    while True:
        for event in await reader.run(partial(newer, seq=seen)):
            seen = max(seen, event["seq"])
            line = f"{event['session_id'] or '-':<12} {inspect_text.entry(event)}"
            click.echo(json.dumps(event, ensure_ascii=False) if as_json else line)
        await asyncio.sleep(FOLLOW_SECONDS)


async def _poisoned(config: Config, as_json: bool) -> None:
    async with Reader(existing_database(config)) as reader:
        found = await reader.run(inspection.poisoned)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for event in found:
        error = one_line(str(event["payload"].get("error", "")))
        click.echo(
            f"{event['seq']:>8}  {event['at']}  {event['event']}  {event['session_id'] or event['user'] or '-'}  {error}"
        )
    if not found:
        click.echo("no poisoned events")


def _meant(wanted: str, known: Sequence[inspection.Person]) -> str:
    """The id of the person meant by an id or an unambiguous name. Raises PhoneWorkError naming the nearest."""
    if any(person.user_id == wanted for person in known):
        return wanted
    named = [person.user_id for person in known if person.name == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        raise PhoneWorkError(f"{len(named)} people are called {wanted}", hint=f"say which: {', '.join(named)}")
    near = get_close_matches(
        wanted, [word for person in known for word in (person.user_id, person.name) if word], n=1, cutoff=0.0
    )
    hint = f"the nearest known is {near[0]}" if near else "nobody has written to the bot yet"
    raise PhoneWorkError(f"no user {wanted}", hint=hint)
