"""Whom a message is for, as far as rules can tell; pure. Where they are silent it is for the assistant, which asks.

A rule sends words to a session only if the person plainly meant it: nothing is carried out on a guess, and a text approves
something only when a single question is open that it can be about.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from phonework.fsm.replies import interpret
from phonework.fsm.types import Ask, RequestKind, SessionId
from phonework.intake.wording import continues, for_assistant, idle_talk, question_of_its_own

FRESH: Final = timedelta(minutes=10)
"""How long after a person's last word to a session the next one probably belongs to it."""


PERMISSIONS: Final = (RequestKind.CONFIRM, RequestKind.PLAN)
"""What is answered by yes or no."""


class Way(StrEnum):
    """Which rule decided. Counted, and shown by `/health`."""

    COMMAND = "command"
    REPLY = "reply"
    DIRECT = "direct"
    NAMED = "named"
    ANSWER = "answer"
    CONTINUED = "continued"
    UNCLEAR = "unclear"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An open session, or the person's assistant, as rules see it. number: 0 for the assistant.

    asks: its open question, if that was asked before the message was sent; asked_at: when. written_at: the person's last
    word to it, or when it began or they went to it. used_at: anything that happened in it. unspoken: nothing was written to
    it since then.
    """

    session_id: SessionId
    number: int
    project: str
    used_at: datetime
    active: bool = False
    unspoken: bool = False
    asks: Ask | None = None
    asked_at: datetime | None = None
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known when a message comes. sent_at: of the message. smart: the person has an assistant and wants it.

    replied: the session of the message replied to. spoke_at: when the assistant last had something to say; in direct mode,
    the active session.
    files: something came along. only_files: and nothing else, so it waits for the words, wherever it goes.
    """

    sent_at: datetime
    smart: bool
    sessions: tuple[Known, ...] = ()
    assistant: Known | None = None
    shell: Known | None = None
    replied: SessionId | None = None
    spoke_at: datetime | None = None
    files: bool = False
    only_files: bool = False

    @property
    def active(self) -> Known | None:
        return next((one for one in self.sessions if one.active), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where it goes. session_id: None is the assistant, or nobody if `which` names those it could be for.

    text: what is handed on; the name it began with is gone.
    """

    way: Way
    text: str
    session_id: SessionId | None = None
    which: tuple[Known, ...] = ()


def route(text: str, now: Situation) -> Route:
    """Decide by the first rule that fits. Never raises; commands were found before."""
    if now.replied is not None:
        return Route(way=Way.REPLY, text=text, session_id=now.replied)
    if not now.smart:
        return _answers_helper(text, now) or _direct(text, now)
    if now.only_files and now.active is not None:
        return Route(way=Way.CONTINUED, text=text, session_id=now.active.session_id)
    for rule in (_named, _answers, _continues):
        if (found := rule(text, now)) is not None:
            return found
    return Route(way=Way.MODEL, text=text)


# In direct mode


def _direct(text: str, now: Situation) -> Route:
    return Route(way=Way.DIRECT, text=text, session_id=now.active.session_id if now.active else None)


def _answers_helper(text: str, now: Situation) -> Route | None:
    """Plain words answer what a helper asks, if no other open question takes them; all other words are for the session."""
    helpers = [one for one in (now.assistant, now.shell) if one is not None and one.asks is not None]
    if now.files or not any(one.asks is not None and is_known_answer(one.asks, text) for one in helpers):
        return None
    asking = [one for one in (*now.sessions, *helpers) if one.asks is not None]
    meant = tuple(one for one in asking if one.asks is not None and interpret(one.asks, text) is not None)
    if len(meant) > 1 or _may_be_for_other(text, meant[0], now):
        return Route(way=Way.UNCLEAR, text=text, which=meant)
    return Route(way=Way.ANSWER, text=text, session_id=meant[0].session_id)


def is_known_answer(ask: Ask, text: str) -> bool:
    """A known word, a number, an option, and nothing of the person's own besides."""
    answer = interpret(ask, text)
    return answer is not None and not answer.text and _plainly_answers(ask, text)


# By name

_LINKS: Final = r"(?:[:：]|,\s|，)\s*"
_NAME: Final = r"(?P<name>[^\s:：,，@#]{1,100}?)"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE | re.DOTALL)
    for form in (
        rf"\s*[@＠]\s*{_NAME}(?:{_LINKS}|\s+|(?=$))(?P<rest>.*)",
        # No digit after the colon: 10:30 is a time.
        rf"\s*{_NAME}\s*[:：](?!\d|//)\s*(?P<rest>.*)",
        rf"\s*(?:tell|ask)\s+(?:session\s+)?{_NAME}(?:{_LINKS}|\s+)(?:to\s+|that\s+)?(?P<rest>.*)",
        rf"\s*(?:in|for|to)\s+(?:session\s+)?{_NAME}\s*{_LINKS}(?P<rest>.*)",
        rf"\s*(?:给|跟|对|向|和)\s*{_NAME}\s*号?(?:会话)?\s*(?:说一?下?|讲|发|发消息|发一条)(?:{_LINKS}|\s+|(?=\S))(?P<rest>.*)",
        rf"\s*(?:告诉|通知|让|叫|请|问一?下?)\s*{_NAME}\s*号?(?:会话)?(?:{_LINKS}|\s+)(?P<rest>.*)",
        rf"\s*在\s*{_NAME}\s*(?:号?会话|项目)?\s*(?:里|中|里面)(?:{_LINKS}|\s*)(?P<rest>.*)",
        rf"\s*(?:session|会话)\s*{_NAME}(?:{_LINKS}|\s+)(?P<rest>.*)",
    )
)


def _named(text: str, now: Situation) -> Route | None:
    """Words that begin with whom they are for."""
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is None or not found["rest"].strip():
            continue
        meant = matching(found["name"], now.sessions)
        if len(meant) == 1:
            return Route(way=Way.NAMED, text=found["rest"].strip(), session_id=meant[0].session_id)
        if meant:
            return Route(way=Way.UNCLEAR, text=text, which=meant)
    return None


def matching(name: str, sessions: Sequence[Known]) -> tuple[Known, ...]:
    """The sessions a word can mean: by number, id, project or the first word of the id, in this order."""
    plain = fold(name).lstrip("#")
    if plain.isdecimal():
        return tuple(one for one in sessions if len(plain) < 6 and one.number == int(plain))
    whole = tuple(one for one in sessions if one.session_id == plain)
    projects = tuple(one for one in sessions if fold(one.project) == plain)
    firsts = tuple(one for one in sessions if one.session_id.partition("-")[0] == plain)
    return whole or projects or firsts


def names(text: str, session_id: SessionId, sessions: Sequence[Known]) -> bool:
    """Whether the words name this session and it alone: its id, its project, its number with a mark before or after."""
    words = fold(text)
    meant = [one for one in sessions if _stands_in(words, one)]
    return [one.session_id for one in meant] == [session_id]


def _stands_in(words: str, one: Known) -> bool:
    number = rf"(?:[@#]|session\s*|会话\s*|第\s*){one.number}(?!\d)|(?<!\d){one.number}\s*号"
    spelt = any(is_word_of(words, name) for name in (one.session_id, fold(one.project)))
    return spelt or re.search(number, words) is not None


def is_word_of(words: str, name: str) -> bool:
    """Whether a name stands in the words as such and not as a part of another; both folded."""
    # Chinese sets no spaces around a name: only Latin letters, digits and what joins them lengthen one.
    whole = rf"(?<![a-z0-9_.-]){re.escape(name)}(?![a-z0-9_-])"
    return bool(name) and re.search(whole, words) is not None


def fold(text: str) -> str:
    """Without case and width."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


# By an open question


def _answers(text: str, now: Situation) -> Route | None:
    """The only open question that the words answer; several are told apart by the person alone."""
    everybody = (*now.sessions, now.assistant, now.shell)
    asking = [one for one in everybody if one is not None and one.asks is not None]
    if now.files or not asking:
        return None
    fitting = tuple(one for one in asking if one.asks is not None and _plainly_answers(one.asks, text))
    texts = tuple(one for one in asking if one.asks is not None and one.asks.kind is RequestKind.INPUT)
    meant = fitting or (() if for_assistant(text) or question_of_its_own(text) else texts)
    if not meant:
        return None
    if len(meant) > 1 or _may_be_for_other(text, meant[0], now):
        return Route(way=Way.UNCLEAR, text=text, which=meant)
    return Route(way=Way.ANSWER, text=text, session_id=meant[0].session_id)


def _plainly_answers(ask: Ask, text: str) -> bool:
    """A known word, a number, an option; other words say no to a permission, and nobody says that by accident."""
    answer = interpret(ask, text)
    if answer is None or ask.kind is RequestKind.INPUT:
        return False
    if ask.kind is not RequestKind.CHOICE:
        return not answer.text or _begins_with_no(text)
    labels = {option.label for question in ask.questions for option in question.options}
    return all(pick in labels for picks in answer.picks for pick in picks)


_NO: Final = re.compile(r"\s*(?:no|nope|don'?t|不|别|不要|不行|不用|先别)(?:[\s,，.。;；:：!！]|$)", re.IGNORECASE)


def _begins_with_no(text: str) -> bool:
    return _NO.match(text.replace("’", "'")) is not None


def _may_be_for_other(text: str, meant: Known, now: Situation) -> bool:
    """Whoever the words would go to else spoke after the question was asked: that may be what a short yes or no is about."""
    if meant is now.assistant or now.spoke_at is None or meant.asked_at is None:
        return False
    return now.spoke_at > meant.asked_at and _is_short(text)


def _is_short(text: str) -> bool:
    return len(text.strip()) <= 12


# By going on


def _continues(text: str, now: Situation) -> Route | None:
    """Words that go on with the work of the session the person is in the middle of."""
    one = _in_the_middle_of(now)
    if one is None or for_assistant(text) or idle_talk(text):
        return None
    fresh = one.written_at is not None and now.sent_at - one.written_at <= FRESH
    spoken_to = len(now.sessions) == 1 or (one.unspoken and not _asked_for(text, one, now))
    about_work = fresh and spoken_to and not question_of_its_own(text)
    if one.asks is not None and (
        _plainly_answers(one.asks, text) or (one.asks.kind in PERMISSIONS and _is_short(text) and continues(text))
    ):
        return Route(way=Way.UNCLEAR, text=text, which=(one,))  # "go on" is no yes, and should not count as a no
    if about_work or continues(text) or (now.files and fresh):
        return Route(way=Way.CONTINUED, text=text, session_id=one.session_id)
    return None


def _asked_for(text: str, one: Known, now: Situation) -> bool:
    """An open question is not got around: neither that of the session itself, nor one elsewhere that the words may answer."""
    others = [
        each.asks for each in (*now.sessions, now.assistant, now.shell) if each is not None and each.asks is not None
    ]
    return one.asks is not None or any(_may_answer(each, text) for each in others)


def _may_answer(ask: Ask, text: str) -> bool:
    """Plainly, or in own words where those are wanted; to a permission other words would be a no that nobody meant."""
    return _plainly_answers(ask, text) or (ask.kind not in PERMISSIONS and interpret(ask, text) is not None)


def _in_the_middle_of(now: Situation) -> Known | None:
    """The session just begun or gone to; else the only one; or the active one, if nothing has happened in another since.

    None while they talk to the assistant.
    """
    newest = _just_gone_to(now) or max(now.sessions, key=lambda one: one.used_at, default=None)
    if newest is None or (len(now.sessions) > 1 and not newest.active):
        return None
    return None if _talks_to_assistant(newest, now) else newest


def _just_gone_to(now: Situation) -> Known | None:
    """The active session, if it still waits for the first words, and none went to another since."""
    one = now.active
    if one is None or not one.unspoken or one.written_at is None or now.sent_at - one.written_at > FRESH:
        return None
    since = (each.written_at for each in now.sessions if each.session_id != one.session_id)
    return one if all(at is None or at <= one.written_at for at in since) else None


def _talks_to_assistant(one: Known, now: Situation) -> bool:
    """The person's last word was to the assistant: what goes on with that is no work for an agent."""
    heard = now.assistant.written_at if now.assistant else None
    if one.unspoken and heard is not None and now.spoke_at is not None:
        heard = max(heard, now.spoke_at)  # it may be the assistant that made the session, and said so
    return heard is not None and (one.written_at is None or heard > one.written_at)
