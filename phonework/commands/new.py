"""`/new`: a directory, options before or after, and what the agent is to do."""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from phonework.commands.base import Wrong, missing
from phonework.commands.words import OptionError, duration, next_word, raw_word, unquoted

CREATE: Final = "--create"  # takes no value
OPTIONS: Final = ("--timeout", "--idle", "--backend", "--model", "--mode", CREATE)
_OPTION: Final = re.compile(r"(?:--|—{1,2}|–{1,2}|－－)(?P<name>[A-Za-z][\w-]*)(?:[=＝](?P<value>\S*))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A new session. directory: as typed. message: verbatim. timeout: of one turn. Zero: never; None: the default.

    create: make the directory if it is missing.
    """

    directory: str
    message: str = ""
    timeout: timedelta | None = None
    idle: timedelta | None = None
    backend: str = ""
    model: str = ""
    mode: str = ""
    create: bool = False


def new(rest: str) -> New | Wrong:
    options: dict[str, str] = {}
    try:
        directory, message = next_word(_leading(rest, options))
        message = _trailing(_leading(message, options), options)
        if not directory:
            return missing("new")
        return New(
            directory=directory,
            message=message.strip(),
            timeout=duration("--timeout", options.get("--timeout")),
            idle=duration("--idle", options.get("--idle")),
            backend=options.get("--backend", "").lower(),
            model=options.get("--model", ""),
            mode=options.get("--mode", ""),
            create=CREATE in options,
        )
    except OptionError as error:
        return Wrong(command="new", text=error.text, params=error.params)


def _leading(rest: str, options: dict[str, str]) -> str:
    """Take the options at the beginning; what follows them stays as it was typed."""
    while True:
        raw, after = raw_word(rest)
        found = _OPTION.fullmatch(raw)
        if found is None:
            return rest
        name = _option_name(found["name"])
        if name == CREATE:
            value, rest = "yes", after
        elif found["value"] is not None:
            value, rest = found["value"], after
        else:
            value, rest = next_word(after)
        _set(options, name, value)


def _trailing(message: str, options: dict[str, str]) -> str:
    """Take the options at the end; words in the message that merely begin with dashes stay part of it."""
    while found := _last_option(message):
        name, value, message = found
        _set(options, name, value)
    return message


def _last_option(message: str) -> tuple[str, str, str] | None:
    words = [(one.group(), one.start()) for one in re.finditer(r"\S+", message)][-2:]
    if not words:
        return None
    last, last_at = words[-1]
    if (name := _known_option(last)) and (joined := _OPTION.fullmatch(last)):
        return name, "yes" if name == CREATE else joined["value"] or "", message[:last_at]
    if len(words) == 2 and (name := _known_option(words[0][0])) not in ("", CREATE) and "=" not in words[0][0]:
        return name, unquoted(last), message[: words[0][1]]
    return None


def _known_option(word: str) -> str:
    """The option a word means, a slip of the thumb in it included; empty when it is none of ours."""
    found = _OPTION.fullmatch(word)
    if found is None:
        return ""
    alike = difflib.get_close_matches(f"--{found['name'].lower()}", OPTIONS, n=1, cutoff=0.8)
    if alike and alike[0] != f"--{found['name'].lower()}":
        raise OptionError("say.unknown_option", option=f"--{found['name']}")
    return alike[0] if alike else ""


def _option_name(typed: str) -> str:
    name = f"--{unicodedata.normalize('NFKC', typed).lower()}"
    if name not in OPTIONS:
        raise OptionError("say.unknown_option", option=name)
    return name


def _set(options: dict[str, str], name: str, value: str) -> None:
    if not value or _OPTION.fullmatch(value):
        raise OptionError("say.missing_value", option=name)
    options.setdefault(name, value)
