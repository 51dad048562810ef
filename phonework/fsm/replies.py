"""Reads what a person typed as the answer to an open request; careful, so that no approval happens by accident."""

import re
import unicodedata
from typing import Final

from phonework.fsm.types import Answer, Ask, Question, RequestKind, Scope, Verdict


def _known(words: str) -> frozenset[str]:
    return frozenset(word.strip() for word in words.split(","))


_YES: Final = _known(
    "y, yes, yeah, yep, yup, ok, okay, sure, allow, approve, approved, accept, confirm, confirmed, lgtm, 👍, 👌, ✅,"
    "go ahead, do it, yes please, allow once, sounds good, looks good,"
    "好, 好的, 好啊, 好吧, 好呀, 好滴, 可以, 可以的, 行, 行的, 同意, 允许, 批准, 准, 是, 是的, 对, 对的, 嗯, 嗯嗯,"
    "没问题, 确认, 通过, 接受, 允许一次"
)
_ALWAYS: Final = _known(
    "always, always allow, allow always, yes always, allow this rule, allow rule,"
    "总是, 总是允许, 一直允许, 始终允许, 永远允许, 总是同意, 总是可以, 以后都允许, 允许此规则, 允许这条规则, 按规则允许"
)
_SESSION: Final = _known(
    "session, this session, for this session, allow session, allow this session, allow for this session,"
    "yes for this session, 会话, 本会话, 本次会话, 这次会话, 本会话允许, 本次会话允许, 本次会话都允许, 这次会话都允许"
)
_NO: Final = _known(
    "n, no, nope, nah, deny, denied, reject, rejected, refuse, don't, dont, cancel, 👎, ❌, do not, no thanks, not now,"
    "不, 不行, 不要, 不可以, 不同意, 不允许, 不批准, 不用, 不用了, 不好, 拒绝, 否, 别, 不是, 不准, 取消, 算了"
)
_AUTO: Final = _known(
    "auto, auto edits, auto-edits, auto edit, auto-edit, accept edits, approve with auto-edits, yes auto,"
    "自动, 自动编辑, 自动接受, 自动批准, 自动改, 批准并自动编辑, 同意并自动编辑, 自动接受编辑"
)
_PADDING: Final = " \t\r\n\u3000.。!！,，、;；~～"
_NUMBER: Final = re.compile(r"[0-9]{1,3}")
_NUMBERS: Final = re.compile(r"[0-9]{1,3}(?:(?:\s*(?:,|、|;|&|\+|和|及|and)\s*|\s+)[0-9]{1,3})*")
_DIGITS: Final = re.compile(r"[0-9]{1,3}")
_PARTS: Final = re.compile(r"[,，、;；\n]")


def interpret(ask: Ask, text: str) -> Answer | None:
    """The answer the words stand for; None when they answer nothing, and the person should be told how to answer.

    Only whole, known words approve. Everything else said to a permission or a plan is a no with the words as feedback,
    except for nothing at all and a bare number, which are neither.
    """
    if not _plain(text):
        return None
    match ask.kind:
        case RequestKind.CONFIRM:
            return _permission(text, ask.offered)
        case RequestKind.PLAN:
            return _plan(text)
        case RequestKind.CHOICE:
            return _choice(ask.questions, text)
        case RequestKind.INPUT:
            return Answer(verdict=Verdict.ANSWER, text=text.strip())


def is_yes(text: str) -> bool:
    """Whether the whole text is one known word of agreement."""
    return _plain(text) in _YES


def is_no(text: str) -> bool:
    """Whether the whole text is one known word of refusal."""
    return _plain(text) in _NO


def _plain(text: str) -> str:
    """Without case, width and surrounding punctuation. A question mark stays: "ok?" is not an ok."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(folded.strip(_PADDING).split())


def _permission(text: str, scopes: tuple[Scope, ...]) -> Answer | None:
    """scopes: how long a rule can hold. Where it cannot hold as long as the words say, less is allowed, never more."""
    plain = _plain(text)
    session = Verdict.ALLOW_SESSION if Scope.SESSION in scopes else Verdict.ALLOW
    if plain in _YES:
        return Answer(verdict=Verdict.ALLOW)
    if plain in _ALWAYS:
        return Answer(verdict=Verdict.ALLOW_RULE if Scope.ALWAYS in scopes else session)
    if plain in _SESSION and Scope.SESSION in scopes:
        return Answer(verdict=session)
    return _refusal(text)


def _plan(text: str) -> Answer | None:
    plain = _plain(text)
    if plain in _AUTO:
        return Answer(verdict=Verdict.ALLOW_EDITS)
    if plain in _YES:
        return Answer(verdict=Verdict.ALLOW)
    return _refusal(text)


def _refusal(text: str) -> Answer | None:
    plain = _plain(text)
    if plain in _NO:
        return Answer(verdict=Verdict.DENY)
    return None if plain.isdecimal() else Answer(verdict=Verdict.DENY, text=text.strip())


def _choice(questions: tuple[Question, ...], text: str) -> Answer | None:
    if not questions:
        return None
    lines = [text] if len(questions) == 1 else [line for line in text.splitlines() if line.strip()]
    if len(lines) != len(questions):
        return None
    picks = tuple(_picked(question, line) for question, line in zip(questions, lines, strict=True))
    whole = tuple(one for one in picks if one)
    return Answer(verdict=Verdict.ANSWER, picks=whole) if len(whole) == len(picks) else None


def _picked(question: Question, words: str) -> tuple[str, ...]:
    """Chosen labels or own words; empty when the words are neither."""
    labels = tuple(option.label for option in question.options)
    if (label := _labelled(labels, words)) is not None:
        return (label,)
    if labels and _NUMBERS.fullmatch(_plain(words)) and not _beyond(labels, words):
        return _numbered(question, labels, words)
    if question.multiple and (several := _several(labels, words)):
        return several
    own = words.strip()
    return (own,) if (question.free_text or not labels) and _plain(words) else ()


def _beyond(labels: tuple[str, ...], words: str) -> bool:
    """Whether a number has more digits than any option's: then it is meant for itself."""
    return any(len(number) > max(2, len(str(len(labels)))) for number in _DIGITS.findall(_plain(words)))


def _labelled(labels: tuple[str, ...], words: str) -> str | None:
    """The option with exactly this text; None when there is none, or several that differ only in case."""
    exact = [label for label in labels if label.strip() == words.strip()]
    alike = exact[:1] or [label for label in labels if _plain(label) == _plain(words)]
    return alike[0] if len(alike) == 1 else None


def _numbered(question: Question, labels: tuple[str, ...], words: str) -> tuple[str, ...]:
    numbers = list(dict.fromkeys(int(one) for one in _DIGITS.findall(_plain(words))))
    if any(not 1 <= number <= len(labels) for number in numbers) or (len(numbers) > 1 and not question.multiple):
        return ()
    return tuple(labels[number - 1] for number in numbers)


def _several(labels: tuple[str, ...], words: str) -> tuple[str, ...]:
    """Options named in a list; empty when any part is none."""
    found: list[str] = []
    for part in (one for one in _PARTS.split(words) if one.strip()):
        plain = _plain(part)
        label = _labelled(labels, part)
        if label is None and _NUMBER.fullmatch(plain) and 1 <= int(plain) <= len(labels):
            label = labels[int(plain) - 1]
        if label is None:
            return ()
        found.append(label)
    return tuple(dict.fromkeys(found))
