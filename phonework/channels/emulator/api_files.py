"""Files and pictures: up, down, and the resources of messages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from phonework.channels.emulator.api_messages import find
from phonework.channels.emulator.calls import ApiError, Call
from phonework.channels.emulator.multipart import Part
from phonework.channels.emulator.world import Blob, Json, Message, new_id

_FILE_TYPES = {"opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"}
_MAGIC = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
    b"BM": "image/bmp",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}


async def upload_file(call: Call) -> Json:
    """multipart: file_type, file_name, duration?, file. 234001, 234006, 234010."""
    file = _part(call, "file")
    kind = call.parts["file_type"].text if "file_type" in call.parts else ""
    name = call.parts["file_name"].text if "file_name" in call.parts else ""
    if kind not in _FILE_TYPES or not name:
        raise ApiError(234001, "Invalid request param, ext=file_type or file_name.")
    _check_size(file, call.emulator.settings.file_bytes)
    blob = Blob(
        key=new_id("file_v3_"),
        name=name,
        media_type=file.media_type or "application/octet-stream",
        kind=kind,
        owner="app",
        data=file.data,
    )
    call.emulator.world.add_blob(blob)
    return {"code": 0, "msg": "success", "data": {"file_key": blob.key}}


async def upload_image(call: Call) -> Json:
    """multipart: image_type, image. 234001, 234006, 234010, 234011."""
    image = _part(call, "image")
    if "image_type" not in call.parts or call.parts["image_type"].text not in {"message", "avatar"}:
        raise ApiError(234001, "Invalid request param, ext=image_type.")
    _check_size(image, call.emulator.settings.image_bytes)
    media_type = image_type(image.data)
    if not media_type:
        raise ApiError(234011, "Can not recognize the image format.")
    blob = Blob(
        key=new_id("img_v3_"),
        name=image.file_name or "image",
        media_type=media_type,
        kind="image",
        owner="app",
        data=image.data,
    )
    call.emulator.world.add_blob(blob)
    return {"code": 0, "msg": "success", "data": {"image_key": blob.key}}


def image_type(data: bytes) -> str:
    return next((media_type for magic, media_type in _MAGIC.items() if data.startswith(magic)), "")


def _part(call: Call, name: str) -> Part:
    part = call.parts.get(name)
    if part is None:
        raise ApiError(234001, f"Invalid request param, ext={name} is missing.")
    return part


def _check_size(part: Part, limit: int) -> None:
    if not part.data:
        raise ApiError(234010, "File's size can't be 0.")
    if len(part.data) > limit:
        raise ApiError(234006, "The file size exceed the max value.")


async def own_file(call: Call) -> Response:
    """`GET /files/:key` and `/images/:key`: only what the bot itself uploaded (234008)."""
    blob = call.emulator.world.blobs.get(call.path["key"])
    if blob is None:
        raise ApiError(234001, "Invalid request param, ext=key.")
    if blob.owner != "app":
        raise ApiError(234008, "The app is not the resource sender.")
    return serve_blob(blob)


async def message_resource(call: Call) -> Response:
    """`GET /messages/:message_id/resources/:key?type=image|file`: the key must be in that message (234003)."""
    message = find(call, own=False)
    kind = call.query.get("type")
    if kind not in {"image", "file"}:
        raise ApiError(234001, "Invalid request param, ext=type is image or file.")
    if message.msg_type in {"interactive", "merge_forward"}:
        raise ApiError(234043, "Unsupported message type.")
    blob = call.emulator.world.blobs.get(call.path["key"])
    if blob is None or call.path["key"] not in resource_keys(message):
        raise ApiError(234003, "File not in msg.")
    if (kind == "image") != (blob.kind == "image"):
        raise ApiError(234001, "Invalid request param, ext=type does not fit the resource.")
    if len(blob.data) > call.emulator.settings.resource_bytes:
        raise ApiError(234037, "Downloaded file size exceeds limit.")
    return serve_blob(blob)


def resource_keys(message: Message) -> set[str]:
    """Every image_key, img_key and file_key anywhere in a message's content, in all its versions."""
    found: set[str] = set()
    for version in [*message.versions]:
        _collect(version.content, found)
    _collect(message.content, found)
    return found


def _collect(node: Any, found: set[str]) -> None:
    if isinstance(node, list):
        for each in node:
            _collect(each, found)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in {"image_key", "file_key", "img_key"} and isinstance(value, str):
                found.add(value)
            else:
                _collect(value, found)


def serve_blob(blob: Blob) -> Response:
    """The bytes, with the name in Content-Disposition in both forms."""
    ascii_name = blob.name.encode("ascii", "replace").decode().replace('"', "'")
    plain = "".join(each if each.isprintable() else " " for each in ascii_name)  # a header takes no control characters
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(blob.name, safe='')}"
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return Response(blob.data, media_type=blob.media_type, headers=headers)
