"""What must not happen twice, and what was begun must be told: commands, tool calls, tasks; and nothing is left running."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from phonework.testing.kill_judge import Judge, ask_of
from phonework.testing.kill_wishes import LOOKED, MARKS
from phonework.testing.person import operations

_WORD: Final = re.compile(r"\bw\d+x\w+")
_WENT_WELL: Final = "✅"


def _no_command_ran_unasked_or_twice(judge: Judge) -> Iterator[str]:
    """Each yes to a command runs it once at most; what only looks runs once at most in each turn."""
    commands = [ask_of(row)["command"] for row in judge.allowed]
    for word, ran in _lines(judge, MARKS).items():
        yes = sum(word in _words(command) for command in commands)
        if ran > yes:
            yield f"{'twice' if yes else 'false approval'}: the command of {word} ran {ran} times, allowed were {yes}"
    begun = Counter(word for words in _wanted(judge).values() for word in words)
    for word, ran in _lines(judge, LOOKED).items():
        if ran > begun[word]:
            yield f"twice: the look at {word} ran {ran} times in {begun[word]} turns"


def _every_command_that_went_well_was_run(judge: Judge) -> Iterator[str]:
    """Whoever is told that it went well can rely on it."""
    ran = _lines(judge, MARKS) + _lines(judge, LOOKED)
    well = Counter(
        word
        for where, words in _wanted(judge).items()
        if _WENT_WELL in _text(judge, where)
        for word in words & set(_WORD.findall(_prompts(judge, where, of=("echo", "basename", "append"))))
    )
    for word, told in well.items():
        if ran[word] < told:
            yield f"lost: the command of {word} ended well {told} times and ran {ran[word]} times"


def _every_reminder_of_a_call_was_set_once(judge: Judge) -> Iterator[str]:
    """At most once for each turn that wanted it, and surely where the turn came to its end."""
    by_calls = [row for row in judge.reminders if not row["origin"].startswith("message:")]
    there = Counter(word for row in by_calls for word in _words(row["body"]))
    wanted, done = Counter[str](), Counter[str]()
    for where in _wanted(judge):
        words = _words(_prompts(judge, where, of=("remember",)))
        wanted.update(words)
        done.update(words if "The reminder is set" in _text(judge, where) else ())
    for word in there | done:
        if there[word] > wanted[word]:
            yield f"twice: the reminder of {word} was set {there[word]} times in {wanted[word]} turns"
        if there[word] < min(done[word], 1):
            yield f"lost: the reminder of {word} was never set"


def _whatever_is_not_known_was_told(judge: Judge) -> Iterator[str]:
    """A call that was begun and has no result: its turn did not end well, and its card offers a way on."""
    newest = dict(sorted(judge.turns))
    for call in judge.calls:
        where = call["session_id"], call["turn"]
        name, fate = f"{call['name']} {where[0]}:{where[1]}", judge.turns[where]["status"]
        if call["status"] == "done":
            continue
        if fate not in ("lost", "stopped", "failed"):
            yield f"untold: nobody knows what became of {name}, and its turn is {fate}"
        elif fate == "lost" and newest[where[0]] == where[1] and not _offers_again(judge, where):
            yield f"untold: {name} was interrupted, and nothing offers to run it again"


def _every_task_was_told_once(judge: Judge) -> Iterator[str]:
    """Its end is a new message."""
    shown = Counter(row["card_key"] for row in judge.messages)
    for row in judge.tasks:
        key = f"ended:turn:{row['session_id']}:{row['turn']}"
        if shown[key] != 1 or judge.card(key) is None:
            yield f"task: the end of #{row['number']} ({key}) was told {shown[key]} times"


def _what_helpers_said_is_shown(judge: Judge) -> Iterator[str]:
    """In the turn's card or in that of its end, or after it."""
    posts = "\n".join(shown.text for shown in judge.bot.values() if shown.msg_type == "post")
    for session_id, turn in judge.turns:
        if session_id in judge.companions:
            cards = [judge.card(f"{kind}turn:{session_id}:{turn}") for kind in ("", "ended:")]
            shown = "\n".join([posts, *(card.text for card in cards if card is not None)])
            for word in _words(_text(judge, (session_id, turn))) - _words(shown):
                yield f"lost: {word} was the answer of turn {turn} of {session_id} and is nowhere"


def _nothing_is_left(judge: Judge) -> Iterator[str]:
    for name in judge.evidence.left:
        yield f"left running: {name}"


# What happened


def _lines(judge: Judge, name: str) -> Counter[str]:
    """How often each word stands in the files of this name."""
    files = sorted(judge.evidence.work.rglob(name))
    return Counter(line for path in files for line in path.read_text().splitlines())


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text))


def _wanted(judge: Judge) -> dict[tuple[str, int], set[str]]:
    """The words in the messages that each turn of a helper took."""
    turns = [where for where in judge.turns if where[0] in judge.companions]
    return {where: _words(_prompts(judge, where)) for where in turns}


def _prompts(judge: Judge, where: tuple[str, int], of: tuple[str, ...] = ("",)) -> str:
    """What the turn was told, of those messages that begin so."""
    texts = [
        str(json.loads(row["body"])["text"])
        for row in judge.prompts.values()
        if row["status"] == "taken" and (row["session_id"], row["turn"]) == where
    ]
    return "\n".join(text for text in texts if text.startswith(of))


def _text(judge: Judge, where: tuple[str, int]) -> str:
    return str(json.loads(judge.turns[where]["body"])["text"])


def _offers_again(judge: Judge, where: tuple[str, int]) -> bool:
    cards = [judge.card(f"{kind}turn:{where[0]}:{where[1]}") for kind in ("", "ended:")]
    return any(value["op"] == "retry" for card in cards if card is not None for value in operations(card))


LOOKS: Final[tuple[Callable[[Judge], Iterator[str]], ...]] = (
    _no_command_ran_unasked_or_twice,
    _every_command_that_went_well_was_run,
    _every_reminder_of_a_call_was_set_once,
    _whatever_is_not_known_was_told,
    _every_task_was_told_once,
    _what_helpers_said_is_shown,
    _nothing_is_left,
)
