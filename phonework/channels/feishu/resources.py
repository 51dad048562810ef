"""Fetch the pictures and files that came with messages.

Source: Feishu Open Platform, "Obtain resource files in messages".
"""

import mimetypes
import re
from collections.abc import Mapping
from email.message import Message
from typing import Final
from urllib.parse import unquote

from phonework.channels.base import Fetched
from phonework.channels.feishu.api import Api, Call
from phonework.channels.feishu.untrusted import well_formed
from phonework.errors import ChannelError
from phonework.fsm.types import Attachment

LARGEST_BYTES: Final = 100 * 1024 * 1024
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]")
_LONGEST_NAME_BYTES: Final = 120


async def fetch(api: Api, attachment: Attachment) -> Fetched:
    """Raises ChannelError."""
    answer = await api.raw(
        Call(
            method="GET",
            path="/open-apis/im/v1/messages/:message_id/resources/:file_key",
            parts={"message_id": attachment.message_id, "file_key": attachment.key},
            query=(("type", "image" if attachment.kind == "image" else "file"),),
            changes=False,
            binary=True,
        )
    )
    if len(answer.content) > LARGEST_BYTES:
        raise ChannelError(f"{attachment.name or attachment.kind} is over 100 MB", hint="send it in parts")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Fetched(name=_name(attachment, headers), content=answer.content)


def clean_name(name: str) -> str:
    """A name that stays in its directory and on one line, in any file system; may be empty."""
    safe = _UNSAFE.sub("_", well_formed(name)).strip(" .")
    stem, dot, suffix = safe.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = safe, ""
    room = _LONGEST_NAME_BYTES - len(suffix.encode()) - 1
    stem = stem.encode()[:room].decode("utf-8", "ignore")
    return f"{stem}.{suffix}" if suffix else stem


def _name(attachment: Attachment, headers: Mapping[str, str]) -> str:
    name = clean_name(attachment.name) or clean_name(_header_name(headers.get("content-disposition", "")))
    if name:
        return name
    kind = headers.get("content-type", "").partition(";")[0].strip()
    suffix = mimetypes.guess_extension(kind) if kind != "application/octet-stream" else None
    return f"{attachment.kind}-{clean_name(attachment.key)[-8:] or 'unnamed'}{suffix or ''}"


def _header_name(disposition: str) -> str:
    message = Message()
    message["Content-Disposition"] = disposition.replace("\r", " ").replace("\n", " ")
    name = unquote(message.get_filename() or "")
    try:
        return name.encode("latin-1").decode()  # HTTP clients read headers as Latin-1
    except UnicodeError:
        return name
