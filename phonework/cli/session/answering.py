"""`phonework session respond`, `approve` and `deny`. What is decided is what the caller was shown, and nothing else."""

import os
import sys
from collections.abc import Mapping

import click

from phonework.cli.printing import echo
from phonework.cli.session.common import act, get, json_option, print_json, session_argument
from phonework.cli.session.looking import asked_lines
from phonework.cli.session.picks import answer_to
from phonework.cli.session.words import label
from phonework.errors import PhoneWorkError
from phonework.gateway.client import Client, Json
from phonework.gateway.place import AGENT

request_option = click.option("--request", default="", metavar="ID", help="What is decided about, as `wait` and `status` show it. Without it, on a terminal, it is shown and asked about.")  # fmt: skip


@click.command()
@session_argument
@click.argument("answers", nargs=-1, required=True)
@request_option
@json_option
def respond(session: str, answers: tuple[str, ...], request: str, as_json: bool) -> None:
    """Answer what SESSION asks: an option's label or number, or words. A form takes one of ANSWERS for each question."""
    with Client() as client:
        found = get(client, session)
        asked = _open(found, request)
        if request and asked["id"] != request:
            raise PhoneWorkError(f"{label(found)} asks something else by now", hint=f"`phonework session status {found['id']}`")  # fmt: skip
        body = answer_to(asked, answers)
        _settle(client, found, body, request or _agreed(found, f"Answer with {', '.join(answers)}?"), as_json)


@click.command()
@session_argument
@click.option("--rule", "verdict", flag_value="allow_rule", help="For ever, by the rule the agent proposes.")
@click.option(
    "--session-rule", "verdict", flag_value="allow_session", help="By that rule, as long as the agent's session."
)
@click.option("--edits", "verdict", flag_value="allow_edits", help="A plan, and its edits without asking.")
@request_option
@json_option
def approve(session: str, verdict: str | None, request: str, as_json: bool) -> None:
    """Allow what SESSION asks to do, once."""
    how = {"allow_rule": " for ever", "allow_session": " as long as the agent's session", "allow_edits": " with its edits"}  # fmt: skip
    _decide(session, {"verdict": verdict or "allow"}, request, f"Allow this{how.get(verdict or '', '')}?", as_json)


@click.command()
@session_argument
@click.option("--reason", default="", help="What the agent is told.")
@request_option
@json_option
def deny(session: str, reason: str, request: str, as_json: bool) -> None:
    """Refuse what SESSION asks to do. The agent goes on without it."""
    _decide(session, {"verdict": "deny", "text": reason}, request, "Refuse this?", as_json)


def _decide(session: str, body: Mapping[str, object], request: str, question: str, as_json: bool) -> None:
    with Client() as client:
        found = get(client, session)
        _settle(client, found, body, request or _agreed(found, question), as_json)


def _settle(client: Client, session: Json, body: Mapping[str, object], request: str, as_json: bool) -> None:
    """Decide about exactly this request."""
    agent = os.environ.get(AGENT, "").rpartition(":")[2]
    done = act(client, session["id"], "answer", {**body, "request_id": request, "agent": agent[:64]})
    if as_json:
        print_json(done)
    else:
        click.echo(done["id"])


def _agreed(session: Json, question: str) -> str:
    """The id of what is open, after it was shown in full and agreed to. Raises PhoneWorkError, click.UsageError."""
    asked = _open(session, "")
    for line in asked_lines(asked):
        echo(line, err=True)
    if not click.confirm(question, default=False, err=True):
        raise PhoneWorkError("nothing was decided")
    return str(asked["id"])


def _open(session: Json, request: str) -> Json:
    """What is asked. Raises PhoneWorkError when that is nothing, click.UsageError where nobody can look at it."""
    if not request and not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"name what you decide about: --request ID; `phonework session status {session['id']}` shows it")  # fmt: skip
    asked: Json | None = session["request"]
    if asked is None:
        raise PhoneWorkError(f"{label(session)} asks nothing now", hint=f"`phonework session send {session['id']}` gives it a message")  # fmt: skip
    return asked
