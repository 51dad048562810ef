"""What the model remembers: messages as they are stored, and as many of them as it may be shown."""

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from phonework.assistant.model import Message, Reply, Role, ToolCall
from phonework.fsm.types import SessionId
from phonework.store import dialogue
from phonework.store.codec import dump, load
from phonework.store.dialogue import CallStatus, Line

KEPT_TURNS: Final = 300
MAX_CALLS_AT_ONCE: Final = 16
SHORTEST: Final = 400
"""Characters to which a message may be cut so that a conversation fits."""
NO_ANSWER: Final = "(No answer came of this.)"
NOT_RUN: Final = "This was not run: the program ended before. Do it again if it is still wanted."
OUTCOME_UNKNOWN: Final = (
    "The program ended while this ran. Whether it was done is not known. Do not do it again unless the person says so."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A turn's messages so far, and those of the turns before it. calls: those of the turn that were begun."""

    earlier: tuple[tuple[Message, ...], ...]
    exchange: tuple[Message, ...]
    calls: dict[str, CallStatus]


def begin(connection: sqlite3.Connection, session_id: SessionId, turn: int, words: str, tokens: int) -> Begun:
    """Make good what an earlier life left unfinished, and note the person's words unless that was done before.

    tokens: how much of earlier turns is wanted at most.
    """
    if (last := dialogue.last_turn_before(connection, session_id, turn)) is not None:
        close_up(connection, session_id, last, NOT_RUN, OUTCOME_UNKNOWN)
    dialogue.forget(connection, session_id, turn - KEPT_TURNS)
    lines = dialogue.of_turn(connection, session_id, turn)
    if not lines:
        add(connection, session_id, turn, Message(role=Role.USER, text=words))
        lines = dialogue.of_turn(connection, session_id, turn)
    earlier = dialogue.before(connection, session_id, turn, tokens)
    return Begun(
        earlier=_whole_turns(earlier, connection, session_id),
        exchange=tuple(_message(line) for line in lines),
        calls=dialogue.calls(connection, session_id, turn),
    )


def close_up(connection: sqlite3.Connection, session_id: SessionId, turn: int, not_run: str, unknown: str) -> None:
    """Give every call of the turn that has no result one, in these words: servers insist that there is one."""
    statuses = dialogue.calls(connection, session_id, turn)
    for call in pending([_message(line) for line in dialogue.of_turn(connection, session_id, turn)]):
        words = unknown if call.call_id in statuses else not_run
        add(connection, session_id, turn, Message(role=Role.TOOL, text=words, call_id=call.call_id))
        dialogue.settle(connection, session_id, turn, call.call_id, CallStatus.UNKNOWN)


def add(connection: sqlite3.Connection, session_id: SessionId, turn: int, message: Message) -> Message:
    """Store one more message."""
    place = dialogue.next_place(connection, session_id)
    dialogue.add(connection, session_id, Line(place, turn, tokens_of(message), dump(message)))
    return message


def add_reply(connection: sqlite3.Connection, session_id: SessionId, turn: int, reply: Reply) -> Message:
    """Store the model's words and calls; the calls get ids of ours.

    Those of servers are missing or repeated at times. Ours are unique in the session, and of the nine letters and digits
    that the strictest server (Mistral's) takes.
    """
    place = dialogue.next_place(connection, session_id)
    calls = tuple(
        replace(call, call_id=f"c{place % 1_000_000:06d}{number:02d}")
        for number, call in enumerate(reply.calls[:MAX_CALLS_AT_ONCE])
    )
    return add(
        connection,
        session_id,
        turn,
        Message(role=Role.ASSISTANT, text=reply.text, calls=calls, reasoning=reply.reasoning),
    )


def pending(messages: Sequence[Message]) -> tuple[ToolCall, ...]:
    """The calls that have no result yet, in order."""
    answered = {one.call_id for one in messages if one.role is Role.TOOL}
    return tuple(call for one in messages for call in one.calls if call.call_id not in answered)


def fitting(earlier: Sequence[Sequence[Message]], exchange: Sequence[Message], tokens: int) -> list[Message]:
    """What is shown to the model: the newest whole exchanges that fit beside the present one, which is cut if it must be."""
    present = _cut(exchange, tokens)
    left = tokens - sum(map(tokens_of, present))
    shown: list[Message] = []
    for one in map(_ended, reversed(earlier)):
        left -= sum(map(tokens_of, one))
        if left < 0:
            break
        shown = [*_without_idle_thoughts(one), *shown]
    return [*shown, *_without_idle_thoughts(present)]


def tokens_of(message: Message) -> int:
    """About as many, rather too many: no tokenizer is the same as another's."""
    words = message.text + (message.reasoning or "") + "".join(one.name + one.arguments for one in message.calls)
    wide = sum(1 for letter in words if letter > "\u2e80")
    return 6 + 8 * len(message.calls) + wide + math.ceil((len(words) - wide) / 3)


def shortened(words: str, limit: int) -> str:
    """The beginning and the end, with a note of what lies between."""
    if len(words) <= limit:
        return words
    half = max(1, limit // 2)
    return f"{words[:half]}\n… [{len(words) - 2 * half:,} characters left out] …\n{words[-half:]}"


def _message(line: Line) -> Message:
    return load(Message, line.body)


def _whole_turns(
    lines: Sequence[Line], connection: sqlite3.Connection, session_id: SessionId
) -> tuple[tuple[Message, ...], ...]:
    """By turn, the oldest without what is missing of it left out: a result must not be parted from its call."""
    turns: dict[int, list[Line]] = {}
    for line in lines:
        turns.setdefault(line.turn, []).append(line)
    if turns:
        oldest = min(turns)
        if len(turns[oldest]) < len(dialogue.of_turn(connection, session_id, oldest)):
            del turns[oldest]
    return tuple(tuple(_message(line) for line in found) for _turn, found in sorted(turns.items()))


def _cut(messages: Sequence[Message], tokens: int) -> list[Message]:
    """Shorten the longest message, again and again, until all fit or nothing can be shortened any more."""
    found = list(messages)
    while sum(map(tokens_of, found)) > tokens:
        place = max(range(len(found)), key=lambda one: len(found[one].text))
        words = found[place].text
        if len(words) <= SHORTEST:
            break
        found[place] = replace(found[place], text=shortened(words, max(SHORTEST // 2, len(words) // 2)))
    return found


def _ended(exchange: Sequence[Message]) -> Sequence[Message]:
    """An exchange that failed or was stopped gets an end: some servers refuse two words of the person in a row."""
    last = exchange[-1]
    if last.role is Role.ASSISTANT and not last.calls:
        return exchange
    return (*exchange, Message(role=Role.ASSISTANT, text=NO_ANSWER))


def _without_idle_thoughts(exchange: Sequence[Message]) -> Sequence[Message]:
    """Thoughts go back only in exchanges with calls, where some servers want them. Elsewhere they cost and say nothing."""
    if any(one.calls for one in exchange):
        return exchange
    return [replace(one, reasoning=None) for one in exchange]
