"""Feishu's refusals and the network's failures, as ChannelErrors that say whether and when to try again.

Source: Feishu Open Platform, "Send message", "Reply", "Update message card", "General error codes", "Rate limits".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from phonework.channels.feishu.untrusted import mapping, sequence, string
from phonework.errors import ChannelError, TooLargeError

CARD_REFUSED: Final = 230099
CARD_LOCKED: Final = 11310
ENTITY_LOCKED: Final = 200810
STREAMING_OVER: Final = frozenset({200850, 300309})
"""The first text after its ten minutes, and each one after that."""
NO_MESSAGE: Final = frozenset({230011, 231003})
NO_TOPICS: Final = frozenset({230071, 230072})
TOKEN: Final = frozenset({99991661, 99991663, 99991671})
WRONG_CREDENTIALS: Final = frozenset({10003, 10014})
SERVER_TROUBLE: Final = timedelta(seconds=1)
_RATE: Final = 99991400
SCOPE: Final = 99991672
_TOO_LARGE: Final = 234037  # to be fetched: Feishu gives 100 MB at most, whatever our own limit is
_LONGEST_WAIT: Final = timedelta(minutes=2)
_INNER: Final = re.compile(r"ErrCode:\s*(\d+)")
_REASON: Final = re.compile(r"ext=([^\n]{1,300})")
_LOCKED: Final = re.compile(r"action is lock", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a code says. wait: seconds until it is worth another try; None: never."""

    words: str
    hint: str = ""
    wait: float | None = None
    gone: bool = False


_MEANINGS: Final[Mapping[int, _Meaning]] = {
    230020: _Meaning("too many messages to one chat or card", wait=0.5),
    230049: _Meaning("the message is still being sent", wait=0.5),
    99991403: _Meaning("the tenant's monthly quota of API calls is used up", hint="raise it in the admin console"),
    230002: _Meaning("the bot is not in this chat", hint="add the bot to the chat", gone=True),
    230013: _Meaning("the person is outside the app's availability", hint="widen the availability and publish"),
    230006: _Meaning("the app's bot ability is off", hint="switch it on in the developer console and publish"),
    230018: _Meaning("the group forbids bots to write"),
    230035: _Meaning("the chat is muted or the bot blocked"),
    230053: _Meaning("the person has turned off messages from this bot"),
    230022: _Meaning("the content was held back as sensitive", hint="send it as a file"),
    230025: _Meaning("the content is over Feishu's size limit", hint="split it or send it as a file"),
    200860: _Meaning("the card is over Feishu's size limit", hint="split it or send it as a file"),
    200740: _Meaning("there is no such card entity"),
    200750: _Meaning("the card entity is older than 14 days"),
    **dict.fromkeys(STREAMING_OVER, _Meaning("the card streams no longer")),
    230011: _Meaning("the message was recalled", gone=True),
    231003: _Meaning("the message is gone", gone=True),
    230031: _Meaning("the card is older than 14 days", gone=True),
    230054: _Meaning("a message of this type cannot be changed", gone=True),
    230071: _Meaning("the message cannot be changed, or takes no topic", gone=True),
    230072: _Meaning("the message can no longer be changed, or takes no topic", gone=True),
    230075: _Meaning("the message is too old to be changed", gone=True),
    232009: _Meaning("the group was dissolved", gone=True),
    230027: _Meaning(
        "the app may not read this chat's messages",
        hint="grant im:message:readonly, for groups also im:message.group_msg, and publish",
    ),
    99992351: _Meaning("this open_id is unknown", hint="open_ids differ from app to app: take it from this app"),
    99992361: _Meaning("this open_id belongs to another app", hint="take it from this app"),
    10003: _Meaning("the app id or secret is malformed", hint="check feishu.app_id and feishu.app_secret"),
    10014: _Meaning("the app id or secret is wrong", hint="check feishu.app_id and feishu.app_secret"),
    234001: _Meaning("Feishu did not understand the file request"),
    234003: _Meaning("the file does not belong to this message", gone=True),
    234006: _Meaning("the file is over 30 MB"),
    234008: _Meaning("the app may not read this file"),
    234010: _Meaning("the file is empty"),
    234043: _Meaning("files in cards and merged forwards cannot be read"),
    **dict.fromkeys(TOKEN, _Meaning("the access token was refused", wait=5)),
}


class CardLocked(ChannelError):
    """A tap on this card is being answered; it can be changed in a moment."""


class CardRefused(ChannelError):
    """Feishu does not accept this card as it is."""


def refusal(status: int, headers: Mapping[str, str], body: Mapping[str, object]) -> ChannelError | None:
    """What an answer means; None: it is a yes. body: the answer's JSON, empty when it had none."""
    code = body.get("code")
    if isinstance(code, int) and not isinstance(code, bool):
        if code == 0 and status < 400:
            return None
        return _coded(status, headers, body, code)
    return _wordless(status, headers)


def failure(error: Exception, *, sent: bool) -> ChannelError:
    """What went wrong on the way. sent: the request may have been carried out all the same."""
    return ChannelError(
        f"Feishu could not be reached ({type(error).__name__})",
        hint="check the network and feishu.domain",
        retry_after=SERVER_TROUBLE,
        unknown=sent,
    )


def reset_after(headers: Mapping[str, str]) -> timedelta:
    """How long a rate limit lasts, as `x-ogw-ratelimit-reset` says in seconds; one second if it does not."""
    named = {name.lower(): value for name, value in headers.items()}
    text = named.get("x-ogw-ratelimit-reset") or named.get("retry-after") or ""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(timedelta(seconds=seconds), timedelta(milliseconds=300)), _LONGEST_WAIT)


def _coded(status: int, headers: Mapping[str, str], body: Mapping[str, object], code: int) -> ChannelError:
    message = string(body.get("msg"))
    if code == CARD_REFUSED:
        return _card(message)
    if code == ENTITY_LOCKED:
        return CardLocked(
            _sentence("a tap on this card is being answered", code), retry_after=SERVER_TROUBLE, code=code
        )
    if code == _RATE or status == 429:
        return ChannelError(_sentence("the app's rate limit", code), retry_after=reset_after(headers), code=code)
    if code == _TOO_LARGE:
        return TooLargeError("100 MB")
    if code == SCOPE:
        return ChannelError(_sentence("the app lacks a permission", code), hint=_scopes(body), code=code)
    if meaning := _MEANINGS.get(code):
        wait = None if meaning.wait is None else timedelta(seconds=meaning.wait)
        return ChannelError(
            _sentence(meaning.words, code), hint=meaning.hint, retry_after=wait, gone=meaning.gone, code=code
        )
    if status >= 500:
        return ChannelError(
            _sentence("the server is in trouble", code), retry_after=SERVER_TROUBLE, unknown=True, code=code
        )
    reason = found[1] if (found := _REASON.search(message)) else message[:300]
    return ChannelError(_sentence(f"the request was refused: {reason}", code), code=code)


def _wordless(status: int, headers: Mapping[str, str]) -> ChannelError:
    if status == 429:
        return ChannelError("Feishu: too many requests", retry_after=reset_after(headers), code=status)
    if 400 <= status < 500:
        hint = "check feishu.domain" if status == 404 else ""
        return ChannelError(f"Feishu refused the request (HTTP {status})", hint=hint, code=status)
    words = f"Feishu's answer could not be read (HTTP {status})"
    return ChannelError(words, retry_after=SERVER_TROUBLE, unknown=True, code=status if status >= 500 else 0)


def _card(message: str) -> ChannelError:
    inner = int(found[1]) if (found := _INNER.search(message)) else CARD_REFUSED
    if _LOCKED.search(message):
        words = _sentence("a tap on this card is being answered", inner)
        return CardLocked(words, retry_after=SERVER_TROUBLE, code=inner)
    if meaning := _MEANINGS.get(inner):
        return ChannelError(_sentence(meaning.words, inner), hint=meaning.hint, gone=meaning.gone, code=inner)
    return CardRefused(_sentence(f"the card was refused: {message[:300]}", inner), code=inner)


def _scopes(body: Mapping[str, object]) -> str:
    violations = sequence(mapping(body.get("error")).get("permission_violations"))
    names = [string(mapping(each).get("subject")) for each in violations]
    wanted = ", ".join(name for name in names if name)
    return f"grant one of {wanted} in the developer console and publish" if wanted else "see the developer console"


def _sentence(words: str, code: int) -> str:
    return f"Feishu: {words} ({code})"
