"""Puts one answer of a model together from the pieces it came in; total, whatever the server sent."""

import json
import re
from dataclasses import dataclass, field
from typing import Final

from phonework.assistant.model import ModelError, Reply, ToolCall, Trouble
from phonework.fsm.types import Usage

MAX_CHARACTERS: Final = 400_000
"""Of words, thoughts and arguments together; a model that says more does not come to an end."""
MAX_CALLS: Final = 64

# Models whose server does not part thoughts from words begin with them in these marks (GLM-Z1, many local ones).
_THOUGHTS: Final = re.compile(r"\A\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)


@dataclass(slots=True)
class _Part:
    """A call being put together. index, call_id: as the server numbers it, if it does."""

    index: object
    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        try:
            json.loads("".join(self.arguments))
        except (ValueError, RecursionError):
            return False
        return True


class Gathered:
    """Takes chunks as decoded JSON, or a whole answer as one. Raises ModelError when it becomes too much."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] | None = None
        self._parts: list[_Part] = []
        self._finish = ""
        self._usage = Usage()
        self._size = 0

    def read(self) -> str:
        """The words so far, without thoughts."""
        return _THOUGHTS.sub("", _sound("".join(self._text)), count=1)

    def add(self, chunk: object) -> bool:
        """Take one chunk; True when it brought words."""
        if not isinstance(chunk, dict):
            return False
        self._usage = _usage(chunk.get("usage")) or self._usage
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return False
        if isinstance(finish := choice.get("finish_reason"), str) and finish:
            self._finish = finish
        spoken = choice.get("delta") or choice.get("message")
        return self._add_spoken(spoken) if isinstance(spoken, dict) else False

    def reply(self) -> Reply:
        """What it came to."""
        calls = tuple(
            ToolCall(call_id=part.call_id, name=_sound(part.name), arguments=_sound("".join(part.arguments)) or "{}")
            for part in self._parts
        )
        reasoning = None if self._reasoning is None else _sound("".join(self._reasoning))
        return Reply(text=self.read(), calls=calls, reasoning=reasoning, finish=_sound(self._finish), usage=self._usage)

    def _add_spoken(self, spoken: dict[str, object]) -> bool:
        words = _words(spoken.get("content"))
        self._grow(words)
        self._text.append(words)
        if isinstance(thought := spoken.get("reasoning_content"), str):
            self._grow(thought)
            self._reasoning = [*(self._reasoning or []), thought]
        calls = spoken.get("tool_calls")
        for piece in calls if isinstance(calls, list) else ():
            self._add_piece(piece)
        if isinstance(older := spoken.get("function_call"), dict):
            self._add_piece({"index": 0, "function": older})
        return bool(words)

    def _add_piece(self, piece: object) -> None:
        function = piece.get("function") if isinstance(piece, dict) else None
        if not isinstance(piece, dict) or not isinstance(function, dict):
            return
        call_id, name = _string(piece.get("id")), _string(function.get("name"))
        part = self._part(piece.get("index"), call_id, name)
        part.call_id, part.name = part.call_id or call_id, part.name or name
        given = function.get("arguments")
        text = given if isinstance(given, str) else "" if given is None else json.dumps(given, ensure_ascii=False)
        self._grow(text)
        part.arguments.append(text)

    def _part(self, index: object, call_id: str, name: str) -> _Part:
        """The call a piece belongs to: by its number, unless its id or its name says that it begins another."""
        known = [part for part in self._parts if index is None or part.index == index]
        if known and not _begins_another(known[-1], call_id, name):
            return known[-1]
        if len(self._parts) >= MAX_CALLS:
            raise ModelError(Trouble.ENDLESS)
        self._parts.append(_Part(index=index))
        return self._parts[-1]

    def _grow(self, words: str) -> None:
        self._size += len(words)
        if self._size > MAX_CHARACTERS:
            raise ModelError(Trouble.ENDLESS)


def _begins_another(part: _Part, call_id: str, name: str) -> bool:
    """Some servers number all calls 0, or none: a new id, or a name after whole arguments, is a new call."""
    if call_id and part.call_id:
        return call_id != part.call_id
    return bool(name) and bool(part.name) and part.complete


def _sound(words: str) -> str:
    """Without halves of letters, which no column and no chat takes."""
    return words.encode("utf-8", "replace").decode()


def _string(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _words(content: object) -> str:
    """Text, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    details = value.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    cached = cached or _count(value.get("prompt_cache_hit_tokens"))  # DeepSeek's name for it
    return Usage(
        input_tokens=max(0, _count(value.get("prompt_tokens")) - cached),
        output_tokens=_count(value.get("completion_tokens")),
        cache_read_tokens=cached,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
