"""How `phonework session` ends, as a number that never changes."""

from typing import Final

from phonework.errors import PhoneWorkError, RemoteError

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
WAITING: Final = 3
TIMEOUT: Final = 4
NOT_FOUND: Final = 5
UNREACHABLE: Final = 6
SERVER_STOPPED: Final = 7
TURN_FAILED: Final = 8
INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as of every program

MEANINGS: Final = {
    DONE: "done",
    REFUSED: "refused, or failed; a sentence says why",
    USAGE: "wrong usage",
    WAITING: "a session waits for you: see `status`, then `approve`, `deny` or `respond`",
    TIMEOUT: "the time given to `wait` is over",
    NOT_FOUND: "no such session",
    UNREACHABLE: "no server is reached",
    SERVER_STOPPED: "the server stopped while it was waited for",
    TURN_FAILED: "the turn failed, was lost, or was stopped",
    INTERRUPTED: "interrupted with Ctrl-C; the sessions go on",
}

AS_JSON: Final = "phonework.session.as_json"
"""In click's notes of a run: whether it was asked for JSON."""

_CODES: Final = {
    "not_found": NOT_FOUND,
    "unreachable": UNREACHABLE,
    "server_stopped": SERVER_STOPPED,
    "bad_request": USAGE,
    "bad_name": USAGE,
}


def code_of(error: PhoneWorkError) -> int:
    return _CODES.get(error.code, REFUSED) if isinstance(error, RemoteError) else REFUSED


def as_json(error: PhoneWorkError) -> dict[str, dict[str, str]]:
    """As the gateway tells it. code: `failed` for what was not the server's to refuse."""
    code = error.code if isinstance(error, RemoteError) else "failed"
    return {"error": {"code": code, "message": str(error), "hint": error.hint}}
