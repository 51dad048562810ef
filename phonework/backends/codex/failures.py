"""Says for a person what went wrong with a turn, and what to do about it: sentences of the catalogue."""

from collections.abc import Mapping
from typing import Any, Final

from phonework.backends.codex.program import detail
from phonework.errors import BackendError

_BY_NAME: Final = {
    "unauthorized": "codex.not_logged_in",
    "usageLimitExceeded": "codex.limit",
    "rateLimitExceeded": "codex.limit",
    "contextWindowExceeded": "codex.prompt_too_long",
    "modelNotFound": "codex.no_model",
    "internalServerError": "codex.busy",
    "serverOverloaded": "codex.busy",
    "sandboxError": "codex.sandbox",
}


def of_turn(error: Mapping[str, Any]) -> BackendError:
    """Why a turn failed. `codexErrorInfo` is a word, or an object with one word and perhaps a status of HTTP in it."""
    said = detail(str(error.get("message") or ""))
    name, status = _info(error.get("codexErrorInfo"))
    if known := _BY_NAME.get(name):
        return BackendError(known, said=said)
    match status:
        case 401:
            return BackendError("codex.not_logged_in", said=said)
        case 403:
            return BackendError("codex.account_refused", said=said)
        case 404:
            return BackendError("codex.no_model", said=said)
        case 429:
            return BackendError("codex.limit", said=said)
        case int() if status >= 500:
            return BackendError("codex.busy", said=said)
        case _:
            unreached = name in ("httpConnectionFailed", "responseStreamConnectionFailed")
            return BackendError("codex.unreached" if unreached else "codex.error", said=said)


def of_refusal(error: Exception) -> BackendError:
    """Why the server would not do what it was asked: nearly all its errors have one number, so its words say more."""
    said = str(error)
    if "no rollout found" in said:
        return BackendError("codex.no_record")
    if "already has an active writer" in said:
        return BackendError("codex.held")
    return BackendError("codex.refused", said=detail(said))


def is_unknown(error: Exception) -> bool:
    """Whether the server says that there is no such conversation, or that nothing was ever begun in it."""
    return any(words in str(error) for words in ("no rollout found", "thread not found", "not materialized"))


def _info(info: object) -> tuple[str, int | None]:
    match info:
        case str(name):
            return name, None
        case {**rest} if len(rest) == 1:
            ((word, inner),) = rest.items()
            status = inner.get("httpStatusCode") if isinstance(inner, Mapping) else None
            return str(word), status if isinstance(status, int) else None
        case _:
            return "", None
