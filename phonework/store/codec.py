"""How values become text in a column and back: JSON by `msgspec`, times as milliseconds."""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def dump(value: object) -> str:
    """A dataclass, dict or plain value as JSON text."""
    return _encoder.encode(value).decode()


def load(kind: type[T], text: str) -> T:
    """The value that `dump` wrote. Raises msgspec.ValidationError when the text is not one."""
    decoder: msgspec.json.Decoder[T] = _decoder(kind)  # type: ignore[arg-type]  # mypy: a type is hashable
    return decoder.decode(text)


def convert(value: object, kind: type[T]) -> T:
    """A value out of decoded JSON. Raises msgspec.ValidationError."""
    converted: T = msgspec.convert(value, kind)
    return converted


def load_frozen(kind: type[T], text: str) -> T:
    """The same for immutable values that many rows share: chats and timeouts."""
    value: T = _shared(kind, text)  # type: ignore[arg-type]  # mypy: a type is hashable
    return value


@lru_cache(maxsize=1024)
def _shared(kind: type[Any], text: str) -> Any:
    return load(kind, text)


@cache
def _decoder(kind: type[Any]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=256)  # one time is written into many columns
def milliseconds(moment: datetime) -> int:
    """An aware time as milliseconds since the epoch."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(value: int) -> datetime:
    """The time of so many milliseconds since the epoch."""
    return _EPOCH + value * _MILLISECOND


def maybe_moment(value: int | None) -> datetime | None:
    return None if value is None else moment(value)
