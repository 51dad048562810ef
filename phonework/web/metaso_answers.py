"""What Metaso answers, as values. Pure, and lenient: what is not known is left out, what is missing is empty.

Source: Metaso's API as far as it was seen; names of fields differ between scopes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_TEXT: Final = 2_000  # characters of what is said about one result


class Scope(StrEnum):
    """What is searched. The values are our words; `wire` has Metaso's."""

    WEBPAGE = "webpage"
    PAPER = "paper"
    DOCUMENT = "document"
    VIDEO = "video"
    PODCAST = "podcast"

    @property
    def wire(self) -> str:
        return "scholar" if self is Scope.PAPER else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One result. about: what it says, in a few sentences."""

    title: str
    url: str = ""
    about: str = ""
    date: str = ""
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer with what it rests on."""

    text: str
    sources: tuple[Found, ...] = ()


_LISTS: Final = (
    "webpages", "scholars", "papers", "documents", "videos", "podcasts", "results", "items", "list",
    "citations", "references", "sources", "highlights",
)  # fmt: skip
_ABOUT: Final = ("summary", "snippet", "abstract", "description", "content")


def problem_of(answer: object) -> tuple[str, str] | None:
    """Code and words when the answer is a failure. Metaso says so with `errCode` in an answer that is 200 otherwise."""
    if not isinstance(answer, Mapping):
        return None
    inner = answer.get("error")
    if isinstance(inner, Mapping):
        return _word(inner.get("code")), _word(inner.get("message"))
    code = _word(answer.get("errCode"))
    if code in ("", "0"):
        return None
    return code, _word(answer.get("errMsg")) or _word(answer.get("message"))


def results_of(answer: object) -> tuple[Found, ...]:
    """The results of a search, in order."""
    return tuple(found for one in _entries(answer) if (found := _found(one)))


def page_of(answer: object) -> tuple[str, str]:
    """Title and Markdown of a page that was read."""
    for one in _layers(answer):
        text = next((value for name in ("markdown", "content", "text") if (value := one.get(name))), None)
        if isinstance(text, str) and text.strip():
            return _word(one.get("title")), text
    return "", ""


def answer_of(answer: object) -> Answered:
    """The answer to a question; its text is empty when there is none."""
    sources = results_of(answer)
    for one in _layers(answer):
        choices = one.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        message = first.get("message") if isinstance(first, Mapping) else None
        if isinstance(message, Mapping):
            return Answered(text=_text(message.get("content")), sources=sources or results_of(message))
        text = next((value for name in ("answer", "text", "content") if (value := _text(one.get(name)))), "")
        if text:
            return Answered(text=text, sources=sources)
    return Answered(text="", sources=sources)


def _layers(answer: object) -> Iterator[Mapping[str, object]]:
    """The answer, and what it wraps in `data`."""
    if isinstance(answer, Mapping):
        yield answer
        if isinstance(inner := answer.get("data"), Mapping):
            yield inner


def _entries(answer: object) -> Iterator[object]:
    for layer in _layers(answer):
        for name in _LISTS:
            found = layer.get(name)
            if isinstance(found, list) and found:
                yield from found
                return


def _found(one: object) -> Found | None:
    if not isinstance(one, Mapping):
        return None
    url = next((value for name in ("link", "url") if (value := _word(one.get(name)))), "")
    title = _word(one.get("title")) or url
    about = next((value for name in _ABOUT if (value := _text(one.get(name)))), "")
    authors = one.get("authors")
    names = (
        [_word(each.get("name") if isinstance(each, Mapping) else each) for each in authors]
        if isinstance(authors, list)
        else [_word(authors)]
    )
    return (
        Found(
            title=title[:300],
            url=url if url.startswith(("http://", "https://")) else "",
            about=" ".join(about.split())[:MOST_TEXT],
            date=_word(one.get("date"))[:40],
            authors=tuple(name[:60] for name in names if name)[:6],
        )
        if title
        else None
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _word(value: object) -> str:
    """One line, also of a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())
