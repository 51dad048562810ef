"""A program of its own that makes text of a page: HTML on standard input, JSON with title and text on standard output.

Parsers of other people's HTML can be made to run for ever, to fill the memory and to crash. Here that harms nobody: whoever
starts us sets a time, and the system stops us at the limits below.
"""

import contextlib
import html
import json
import re
import resource
import sys
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

MOST_SECONDS: Final = 15  # of the processor
MOST_MEMORY: Final = 2 * 1024**3  # bytes of address space
MOST_TEXT: Final = 400_000  # characters
LONGEST_LINK: Final = 1_000

_TITLE: Final = re.compile(r"<title[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_MARKED_SECTION: Final = re.compile(r"<!\[[^\[>]*[\[>]?")  # CDATA and conditions, which are no HTML
_SILENT: Final = frozenset({"title", "script", "style", "template", "svg", "iframe", "object", "select"})
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "form", "h1", "h2",
        "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip


def main() -> int:
    """Arguments: the page's URL, and `best` or `plain`."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    with contextlib.suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    url, how = sys.argv[1:3]
    page = sys.stdin.buffer.read().decode("utf-8", "replace")
    text = (main_text(page, url) if how == "best" else "") or plain_text(page, url)
    json.dump({"title": title(page), "text": text[:MOST_TEXT], "cut": len(text) > MOST_TEXT}, sys.stdout)
    return 0


def title(page: str) -> str:
    found = _TITLE.search(page)
    return " ".join(html.unescape(found[1]).split()) if found else ""


def main_text(page: str, url: str) -> str:
    """What the page is about, as Markdown, without what surrounds it; empty when that cannot be told."""
    import trafilatura

    try:
        found = trafilatura.extract(
            page, url=url, output_format="markdown", include_links=True, include_tables=True, favor_recall=True
        )
    except Exception:  # other people's code on hostile input raises anything; the plain way remains
        return ""
    return str(found or "").strip()


def plain_text(page: str, url: str) -> str:
    """All words of the page, with the addresses of its links."""
    parser = _Words(url)
    with contextlib.suppress(AssertionError):  # how it gives up on a malformed declaration; what it read is kept
        parser.feed(_MARKED_SECTION.sub("", page))
        parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Words(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._url, self._silent, self._links = url, "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent:
            return
        if tag in _SILENT:
            self._silent = tag
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag in ("p", "h1", "h2", "h3") else "\n")
        elif tag == "a":
            self._links.append(self._link(dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif self._silent:
            return
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self._links and (link := self._links.pop()):
            self.parts.append(f" ({link})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data.replace("\n", " "))

    def _link(self, href: str) -> str:
        if not href.strip() or href.startswith("#"):
            return ""
        try:
            link = urljoin(self._url, href.strip())
        except ValueError:
            return ""
        return link if link.startswith(("http://", "https://")) and len(link) <= LONGEST_LINK else ""


if __name__ == "__main__":
    sys.exit(main())
