"""Which addresses somebody gave: the person in their words, or the web in what was read before.

An address that nobody gave was made up by the model, and one made up may carry what was read elsewhere to whoever listens
there: a text on a page can talk a model into that. Such a page is opened only when the person says so.
"""

import re
from collections import OrderedDict
from typing import Final

from phonework.errors import RefusedError
from phonework.web.addresses import Address, parse

MOST_SESSIONS: Final = 200
MOST_ADDRESSES: Final = 1_000
_NAMED: Final = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)+[^\W\d_][\w-]+(?::\d+)?(?:[/?#][^\s<>\"'`，。；！？、）】》」]*)?", re.IGNORECASE
)
_LONGEST: Final = 200_000
_TRAILING: Final = ".,;:!?)]}*_"


def addresses_in(text: str) -> tuple[Address, ...]:
    """The web addresses in a text, bare ones too."""
    found = []
    for one in _NAMED.finditer(text[:_LONGEST]):
        try:
            found.append(parse(one[0].rstrip(_TRAILING)))
        except RefusedError:
            continue
    return tuple(found)


class Seen:
    """What each session was given, the newest of it; kept in memory, so that a restart only asks once more."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def add(self, session_id: str, text: str) -> None:
        """The addresses in this text are known from now on."""
        known = self._of.setdefault(session_id, OrderedDict())
        self._of.move_to_end(session_id)
        for address in addresses_in(text):
            known[str(address)] = None
            known.move_to_end(str(address))
        while len(known) > MOST_ADDRESSES:
            known.popitem(last=False)
        while len(self._of) > MOST_SESSIONS:
            self._of.popitem(last=False)

    def was_given(self, session_id: str, words: str, address: Address) -> bool:
        """Whether the person named the site, or the web named this very address."""
        if any(_site(address) == _site(named) for named in addresses_in(words)):
            return True
        return str(address) in self._of.get(session_id, ())


def _site(address: Address) -> str:
    return address.host.removeprefix("www.")
