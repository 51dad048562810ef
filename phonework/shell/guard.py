"""Whether a shell command may run without asking. Silence is never consent: what is not understood is asked about.

A command runs unasked when it is plain (`plain.py`), the grammar of bash reads the same in it (`tree.py`), and every program in
it is listed as harmless with every option it has (`harmless.py`). What is known to destroy is refused (`destructive.py`), and so
is what a person could not judge on a card (`characters.py`). All else asks.

Nothing here looks at the disk; a link inside the working root may lead out of it, and a repository's own configuration may name
programs that git runs when it looks: `consent.py`, which is the one to ask, looks at both.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from phonework.shell import characters, harmless, plain, tree
from phonework.shell.destructive import name_of, reads_program, refusals
from phonework.shell.options import of_path, worries
from phonework.shell.places import HOMES, Where, is_network
from phonework.shell.programs import ASKED
from phonework.shell.verdicts import UNKNOWN, Judgement, Reason, Verdict, Why, judgement, reason

__all__ = ["Judgement", "Reason", "Verdict", "Why", "judge"]

MOST_TEXT: Final = 4 * characters.LONGEST  # characters of shells' programs within the command that are looked into
LONGEST_UNASKED: Final = 2048  # bytes
MOST_PLACES: Final = 16  # directories that `cd` may have led to


def judge(command: str, *, cwd: Path, root: Path, home: Path | None = None) -> Judgement:
    """Say whether a command runs, asks or is refused, and why. Pure, and raises nothing; up to 1 s for the worst input.

    cwd: where it will run. root: the working root. home: the user's; None: guessed from the root. All real, absolute paths.
    """
    if (problem := characters.unreadable(command)) is not None:
        return judgement([problem])
    began = PurePosixPath(cwd)
    where = Where(frozenset({began}), began, PurePosixPath(root), _home(home, root))
    try:
        found, places = _reasons(command, where, {command})
        if len(command.encode()) > LONGEST_UNASKED:
            found.append(reason(Why.LONG, command))
        return judgement(found, tuple(sorted(map(str, places.here))))
    except Exception:  # a fault of ours or of the parser's is no consent
        return judgement([reason(Why.UNCLEAR, command)])


def _home(home: Path | None, root: Path) -> PurePosixPath | None:
    if home is not None:
        return PurePosixPath(home)
    parts = PurePosixPath(root).parts
    if parts[:2] == ("/", "root"):
        return PurePosixPath("/root")
    return PurePosixPath(*parts[:3]) if len(parts) > 2 and PurePosixPath(*parts[:2]) in HOMES else None


def _reasons(command: str, where: Where, seen: set[str]) -> tuple[list[Reason], Where]:
    """Every reason against running it unasked, none: it may run; and where it gets to. seen: what was looked into already."""
    reading = tree.read(command)
    found = list(characters.look_alikes(command, reading.bare))
    names = [each.words[0].text for each in reading.commands if each.words]
    found += [reason(Why.LOOK_ALIKE, name) for name in names if characters.may_look_latin(name)]
    of_shown, anywhere = _of_plain(_as_plain(reading), where)
    found += refusals(reading, anywhere, lambda text: _inner(text, where, seen))
    if "\\\n" in command:
        # The shell takes it away before it looks for words; the grammar takes it for a blank.
        found += _inner(command.replace("\\\n", ""), where, seen)
    found += reading.shapes
    found += _of_files_and_pipes(reading, where)
    commands = plain.read(command)
    if commands is None or not _same(commands, reading):
        return [*found, *of_shown] or [reason(Why.UNCLEAR, command)], anywhere
    of_commands, where = _of_plain(commands, where)
    return found + of_commands, where


def _inner(text: str, where: Where, seen: set[str]) -> Iterator[Reason]:
    """What is worrying in the text given to a shell; that it is run there at all asks anyway."""
    if sum(map(len, seen)) + len(text) > MOST_TEXT:
        yield reason(Why.UNCLEAR, text)
    elif text not in seen:
        seen.add(text)
        yield from _reasons(text, where, seen)[0]


def _same(commands: tuple[plain.PlainCommand, ...], reading: tree.Reading) -> bool:
    """Whether both readings found the same words in the same commands, and the same redirects."""
    words = [[word.raw for word in each.words] for each in commands if each.words]
    redirects = [redirect for each in commands for redirect in each.redirects]
    return words == [[word.raw for word in each.words] for each in reading.commands] and redirects == [
        redirect.raw for redirect in reading.redirects
    ]


def _as_plain(reading: tree.Reading) -> tuple[plain.PlainCommand, ...]:
    """The commands of what is not plain, as if it were: to say all that is worrying, never to let it run."""
    return tuple(
        plain.PlainCommand(tuple(plain.PlainWord(word.raw, word.text) for word in each.words))
        for each in reading.commands
    )


def _of_plain(commands: tuple[plain.PlainCommand, ...], where: Where) -> tuple[list[Reason], Where]:
    """What is worrying in commands one after another, and where the last may run."""
    found: list[Reason] = []
    for command in commands:
        found += _of_one(command, where)
        if command.words and command.words[0].text == "cd":
            where = _after_cd(command, where)
        if len(where.here) > MOST_PLACES:
            return [*found, reason(Why.UNCLEAR, "cd")], where
    return found, where


def _of_one(command: plain.PlainCommand, where: Where) -> Iterator[Reason]:
    if not command.words:
        yield from (reason(Why.UNCLEAR, redirect) for redirect in command.redirects)
    elif (found := harmless.find(tuple(word.raw for word in command.words))) is None:
        texts = tuple(word.text for word in command.words)
        yield reason(ASKED.get(name_of(texts), Why.UNKNOWN_PROGRAM), " ".join(texts))
    else:
        program, rest = found
        yield from worries(program, command.words[len(command.words) - len(rest) :], where)


def _after_cd(command: plain.PlainCommand, where: Where) -> Where:
    """Where what follows may run: there, or, if that failed, here."""
    targets = [word.text for word in command.words[1:] if not word.text.startswith("-")]
    there = {place for target in targets for place in where.absolute(target)}
    return replace(where, here=where.here | there)


def _of_files_and_pipes(reading: tree.Reading, where: Where) -> Iterator[Reason]:
    """What asks because of files and pipes, whatever the programs are."""
    for redirect in reading.redirects:
        yield from _of_redirect(redirect, where)
    for command in reading.commands:
        piped = any(part.holds(command.span) for parts in reading.pipelines for part in parts[1:])
        if piped and reads_program(command):
            yield reason(Why.RUNS_HIDDEN, " ".join(command.texts))
        for word in command.words[1:]:
            if word.text.startswith(("~", "/")) and UNKNOWN not in word.text:
                yield from (found for found in of_path(word.text, where) if found.key is Why.SECRET)


def _of_redirect(redirect: tree.Redirect, where: Where) -> Iterator[Reason]:
    target = redirect.target.text
    if is_network(target):
        yield reason(Why.NETWORK, redirect.raw)
    elif "<" in redirect.operator:
        yield from of_path(target, where)
    elif not target.isdigit() and target != "/dev/null":
        yield reason(Why.WRITES_FILE, redirect.raw)
