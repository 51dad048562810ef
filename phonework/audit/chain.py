"""The chain through a session's audit: each line carries a hash of itself and of the line before it.

A line that was changed, taken out or put in breaks the chain there. What the chain cannot show: lines missing at the end,
and a file that somebody able to write it made anew as a whole; a copy of the last hash kept elsewhere shows both.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

FIELD: Final = "chain"
Line = dict[str, object]


def linked(line: Mapping[str, object], before: str) -> tuple[bytes, str]:
    """The line as it is written, and its hash. before: the hash of the line before it, empty for the first."""
    chain = _hash(line, before)
    return _dump({**line, FIELD: chain}) + b"\n", chain


def parse(raw: bytes) -> Line | None:
    """A whole line of the audit; None for one that a crash or a full disk tore."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and _is_place(line.get("seq")) and _is_place(line.get("part")) else None


def _is_place(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look along the chain found. broken: the numbers of the events whose line does not fit, in order.

    unlinked: lines from before there was a chain. last: the hash of the last line; torn: lines that are none.
    """

    lines: int = 0
    unlinked: int = 0
    torn: int = 0
    broken: tuple[int, ...] = ()
    last: str = ""


def verify(lines: Iterable[bytes]) -> Verified:
    """Follow the chain through a session's files, the oldest first."""
    count = unlinked = torn = 0
    broken: list[int] = []
    last = ""
    for raw in lines:
        line = parse(raw)
        if line is None:
            torn += bool(raw.strip())
            continue
        count += 1
        chain = line.pop(FIELD, None)
        if chain is None and not last:
            unlinked += 1
            continue
        if chain != _hash(line, last):
            broken.append(int(str(line["seq"])))
        last = chain if isinstance(chain, str) else last
    return Verified(lines=count, unlinked=unlinked, torn=torn, broken=tuple(broken), last=last)


def _hash(line: Mapping[str, object], before: str) -> str:
    return hashlib.sha256(before.encode("utf-8", "replace") + b"\n" + _dump(line)).hexdigest()


def _dump(line: Mapping[str, object]) -> bytes:
    # ASCII: no character in it is a line break to any reader, and lone surrogates are no error.
    return json.dumps(line, ensure_ascii=True, default=str).encode()
