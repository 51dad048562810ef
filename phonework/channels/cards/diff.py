"""The card of what a session changed."""

from collections.abc import Sequence
from typing import Final

from phonework.changes.compare import Changes, FileChange
from phonework.channels.cards.parts import Card, Element, Head, card, cut, fitted, markdown, plain, small
from phonework.channels.markdown import escape, fence, inline_code
from phonework.texts import text
from phonework.views import SessionView

MAX_FILES: Final = 25
_MARKS: Final = {"A": "🆕", "D": "🗑", "R": "➡️", "T": "🔀"}


def diff_card(session: SessionView, changes: Changes, language: str) -> Card:
    """How much changed, in which files, and as much of the difference as fits."""
    patch = changes.patch.decode("utf-8", "replace")
    color = "blue" if changes.files else "grey"
    head = Head(title=plain(session.project, 60), color=color, tag=text(language, "diff.title"))

    def build(budget: int) -> Card:
        if not changes.files:
            return card(head, [markdown(escape(text(language, "diff.nothing")))])
        shown = changes.files[: max(3, min(MAX_FILES, budget // 400))]
        elements = [markdown(_summary(changes.files, language)), markdown(_list(shown, len(changes.files), language))]
        return card(head, [*elements, *_beginning(patch, budget // 2, language)])

    return fitted(build)[0]


def _summary(files: Sequence[FileChange], language: str) -> str:
    added, removed = sum(one.added or 0 for one in files), sum(one.removed or 0 for one in files)
    return f"**{escape(text(language, 'diff.summary', files=len(files), added=f'{added:,}', removed=f'{removed:,}'))}**"


def _list(shown: Sequence[FileChange], count: int, language: str) -> str:
    lines = [f"{_MARKS.get(one.kind, '✏️')} {_named(one)} {_figures(one, language)}" for one in shown]
    if count > len(shown):
        lines.append(escape(text(language, "diff.more", count=count - len(shown))))
    return "\n".join(lines)


def _named(change: FileChange) -> str:
    path = inline_code(plain(change.path, 120))
    return f"{inline_code(plain(change.before, 120))} → {path}" if change.before else path


def _figures(change: FileChange, language: str) -> str:
    if change.added is None or change.removed is None:
        return escape(text(language, "diff.binary"))
    return escape(f"+{change.added} −{change.removed}")


def _beginning(patch: str, budget: int, language: str) -> list[Element]:
    """The first lines, and that the rest is in the file."""
    head = cut(patch, budget)
    note = [small(escape(text(language, "diff.rest")))] if head.omitted else []
    return [markdown(fence(head.head, "diff")), *note]
