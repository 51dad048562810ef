"""Calls that prove to know the token: each is taken once, and soon after it was made."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import Message, Scope, Send

from phonework.gateway.refusals import GatewayError
from phonework.proof import DIGEST, NONCE, PROOF, SEAL, TIME, Call, same

WITHIN_S: Final = 300.0
"""So far the clock of a caller may be off, and so old a call may be. Source: RFC 4120, 1.6, where five minutes are typical."""
MOST: Final = 100_000
"""Calls that are remembered; while there are more in ten minutes, no further one is taken."""
_FORMS: Final = {NONCE: r"[0-9a-f]{32}", TIME: r"[0-9]{1,19}", DIGEST: r"[0-9a-f]{64}", PROOF: r"[0-9a-f]{64}"}
_STREAM: Final = b"text/event-stream"


@dataclass(frozen=True, slots=True)
class Proved:
    """A call, and the token that its caller knows."""

    call: Call
    token: str


class Proofs:
    """What was asked for lately. A call that is older than the server is none: those before its start it cannot remember."""

    def __init__(
        self,
        tokens: Sequence[str],
        *,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens, self._now_ns, self._monotonic = tokens, now_ns, monotonic
        self._begun = monotonic()
        self._taken: dict[str, float] = {}  # by their numbers: when, the oldest first

    def of(self, scope: Scope) -> Proved | None:
        """The call, when it proves to know a token."""
        if scope["type"] != "http":
            return None
        found = {name: _only(scope, name) for name in _FORMS}
        if not all(re.fullmatch(form, found[name]) for name, form in _FORMS.items()):
            return None
        call = Call(
            scope["method"], _target(scope), found[DIGEST], found[NONCE], found[TIME],
            _only(scope, "idempotency-key"), _only(scope, "last-event-id"),
        )  # fmt: skip
        # Each is tried, however it goes with the first: the time says nothing.
        known = [token for token in self._tokens if same(call.proof(token), found[PROOF])]
        return Proved(call, known[0]) if known else None

    def take(self, call: Call) -> GatewayError | None:
        """Why the call is not taken; None: it is, and never again."""
        self._forget()
        age_s = (self._now_ns() - int(call.made)) / 1e9
        if not -WITHIN_S <= age_s <= min(WITHIN_S, self._monotonic() - self._begun):
            hint = f"set the clocks: a call is taken within {WITHIN_S:.0f} s, and none that was made before the server's start"
            when = f"{age_s:.1f} s ago" if age_s >= 0 else f"{-age_s:.1f} s from now"
            return GatewayError(401, "stale_proof", f"by the server's clock this was asked {when}", hint=hint)
        if call.nonce in self._taken:
            return GatewayError(401, "replayed", "this very call came before", hint="make another one to ask again")
        if len(self._taken) >= MOST:
            return GatewayError(503, "too_many_calls", f"{MOST} calls within minutes", hint="try again in a moment")
        self._taken[call.nonce] = self._monotonic()
        return None

    def _forget(self) -> None:
        """Those that would be too old by now, however early they came."""
        before = self._monotonic() - 2 * WITHIN_S
        while self._taken and next(iter(self._taken.values())) < before:
            del self._taken[next(iter(self._taken))]


def proving(proved: Proved, send: Send) -> Send:
    """Sends an answer with the proof that we know the token, too: of the whole, or of each piece of a stream of events."""
    call, token = proved.call, proved.token
    begun: list[Message] = []
    number: int | None = None  # of the next piece; None: it does not come in pieces

    async def send_proved(message: Message) -> None:
        nonlocal number
        if message["type"] == "http.response.start":
            begun.append(message)
            return
        body = message.get("body", b"")
        if begun:
            start = begun.pop()
            if message.get("more_body") and _is_stream(start):
                number, proof = 0, call.proof_of_beginning(token, start["status"])
            else:
                proof = call.proof_of_answer(token, start["status"], body)
            await send({**start, "headers": [*start.get("headers", ()), (PROOF.encode(), proof.encode())]})
        if number is not None and body:
            seal = call.proof_of_piece(token, number, body).encode()
            message, number = {**message, "body": body + SEAL + seal + b"\n\n"}, number + 1
        await send(message)

    return send_proved


def _is_stream(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(_STREAM) for name, value in start.get("headers", ()))


def _target(scope: Scope) -> str:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _only(scope: Scope, name: str) -> str:
    """The one header of this name; empty: there is none. Several are put into lines, as no header can be."""
    return b"\n".join(value for key, value in scope["headers"] if key == name.encode()).decode("latin-1")
