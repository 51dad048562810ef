"""`/web`: what to look for, and where."""

import re
import unicodedata
from typing import Final

from phonework.commands.base import Wrong, missing
from phonework.commands.looking import Look
from phonework.commands.words import next_word
from phonework.web.metaso_answers import Scope

MAX_QUESTION: Final = 1_000
_OPTION: Final = re.compile(r"(?:--|—{1,2}|–{1,2}|－－)(?P<name>[^\W\d_]+)(?:[=＝](?P<value>\S*))?$")
_WORDS: Final = {
    **{scope.value: scope for scope in Scope},
    **{f"{scope.value}s": scope for scope in Scope},
    "web": Scope.WEBPAGE, "page": Scope.WEBPAGE, "pages": Scope.WEBPAGE, "scholar": Scope.PAPER,
    "网页": Scope.WEBPAGE, "论文": Scope.PAPER, "学术": Scope.PAPER, "文库": Scope.DOCUMENT, "文档": Scope.DOCUMENT,
    "视频": Scope.VIDEO, "播客": Scope.PODCAST,
}  # fmt: skip


def web(rest: str) -> Look | Wrong:
    """A question; before it perhaps `--scope paper`, or just `--paper`."""
    scope, question = _scope(rest)
    if isinstance(scope, Wrong):
        return scope
    if not question:
        return missing("web")
    return Look(report="web", params={"question": question[:MAX_QUESTION], "scope": scope.value})


def _scope(rest: str) -> tuple[Scope | Wrong, str]:
    word, after = next_word(rest)
    found = _OPTION.match(unicodedata.normalize("NFKC", word))
    if found is None:
        return Scope.WEBPAGE, rest.strip()
    named = found["name"].lower()
    if named in ("scope", "范围"):
        value, after = (found["value"], after) if found["value"] is not None else next_word(after)
        named = unicodedata.normalize("NFKC", value).lower()
    if named not in _WORDS:
        return Wrong(command="web", text="say.web_scope", params={"scope": named[:40]}), ""
    return _WORDS[named], after.strip()
