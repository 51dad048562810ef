"""Bytes of a page as text: what the server says, what the page says of itself, else what fits. Pure.

Source: WHATWG Encoding, names and labels; HTML, "determining the character encoding".
"""

import codecs
import re
from typing import Final

_LOOKED_AT: Final = 4_096
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META: Final = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_XML: Final = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
# Python knows more "encodings" than pages have, some of them slow on purpose-made input: only those of pages are used.
_KNOWN: Final = frozenset(
    {
        "utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk", "gb2312", "hz", "big5", "big5hkscs", "shift_jis",
        "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949", "johab", "koi8-r", "koi8-u", "cp866", "tis-620", "cp874",
        "mac-roman", "ascii", *(f"cp125{number}" for number in range(9)), *(f"iso8859-{number}" for number in range(1, 17)),
    }
)  # fmt: skip
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "ascii": "cp1252", "iso8859-1": "cp1252"}
"""What pages that say the first really hold, as browsers take it."""


def decode(raw: bytes, told: str = "") -> str:
    """The text. told: the charset in the server's words, perhaps none. Never raises; what does not fit becomes �."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    head = raw[:_LOOKED_AT]
    said = [told, *(found[1].decode("ascii", "replace") for found in (_META.search(head), _XML.search(head)) if found)]
    encoding = next((known for name in said if (known := _known(name))), "") or _fitting(raw)
    return raw.decode(encoding, "replace")


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name.strip(" \"'")).name if name.isascii() else ""
    except (LookupError, ValueError):
        return ""
    found = _WIDER.get(found, found)
    return found if found in _KNOWN else ""


def _fitting(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            # A page that was cut may end in the middle of a character.
            codecs.getincrementaldecoder(encoding)().decode(raw, final=False)
        except ValueError:
            continue
        return encoding
    return "cp1252"
