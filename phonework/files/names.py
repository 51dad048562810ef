"""Names of files that come from outside, made safe for a folder, a screen and any file system."""

import re
import unicodedata
from typing import Final

LONGEST_BYTES: Final = 120
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|`]+")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ODD: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LONGEST_SUFFIX: Final = 10
# Devices on Windows, whatever the suffix.
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)


def safe_name(name: str) -> str:
    """The name without separators, hidden beginnings and characters that are not seen; empty when nothing is left.

    At most 120 bytes of UTF-8; of a longer one the end of the stem goes, the suffix stays.
    """
    shown = _UNSAFE.sub("_", unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()))
    seen = "".join(each for each in shown if unicodedata.category(each) not in _UNSEEN)
    short = _short(seen.strip(" .-~"))
    return f"_{short}" if _RESERVED.fullmatch(short) else short


def is_odd(name: str) -> bool:
    """Whether the name holds what is not seen or would be read in another order: a screen could be deceived by it."""
    return any(unicodedata.category(each) in _ODD or each in _DIRECTION for each in name)


def numbered(name: str, number: int) -> str:
    """The name for the so-manieth file of that name: `report.pdf`, `report-2.pdf`, …"""
    stem, suffix = _parts(name)
    return f"{stem}-{number}{suffix}" if number > 1 else name


def _short(name: str) -> str:
    stem, suffix = _parts(name)
    room = LONGEST_BYTES - len(suffix.encode())
    return f"{stem.encode()[:room].decode('utf-8', 'ignore').rstrip(' .')}{suffix}"


def _parts(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix}") if dot and stem and len(suffix) <= _LONGEST_SUFFIX else (name, "")
