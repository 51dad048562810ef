"""What lies between two forms of a card: only texts that say something else, or more; pure."""

from collections.abc import Mapping
from typing import Final

from phonework.channels.feishu.untrusted import mapping, string

_TEXTS: Final = frozenset({"markdown", "plain_text"})


def differences(old: object, new: object) -> Mapping[str, str] | None:
    """The texts, by `element_id`, that have to be written into `old` for it to be `new`; None: they differ in more."""
    texts: dict[str, str] = {}
    return texts if _alike(old, new, texts) else None


def _alike(old: object, new: object, texts: dict[str, str]) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        if old.keys() != new.keys():
            return False
        written = _written(old, new)
        if written:
            texts[string(new.get("element_id"))] = string(new.get("content"))
        return all(_alike(old[key], new[key], texts) for key in new if not (written and key == "content"))
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_alike(one, other, texts) for one, other in zip(old, new, strict=True))
    return old == new


def _written(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Whether they are one text that says something else."""
    return (
        new.get("tag") in _TEXTS
        and bool(string(new.get("element_id")))
        and bool(string(new.get("content")))
        and old.get("content") != new.get("content")
    )


def with_text(card: Mapping[str, object], element_id: str, text: str) -> Mapping[str, object]:
    """The card with this text in the element; the same card when it has no such element."""
    return mapping(_with_text(card, element_id, text))


def _with_text(node: object, element_id: str, text: str) -> object:
    if isinstance(node, dict):
        if node.get("element_id") == element_id and node.get("tag") in _TEXTS:
            return {**node, "content": text}
        return {key: _with_text(value, element_id, text) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_text(one, element_id, text) for one in node]
    return node
