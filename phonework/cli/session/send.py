"""`phonework session send`."""

import sys
from pathlib import Path

import click

from phonework.cli.session.common import chosen, for_each, group_option, json_option, print_json
from phonework.cli.session.template import fill
from phonework.errors import PhoneWorkError
from phonework.gateway.client import Client, Json, part

LONGEST = 1024 * 1024


@click.command()
@click.argument("words", nargs=-1, metavar="[SESSION] [TEXT]...")
@group_option("Every open session of this group instead of SESSION.")
@click.option("--file", "path", type=click.Path(path_type=Path), help="A file with the message; {{id}}, {{name}}, {{group}}, {{cwd}}, {{project}}, {{backend}}, {{model}}, {{mode}}, {{state}}, {{branch}} stand for the session's.")  # fmt: skip
@click.option("--stdin", is_flag=True, help="Standard input, after the rest.")
@click.option("--queue", "how", flag_value="queue", default="queue", help="Behind what it is doing. [default]")
@click.option("--interrupt", "how", flag_value="interrupt", help="Stop what it is doing for it.")
@click.option("--steer", "how", flag_value="steer", help="Into what it is doing, where the agent can.")
@json_option
def send(words: tuple[str, ...], group: str, path: Path | None, stdin: bool, how: str, as_json: bool) -> None:
    """Give SESSION a message, and return when it is stored; `wait` waits for the answer. Prints the session's id."""
    if not group and not words:
        raise click.UsageError("name a SESSION, or a --group")
    names, text = ((), words) if group else (words[:1], words[1:])
    template, rest = _file(path) if path else "", _stdin() if stdin else ""
    if not (template.strip() or rest.strip() or "".join(text).strip()):
        raise click.UsageError("there is no message: give its TEXT, a --file, or --stdin")
    with Client() as client:
        found = {one["id"]: one for one in chosen(client, names, group)}

        def give(session: str) -> Json:
            said = "\n\n".join(filter(None, (" ".join(text), fill(template, found[session]), rest)))
            taken = client.post(f"/v1/sessions/{part(session)}/prompts", {"text": said, "how": how})
            return {"session": session, "prompt_id": taken["prompt_id"]}

        sent, failed, code = for_each(found, give)
    if as_json:
        print_json({"sent": sent, "failed": failed})
    else:
        for one in sent:
            click.echo(one["session"])
    raise SystemExit(code)


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _text(file.read(LONGEST + 1), str(path))
    except OSError as error:
        raise PhoneWorkError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error


def _stdin() -> str:
    return _text(sys.stdin.buffer.read(LONGEST + 1), "standard input")


def _text(raw: bytes, source: str) -> str:
    if len(raw) > LONGEST:
        raise PhoneWorkError(f"{source}: more than 1 MiB", hint="put it into a file of the project, and name that file")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PhoneWorkError(f"{source}: not UTF-8 at byte {error.start + 1}", hint="a message is text") from error
