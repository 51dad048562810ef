"""A program's side of the gateway: requests, and the stream of what happens. The standard library alone, to start at once.

The token is never sent, and nothing is believed that the server has not proved to have said (phonework/proof.py).
"""

import http.client
import json
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

from phonework.errors import RemoteError
from phonework.gateway.pieces import NotProvedError, Pieces
from phonework.gateway.place import HOW_TO_START, Place, find_place
from phonework.gateway.sse import Event, Parser, TooLong
from phonework.proof import PROOF, Call, new_call, same

Json = dict[str, Any]

ANSWER_SECONDS: Final = 60.0
SILENCE_SECONDS: Final = 60.0
"""So long a stream may say nothing; the server sends a comment every 20 s."""
LARGEST: Final = 256 * 1024 * 1024
SHORT: Final = 1024 * 1024
"""Bytes of a refusal."""
BUSY: Final = (429, 503)


class Dropped(Exception):
    """A stream ended before the server said so. refusal: what the server said instead of beginning it, if it did."""

    def __init__(self, why: str, refusal: RemoteError | None = None) -> None:
        super().__init__(why)
        self.refusal = refusal


class Client:
    """One server, asked one thing after another over one connection. locate: says where it is; asked again on `again`."""

    def __init__(self, locate: Callable[[], Place] = find_place, *, timeout_s: float = ANSWER_SECONDS) -> None:
        self._locate, self._timeout_s = locate, timeout_s
        self.place = locate()
        self._connection: http.client.HTTPConnection | None = None
        self._met = False  # who listens there has proved to know the token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._met = False

    def again(self) -> None:
        """Look anew where the server is: one that was started again may have another port. Raises RemoteError."""
        self.close()
        self.place = self._locate()

    # Asking

    def get(self, path: str, **query: str) -> Json:
        """What is there. Raises RemoteError."""
        return self._ask("GET", _with(path, query), None, "")

    def post(self, path: str, body: Mapping[str, object] | None = None, *, key: str = "") -> Json:
        """Have something done, once: it is asked again when the answer was lost, under the same key. Raises RemoteError."""
        data = json.dumps(body or {}).encode()
        return self._ask("POST", path, data, key or new_key())

    def _ask(self, method: str, path: str, body: bytes | None, key: str) -> Json:
        try:
            return self._asked(method, path, body, key)
        except (TimeoutError, ConnectionRefusedError) as error:
            raise self._unreachable(error) from error
        except (OSError, http.client.HTTPException):
            self.close()  # a connection that had rested too long, or broke: what was asked may or may not have been done
        try:
            return self._asked(method, path, body, key)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _asked(self, method: str, path: str, body: bytes | None, key: str) -> Json:
        if body is not None and not self._met:
            self._answered(
                "GET", "/v1/openapi.json", None, ""
            )  # nothing is told to whoever has not proved to know the token
        return _understood(self.place, *self._answered(method, path, body, key))

    def _answered(self, method: str, path: str, body: bytes | None, key: str) -> tuple[int, bytes]:
        """Status and body. Raises RemoteError when the server has not proved that they are its own."""
        if self._connection is None:
            self._connection = _connected(self.place, self._timeout_s)
        call, token = new_call(method, path, body or b"", key=key), self.place.token
        headers = {"Content-Type": "application/json", "Idempotency-Key": key} if key else {}
        try:
            self._connection.request(method, path, body, {**_about(self.place), **headers, **call.headers(token)})
            response = self._connection.getresponse()
            data = _whole(response, LARGEST)
        except BaseException:
            self.close()
            raise
        if not same(response.getheader(PROOF, ""), call.proof_of_answer(token, response.status, data)):
            self.close()
            raise _not_proved(self.place, response.status)
        self._met = True
        return response.status, data

    def _unreachable(self, error: Exception) -> RemoteError:
        return unreachable(self.place, error)

    # Listening

    def stream(self, path: str, last_id: str, timeout_s: float, **query: str) -> "Stream":
        """What happens, from now on or after that id. timeout_s: for its beginning. Raises RemoteError, Dropped, TimeoutError."""
        return Stream(self.place, _with(path, query), last_id, timeout_s)


class Stream:
    """An open stream of events, on a connection of its own."""

    def __init__(self, place: Place, path: str, last_id: str, timeout_s: float) -> None:
        self._place, self._connection = place, _connected(place, timeout_s)
        self._response: http.client.HTTPResponse | None = None
        call, token = new_call("GET", path, after=last_id), place.token
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        try:
            self._connection.request("GET", path, headers={**_about(place), **headers, **call.headers(token)})
            assert self._connection.sock is not None
            self._socket: socket.socket = self._connection.sock
            self._response = self._connection.getresponse()
            self._check(place, call)
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError) or not isinstance(error, OSError | http.client.HTTPException):
                raise
            raise Dropped(str(error)) from error
        self._parser = Parser(last_id)
        self._pieces = Pieces(lambda number, piece: call.proof_of_piece(token, number, piece))

    def _check(self, place: Place, call: Call) -> None:
        """Whether it has begun, and at the server that is meant. Raises Dropped, RemoteError."""
        assert self._response is not None
        status, proof = self._response.status, self._response.getheader(PROOF, "")
        if status == 200 and same(proof, call.proof_of_beginning(place.token, status)):
            return
        data = _whole(self._response, SHORT)
        proved = same(proof, call.proof_of_answer(place.token, status, data))
        if status in BUSY:
            raise Dropped(f"status {status}", _refusal(place, status, data) if proved else None)
        if not proved:
            raise _not_proved(place, status)
        _understood(place, status, data)
        raise Dropped("it ended at once")

    def read(self, timeout_s: float) -> list[Event]:
        """What came next; perhaps no whole event. Raises Dropped, and TimeoutError when nothing came: then it is over."""
        self._socket.settimeout(max(timeout_s, 0.001))
        assert self._response is not None
        try:
            piece = self._response.read1(64 * 1024)
            found = self._parser.feed(self._pieces.feed(piece))
        except NotProvedError as error:
            raise RemoteError("unreachable", f"{self._place.url} sent what the server of {self._place.source} did not say", hint=HOW_TO_START) from error  # fmt: skip
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException, ValueError, TooLong) as error:
            raise Dropped(str(error)) from error
        if not piece:
            raise Dropped("the stream ended")
        return found

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        self._connection.close()


def new_key() -> str:
    """For a request that must not be carried out twice."""
    return os.urandom(16).hex()


def part(name: str) -> str:
    """A session's id or name as a part of a path. Raises RemoteError for what can be neither."""
    if not name or "/" in name or name in (".", ".."):
        raise RemoteError(
            "not_found", f"there is no session {name[:80]!r}", hint="`phonework session list` shows yours"
        )
    return quote(name, safe="", errors="replace")


def unreachable(place: Place, error: Exception) -> RemoteError:
    """No answer from the server. Says where it was looked for."""
    if isinstance(error, TimeoutError):
        return RemoteError("unreachable", f"the server at {place.url} does not answer", hint="its log says why; `phonework doctor` looks")  # fmt: skip
    why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return RemoteError("unreachable", f"no server answers at {place.url}, as {place.source} says ({why.lower()})", hint=HOW_TO_START)  # fmt: skip


def _connected(place: Place, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(place.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_s)


def _about(place: Place) -> dict[str, str]:
    """The headers of every request.

    Host: the server checks it against pages of a browser that were led to it by another name. A program that speaks plain
    HTTP to it by whatever name reaches it from a container is no such page.
    """
    parts = urlsplit(place.url)
    host = {"Host": f"localhost:{parts.port or 80}"} if parts.scheme == "http" else {}
    return {"Accept": "application/json", **host}


def _whole(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body, or as much as is wanted of it. Raises HTTPException for one that was cut off, which http.client passes over."""
    data = response.read(most)
    if response.length and len(data) < most:
        raise http.client.IncompleteRead(data, response.length)
    return data


def _with(path: str, query: Mapping[str, str]) -> str:
    chosen = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(chosen, errors='replace')}" if chosen else path


def _not_proved(place: Place, status: int) -> RemoteError:
    """Whoever answered does not know the token, or could not take the call to where that is known: nothing it says is told."""
    if status in BUSY:
        return RemoteError("busy", f"the server at {place.url} has too much to do", hint="try again in a moment")
    if status == 401:
        hint = "take the one of gateway.json in its data directory; a server of an earlier version must be restarted"
        return RemoteError("token", f"what answers at {place.url} does not take the token of {place.source}", hint=hint)
    return RemoteError("unreachable", f"what answers at {place.url} is not the server of {place.source}: it does not know the token", hint=HOW_TO_START)  # fmt: skip


def _refusal(place: Place, status: int, data: bytes) -> RemoteError | None:
    """What the server says is wrong; None when it only stops: then it is gone in a moment."""
    try:
        _understood(place, status, data)
    except RemoteError as error:
        return None if error.code == "stopping" else error
    return None


def _understood(place: Place, status: int, data: bytes) -> Json:
    """The JSON object of an answer. Raises RemoteError with what the server says is wrong."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RemoteError(
            "unexpected", f"{place.url} answered {status} and no JSON: is it PhoneWork's server?", hint=""
        )
    if status < 400:
        return found
    error = found.get("error")
    if not isinstance(error, dict):
        raise RemoteError("unexpected", f"{place.url} answered {status}")
    raise RemoteError(str(error.get("code", "")), str(error.get("message", "")), hint=str(error.get("hint") or ""))
