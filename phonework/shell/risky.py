"""What people are asked about, said in more than that it is unknown: programs that change, send or run, files, pipes."""

from collections.abc import Iterator

from phonework.shell.destructive import name_of, reads_program
from phonework.shell.options import of_path
from phonework.shell.places import Where, is_network
from phonework.shell.programs import ASKED
from phonework.shell.tree import Reading, Redirect
from phonework.shell.verdicts import UNKNOWN, Reason, Why, reason


def unknown(words: tuple[str, ...]) -> Reason:
    """Why a program that is not listed as harmless asks."""
    return reason(ASKED.get(name_of(words), Why.UNKNOWN_PROGRAM), " ".join(words))


def worries(reading: Reading, where: Where) -> Iterator[Reason]:
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


def _of_redirect(redirect: Redirect, where: Where) -> Iterator[Reason]:
    target = redirect.target.text
    if is_network(target):
        yield reason(Why.NETWORK, redirect.raw)
    elif "<" in redirect.operator:
        yield from of_path(target, where)
    elif not target.isdigit() and target != "/dev/null":
        yield reason(Why.WRITES_FILE, redirect.raw)
