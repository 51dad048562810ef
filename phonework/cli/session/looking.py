"""`phonework session status` and `last-message`."""

import click

from phonework.cli.printing import echo, plain
from phonework.cli.session import exits
from phonework.cli.session.common import get, json_option, print_json, session_argument
from phonework.cli.session.words import Outcome, how_to_answer, label, outcome_of
from phonework.errors import PhoneWorkError
from phonework.gateway.client import Client, Json, part
from phonework.one_line import one_line


@click.command()
@session_argument
@json_option
def status(session: str, as_json: bool) -> None:
    """Show SESSION: what it does, what it asks, what it said."""
    with Client() as client:
        found = get(client, session)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_lines(found)))


def _lines(session: Json) -> list[str]:
    facts = {
        "session": label(session),
        "group": session["group"],
        "state": f"{session['state']} since {session['since']}",
        "outcome": outcome_of(session).value,
        "directory": session["cwd"],
        "agent": " ".join(filter(None, (session["backend"], session["model"], session["mode"]))),
        "container": session["container"],
        "queue": str(session["queue"] or ""),
    }
    lines = [f"{name + ':':<11}{one_line(value, 400)}" for name, value in facts.items() if value]
    asked = [*asked_lines(session.get("request") or {}), *(f"  {one}" for one in how_to_answer(session))]
    return [*lines, *asked, *_last(session.get("last") or {})]


def asked_lines(request: Json) -> list[str]:
    """What is asked, in full: all that is known of it, and its id."""
    if not request:
        return []
    about = next((request[name] for name in ("command", "diff", "plan", "words", "input") if request.get(name)), "")
    lines = ["", f"asks ({request['kind']}): {one_line(str(request['prompt']), 1000)}"]
    lines += [f"  tool: {one_line(request['tool'])}"] if request.get("tool") else []
    lines += [f"  path: {one_line(request['path'], 1000)}"] if request.get("path") else []
    lines += [f"  note: {one_line(note, 1000)}" for note in request.get("notes") or []]
    lines += [f"  {line}" for line in plain(str(about)).split("\n") if about]
    for question in request.get("questions") or []:
        lines.append(f"  {one_line(question['text'], 1000)}" + (" (several)" if question["multiple"] else ""))
        options = enumerate(question["options"], start=1)
        lines += [f"    {number}. {one_line(_option(each), 200)}" for number, each in options]
    rule = request.get("rule")
    return [*lines, *([f"  rule it proposes: {one_line(rule, 1000)}"] if rule else []), f"  request: {request['id']}"]


def _option(option: Json) -> str:
    return f"{option['label']}: {option['description']}" if option["description"] else str(option["label"])


def _last(last: Json) -> list[str]:
    if not last:
        return []
    text = plain(str(last["text"] or last["error"])).splitlines()
    return ["", f"turn {last['turn']} ({last['status']}, {last['ended_at']}):", *(f"  {line}" for line in text[:20])]


@click.command()
@session_argument
@click.option("-n", "count", type=click.IntRange(1, 99), default=1, show_default=True, help="So many, the newest last.")
@json_option
def last_message(session: str, count: int, as_json: bool) -> None:
    """Print what the agent of SESSION said last, as it said it. Exit code 8 when that turn did not end well."""
    with Client() as client:
        found = get(client, session)
        messages = _messages(client, found, count)
    if as_json:
        print_json({"session": found["id"], "messages": messages})
    else:
        echo("\n\n".join(each["text"] for each in messages if each["text"]))
    if messages[-1]["status"] != Outcome.DONE:
        why = one_line(messages[-1]["error"], 1000) or messages[-1]["status"]
        echo(f"Error: turn {messages[-1]['turn']}: {why}", err=True)
        raise SystemExit(exits.TURN_FAILED)


def _messages(client: Client, session: Json, count: int) -> list[Json]:
    """Of the newest turns that ended. Raises PhoneWorkError when there is none."""
    if not session["last"]:
        what = "wait" if outcome_of(session) in (Outcome.WORKING, Outcome.WAITING) or session["queue"] else "send"
        raise PhoneWorkError(f"{label(session)} has not answered anything yet", hint=f"`phonework session {what} {session['id']}`")  # fmt: skip
    if count == 1:
        ended = [session["last"]]
    else:
        turns = client.get(f"/v1/sessions/{part(session['id'])}/turns", n=str(count + 1))["turns"]
        ended = [turn for turn in turns if turn["ended_at"]][-count:]
    return [{name: turn[name] for name in ("turn", "status", "text", "error", "ended_at")} for turn in ended]
