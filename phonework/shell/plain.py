"""The part of the shell's language that cannot be misread: plain words, quotes, pipes, lists, nothing expanded but patterns.

Only a command of this part may run without asking. It is read here by rules of a few lines, beside the full grammar; where the
two readings differ, the command is not plain. Source: bash(1), QUOTING and SHELL GRAMMAR; POSIX.1-2017, Shell Command Language, 2.
"""

import re
from dataclasses import dataclass
from typing import Final

# Within double quotes a backslash stays itself, but before $ ` " \ and a new line.
_QUOTED: Final = r"""'[^']*'|"(?:[^"$`\\]|\\[^$`"\\\n])*\""""
_BARE: Final = r"(?:[A-Za-z0-9_./:,@%+~^=*?\[\]-]|(?<=\[)!|[^\x00-\x7f])"
_TO_NOTHING: Final = r"(?:[12]?>&[12]|(?:[12]|&)?>>?[ \t]*/dev/null)(?=[ \t\n;|&]|$)"
_TOKEN: Final = re.compile(
    rf"(?P<redirect>{_TO_NOTHING})|(?P<word>(?:{_BARE}|{_QUOTED})+)|(?P<operator>&&|\|\||\|&|[;|\n])|(?P<blank>[ \t]+)"
)
_PIECE: Final = re.compile(rf"(?P<bare>{_BARE}+)|(?P<quoted>{_QUOTED})")
_ASSIGNS: Final = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
# In some locales, and in macOS's bash, these bytes of a letter are blanks: what follows would be a word of its own.
_SPLITS: Final = re.compile(rb"[\x85\xa0][\x21-\x7e]")
_EXPANDS: Final = re.compile(r"(?:^|[:=])~")


@dataclass(frozen=True, slots=True)
class PlainWord:
    """raw: as written. text: without its quotes. pattern: the text up to the first sign that makes it a pattern, if any."""

    raw: str
    text: str
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class PlainCommand:
    words: tuple[PlainWord, ...]
    redirects: tuple[str, ...] = ()  # without blanks; to /dev/null or to one another


def read(command: str) -> tuple[PlainCommand, ...] | None:
    """The simple commands, in order; None when anything in it is not plain."""
    found: list[PlainCommand] = []
    words: list[PlainWord] = []
    redirects: list[str] = []
    position, unfinished = 0, False
    while position < len(command):
        token = _TOKEN.match(command, position)
        if token is None or (token["redirect"] is None and _glued(command, position, token)):
            return None
        position = token.end()
        if raw := token["word"]:
            word = _word(raw)
            if word is None or (not words and _ASSIGNS.match(raw)):
                return None
            words.append(word)
            unfinished = False
        elif token["redirect"]:
            redirects.append(re.sub(r"[ \t]", "", token["redirect"]))
        elif token["operator"]:
            if token["operator"] != "\n":
                if not words:
                    return None
                unfinished = token["operator"] != ";"
            _close(found, words, redirects)
    _close(found, words, redirects)
    return None if unfinished else tuple(found)


def _glued(command: str, position: int, token: re.Match[str]) -> bool:
    """A word that ends where a redirect begins: bash may take its digits for a file's number."""
    return bool(token["word"]) and command[token.end() : token.end() + 1] in ("<", ">")


def _close(found: list[PlainCommand], words: list[PlainWord], redirects: list[str]) -> None:
    if words or redirects:
        found.append(PlainCommand(tuple(words), tuple(redirects)))
    words.clear()
    redirects.clear()


def _word(raw: str) -> PlainWord | None:
    """The word without quotes; None when the shell would put something else in its place, but for patterns."""
    text, pattern = "", None
    if _EXPANDS.search(raw) or _SPLITS.search(raw.encode("utf-8")):
        return None
    for piece in _PIECE.finditer(raw):
        if quoted := piece["quoted"]:
            text += quoted[1:-1]
            continue
        bare = piece["bare"]
        sign = re.search(r"[*?\[]", bare)
        if sign and pattern is None:
            pattern = text + bare[: sign.start()]
        text += bare
    return PlainWord(raw, text, pattern)
