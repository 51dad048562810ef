"""Whether something stands where words are typed to Claude Code, read off its screen. Pure.

Claude Code 2.1.329 draws a line, the prompt, and a line. The prompt begins with `❯` and a space that does not break, or with `!` while
what is typed is a shell command. Where nothing is typed, an example may stand: dim, its first letter under the cursor.
"""

import re
from collections.abc import Sequence
from typing import Final

START: Final = "❯"
COLUMN: Final = 2  # where the cursor is when nothing is typed, counted from 0
_STYLE: Final = re.compile(r"\x1b\[([0-9;:]*)m")
_FRAME: Final = re.compile(r"─{3}.*")


def is_empty(lines: Sequence[str], column: int) -> bool:
    """Whether it certainly is. lines: the one with the cursor between its neighbours, with colours. column: of the cursor."""
    if len(lines) != 3 or column != COLUMN:
        return False
    above, line, below = lines
    return _is_frame(above) and _is_frame(below) and _is_blank(_cells(line))


def _is_frame(line: str) -> bool:
    return _FRAME.fullmatch(_STYLE.sub("", line)) is not None


def _is_blank(cells: list[tuple[str, bool, bool]]) -> bool:
    """Nothing behind the mark but space, or an example: dim all of it, but for what is under the cursor."""
    if not cells or cells[0][0] != START:
        return False
    shown = [cell for cell in cells[1:] if not cell[0].isspace()]
    under = bool(shown) and shown[0][2]
    example = shown[1:] if under else shown
    return all(dim for _, dim, _ in example) and (bool(example) or not under)


def _cells(line: str) -> list[tuple[str, bool, bool]]:
    """Each letter, whether it is dim, and whether it is drawn inverse. See ECMA-48, SGR; tmux resets dim by 0 alone, or 22."""
    found: list[tuple[str, bool, bool]] = []
    dim = inverse = False
    at = 0
    for style in _STYLE.finditer(line):
        found += [(letter, dim, inverse) for letter in line[at : style.start()]]
        at = style.end()
        for code in _codes(style[1]):
            match code:
                case 0:
                    dim = inverse = False
                case 2 | 22:
                    dim = code == 2
                case 7 | 27:
                    inverse = code == 7
                case _:
                    pass
    return found + [(letter, dim, inverse) for letter in line[at:]]


def _codes(given: str) -> list[int]:
    """What the style turns on or off; the numbers of a colour are none of these."""
    words = [int(one) if one.isdecimal() else 0 for one in given.split(";")]
    for place, code in enumerate(words):
        if code in (38, 48, 58):
            return [*words[:place], *_after_colour(words[place + 1 :])]
    return words


def _after_colour(words: list[int]) -> list[int]:
    """Behind `38;5;N` or `38;2;R;G;B`."""
    rest = words[{5: 2, 2: 4}.get(words[0], 1) :] if words else []
    return _codes(";".join(map(str, rest))) if rest else []
