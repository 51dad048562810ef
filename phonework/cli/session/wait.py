"""`phonework session wait`."""

import time

import click

from phonework.cli.lazy import Failure
from phonework.cli.printing import echo
from phonework.cli.session import exits
from phonework.cli.session.common import (
    at_work_in,
    chosen,
    group_option,
    json_option,
    print_json,
    seen_here,
    sessions_argument,
)
from phonework.cli.session.durations import seconds_of
from phonework.cli.session.tally import Tally
from phonework.cli.session.words import Outcome, brief, how_to_answer, label, outcome_of
from phonework.errors import RemoteError
from phonework.gateway.client import Client, Json
from phonework.gateway.watching import GRACE_SECONDS, OutOfTime, watch
from phonework.one_line import one_line


@click.command()
@sessions_argument(required=False)
@group_option("Every open session of this group.")
@click.option("--all", "how", flag_value="all", default="all", help="Until none of them is at work. [default]")
@click.option("--any", "how", flag_value="any", help="Until the first of them is not at work.")
@click.option("--until-done", is_flag=True, help="Go on waiting while one asks: somebody answers on the phone.")
@click.option(
    "--timeout",
    metavar="TIME",
    callback=seconds_of("s"),
    help="Give up after so long, like 90s or 5m. [default: never]",
)
@click.option("--grace", metavar="TIME", callback=seconds_of("s"), default=str(GRACE_SECONDS), help="So long a lost server may take to come back. [default: 15s]")  # fmt: skip
@json_option
def wait(
    sessions: tuple[str, ...],
    group: str,
    how: str,
    until_done: bool,
    timeout: float | None,
    grace: float,
    as_json: bool,
) -> None:
    """Wait until sessions have done what they were told, or ask something (exit code 3). Prints what became of each.

    Nothing is polled. A lost connection is taken up again where it broke.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with Client() as client:
        tally = Tally(first_is_enough=how == "any", through_questions=until_done)
        for one in chosen(client, sessions, group, at_work_in):
            tally.take(one)
        trouble = _settled(client, tally, group, deadline, grace, quiet=as_json)
    if as_json:
        print_json({"outcome": _word(tally, trouble), "sessions": tally.report()})
    if isinstance(trouble, RemoteError):  # all that there is to print is printed
        Failure(trouble).show()
        raise SystemExit(exits.code_of(trouble))
    if trouble:
        click.echo(f"Error: not done in time: {', '.join(tally.unsettled())}", err=True)
        raise SystemExit(exits.TIMEOUT)
    raise SystemExit(tally.code())


def _settled(
    client: Client, tally: Tally, group: str, deadline: float | None, grace: float, *, quiet: bool
) -> OutOfTime | RemoteError | None:
    """Wait; what kept it from being waited for to the end."""
    told: dict[str, Outcome] = {}
    _tell(tally, told, quiet)
    if tally.met():
        return None
    query = {"group": group} if group else {"session": ",".join(tally.known)}
    try:
        for session in watch(client, query, deadline=deadline, grace_s=grace):
            tally.take(seen_here(session, client.place.mapping))
            _tell(tally, told, quiet)
            if tally.met():
                return None
    except OutOfTime as error:
        return error
    except RemoteError as error:
        if error.code != "server_stopped":
            raise
        return error
    raise AssertionError("a watch ends by an error alone")


def _tell(tally: Tally, told: dict[str, Outcome], quiet: bool) -> None:
    """Each session when it has settled, and again when it settles in another way."""
    for session in tally.settled():
        if told.get(session["id"]) is not outcome_of(session):
            told[session["id"]] = outcome_of(session)
            if not quiet:
                echo("\n".join([_line(session), *_asks(session)]))


def _line(session: Json) -> str:
    """What went wrong is said in full: it ends with what to do about it."""
    limit = 100 if outcome_of(session) is Outcome.DONE else 1000
    return f"{label(session)}  {outcome_of(session)}  {brief(session, limit)}".rstrip()


def _asks(session: Json) -> list[str]:
    """What is asked, and how it is answered."""
    request = session.get("request")
    if outcome_of(session) is not Outcome.WAITING or not request:
        return []
    asked = f"  request {request['id']}" + (f" ({one_line(request['tool'])})" if request["tool"] else "")
    return [asked, *(f"  {command}" for command in how_to_answer(session))]


def _word(tally: Tally, trouble: OutOfTime | RemoteError | None) -> str:
    if trouble:
        return trouble.code if isinstance(trouble, RemoteError) else "timeout"
    return {exits.DONE: Outcome.DONE, exits.WAITING: Outcome.WAITING}.get(tally.code(), Outcome.FAILED).value
