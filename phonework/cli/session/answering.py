"""`phonework session respond`, `approve` and `deny`."""

import click

from phonework.cli.session.common import act, get, json_option, print_json, session_argument
from phonework.cli.session.picks import answer_to
from phonework.cli.session.words import label
from phonework.errors import PhoneWorkError
from phonework.gateway.client import Client, Json

request_option = click.option("--request", default="", metavar="ID", help="Only if it is this one that is asked. [default: what is asked now]")  # fmt: skip


@click.command()
@session_argument
@click.argument("answers", nargs=-1, required=True)
@request_option
@json_option
def respond(session: str, answers: tuple[str, ...], request: str, as_json: bool) -> None:
    """Answer what SESSION asks: an option's label or number, or words. A form takes one of ANSWERS for each question."""
    with Client() as client:
        found = get(client, session)
        asked = found["request"]
        if asked is None:
            raise PhoneWorkError(f"{label(found)} asks nothing now", hint=f"`phonework session send {found['id']}` gives it a message")  # fmt: skip
        if request and asked["id"] != request:
            raise PhoneWorkError(f"{label(found)} asks something else by now", hint=f"`phonework session status {found['id']}`")  # fmt: skip
        _print(act(client, found["id"], "answer", answer_to(asked, answers)), as_json)


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
    _decide(session, {"verdict": verdict or "allow"}, request, as_json)


@click.command()
@session_argument
@click.option("--reason", default="", help="What the agent is told.")
@request_option
@json_option
def deny(session: str, reason: str, request: str, as_json: bool) -> None:
    """Refuse what SESSION asks to do. The agent goes on without it."""
    _decide(session, {"verdict": "deny", "text": reason}, request, as_json)


def _decide(session: str, body: dict[str, str], request: str, as_json: bool) -> None:
    with Client() as client:
        _print(act(client, session, "answer", {**body, "request_id": request}), as_json)


def _print(session: Json, as_json: bool) -> None:
    if as_json:
        print_json(session)
    else:
        click.echo(session["id"])
