"""Why a model did not answer: from what the `openai` package raises, or how an answer ended, to one of our troubles."""

import re
from datetime import timedelta
from typing import Final

from phonework.assistant.model import ModelError, Reply, Trouble
from phonework.one_line import one_line

MAX_DETAIL: Final = 200
_TOO_LONG: Final = re.compile(
    r"context.{0,12}(length|window|size)|maximum context|too many tokens|prompt is too long|input.{0,12}too long"
    r"|exceed\w*.{0,40}tokens|tokens.{0,40}exceed|上下文.{0,8}(长度|超)|(输入|长度|tokens?).{0,12}(过长|超过|超出|上限)",
    re.IGNORECASE,
)
_NO_TOOLS: Final = re.compile(
    r"(not|n't) support.{0,20}(tool|function)|(tool|function).{0,30}not support", re.IGNORECASE
)
_NO_CREDIT: Final = re.compile(
    r"insufficient.{0,8}(quota|balance|credit|funds)|exceeded your current quota|余额不足|欠费|资源包", re.IGNORECASE
)
_NO_MODEL: Final = re.compile(
    r"model.{0,80}(not (be )?found|not exist|does ?n.t exist|unknown)|(unknown|invalid|no such) model|模型.{0,8}不存在",
    re.IGNORECASE,
)
_CENSORED: Final = frozenset({"content_filter", "sensitive"})  # GLM's word is the second


def of_exception(error: Exception, *, secret: str = "") -> ModelError:
    """What an exception of the package means. secret: is taken out of the server's words."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ModelError(Trouble.SLOW)
    if isinstance(error, openai.APIConnectionError):
        return ModelError(Trouble.UNREACHABLE, detail=_detail(str(error.__cause__ or ""), secret))
    if isinstance(error, openai.APIStatusError):
        return _of_status(error.status_code, _said(error), dict(error.response.headers), secret)
    if isinstance(error, openai.APIError):  # an error in the middle of a stream
        return ModelError(_by_words(error.message) or Trouble.DOWN, detail=_detail(error.message, secret))
    if isinstance(error, ValueError | RecursionError):  # no JSON, no UTF-8, or nested without end
        return ModelError(Trouble.GARBAGE)
    return ModelError(Trouble.DOWN, detail=_detail(f"{type(error).__name__}: {error}", secret))


def of_finish(reply: Reply) -> Trouble | None:
    """What is wrong with an answer that came to its end; None: nothing."""
    if reply.finish in _CENSORED and not reply.calls:
        return Trouble.CENSORED
    if reply.finish == "network_error":  # GLM: the inference broke off
        return Trouble.DOWN
    return Trouble.EMPTY if reply.empty else None


def _of_status(status: int, said: str, headers: dict[str, str], secret: str) -> ModelError:
    detail = _detail(said, secret)
    trouble = _by_status(status, said)
    if headers.get("content-type", "").startswith("text/html"):
        detail = ""  # a page says nothing to a person
        trouble = Trouble.NOT_AN_API if trouble in (Trouble.REFUSED, Trouble.NO_MODEL) else trouble
    return ModelError(trouble, detail=detail, retry_after=_retry_after(headers))


def _by_status(status: int, said: str) -> Trouble:
    match status:
        case 401 | 403:
            return Trouble.UNAUTHORISED
        case 402:
            return Trouble.NO_CREDIT
        case 404:
            return Trouble.NO_MODEL
        case 408:
            return Trouble.SLOW
        case 413:
            return Trouble.TOO_LONG
        case 429:
            return Trouble.NO_CREDIT if _NO_CREDIT.search(said) else Trouble.BUSY
        case _ if status >= 500:
            return Trouble.DOWN
        case _:
            return _by_words(said) or Trouble.REFUSED


def _by_words(said: str) -> Trouble | None:
    known = (
        (_TOO_LONG, Trouble.TOO_LONG),
        (_NO_TOOLS, Trouble.NO_TOOLS),
        (_NO_CREDIT, Trouble.NO_CREDIT),
        (_NO_MODEL, Trouble.NO_MODEL),
    )
    return next((trouble for words, trouble in known if words.search(said)), None)


def _said(error: object) -> str:
    """The server's words out of an error's body."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(inner, dict):
        return " ".join(str(inner[key]) for key in ("message", "code", "type") if inner.get(key))
    return str(inner or getattr(error, "message", ""))


def _detail(said: str, secret: str) -> str:
    clean = said.replace(secret, "•••") if len(secret) > 3 else said
    return one_line(clean, MAX_DETAIL)


def _retry_after(headers: dict[str, str]) -> timedelta | None:
    """Seconds only: the other form, a date, says nothing that our own pauses do not."""
    found = re.fullmatch(r"\s*(\d{1,6})(?:\.\d+)?\s*", headers.get("retry-after", ""))
    return timedelta(seconds=int(found[1])) if found else None
