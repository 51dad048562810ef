"""Slash commands: from what a person typed to what they mean, as a pure function."""

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

BUILT_IN: Final = ("new", "status", "list", "switch", "close", "retry", "stop", "help")
_CHINESE: Final = {
    "新建": "new",
    "新会话": "new",
    "状态": "status",
    "列表": "list",
    "切换": "switch",
    "关闭": "close",
    "重试": "retry",
    "停止": "stop",
    "停": "stop",
    "帮助": "help",
}
CREATE: Final = "--create"  # takes no value
OPTIONS: Final = ("--timeout", "--idle", "--backend", "--model", "--mode", CREATE)
MAX_DURATION: Final = timedelta(days=30)

# "、" is what the slash key types in a Chinese keyboard.
_WORD: Final = re.compile(r"\s*(?P<mark>[/／、])(?P<word>[^\W\d_][\w:-]*)(?P<end>[。.!！]*)(?:\s+|$)")
_OPTION: Final = re.compile(r"(?:--|—{1,2}|–{1,2}|－－)(?P<name>[A-Za-z][\w-]*)(?:[=＝](?P<value>\S*))?$")
_DURATION: Final = re.compile(
    r"(?P<number>\d{1,7})(?P<unit>s|sec|秒|m|min|分|分钟|h|小时|时|d|天)?", re.ASCII | re.IGNORECASE
)
_UNITS: Final = {
    "s": 1,
    "sec": 1,
    "秒": 1,
    "m": 60,
    "min": 60,
    "分": 60,
    "分钟": 60,
    "h": 3600,
    "小时": 3600,
    "时": 3600,
}
_DAYS: Final = {"d": 86400, "天": 86400}
_QUOTES: Final = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "「": "」", "『": "』"}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Show my sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Make another session the active one. target: its number or id, as typed."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a session. target: its number or id; empty: the active one."""

    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Run the last message again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Interrupt the turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Say what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassThrough:
    """A command of the agent's. text: what the agent gets. nearest: the command of ours it resembles, or empty."""

    name: str
    text: str
    nearest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One of our commands that cannot be understood. text: a key of the catalogue; params: what it names.

    usage: a key of the catalogue too, empty when there is no more to say.
    """

    command: str
    text: str
    params: dict[str, str] = field(default_factory=dict)
    usage: str = ""


Command = New | Status | Switch | Close | Retry | Stop | Help | PassThrough | Wrong


def parse_command(text: str) -> Command | None:
    """The command in the text; None when it is plain text, like a path or a lone slash. Never raises."""
    found = _WORD.match(text)
    if found is None:
        return None
    typed = unicodedata.normalize("NFKC", found["word"])
    name = _CHINESE.get(typed, typed.lower())
    rest = text[found.end() :]
    if name not in BUILT_IN:
        is_plain = found["mark"] == "、" or bool(found["end"])
        return None if is_plain else _pass_through(typed, rest)
    return _built_in(name, rest)


def nearest(word: str) -> str:
    """The command of ours that looks most like the word, or empty."""
    alike = difflib.get_close_matches(word.lower()[:40], BUILT_IN, n=1, cutoff=0.6)
    return alike[0] if alike else ""


def _pass_through(name: str, rest: str) -> PassThrough:
    text = f"/{name} {rest.strip()}".rstrip()
    return PassThrough(name=name, text=text, nearest=nearest(name))


def _built_in(name: str, rest: str) -> Command:
    match name:
        case "new":
            return _new(rest)
        case "switch":
            target = _target(rest)
            return Switch(target=target) if target else _missing("switch")
        case "close":
            return Close(target=_target(rest))
        case "status" | "list":
            return Status()
        case "retry":
            return Retry()
        case "stop":
            return Stop()
        case _:
            return Help()


def _missing(command: str) -> Wrong:
    return Wrong(command=command, text="say.missing_argument", params={"command": command}, usage=f"usage.{command}")


def _target(rest: str) -> str:
    word, _ = _next_word(rest)
    return unicodedata.normalize("NFKC", word).strip().lstrip("#").rstrip(".。")


# /new


class _OptionError(Exception):
    """text: a key of the catalogue; params: what it names."""

    def __init__(self, text: str, **params: str) -> None:
        super().__init__(text)
        self.text, self.params = text, params


def _new(rest: str) -> Command:
    options: dict[str, str] = {}
    try:
        directory, message = _next_word(_leading(rest, options))
        message = _trailing(_leading(message, options), options)
        if not directory:
            return _missing("new")
        return New(
            directory=directory,
            message=message.strip(),
            timeout=_duration("--timeout", options.get("--timeout")),
            idle=_duration("--idle", options.get("--idle")),
            backend=options.get("--backend", "").lower(),
            model=options.get("--model", ""),
            mode=options.get("--mode", ""),
            create=CREATE in options,
        )
    except _OptionError as error:
        return Wrong(command="new", text=error.text, params=error.params)


def _leading(rest: str, options: dict[str, str]) -> str:
    """Take the options at the beginning; what follows them stays as it was typed."""
    while True:
        raw, after = _raw_word(rest)
        found = _OPTION.fullmatch(raw)
        if found is None:
            return rest
        name = _option_name(found["name"])
        if name == CREATE:
            value, rest = "yes", after
        elif found["value"] is not None:
            value, rest = found["value"], after
        else:
            value, rest = _next_word(after)
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
        return name, _unquoted(last), message[: words[0][1]]
    return None


def _known_option(word: str) -> str:
    """The option a word means, a slip of the thumb in it included; empty when it is none of ours."""
    found = _OPTION.fullmatch(word)
    if found is None:
        return ""
    alike = difflib.get_close_matches(f"--{found['name'].lower()}", OPTIONS, n=1, cutoff=0.8)
    if alike and alike[0] != f"--{found['name'].lower()}":
        raise _OptionError("say.unknown_option", option=f"--{found['name']}")
    return alike[0] if alike else ""


def _option_name(typed: str) -> str:
    name = f"--{unicodedata.normalize('NFKC', typed).lower()}"
    if name not in OPTIONS:
        raise _OptionError("say.unknown_option", option=name)
    return name


def _set(options: dict[str, str], name: str, value: str) -> None:
    if not value or _OPTION.fullmatch(value):
        raise _OptionError("say.missing_value", option=name)
    options.setdefault(name, value)


def _duration(option: str, typed: str | None) -> timedelta | None:
    """Seconds, or a number with s, m, h or d (Chinese too)."""
    if typed is None:
        return None
    found = _DURATION.fullmatch(unicodedata.normalize("NFKC", typed))
    if found is None:
        raise _OptionError("say.bad_option", option=option, value=typed)
    unit = (found["unit"] or "s").lower()
    length = timedelta(seconds=int(found["number"]) * (_UNITS | _DAYS)[unit])
    if length > MAX_DURATION:
        raise _OptionError("say.bad_option", option=option, value=typed)
    return length


# Words


def _raw_word(rest: str) -> tuple[str, str]:
    """The next word as typed, and what follows it."""
    stripped = rest.lstrip()
    word = re.match(r"\S*", stripped)
    end = word.end() if word else 0
    return stripped[:end], stripped[end:].removeprefix(" ")


def _next_word(rest: str) -> tuple[str, str]:
    """The next word and what follows it. A word may be quoted, or hold spaces after backslashes."""
    stripped = rest.lstrip()
    closing = _QUOTES.get(stripped[:1])
    end = stripped.find(closing, 1) if closing else -1
    if end > 0 and (end + 1 == len(stripped) or stripped[end + 1].isspace()):
        return stripped[1:end].strip(), stripped[end + 1 :].removeprefix(" ")
    word = re.match(r"(?:\\[ \"'\\]|\S)*", stripped)
    end = word.end() if word else 0
    return re.sub(r"\\([ \"'\\])", r"\1", stripped[:end]), stripped[end:].removeprefix(" ")


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 2 and _QUOTES.get(word[0]) == word[-1] else word
