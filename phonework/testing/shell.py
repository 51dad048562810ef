"""A shell beside a running server: the real command line, each command a process of its own, as scripts run it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]

from phonework.testing.marks import until
from phonework.testing.server import Server

END_S = 60.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A shell beside the server, in its working root."""

    def __init__(self, server: Server) -> None:
        self.server = server
        program = server.place / "bin/phonework"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m phonework "$@"\n')
        program.chmod(0o755)
        server.work.mkdir(exist_ok=True)
        self.environment = {
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(server.place / "home"),
            "PHONEWORK_SERVER__DATA_DIR": str(server.data_dir),
        }
        self.running: list[asyncio.subprocess.Process] = []

    async def start(self, *words: str, **environment: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=self.server.work, env={**self.environment, **environment}
        )
        self.running.append(process)
        return process

    async def session(self, *words: str, stdin: str = "", **environment: str) -> Ran:
        """Run `phonework session words…` to its end."""
        return await ended(await self.start("phonework", "session", *words, **environment), stdin)

    async def waiting(self, *words: str) -> asyncio.subprocess.Process:
        """`phonework session wait words…`, once it listens to the server."""
        process = await self.start("phonework", "session", "wait", *words)
        port = int(self.server.url.rpartition(":")[2])
        await until(lambda: connected(process.pid, port))
        return process

    async def makes(self, *words: str) -> str:
        """A new session's id."""
        made = await self.session("create", *words)
        assert made.code == 0, made.err
        return made.out.strip()

    async def aclose(self) -> None:
        for process in self.running:
            if process.returncode is None:
                process.kill()
                await process.communicate()


def connected(pid: int, port: int) -> bool:
    """Whether the process has two connections to the port: one to ask, one to listen."""
    try:
        found = psutil.Process(pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    return len([each for each in found if each.status == "ESTABLISHED" and each.raddr and each.raddr.port == port]) >= 2


async def ended(process: asyncio.subprocess.Process, stdin: str = "") -> Ran:
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), END_S)
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return Ran(process.returncode, out.decode(), err.decode())
