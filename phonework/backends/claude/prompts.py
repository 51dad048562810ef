"""Turns a person's messages and pictures into the messages Claude Code reads."""

import base64
import io
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from phonework import pictures
from phonework.fsm.types import Prompt

LARGEST_IMAGE = 5 * 1024 * 1024 * 3 // 4
"""Bytes of a picture; the API counts those of its base64 and takes 5 MB."""
LARGEST_TOGETHER = 20 * 1024 * 1024
"""Bytes of all pictures of a message; the API takes 32 MB a request, base64 and the conversation before it included."""


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
    """The words and the pictures; what the API does not take as a picture is named, so that the agent can look at the file."""
    blocks, room = [], LARGEST_TOGETHER
    for path in paths:
        picture = _picture(path, min(room, LARGEST_IMAGE))
        if picture is None:
            text += f"\n\n[A file that came with this message: {path}]"
        else:
            blocks.append(_block(*picture))
            room -= len(picture[1])
    if not blocks:
        return text
    words = [{"type": "text", "text": text}] if text.strip() else []  # the API takes no empty text
    return [*words, *blocks]


def _picture(path: str, limit: int) -> tuple[str, bytes] | None:
    """Its media type, by its bytes, and its bytes; None when it is no picture, or a larger one than the API takes."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError:
        return None
    size = pictures.size_of(io.BytesIO(data))
    if size is None or max(size) > pictures.LONGEST_SIDE or len(data) > limit:
        return None
    return pictures.kind_of(data), data


def _block(kind: str, data: bytes) -> dict[str, Any]:
    source = {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}
    return {"type": "image", "source": source}
