"""How a turn at a terminal went on, from Claude Code's own record: the second source, when no hook said it.

Format as in backends/claude/transcript.py, seen in 2.1.329. What cannot be read counts as not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from phonework.backends.claude import transcript
from phonework.fsm.types import Usage

_INTERRUPTED: Final = "[Request interrupted by user"
_COUNTED: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
}


@dataclass(slots=True)
class Told:
    """What the record says since some words of a person. text: the agent's, since its last tool call.

    over: the turn ended. interrupted: by a person. failed: what the API said, if that ended it.
    """

    begun: bool = False
    over: bool = False
    interrupted: bool = False
    failed: str = ""
    _said: list[str] = field(default_factory=list)
    _before: str = ""
    _used: dict[str, Usage] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n\n".join(self._said) or self._before

    @property
    def usage(self) -> Usage:
        """Of all its replies. There is no price in the record of one turn."""
        used = self._used.values()
        return Usage(**{name: sum(getattr(one, name) for one in used) for name in _COUNTED})

    def learn(self, line: Mapping[str, Any]) -> None:
        message = line.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        blocks = [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []
        if line.get("type") == "assistant" and isinstance(message, dict):
            self._reply(line, message, blocks)
        elif line.get("type") == "user":
            texts = [content] if isinstance(content, str) else [one.get("text") for one in blocks]
            self.interrupted = any(isinstance(one, str) and one.startswith(_INTERRUPTED) for one in texts)
            self.over = self.interrupted

    def _reply(self, line: Mapping[str, Any], message: dict[str, Any], blocks: list[dict[str, Any]]) -> None:
        texts = [one["text"] for one in blocks if one.get("type") == "text" and isinstance(one.get("text"), str)]
        if line.get("isApiErrorMessage") is True:
            self.failed, self.over = " ".join(texts), True
            return
        if any(one.get("type") == "tool_use" for one in blocks):
            self._before, self._said = self.text, []
        self._said += [text for text in texts if text.strip()]
        self.over = message.get("stop_reason") not in (None, "tool_use")
        if isinstance(usage := message.get("usage"), dict):
            self._used[str(message.get("id"))] = Usage(
                **{name: _count(usage.get(key)) for name, key in _COUNTED.items()}
            )


def since_prompt(path: Path, prompt_id: str) -> Told:
    """What became of the words with this id of the agent's own. Reads the whole record: call it from a thread."""
    told = Told()
    for line in transcript.lines(path):
        if line.get("isSidechain") is True:
            continue
        if not told.begun:
            told.begun = bool(prompt_id) and line.get("promptId") == prompt_id
        else:
            told.learn(line)
    return told


def can_resume(path: Path) -> bool:
    """Whether the record holds a conversation: what an agent that was killed early left is none to go on with."""
    return any(line.get("type") in ("user", "assistant") for line in transcript.lines(path))


def has_words(path: Path, text: str, since: int) -> str:
    """The agent's own id of these words, if it took them after the record had so many bytes; else empty."""
    wanted = text.strip()
    for line in transcript.lines(path, since=since):
        message = line.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        if line.get("type") == "user" and isinstance(content, str) and content.strip() == wanted:
            return str(line.get("promptId") or "")
    return ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else 0
