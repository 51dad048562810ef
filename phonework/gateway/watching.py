"""Watching sessions until something is so: one stream after another, resumed where the last one broke; nothing is polled."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Final

from phonework.errors import RemoteError
from phonework.gateway.client import SILENCE_SECONDS, Client, Dropped, Json, Stream

PATH: Final = "/v1/events"
GRACE_SECONDS: Final = 15.0
"""So long a server that was lost may take to come back."""
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0


class OutOfTime(Exception):
    """The time that was given is over."""


def watch(
    client: Client,
    query: Mapping[str, str],
    *,
    deadline: float | None = None,
    grace_s: float = GRACE_SECONDS,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Json]:
    """Each session of the query as it is now, then again whenever it changes.

    deadline: when to give up, by `now`; None: never. Raises OutOfTime, and RemoteError: `server_stopped` when the server
    says goodbye, or was lost and is not back in time; what it says when it is there and takes no more who wait.
    """
    line = _Line(client, deadline, grace_s, now, pause, query)
    while True:
        with closing(line.open()) as stream:
            yield from line.sessions(stream)


class _Line:
    """The state of a watch between two streams."""

    def __init__(
        self,
        client: Client,
        deadline: float | None,
        grace_s: float,
        now: Callable[[], float],
        pause: Callable[[float], None],
        query: Mapping[str, str],
    ) -> None:
        self._client, self._deadline, self._grace_s, self._now, self._pause = client, deadline, grace_s, now, pause
        self._query, self._last_id, self._lost_at = query, "", now()

    def open(self) -> Stream:
        """The next stream, once there is one."""
        pause_s = FIRST_PAUSE_SECONDS
        while True:
            try:
                timeout_s = min(self._grace_s, self._left())
                return self._client.stream(PATH, self._last_id, timeout_s, **self._query)
            except (Dropped, TimeoutError) as error:
                self._give_up(error)
            except RemoteError as error:
                # A call made in the moment in which the server began may be older than it.
                if error.code != "stale_proof" or self._is_over():
                    raise
            self._pause(min(pause_s, self._left()))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_SECONDS)
            self._find()

    def sessions(self, stream: Stream) -> Iterator[Json]:
        """What it brings, until it breaks."""
        while True:
            try:
                events = stream.read(min(SILENCE_SECONDS, self._left()))
            except (Dropped, TimeoutError):
                self._left()
                self._lost_at = self._now()
                return
            for event in events:
                self._last_id = event.id
                if event.kind == "bye":
                    raise _stopped("the server stopped")
                if event.kind in ("state", "session"):
                    yield _session(event.data)

    def _find(self) -> None:
        try:
            self._client.again()
        except RemoteError as error:
            self._give_up(error)

    def _left(self) -> float:
        """Seconds that are left. Raises OutOfTime."""
        if self._deadline is None:
            return float("inf")
        left = self._deadline - self._now()
        if left <= 0:
            raise OutOfTime
        return left

    def _is_over(self) -> bool:
        """Whether the server had its time to come back."""
        return self._now() - self._lost_at > self._grace_s

    def _give_up(self, error: Exception) -> None:
        if self._is_over():
            if isinstance(error, Dropped) and error.refusal is not None:
                raise error.refusal from error
            raise _stopped(f"the server was lost and is not back after {self._grace_s:.0f} s") from error


def _stopped(what: str) -> RemoteError:
    return RemoteError(
        "server_stopped", what, hint="what runs in a session ends with it; start the server, and wait again"
    )


def _session(data: str) -> Json:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise RemoteError("unexpected", "the server sent an event that cannot be read", hint="is it of this version?")
    return found
