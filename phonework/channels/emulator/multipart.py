"""Reading `multipart/form-data`, enough of it for uploads and without a dependency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value


class MultipartError(ValueError):
    """The body is no multipart form."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field: `file_name` is empty for plain values."""

    data: bytes
    file_name: str = ""
    media_type: str = ""

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")


def parse_multipart(content_type: str, body: bytes) -> dict[str, Part]:
    """Fields by name (RFC 7578). Raises MultipartError."""
    boundary = _parameter(content_type, "boundary")
    if not boundary:
        raise MultipartError("no boundary")
    delimiter = b"--" + boundary.encode()
    pieces = re.split(rb"(?:^|\r\n)" + re.escape(delimiter), body)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise MultipartError("the form does not end with its boundary")
    found: dict[str, Part] = {}
    for piece in pieces[1:-1]:
        name, part = _part(piece)
        found[name] = part
    return found


def _part(piece: bytes) -> tuple[str, Part]:
    head, separator, data = piece.partition(b"\r\n\r\n")
    if not separator:
        raise MultipartError("a part has no head")
    headers = {}
    for line in head.decode(errors="replace").split("\r\n"):
        key, _, value = line.partition(":")
        headers[key.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    name = _parameter(disposition, "name")
    if not name:
        raise MultipartError("a part has no name")
    return name, Part(data, _parameter(disposition, "filename"), headers.get("content-type", ""))


def _parameter(header: str, name: str) -> str:
    """A parameter of a header such as `form-data; name="file"; filename*=utf-8''%E4%BD%A0`."""
    message = Message()
    message["content-type"] = header
    value = message.get_param(name)
    return collapse_rfc2231_value(value) if value is not None else ""
