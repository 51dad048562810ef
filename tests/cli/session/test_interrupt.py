"""Ctrl-C at a command that waits: it ends as other programs do, and says nothing."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from phonework.proof import PROOF
from phonework.testing.loopback import Request, ScriptedServer, answer
from phonework.testing.proving import call_of

SESSION = {
    "id": "fizz-top", "name": "", "group": "", "state": "executing", "queue": 0, "last": None, "cwd": "/", "backend": "demo", "request": None,
}  # fmt: skip
ASKED = {
    "id": "r1", "kind": "confirm", "tool": "Bash", "prompt": "May I?", "command": "make", "notes": [], "questions": [],
}  # fmt: skip
TOKEN = "secret"


class AtWork(ScriptedServer[Request]):
    """A session that works, and asks; nothing ever happens to it."""

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await self.remember(request)
        call = call_of(request, TOKEN)
        assert call
        if request.path == "/v1/events":
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
            writer.write(f"{head}{PROOF}: {call.proof_of_beginning(TOKEN, 200)}\r\n\r\n".encode())
            await self.pause({"hang": True}, writer)
        if request.path.endswith("/turns"):
            await self.pause({"gate": "turns"}, writer)
        body = json.dumps({**SESSION, "request": ASKED}).encode()
        await answer(writer, 200, body, extra={PROOF: call.proof_of_answer(TOKEN, 200, body)})


def started(url: str, place: Path, *words: str, terminal: int | None = None) -> "subprocess.Popen[bytes]":
    """A command to which Ctrl-C is what it is at a terminal, also where the tests run without one."""
    (place / "gateway.json").write_text(json.dumps({"url": url, "token": TOKEN}))
    (place / "gateway.json").chmod(0o600)
    outputs = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE if terminal is None else terminal)
    return subprocess.Popen(
        [sys.executable, "-m", "phonework", "session", *words],
        env={"HOME": str(place), "PHONEWORK_SERVER__DATA_DIR": str(place)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # nothing else runs in between
        **outputs,
    )  # fmt: skip


async def test_a_wait_ends_at_once_and_without_a_word(tmp_path: Path) -> None:
    async with AtWork() as server:
        process = started(server.url, tmp_path, "wait", "fizz-top")
        await server.reached("hang")
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.to_thread(process.communicate)

    assert (process.returncode, out, err) == (130, b"", b"")


async def test_a_look_ends_so_too(tmp_path: Path) -> None:
    async with AtWork() as server:
        process = started(server.url, tmp_path, "logs", "fizz-top")
        await server.reached("turns")
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.to_thread(process.communicate)

    assert (process.returncode, out, err) == (130, b"", b"")


async def test_a_question_at_the_terminal_that_is_not_answered_decides_nothing(tmp_path: Path) -> None:
    screen, theirs = pty.openpty()
    shown = b""
    async with AtWork() as server:
        process = started(server.url, tmp_path, "approve", "fizz-top", terminal=theirs)
        os.close(theirs)
        with contextlib.suppress(OSError):  # how a terminal ends whose last program has ended (Linux)
            while piece := await asyncio.to_thread(os.read, screen, 4096):
                shown += piece
                if shown.endswith(b"[y/N]: "):
                    process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait)
        methods = {request.method for request in server.requests}
    os.close(screen)

    assert process.returncode == 130, shown
    assert b"Aborted" not in shown
    assert methods == {"GET"}
