"""Judging and running commands as the settings say: for `/shell` and for the assistant alike."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from phonework import workdir
from phonework.sandbox import Sandbox
from phonework.shell import consent, environment
from phonework.shell.run import Finished, run
from phonework.shell.verdicts import Judgement, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A command that was judged. directory: where it will run, a real path inside the root."""

    command: str
    directory: Path
    judged: Judgement

    @property
    def unattended(self) -> bool:
        """Nobody is asked, so that it may only look."""
        return self.judged.verdict is Verdict.RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """root: the working root. limit_bytes: of an output, how much is kept. sandbox: what commands are confined to, or None."""

    root: Path
    timeout: timedelta
    limit_bytes: int
    sandbox: Sandbox | None = None

    async def judge(self, command: str, directory: str) -> Ready:
        """Look at a command. Raises RefusedError when it cannot run in the directory."""
        where = await asyncio.to_thread(workdir.resolve, directory, self.root)
        root = await asyncio.to_thread(self.root.resolve)
        found = environment.of_command(os.environ, unattended=True)
        return Ready(
            command=command,
            directory=where,
            judged=await consent.weigh(command, cwd=where, root=root, environment=found),
        )

    async def run(
        self,
        ready: Ready,
        *,
        stop: asyncio.Event | None = None,
        on_output: Callable[[str], None] = lambda _output: None,
    ) -> Finished:
        """Run it, whatever the judgement was. Raises OSError and SandboxError: then nothing was run."""
        return await run(
            ready.command,
            cwd=ready.directory,
            timeout=self.timeout,
            limit_bytes=self.limit_bytes,
            environment=environment.of_command(os.environ, unattended=ready.unattended),
            on_output=on_output,
            stop=stop,
            sandbox=self.sandbox,
        )
