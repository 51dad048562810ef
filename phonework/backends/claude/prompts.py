"""Turns a person's messages and pictures into the messages Claude Code reads."""

import base64
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from phonework.fsm.types import Prompt

KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
LARGEST_IMAGE = 5 * 1024 * 1024  # bytes; the API takes no larger one


def messages(prompts: Iterable[Prompt], images: Mapping[str, tuple[str, ...]]) -> deque[dict[str, Any]]:
    """One message for the plain texts together, under the first one's id, and one for each slash command, in order.

    Reads the pictures, so call it from a thread.
    """
    found: deque[dict[str, Any]] = deque()
    plain: list[Prompt] = []
    for prompt in prompts:
        if prompt.verbatim:
            plain.append(prompt)
            continue
        if plain:
            found.append(_message(plain, images))
            plain = []
        found.append(_message([prompt], images))
    if plain:
        found.append(_message(plain, images))
    return found


def _message(prompts: list[Prompt], images: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    text = "\n\n".join(prompt.text for prompt in prompts)
    paths = [path for prompt in prompts for path in images.get(prompt.prompt_id, ())]
    message: dict[str, Any] = {
        "type": "user",
        "uuid": prompts[0].prompt_id,
        "message": {"role": "user", "content": _content(text, paths)},
        "parent_tool_use_id": None,
        "session_id": "default",
    }
    if prompts[0].verbatim and expands(text):
        message["client_composed"] = True
    return message


def expands(text: str) -> bool:
    """Whether Claude Code could take plain text for a command or for a file to inline.

    Such text is sent as `client_composed`, which turns both off, but also leaves out the skills, rules and reminders that
    otherwise come with a prompt (SDK 0.2.186, `verbatim_prompts`); so it is said only where it is needed.
    """
    return "@" in text or text.lstrip().startswith(("/", "!", "#"))


def _content(text: str, paths: list[str]) -> str | list[dict[str, Any]]:
    blocks = []
    for path in paths:
        picture = _picture(path)
        if picture is None:
            text += f"\n\n[A file that came with this message: {path}]"
        else:
            blocks.append(picture)
    return [{"type": "text", "text": text}, *blocks] if blocks else text


def _picture(path: str) -> dict[str, Any] | None:
    """The picture as the API takes it; None when it cannot, so that the agent is told of the file instead."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    kind = next((kind for magic, kind in KINDS.items() if data.startswith(magic)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None or len(data) > LARGEST_IMAGE:
        return None
    source = {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}
    return {"type": "image", "source": source}
