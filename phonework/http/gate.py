"""The gate before everything: by which name the server is asked for, from where, and with which token."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from phonework.config.program import LOOPBACK
from phonework.gateway.refusals import GatewayError, response
from phonework.http.proofs import Proofs, Proved, proving

PUBLIC: Final = frozenset({"/health"})
CONTAINERS: Final = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")
"""How containers call the machine they run on (Docker, Podman)."""
_WILDCARDS: Final = ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names a request may ask for the server by. Of a page that got hold of an address of ours, it is another one.

    listens: the configured address; where it is every address of the machine, any address will do, and no further name.
    """

    listens: str = "127.0.0.1"

    def admit(self, header: str) -> bool:
        """header: a whole Host header."""
        name = _without_port(header.strip().lower())
        if name in LOOPBACK or name in CONTAINERS or name == self.listens.lower():
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.listens in _WILDCARDS


LOOPBACK_ONLY: Final = Hosts()


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


class Gate:
    """Lets through what is public, and who proves to know a token or shows one; everything else is 401, whether it exists or not.

    What a page in a browser sends is refused, whatever it carries: it would carry an Origin. Whoever proves to know a token
    gets the same proof with the answer, with a refusal too.
    """

    def __init__(self, inner: ASGIApp, tokens: Sequence[str], hosts: Hosts = LOOPBACK_ONLY) -> None:
        self._inner, self._hosts = inner, hosts
        self._tokens = [token for token in tokens if token]
        self._proofs = Proofs(self._tokens)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        # A token that is shown is judged alone, whatever else is there.
        proved = None if _values(scope, b"authorization") else self._proofs.of(scope)
        send = proving(proved, send) if proved else send
        refused = self._refusal(scope, proved)
        if refused is None:
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await response(refused)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4001})

    def _refusal(self, scope: Scope, proved: Proved | None) -> GatewayError | None:
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or not self._hosts.admit(hosts[0].decode("latin-1")):
            hint = "ask for it by the address it listens on"
            return GatewayError(403, "bad_host", "the server is not called so", hint=hint)
        if _is_public(scope):
            return None
        if _values(scope, b"origin"):
            return GatewayError(403, "bad_origin", "nothing is done for pages in a browser")
        if proved is not None:
            return self._proofs.take(proved.call)
        if not self._admits(scope):
            hint = "the token is in gateway.json in the data directory of the server"
            return GatewayError(401, "bad_token", "a bearer token, or a proof to know it, is needed", hint=hint)
        return None

    def _admits(self, scope: Scope) -> bool:
        headers = _values(scope, b"authorization")
        if len(headers) != 1:
            return False
        scheme, _, given = headers[0].partition(b" ")
        # Each is compared, however it goes with the first: the time says nothing.
        matches = [compare_digest(given.strip(), token.encode()) for token in self._tokens]
        return scheme.lower() == b"bearer" and any(matches)


def _is_public(scope: Scope) -> bool:
    """A turn of an agent on request costs money, and wants the token."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return scope["path"] in PUBLIC and "smoke" not in dict(asked)


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]
