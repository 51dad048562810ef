"""Fetch the pictures and files that came with messages.

Source: Feishu Open Platform, "Obtain resource files in messages".
"""

import mimetypes
from collections.abc import Mapping
from email.message import Message
from urllib.parse import unquote

from phonework.channels.base import Fetched
from phonework.channels.feishu.api import Api, Call
from phonework.files.names import safe_name
from phonework.fsm.types import Attachment


async def fetch(api: Api, attachment: Attachment, largest_bytes: int) -> Fetched:
    """Raises ChannelError; TooLargeError before anything is fetched if Feishu says how large it is, else at the limit."""
    answer = await api.raw(
        Call(
            method="GET",
            path="/open-apis/im/v1/messages/:message_id/resources/:file_key",
            parts={"message_id": attachment.message_id, "file_key": attachment.key},
            query=(("type", "image" if attachment.kind == "image" else "file"),),
            changes=False,
            largest_bytes=largest_bytes,
        )
    )
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Fetched(name=_name(attachment, headers), content=answer.content)


def _name(attachment: Attachment, headers: Mapping[str, str]) -> str:
    name = safe_name(attachment.name) or safe_name(_header_name(headers.get("content-disposition", "")))
    if name:
        return name
    kind = headers.get("content-type", "").partition(";")[0].strip()
    suffix = mimetypes.guess_extension(kind) if kind != "application/octet-stream" else None
    return f"{attachment.kind}-{safe_name(attachment.key)[-8:] or 'unnamed'}{suffix or ''}"


def _header_name(disposition: str) -> str:
    message = Message()
    message["Content-Disposition"] = disposition.replace("\r", " ").replace("\n", " ")
    name = unquote(message.get_filename() or "")
    try:
        return name.encode("latin-1").decode()  # HTTP clients read headers as Latin-1
    except UnicodeError:
        return name
