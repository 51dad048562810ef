"""What the commands share: options, the server they speak to, and how they print."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from phonework.cli.printing import echo, json_line
from phonework.cli.session.exits import AS_JSON, code_of
from phonework.cli.session.words import has_failed, when
from phonework.errors import RemoteError
from phonework.gateway.client import Client, Json, part
from phonework.gateway.mapping import PathMapping

Command = TypeVar("Command", bound=Callable[..., Any])

PAGE = 500


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, callback=_noted, help="Print JSON for programs.")(command)


def _noted(context: click.Context, _parameter: click.Parameter, wanted: bool) -> bool:
    context.meta[AS_JSON] = wanted
    return wanted


def session_argument(command: Command) -> Command:
    """One session, by id or name."""
    return click.argument("session", shell_complete=_names)(command)


def sessions_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """Several sessions, by id or name."""
    return click.argument(
        "sessions",
        nargs=-1,
        required=required,
        metavar="SESSION..." if required else "[SESSION]...",
        shell_complete=_names,
    )


def valid_name(_context: click.Context, _parameter: click.Parameter, typed: str) -> str:
    """A name of a session or a group, as the server takes it; an empty one is none."""
    if not re.fullmatch(r"([a-z0-9][a-z0-9-]{0,63})?", typed):
        raise click.BadParameter(
            f"{typed!r}: a name is up to 64 lower-case letters, digits and dashes, and no dash first"
        )
    return typed


def group_option(words: str) -> Callable[[Command], Command]:
    """`--group NAME`."""
    return click.option("--group", metavar="NAME", callback=valid_name, default="", help=words)


def _names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """What the shell offers to complete; nothing when no server answers."""
    try:
        with Client(timeout_s=1.0) as client:
            found = every(client)
    except RemoteError:
        return []
    names = [word for one in found for word in (one["id"], one["name"]) if word]
    return [name for name in names if name.startswith(begun)]


# Sessions


def get(client: Client, session: str) -> Json:
    """One session, by id or name. Raises RemoteError."""
    return seen_here(client.get(f"/v1/sessions/{part(session)}"), client.place.mapping)


def act(client: Client, session: str, what: str, body: Mapping[str, object] | None = None) -> Json:
    """Do something to a session; the session afterwards. Raises RemoteError."""
    return seen_here(client.post(f"/v1/sessions/{part(session)}/{what}", body), client.place.mapping)


def every(client: Client, **query: str) -> list[Json]:
    """All sessions that fit, page by page. Raises RemoteError."""
    found: list[Json] = []
    cursor = ""
    while True:
        page = client.get("/v1/sessions", limit=str(PAGE), cursor=cursor, **query)
        found += [seen_here(one, client.place.mapping) for one in page["sessions"]]
        cursor = page.get("next") or ""
        if not cursor:
            return found


def of_group(client: Client, group: str) -> list[Json]:
    """The open sessions of a group. Raises RemoteError when there is none."""
    found = every(client, group=group)
    if not found:
        raise RemoteError("not_found", f"there is no open session in a group {group!r}", hint="`phonework session create --group` begins one")  # fmt: skip
    return found


def at_work_in(client: Client, group: str) -> list[Json]:
    """The open sessions of a group, and those whose agent failed and which were closed since these were begun.

    Earlier uses of the group do not count. Raises RemoteError when there is none.
    """
    found = every(client, group=group, closed="true")
    begun = [when(one["created_at"]) for one in found]
    since = min((at for at, one in zip(begun, found, strict=True) if one["state"] != "closed"), default=max(begun, default=None))  # fmt: skip
    wanted = [one for one in found if one["state"] != "closed" or (has_failed(one) and since and when(one["since"]) >= since)]  # fmt: skip
    return wanted or of_group(client, group)


def chosen(
    client: Client, sessions: Iterable[str], group: str, of_group: Callable[[Client, str], list[Json]] = of_group
) -> list[Json]:
    """The sessions that are named, each once, or those of the group; not both, not neither. Raises RemoteError."""
    named = tuple(sessions)
    if bool(named) == bool(group):
        raise click.UsageError("name sessions, or a --group, and not both")
    found = of_group(client, group) if group else [get(client, name) for name in named]
    return list({one["id"]: one for one in found}.values())


def seen_here(session: Json, mapping: PathMapping) -> Json:
    """With the paths of this side of a container."""
    if not mapping.pairs:
        return session
    request = session.get("request")
    if isinstance(request, dict) and request.get("path"):
        request = {**request, "path": mapping.inward(str(request["path"]))}
    return {**session, "cwd": mapping.inward(str(session["cwd"])), "request": request}


# Printing


def print_json(value: object) -> None:
    click.echo(json_line(value, indent=2))


def complain(session: str, error: RemoteError) -> None:
    """One of several was refused."""
    echo(f"Error: {session}: {error}", err=True)
    if error.hint:
        echo(f"Hint: {error.hint}", err=True)


def for_each(names: Iterable[str], do: Callable[[str], Json]) -> tuple[list[Json], list[Json], int]:
    """Do it to each of them, whatever becomes of the others: what came of it, what failed, and the exit code.

    When the server is lost on the way, all that are left have failed: what was done before is told. Raises RemoteError when nothing was.
    """
    done: list[Json] = []
    failed: list[Json] = []
    code, left = 0, list(dict.fromkeys(names))
    while left:
        try:
            done.append(do(left[0]))
            del left[0]
        except RemoteError as error:
            lost = error.code in ("unreachable", "token")
            if lost and not (done or failed):
                raise
            gone, left = (left, []) if lost else (left[:1], left[1:])
            for name in gone:
                complain(name, error)
                failed.append({"session": name, "code": error.code, "message": str(error)})
            code = code or code_of(error)
    return done, failed, code
