"""`phonework audit`: read what people and agents did, and verify that nobody changed it (S9)."""

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import click

from phonework.audit import files
from phonework.audit.chain import FIELD, Line, Verified, parse
from phonework.cli.options import config_option, data_dir_option, json_option, load_for_reading
from phonework.errors import PhoneWorkError
from phonework.one_line import one_line

WIDTH = 140


@click.command()
@click.argument("session", required=False)
@config_option
@data_dir_option
@json_option
@click.option("--verify", is_flag=True, help="Follow the chain of hashes instead; exit 1 if it is broken.")
@click.option("--user", default="", help="Only what this person did, by open_id.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="The last so many lines.")
def audit(
    session: str | None,
    config_path: Path | None,
    data_dir: Path | None,
    as_json: bool,
    verify: bool,
    user: str,
    limit: int,
) -> None:
    """Read the audit of SESSION, or say which sessions have one. --verify looks at SESSION, or at all."""
    directory = load_for_reading(config_path, data_dir).server.data_dir / "audit"
    try:
        if verify:
            _verify(directory, _named(directory, session), as_json)
        elif session:
            _read(directory, _named(directory, session)[0], as_json, user, limit)
        else:
            _list(directory, as_json)
    except OSError as error:
        raise PhoneWorkError(f"the audit cannot be read: {(error.strerror or str(error)).lower()}") from error


def _named(directory: Path, session: str | None) -> tuple[str, ...]:
    known = files.names(directory)
    if session is None:
        return known
    if (name := files.name_of(session)) not in known:
        raise PhoneWorkError(f"there is no audit of {session}", hint="`phonework audit` lists those there are")
    return (name,)


def _list(directory: Path, as_json: bool) -> None:
    known = files.names(directory)
    if as_json:
        click.echo(json.dumps({"directory": str(directory), "sessions": known}))
    elif known:
        click.echo("\n".join(known))
    else:
        click.echo(f"nothing yet in {directory}", err=True)


# Reading


def _read(directory: Path, name: str, as_json: bool, user: str, limit: int) -> None:
    wanted = (line for line in _parsed(directory, name) if not user or line.get("user") == user)
    for line in deque(wanted, maxlen=limit):
        click.echo(json.dumps(line) if as_json else _words(line))


def _parsed(directory: Path, name: str) -> Iterator[Line]:
    return (line for raw in files.lines(directory, name) if (line := parse(raw)) is not None)


def _words(line: Line) -> str:
    """One line for a person: when, who, what, and the rest as it stands."""
    known = ("seq", "part", "at", "written", "session", "user", "what", FIELD)
    rest = {key: value for key, value in line.items() if key not in known}
    who = line.get("user") or "-"
    return one_line(f"{line.get('at')}  {who}  {line.get('what')}  {json.dumps(rest, ensure_ascii=False)}", WIDTH)


# Verifying


def _verify(directory: Path, names: tuple[str, ...], as_json: bool) -> None:
    found = {name: files.verified(directory, name) for name in names}
    if as_json:
        click.echo(
            json.dumps({"ok": not _broken(found), "sessions": {name: _facts(one) for name, one in found.items()}})
        )
    elif found:
        click.echo("\n".join(_verdict(name, one) for name, one in found.items()))
    else:
        click.echo(f"nothing yet in {directory}, so nothing to verify", err=True)
    raise SystemExit(1 if _broken(found) else 0)


def _broken(found: dict[str, Verified]) -> bool:
    return any(one.broken for one in found.values())


def _facts(one: Verified) -> dict[str, object]:
    return {"lines": one.lines, "unlinked": one.unlinked, "torn": one.torn, "broken": one.broken, "last": one.last}


def _verdict(name: str, one: Verified) -> str:
    if one.broken:
        where = ", ".join(map(str, one.broken[:5])) + (" …" if len(one.broken) > 5 else "")
        return f"BROKEN  {name}: does not fit at event {where}"
    older = f", {one.unlinked} from before there was a chain" if one.unlinked else ""
    torn = f", {one.torn} torn by a crash" if one.torn else ""
    return f"ok      {name}: {one.lines} lines{older}{torn}, last {one.last[:16] or '-'}"
