"""The server's side of the proofs, for fake servers of tests."""

from phonework.proof import DIGEST, NONCE, PROOF, TIME, Call, digest_of
from phonework.testing.loopback import Request


def call_of(request: Request, token: str) -> Call | None:
    """The call, when it proves to know the token and has the body it speaks of."""
    said = {name: request.headers.get(name, "") for name in (DIGEST, NONCE, TIME, "idempotency-key", "last-event-id")}
    call = Call(request.method, request.target, *said.values())
    return call if (request.headers.get(PROOF), call.digest) == (call.proof(token), digest_of(request.raw)) else None
