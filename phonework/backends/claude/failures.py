"""Says in a sentence for a person what went wrong with Claude Code, and what to do about it."""

import signal

from phonework.backends.claude.messages import Result, Retrying

NOT_LOGGED_IN = (
    "Claude Code is not logged in, or its key was refused (401). "
    "Run `claude` on that machine and type /login, or set ANTHROPIC_API_KEY."
)
_BY_REASON = {
    "max_turns": "Claude Code reached the configured number of steps for one message.",
    "budget_exhausted": "The budget configured for Claude Code is spent.",
    "prompt_too_long": "The conversation is too long for the model. Send /compact to shorten it, or /clear to begin anew.",
}
LONGEST_DETAIL = 500  # characters of what Claude Code or the API said


def of_result(result: Result) -> str:
    """Why a turn ended in an error."""
    if known := _BY_REASON.get(result.terminal_reason):
        return known
    said = detail(result.text or "; ".join(result.errors))
    match result.api_status:
        case 401 | 403:
            return NOT_LOGGED_IN if result.api_status == 401 else f"The API refused the account (403). {said}"
        case 429:
            return f"The API's rate limit or the account's usage limit was reached (429). {said}"
        case 500 | 502 | 503 | 504 | 529 as status:
            return f"The API is not available or too busy ({status}); trying again later may help. {said}"
        case _:
            pass
    if result.terminal_reason == "api_error":
        return f"The API could not be used. {said}"
    return f"Claude Code ended the turn with an error. {said}".strip()


def of_retry(retry: Retrying) -> str:
    """What happens while the API is asked again."""
    match retry.status:
        case 429:
            why = "The API's rate limit was reached"
        case 0:
            why = "The API cannot be reached"
        case 500 | 502 | 503 | 504 | 529:
            why = "The API is busy"
        case status:
            why = f"The API answered {status}"
    seconds = max(1, round(retry.delay_ms / 1000))
    return f"{why}, trying again in {seconds} s ({retry.attempt}/{retry.attempts})"


def of_end(exit_code: int | None, stderr: str, trouble: str) -> str:
    """Why the process is gone."""
    if trouble:
        return f"Claude Code was ended because {trouble}."
    said = f" It said: {detail(stderr)}" if stderr else ""
    if exit_code is None:
        return f"Claude Code closed its output.{said}"
    if exit_code < 0:
        return f"Claude Code was ended by the signal {_signal(-exit_code)}.{said}"
    return f"Claude Code ended unexpectedly (exit code {exit_code}).{said}"


def detail(text: str) -> str:
    """Somebody else's words in one bounded line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
