"""A script of one of the people in the kill test: it sends again, under the same key, until it is told that it is stored."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any, Final

from phonework.errors import RemoteError
from phonework.gateway.client import Client, part
from phonework.gateway.place import from_file

if TYPE_CHECKING:
    from phonework.testing.kill_load import Deeds
    from phonework.testing.server import Server

Json = dict[str, Any]

LATER: Final = ("unreachable", "busy", "stopping", "store", "unexpected", "token")
"""What a server says that is not there, or whose place another one has now."""
ANSWERS_WITHIN_S: Final = 10.0


class Program:
    """Writes to the one session of its person, and now and then allows what is asked there."""

    def __init__(self, server: Server, deeds: Deeds, chance: random.Random) -> None:
        self._server, self._deeds, self._chance = server, deeds, chance
        self._session = ""
        self._pending: list[str] = []
        self.problems: list[str] = []

    async def arrive(self) -> None:
        """Find the session, while the server runs."""
        found = await asyncio.to_thread(self._get, "/v1/sessions")
        self._session = found["sessions"][0]["id"]

    async def live(self, over: asyncio.Event) -> None:
        """Do something, wait a moment, do something, until it is over."""
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(0.1, 0.6)):
                    await over.wait()
            await self._act()

    async def finish(self) -> None:
        """Everything that was begun is stored, while the server runs."""
        for key in tuple(self._pending):
            await self._send(key)
        self.problems += [f"a program's message {key} was never taken" for key in self._pending]

    async def _act(self) -> None:
        roll = self._chance.random()
        if self._pending and roll < 0.6:
            await self._send(self._pending[0])
        elif self._deeds.acknowledged and roll < 0.7:
            await self._send(self._chance.choice(sorted(self._deeds.acknowledged)))
        elif roll < 0.85:
            await self._allow()
        else:
            key = f"k{len(self._deeds.sent)}"
            self._deeds.sent[key] = self._chance.choice(("say {key}", "say {key}", "yes")).format(key=key)
            self._pending.append(key)
            await self._send(key)

    async def _send(self, key: str) -> None:
        body = {"text": self._deeds.sent[key], "how": self._chance.choice(("queue", "queue", "interrupt"))}
        try:
            taken = await asyncio.to_thread(self._post, f"/v1/sessions/{part(self._session)}/prompts", body, key)
        except RemoteError as error:
            if error.code not in LATER and key in self._pending:
                self._pending.remove(key)  # such as a queue that is full: the same will be said again
            return
        if key in self._pending:
            self._pending.remove(key)
        if self._deeds.acknowledged.setdefault(key, taken["prompt_id"]) != taken["prompt_id"]:
            self.problems.append(f"a program's message {key} became {taken['prompt_id']} when it was sent again")

    async def _allow(self) -> None:
        try:
            session = await asyncio.to_thread(self._get, f"/v1/sessions/{part(self._session)}")
            if (request := session["request"]) is not None and request["kind"] == "confirm":
                self._deeds.yes.add(request["id"])
                body = {"verdict": "allow", "request_id": request["id"]}
                await asyncio.to_thread(self._post, f"/v1/sessions/{part(self._session)}/answer", body, "")
        except RemoteError:
            return  # it is dead, or somebody was faster

    def _get(self, path: str) -> Json:
        with self._client() as client:
            return client.get(path)

    def _post(self, path: str, body: Json, key: str) -> Json:
        with self._client() as client:
            return client.post(path, body, key=key)

    def _client(self) -> Client:
        place = self._server.data_dir / "gateway.json"
        return Client(lambda: from_file(place), timeout_s=ANSWERS_WITHIN_S)
