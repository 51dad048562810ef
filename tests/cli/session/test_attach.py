"""`phonework session attach`: what is run in the place of this process, in a real terminal."""

import asyncio
import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from phonework.testing.loopback import Request, ScriptedServer, answer


class Terminals(ScriptedServer[Request]):
    """A server with one session, at the terminal that these words show."""

    words: tuple[str, ...] = ()

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/terminal"):
            await answer(writer, 200, json.dumps({"attach": self.words}).encode())
        else:
            await answer(writer, 200, b'{"id": "fizz-top", "name": "", "backend": "x"}')


def attached(url: str, place: Path, *, terminal: bool = True, remote: bool = False) -> tuple[int, str]:
    """Run it at a terminal of its own: exit code, and what is on the screen."""
    (place / "gateway.json").write_text(json.dumps({"url": url, "token": "secret"}))
    (place / "gateway.json").chmod(0o600)
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "PHONEWORK_SERVER__DATA_DIR": str(place)}
    if remote:
        environment |= {"PHONEWORK_GATEWAY_URL": url, "PHONEWORK_GATEWAY_TOKEN": "secret"}
    command = [sys.executable, "-m", "phonework", "session", "attach", "fizz-top"]
    screen, theirs = pty.openpty()
    stdin = theirs if terminal else subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdin=stdin, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends whose last program has ended (Linux)
            while piece := os.read(screen, 4096):
                shown += piece
    os.close(screen)
    return process.returncode, shown.decode()


@pytest.mark.parametrize(
    ("words", "options", "code", "shown"),
    [
        (("sh", "-c", "tty >/dev/null && echo at the desk; exit 7"), {}, 7, "at the desk"),
        (("no-such-program-here",), {}, 1, "no-such-program-here is not installed here"),
        (("true",), {"terminal": False}, 1, "this is no terminal"),
        (("true",), {"remote": True}, 1, "its terminal is on another machine"),
    ],
)
async def test_the_command_takes_the_place_of_this_one(
    words: tuple[str, ...], options: dict[str, bool], code: int, shown: str, tmp_path: Path
) -> None:
    async with Terminals() as server:
        server.words = words
        ended, screen = await asyncio.to_thread(lambda: attached(server.url, tmp_path, **options))

    assert (ended, shown in screen) == (code, True), screen
