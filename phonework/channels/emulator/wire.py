"""The binary frames of the long connection: `pbbp2.Frame`, read and written without a protobuf library.

Fields as in lark-oapi 1.7.5, `lark_oapi/ws/pb/pbbp2_pb2.py` (proto2, the first four are required).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

CONTROL: Final = 0
DATA: Final = 1

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_UINT64: Final = (1 << 64) - 1


class FrameError(ValueError):
    """The bytes are no frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message of the socket; `headers` keeps order and repeats, as the wire does."""

    seq_id: int = 0
    log_id: int = 0
    service: int = 0
    method: int = DATA
    headers: tuple[tuple[str, str], ...] = field(default=())
    payload_encoding: str = ""
    payload_type: str = ""
    payload: bytes = b""
    log_id_new: str = ""

    def header(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key == name), default)


def encode(frame: Frame) -> bytes:
    parts = [
        _number(1, frame.seq_id),
        _number(2, frame.log_id),
        _number(3, frame.service),
        _number(4, frame.method),
    ]
    parts += [_blob(5, _blob(1, key.encode()) + _blob(2, value.encode())) for key, value in frame.headers]
    optional = (
        (6, frame.payload_encoding.encode()),
        (7, frame.payload_type.encode()),
        (8, frame.payload),
        (9, frame.log_id_new.encode()),
    )
    parts += [_blob(number, blob) for number, blob in optional if blob]
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """Read one frame; unknown fields are skipped. Raises FrameError on anything malformed."""
    numbers: dict[int, int] = {}
    blobs: dict[int, bytes] = {}
    headers: list[tuple[str, str]] = []
    for number, value in _fields(data):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 5:
            headers.append(_header(value))
        else:
            blobs[number] = value
    if missing := {1, 2, 3, 4} - numbers.keys():
        raise FrameError(f"required fields are missing: {sorted(missing)}")
    return Frame(
        seq_id=numbers[1],
        log_id=numbers[2],
        service=_int32(numbers[3]),
        method=_int32(numbers[4]),
        headers=tuple(headers),
        payload_encoding=_text(blobs.get(6, b"")),
        payload_type=_text(blobs.get(7, b"")),
        payload=blobs.get(8, b""),
        log_id_new=_text(blobs.get(9, b"")),
    )


def fragments(frame: Frame, count: int) -> list[Frame]:
    """Split one frame into at most `count` parts with the headers `sum` and `seq`; no part is empty.

    The SDK waits for a non-empty payload under every number (`_combine`), so an empty part would never be complete.
    """
    payload = frame.payload
    count = max(1, min(count, len(payload)))
    edges = [len(payload) * index // count for index in range(count + 1)]
    rest = tuple(pair for pair in frame.headers if pair[0] not in {"sum", "seq"})
    return [
        Frame(
            seq_id=frame.seq_id,
            log_id=frame.log_id,
            service=frame.service,
            method=frame.method,
            headers=(*rest, ("sum", str(count)), ("seq", str(index))),
            payload_encoding=frame.payload_encoding,
            payload_type=frame.payload_type,
            payload=payload[edges[index] : edges[index + 1]],
            log_id_new=frame.log_id_new,
        )
        for index in range(count)
    ]


def _varint(value: int) -> bytes:
    value &= _UINT64  # negative int32s travel as ten bytes, in two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _blob(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise FrameError("field number 0")
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise FrameError(f"wire type {kind}")
        if size > len(data) - at:
            raise FrameError("a field runs past the end")
        if kind == _BYTES:
            yield number, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise FrameError("a number runs past the end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _UINT64, at
    raise FrameError("a number is longer than ten bytes")


def _int32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise FrameError("a text is not UTF-8") from error


def _header(data: bytes) -> tuple[str, str]:
    parts = {number: value for number, value in _fields(data) if isinstance(value, bytes)}
    if 1 not in parts or 2 not in parts:
        raise FrameError("a header lacks its key or value")
    return _text(parts[1]), _text(parts[2])
