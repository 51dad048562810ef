"""What is known to destroy a machine, a home or the projects: refused, whoever asks. A help against accidents; not a wall.

Whatever is not recognised here still asks: only `harmless.py` says what runs without.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Final

from phonework.shell.places import Where, is_network
from phonework.shell.programs import (
    CHANGES_ALL,
    CHANGES_LAST,
    DOWNLOADERS,
    EVALUATORS,
    INTERPRETERS,
    POWER_WORDS,
    REFUSED,
    SHELLS,
    WRAPPERS,
)
from phonework.shell.tree import Command, Reading, Redirect
from phonework.shell.verdicts import UNKNOWN, Reason, Why, reason

STDIN: Final = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_RECURSIVE: Final = re.compile(r"-[a-zA-Z]*[rR][a-zA-Z]*|--r(?:e(?:c(?:u.*)?)?)?")
_SIGNAL: Final = re.compile(r"-(?:\d+|(?:SIG)?[A-Z]+[0-9+]*|[sn])", re.IGNORECASE)
_GIVES_TEXT: Final = re.compile(r"-[a-zA-Z]*c[a-zA-Z]*|--|--command")
_MOST_SUFFIXES: Final = 40

Nested = Callable[[str], Iterator[Reason]]


def refusals(reading: Reading, where: Where, nested: Nested) -> Iterator[Reason]:
    """What is destructive in a command. nested: judges the text that a shell in it is given."""
    for command in reading.commands:
        for words in seen_through(command.texts):
            yield from _of_words(words, where)
            yield from (found for text in given_texts(words) for found in nested(text))
    for redirect in reading.redirects:
        yield from _of_redirect(redirect, where)
    for function in reading.functions:
        if function.multiplies and function.name in function.calls:
            yield reason(Why.FORK_BOMB, function.name)
    yield from _of_downloads(reading)


def name_of(words: tuple[str, ...]) -> str:
    """The program without its directory."""
    return words[0].rpartition("/")[2] if words else ""


def seen_through(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words, and behind a program that runs others, every rest of them: one of these is what runs."""
    yield words
    if name_of(words) in WRAPPERS:
        for start in range(1, min(len(words), _MOST_SUFFIXES)):
            yield words[start:]


def given_texts(words: tuple[str, ...]) -> Iterator[str]:
    """The programs of the shell that stand in the words of a command: `sh -c '…'`, `eval …`."""
    name, rest = name_of(words), words[1:]
    if name in ("eval", "ssh", "watch", "parallel", "trap"):
        operands = [word for word in rest if not word.startswith("-")]
        # ssh has the host and options' values before it.
        yield from (" ".join(operands[start:]) for start in range(min(len(operands), 4 if name == "ssh" else 1)))
    elif name in SHELLS or name in ("su", "script", "flock"):
        yield from (after for before, after in itertools.pairwise(rest) if _GIVES_TEXT.fullmatch(before))
    elif name == "env":
        yield from (re.sub(r"^(?:-S|--split-string=?)", "", word) for word in rest if " " in word)


def _of_words(words: tuple[str, ...], where: Where) -> Iterator[Reason]:
    name, rest = name_of(words), words[1:]
    shown = " ".join(words)
    if why := REFUSED.get(name) or (Why.DISK if name.startswith(("mkfs.", "newfs_")) else None):
        yield reason(why, shown)
    if POWER_WORDS.get(name, frozenset()) & set(rest):
        yield reason(Why.POWER, shown)
    if name == "kill" and _kills_all(rest):
        yield reason(Why.KILLS_ALL, shown)
    if _takes_too_much(name, rest, where):
        yield reason(Why.DELETES_TOO_MUCH, shown)
    for place in _changed(name, rest):
        if where.protects(place):
            yield reason(_kind_of_place(place, where), shown)


def _kills_all(rest: tuple[str, ...]) -> bool:
    """Whether -1, every process, is among the targets: not as the signal, which comes first."""
    if rest and _SIGNAL.fullmatch(rest[0]):
        rest = rest[2:] if rest[0] in ("-s", "-n") else rest[1:]
    return "-1" in rest


def _takes_too_much(name: str, rest: tuple[str, ...], where: Where) -> bool:
    operands = [word for word in rest if not word.startswith("-")]
    recursive = any(_RECURSIVE.fullmatch(word) for word in rest)
    if name == "rm":
        return "--no-preserve-root" in rest or (recursive and any(map(where.is_too_much, operands)))
    if name == "mv":
        into = any(word.startswith(("-t", "--target")) for word in rest)
        return any(map(where.is_too_much, operands if into else operands[:-1]))
    if name in ("chmod", "chown", "chgrp", "setfacl", "chattr", "shred"):
        return recursive and any(where.is_too_much(each, own=False) for each in operands)
    if name in ("find", "fd"):
        deletes = "-delete" in rest or any(word.rpartition("/")[2] in ("rm", "shred", "unlink") for word in rest)
        return deletes and any(where.is_too_much(each, own=False) for each in operands if each[:1] in "/~.")
    return False


def _changed(name: str, rest: tuple[str, ...]) -> Iterator[str]:
    """The paths a program changes, as far as they are plain in its words."""
    operands = [word for word in rest if not word.startswith("-")]
    if name in CHANGES_LAST:
        into = any(word.startswith(("-t", "--target")) for word in rest)
        yield from [*operands, *(word.partition("=")[2] or word[2:] for word in rest)] if into else operands[-1:]
    elif name in CHANGES_ALL and (name != "sed" or any(word.startswith(("-i", "--in-place")) for word in rest)):
        yield from operands
    elif name == "dd":
        yield from (word[3:] for word in rest if word.startswith("of="))
    elif name in ("curl", "wget", "sort"):
        outputs = ("-o", "-O", "-P", "--output", "--output-document", "--directory-prefix")
        yield from (after for before, after in itertools.pairwise(rest) if before in outputs)
        yield from (word.partition("=")[2] for word in rest if word.partition("=")[0] in outputs)


def _of_redirect(redirect: Redirect, where: Where) -> Iterator[Reason]:
    target = redirect.target.text
    if ">" in redirect.operator and where.protects(target) and not is_network(target):
        yield reason(_kind_of_place(target, where), redirect.raw)


def _kind_of_place(place: str, where: Where) -> Why:
    return Why.DEVICE if any(found.parts[1:2] == ("dev",) for found in where.absolute(place)) else Why.PROTECTED_PLACE


def _of_downloads(reading: Reading) -> Iterator[Reason]:
    """What would run comes from the network, and nobody could see it on the card."""
    downloads = [each for each in reading.commands if _any_name(each, DOWNLOADERS)]
    if not downloads:
        return
    readers = [each for each in reading.commands if reads_program(each)]
    for parts in reading.pipelines:
        there = min((each.span.end for each in downloads if parts[0].start <= each.span.start), default=None)
        behind = [part for part in parts[1:] if there is not None and there <= part.start]
        for command in readers:
            if any(part.holds(command.span) for part in behind):
                yield reason(Why.RUNS_DOWNLOAD, " ".join(command.texts))
    for command in reading.commands:
        inner = [each for each in downloads if each is not command and command.span.holds(each.span)]
        runs = bool(inner) and (command in readers or _program_is_unknown(command))
        if any(runs or command.name_span.holds(each.span) for each in inner):
            yield reason(Why.RUNS_DOWNLOAD, " ".join(command.texts))


def _any_name(command: Command, names: frozenset[str]) -> bool:
    return any(_unversioned(name_of(words)) in names for words in seen_through(command.texts))


def _unversioned(name: str) -> str:
    return re.sub(r"[\d.]+$", "", name) if name not in INTERPRETERS | EVALUATORS else name


def reads_program(command: Command) -> bool:
    """Whether an interpreter takes its program from the standard input."""
    return any(
        _unversioned(name_of(words)) in INTERPRETERS and _from_stdin(name_of(words), words[1:])
        for words in seen_through(command.texts)
    ) or (_any_name(command, EVALUATORS) and bool(STDIN & set(command.texts)))


def _program_is_unknown(command: Command) -> bool:
    """Whether the program of an interpreter is what a substitution gives."""
    for words in seen_through(command.texts):
        name, rest = _unversioned(name_of(words)), words[1:]
        if name in EVALUATORS and any(UNKNOWN in word for word in rest):
            return True
        program = next((word for word in rest if not word.startswith("-")), "")
        if name in INTERPRETERS and UNKNOWN in program:
            return True
    return False


def _from_stdin(name: str, rest: tuple[str, ...]) -> bool:
    if name in SHELLS and any(re.fullmatch(r"-[a-zA-Z]*s[a-zA-Z]*", word) for word in rest):
        return True
    given = ("-c", "-e", "-m", "-r", "--eval", "-p", "-E", "-n", "-ne", "-pe", "-lne")
    if any(word in given for word in rest):
        return False
    operands = [word for word in rest if not word.startswith("-") or word == "-"]
    return not operands or operands[0] in STDIN
