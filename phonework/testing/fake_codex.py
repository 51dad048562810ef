"""A `codex` that says what a test wrote down: for what the real one does not do on request.

`install(directory, play)` makes the program; its path is a `cli_path`. play: by the method of a request, what is said in turn: `{"reply":
result}`, `{"error": [code, message]}`, `{"send": frame}`, `{"raw": text}`, or `{"break": true}` for the connection. What is not in it
is answered with an empty result. Only the first connection is served the play of `initialize`. What it was told is written down.
"""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, unix_serve

Play = dict[str, list[dict[str, Any]]]


def install(directory: Path, play: Play) -> Path:
    """The program, in this directory; `heard` reads what it was told."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "play.json").write_text(json.dumps(play))
    program = directory / "codex"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m phonework.testing.fake_codex {directory} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def heard(directory: Path) -> list[dict[str, Any]]:
    """Every frame it was sent so far, in order."""
    try:
        return [json.loads(line) for line in (directory / "heard.jsonl").read_text().splitlines()]
    except FileNotFoundError:
        return []


def conversation(thread_id: str = "thread-1", turn_id: str = "turn-1", *said: dict[str, Any]) -> Play:
    """A play in which a turn begins; said: what comes of it."""
    begun = {"method": "turn/started", "params": {"threadId": thread_id, "turn": {"id": turn_id}}}
    thread = {"thread": {"id": thread_id, "status": {"type": "idle"}}, "model": "m", "modelProvider": "fake"}
    return {
        "thread/start": [{"reply": thread}],
        "turn/start": [{"reply": {"turn": {"id": turn_id}}}, {"send": begun}, *said],
    }


def over(turn_id: str = "turn-1", status: str = "completed", thread_id: str = "thread-1") -> dict[str, Any]:
    """The turn ends."""
    params = {"threadId": thread_id, "turn": {"id": turn_id, "status": status, "items": []}}
    return {"send": {"method": "turn/completed", "params": params}}


class _Server:
    def __init__(self, directory: Path) -> None:
        self._heard = directory / "heard.jsonl"
        self._play: Play = json.loads((directory / "play.json").read_text())

    async def serve(self, socket: ServerConnection) -> None:
        async for message in socket:
            asked = json.loads(message)
            with self._heard.open("a") as file:
                file.write(json.dumps(asked) + "\n")
            if "method" in asked and "id" in asked:
                await self._answer(asked, socket)

    async def _answer(self, asked: dict[str, Any], socket: ServerConnection) -> None:
        for line in self._play.pop(asked["method"], [{"reply": {}}]):
            match line:
                case {"reply": result}:
                    await socket.send(json.dumps({"id": asked["id"], "result": result}))
                case {"error": [code, message]}:
                    await socket.send(json.dumps({"error": {"code": code, "message": message}, "id": asked["id"]}))
                case {"send": frame}:
                    await socket.send(json.dumps(frame))
                case {"raw": text}:
                    await socket.send(text)
                case _:
                    socket.transport.abort()


async def _run(directory: Path, listen: str) -> None:
    server = await unix_serve(_Server(directory).serve, listen.removeprefix("unix://"), compression=None)
    await server.serve_forever()


def main() -> None:
    """As the real one is called."""
    directory, *words = sys.argv[1:]
    if "--version" in words:
        sys.stdout.write("codex-cli 0.0.0\n")
    elif "app-server" in words:
        if why := os.environ.get("FAKE_CODEX_FAILS"):
            sys.stderr.write(
                f"WARNING: proceeding, even though something\nError: {why}\n\nStack backtrace:\n   0: <unknown>\n"
            )
            sys.exit(1)
        asyncio.run(_run(Path(directory), words[words.index("--listen") + 1]))


if __name__ == "__main__":
    main()
