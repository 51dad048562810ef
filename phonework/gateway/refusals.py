"""Why something is not done, for programs: a word that stays the same, and a sentence with what to do about it."""

from typing import Final

import msgspec
from starlette.responses import JSONResponse

from phonework.errors import PhoneWorkError, RefusedError
from phonework.fsm.reasons import Reason
from phonework.gateway.shapes import Failure, Problem
from phonework.texts import text

HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class GatewayError(PhoneWorkError):
    """A request that is not carried out. code: for programs; status: of HTTP."""

    def __init__(self, status: int, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status, self.code = status, code


def response(error: GatewayError) -> JSONResponse:
    failure = Failure(error=Problem(code=error.code, message=str(error), hint=error.hint))
    bearer = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return JSONResponse(msgspec.to_builtins(failure), error.status, headers={**HEADERS, **bearer})


def not_found(wanted: str) -> GatewayError:
    hint = "`phonework session list` shows yours; --closed shows those that are closed too"
    return GatewayError(404, "not_found", f"there is no session {wanted[:80]!r}", hint=hint)


_REASONS: Final = {
    Reason.ALREADY_ANSWERED: ("this was answered already; the first answer stands", ""),
    Reason.OLD_REQUEST: ("this is not what is asked now", "look at the session again: what is open is in `request`"),
    Reason.EXPIRED_REQUEST: ("nobody answered this in time", "answer and resume on its card, or send what is next"),
    Reason.WITHDRAWN_REQUEST: ("the agent no longer asks this", ""),
    Reason.NO_SUCH_REQUEST: ("the session has no such request", ""),
    Reason.AGENT_GONE: ("the agent that asked this is gone", "answer and resume on its card, or send what is next"),
    Reason.SESSION_CLOSED: ("the session is closed", "begin another one"),
    Reason.NOTHING_RUNNING: ("nothing is running in the session", ""),
    Reason.ALREADY_STOPPING: ("its turn is being stopped already", "wait for it, or kill it"),
    Reason.NOTHING_TO_RETRY: ("there is nothing to run again yet", "send a message"),
    Reason.QUEUE_FULL: ("too many messages wait in the session", "wait for them, or stop the turn"),
    Reason.BUSY: ("the session is busy", "wait for it, or stop the turn"),
    Reason.NOT_AN_ANSWER: (
        "that does not answer what is asked",
        "a question needs a pick or words for each part; a permission takes allow or deny, and a rule only if one is offered",
    ),
}
_STATUS: Final = {Reason.NOT_AN_ANSWER: 422, Reason.NO_SUCH_REQUEST: 404}


def of_reason(reason: Reason) -> GatewayError:
    """The event was stored and changed nothing."""
    message, hint = _REASONS.get(reason, (text("en", f"reason.{reason.value}"), ""))
    return GatewayError(_STATUS.get(reason, 409), reason.value, message, hint=hint)


_HINTS: Final = {"dir_missing": "`create` makes it, or `--mkdir` in a shell"}
_UNKNOWN_OWNER: Final = ("owner_unknown", "owner_unclear")


def of_refusal(error: RefusedError) -> GatewayError:
    """What a person would have been told in the chat; nothing was stored."""
    said, hint = text("en", f"say.{error.text}", **error.params).replace("`", "'"), _HINTS.get(error.text, "")
    if error.text == "dir_missing":  # the sentence for a chat names a command of the chat
        said = f"there is no directory {error.params['dir']!r} in {error.params['root']!r}"
    return GatewayError(409 if error.text in _UNKNOWN_OWNER else 422, error.text, said, hint=hint)
