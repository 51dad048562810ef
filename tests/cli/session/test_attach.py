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

from phonework.cli.session.attach import checked
from phonework.errors import PhoneWorkError
from phonework.proof import PROOF
from phonework.testing.loopback import Request, ScriptedServer, answer
from phonework.testing.proving import call_of

SHOWN = ("/opt/bin/tmux", "-f", "/opt/tmux.conf", "-L", "ours", "attach-session", "-t", "=fizz-top")


class Terminals(ScriptedServer[Request]):
    """A server with one session, at the terminal that these words show."""

    words: tuple[str, ...] = ()
    token = "secret"

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await self.remember(request)
        body = b'{"id": "fizz-top", "name": "", "backend": "x"}'
        if request.path.endswith("/terminal"):
            body = json.dumps({"attach": self.words}).encode()
        call = call_of(request, self.token)
        await answer(writer, 200, body, extra={PROOF: call.proof_of_answer(self.token, 200, body)} if call else {})


def attached(
    url: str, place: Path, *, terminal: bool = True, remote: bool = False, installed: bool = True
) -> tuple[int, str]:
    """Run it at a terminal of its own: exit code, and what is on the screen."""
    (place / "gateway.json").write_text(json.dumps({"url": url, "token": "secret"}))
    (place / "gateway.json").chmod(0o600)
    programs = place / "bin"
    programs.mkdir()
    if installed:
        (programs / "tmux").write_text('#!/bin/sh\necho "at the desk: $*"; exit 7\n')
        (programs / "tmux").chmod(0o755)
    environment = {"PATH": str(programs), "HOME": str(place), "PHONEWORK_SERVER__DATA_DIR": str(place)}
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
        (SHOWN, {}, 7, "at the desk: -L ours attach-session -t =fizz-top"),
        (SHOWN, {"installed": False}, 1, "tmux is not installed here"),
        (SHOWN, {"terminal": False}, 1, "this is no terminal"),
        (SHOWN, {"remote": True}, 1, "its terminal is on another machine"),
        (("sh", "-c", "echo at the desk"), {}, 1, "is not run"),
    ],
)
async def test_the_command_takes_the_place_of_this_one(
    words: tuple[str, ...], options: dict[str, bool], code: int, shown: str, tmp_path: Path
) -> None:
    async with Terminals() as server:
        server.words = words
        ended, screen = await asyncio.to_thread(lambda: attached(server.url, tmp_path, **options))

    assert (ended, shown in screen) == (code, True), screen


async def test_who_has_the_servers_port_opens_no_terminal_here(tmp_path: Path) -> None:
    """Such as one of theirs, on a socket of their own: tmux does there what its server says."""
    async with Terminals() as server:
        server.words, server.token = ("tmux", "-S", "/tmp/evil", "attach-session", "-t", "=x"), "guessed"
        ended, screen = await asyncio.to_thread(lambda: attached(server.url, tmp_path))
        heard = str(server.requests)

    assert (ended, "at the desk" in screen) == (6, False), screen
    assert "does not know the token" in screen
    assert "secret" not in heard


@pytest.mark.parametrize(
    ("words", "run"),
    [
        (SHOWN, ["tmux", "-L", "ours", "attach-session", "-t", "=fizz-top"]),
        (("tmux", "-S", "/tmp/tmux-0/default", "attach-session", "-t", "%3"), ["tmux", "-S", "/tmp/tmux-0/default", "attach-session", "-t", "%3"]),
        (("tmux", "attach", "-t", "=build"), ["tmux", "attach-session", "-t", "=build"]),
    ],
)  # fmt: skip
def test_what_is_run_is_tmux_that_shows_a_terminal(words: tuple[str, ...], run: list[str]) -> None:
    assert checked(list(words)) == run


@pytest.mark.parametrize(
    "words",
    [
        None, "tmux", [], [1], ["tmux"], ["tmux", "new-session", "sh"], ["tmux", "attach", "-t", "x", ";", "run-shell", "sh"],
        ["tmux", "attach", "-t", "x;"], ["tmux", "-L", "a;", "attach", "-t", "x"], ["tmux", "-c", "sh", "attach", "-t", "x"],
        ["tmux", "-L", 1, "attach", "-t", "x"], ["tmux", "attach", "-t", ""], ["tmux", "attach", "-t", "a\nb"],
        ["nottmux", "attach", "-t", "x"], ["sh", "-c", "tmux", "attach", "-t", "x"], {"attach": "x"},
    ],
)  # fmt: skip
def test_no_other_command_is_run(words: object) -> None:
    with pytest.raises(PhoneWorkError, match="is not run"):
        checked(words)
