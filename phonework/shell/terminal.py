"""What a terminal would have shown of an output, as plain text."""

import re
from typing import Final

# Sequences by ECMA-48: ESC [ … (also as one character), strings that end with BEL or ESC \, and short ones.
_ESCAPE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]{0,8}[0-~]"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(output: str) -> str:
    """The output without colours, titles, cursor moves and bells; of a line written over, the last version."""
    lines = _ESCAPE.sub("", output.replace("\r\n", "\n")).split("\n")
    return _CONTROL.sub("", "\n".join(_last_version(line) for line in lines))


def _last_version(line: str) -> str:
    """What is seen of a line with carriage returns and backspaces, as progress bars and manual pages have them."""
    line = line.rstrip("\r").rpartition("\r")[2]
    if "\b" not in line:
        return line
    seen: list[str] = []
    for each in line:
        if each != "\b":
            seen.append(each)
        elif seen:
            seen.pop()
    return "".join(seen)
