"""Says for a person what went wrong with Claude Code, and what to do about it: sentences of the catalogue."""

import re
import signal

from phonework.backends.claude.messages import Result, Retrying
from phonework.errors import BackendError
from phonework.fsm.types import Sentence

NOT_LOGGED_IN = "claude.not_logged_in"
_BY_REASON = {
    "max_turns": "claude.max_turns",
    "budget_exhausted": "claude.budget",
    "prompt_too_long": "claude.prompt_too_long",
}
# The first process of a container, which begins the agent: of Podman, of Docker, and what either says without one.
_NO_PROGRAM = re.compile(r"catatonit.*failed to exec|tini.*exec claude failed|exec: \"claude\".*not found|claude.* not found in \$PATH", re.DOTALL)  # fmt: skip
LONGEST_DETAIL = 500  # characters of what Claude Code or the API said


def of_result(result: Result) -> BackendError:
    """Why a turn ended in an error."""
    if known := _BY_REASON.get(result.terminal_reason):
        return BackendError(known)
    said = detail(result.text or "; ".join(result.errors))
    match result.api_status:
        case 401:
            return BackendError(NOT_LOGGED_IN)
        case 403:
            return BackendError("claude.account_refused", said=said)
        case 429:
            return BackendError("claude.limit", said=said)
        case 500 | 502 | 503 | 504 | 529 as status:
            return BackendError("claude.busy", status=str(status), said=said)
        case _:
            return BackendError("claude.api" if result.terminal_reason == "api_error" else "claude.error", said=said)


def of_retry(retry: Retrying) -> Sentence:
    """What happens while the API is asked again."""
    params = {
        "seconds": str(max(1, round(retry.delay_ms / 1000))),
        "attempt": str(retry.attempt),
        "attempts": str(retry.attempts),
    }
    match retry.status:
        case 429:
            return Sentence(key="claude.retry_limit", params=params)
        case 0:
            return Sentence(key="claude.retry_unreached", params=params)
        case 500 | 502 | 503 | 504 | 529:
            return Sentence(key="claude.retry_busy", params=params)
        case status:
            return Sentence(key="claude.retry_status", params={**params, "status": str(status)})


def of_end(exit_code: int | None, stderr: str) -> BackendError:
    """Why the process is gone."""
    said = detail(stderr)
    if _NO_PROGRAM.search(stderr):
        return BackendError("container.no_program", said=said)
    if exit_code is None:
        return BackendError("claude.closed_output", said=said)
    if exit_code < 0:
        return BackendError("claude.signal", signal=_signal(-exit_code), said=said)
    return BackendError("claude.exit", code=str(exit_code), said=said)


def detail(text: str) -> str:
    """Somebody else's words in one bounded line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
