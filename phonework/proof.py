"""How whoever asks and the server prove to each other that they know the token, which is never sent; see docs/adr/0013.

The caller sends with each call a number used once, the time, the digest of the body, and a proof of all that and of what it asks for.
The server proves the same of its answer, and piece by piece of an answer that does not end. Proofs are HMAC-SHA256 (RFC 2104).

Agents wait for the program of their hooks, which uses this too: only the standard library, and little of that.
"""

import hashlib
import hmac
import os
import time

NONCE, TIME, DIGEST, PROOF = "phonework-nonce", "phonework-time", "phonework-digest", "phonework-proof"
"""Headers: 32 and a whole number, nanoseconds since 1970, and twice 64; all but the time in hexadecimal, in lower case."""
SEAL = b": proof "
"""Begins the comment that ends each piece of a stream: the proof of that piece."""


class Call:
    """One call, as both sides know it. target: path and query as they are sent. digest: SHA-256 of the body. made: when, see TIME.

    key: the Idempotency-Key; after: the Last-Event-ID; empty: there is none. No part has a line break.
    """

    __slots__ = ("_said", "digest", "made", "nonce")

    def __init__(
        self, method: str, target: str, digest: str, nonce: str, made: str, key: str = "", after: str = ""
    ) -> None:
        self.digest, self.nonce, self.made = digest, nonce, made
        self._said = (method, target, digest, nonce, made, key, after)

    def headers(self, token: str) -> dict[str, str]:
        """What is sent with it."""
        return {NONCE: self.nonce, TIME: self.made, DIGEST: self.digest, PROOF: self.proof(token)}

    def proof(self, token: str) -> str:
        """Of who calls."""
        return _proof(token, "call", *self._said)

    def proof_of_answer(self, token: str, status: int, body: bytes) -> str:
        """Of who answers this very call."""
        return _proof(token, "answer", *self._said, str(status), digest_of(body))

    def proof_of_beginning(self, token: str, status: int) -> str:
        """Of who begins an answer that comes in pieces, each with a proof of its own."""
        return _proof(token, "beginning", *self._said, str(status))

    def proof_of_piece(self, token: str, number: int, piece: bytes) -> str:
        """Of one piece; number: of those before it."""
        return _proof(token, "piece", *self._said, str(number), digest_of(piece))


def new_call(method: str, target: str, body: bytes = b"", *, key: str = "", after: str = "") -> Call:
    """One that is made now."""
    return Call(method, target, digest_of(body), os.urandom(16).hex(), str(time.time_ns()), key, after)


def digest_of(body: bytes | bytearray) -> str:
    return hashlib.sha256(body).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two proofs are the same; how long it takes tells nothing."""
    return hmac.compare_digest(one.encode("latin-1", "replace"), other.encode("latin-1", "replace"))


def _proof(token: str, *said: str) -> str:
    # As headers are read and written: each character is one byte.
    return hmac.digest(token.encode(), "\n".join(said).encode("latin-1"), "sha256").hex()
