"""The card of what a search of the web found."""

from collections.abc import Sequence
from typing import Final

from phonework.channels.cards.parts import Card, Head, card, fitted, line, markdown, plain, small
from phonework.channels.markdown import escape
from phonework.errors import RefusedError
from phonework.texts import text
from phonework.web.addresses import Address, Reach, check
from phonework.web.metaso_answers import Found, Scope

MOST_SHOWN: Final = 10
_ABOUT_CHARS: Final = 240
_ANY_PORT: Final = Reach(ports=lambda _port: True)
_IN_LINKS: Final = str.maketrans({each: f"%{ord(each):02X}" for each in "()[]{}*|~^$"})


def web_card(question: str, scope: Scope, found: Sequence[Found], language: str) -> Card:
    """Each result with its address, whose it is, and what it says."""

    def build(budget: int) -> Card:
        shown = max(1, min(MOST_SHOWN, budget // 2_000))
        head = Head(
            title=plain(question, 80),
            color="blue",
            tag=text(language, f"web.{scope.value}"),
            subtitle=text(language, "web.title"),
        )
        elements = [markdown(_entry(number, one, budget)) for number, one in enumerate(found[:shown], start=1)]
        if len(found) > shown:
            elements.append(small(escape(text(language, "web.more", count=len(found) - shown))))
        return card(head, [*elements, small(escape(text(language, "web.note")))])

    return fitted(build)[0]


def _entry(number: int, found: Found, budget: int) -> str:
    url = _link(found.url) if budget > 2_000 else ""
    title = line(found.title, 120)
    facts = " · ".join(part for part in (found.date, ", ".join(found.authors), _host(found.url)) if part)
    lines = [f"**{number}.** [{title}]({url})" if url else f"**{number}.** {title}"]
    lines += [f"<font color='grey'>{line(facts, 160)}</font>"] if facts else []
    lines += [line(found.about, _ABOUT_CHARS)] if found.about else []
    return "\n".join(lines)


def _link(url: str) -> str:
    """The address as a link's target, in one way of writing; empty when it is none that leads to the internet."""
    address = _public(url)
    return str(address).translate(_IN_LINKS) if address is not None else ""


def _host(url: str) -> str:
    address = _public(url)
    return address.host if address is not None else ""


def _public(url: str) -> Address | None:
    try:
        return check(url, _ANY_PORT)
    except RefusedError:
        return None
