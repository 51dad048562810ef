"""How somebody else's words come to a terminal: without what would steer it. Elsewhere they are passed on as they are."""

import json
import sys

import click


def echo(text: str, *, err: bool = False) -> None:
    """Print words of agents or people, or a sentence with such words in it."""
    click.echo(plain(text) if (sys.stderr if err else sys.stdout).isatty() else text, err=err)


def plain(text: str) -> str:
    """Without control characters (ESC and C1 among them) but for tabs and ends of lines."""
    return "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text)


def json_line(value: object, indent: int | None = None) -> str:
    """JSON; for a terminal with what would steer it as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return escaped(text) if sys.stdout.isatty() else text


def escaped(text: str) -> str:
    """The same JSON with each character that is not printable as an escape."""
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)
