"""The whole program beside an emulator: start it, kill it, stop it, look into it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from phonework.testing.zygote import Child, Zygote

Json = dict[str, Any]

REST_S = 30.0


class Server:
    """`phonework serve` in a process of its own, again and again on the same data directory.

    place: gets `data`, `work` and `home`. Settings by name, like `ACCESS__ALLOW="ou_ada"`; None takes one away.
    constants, internet: see `Zygote.spawn`. programs: a directory whose programs go before the system's.
    """

    def __init__(self, zygote: Zygote, feishu_url: str, place: Path, **settings: str | None) -> None:
        self._zygote, self.place = zygote, place
        self.data_dir, self.work = place / "data", place / "work"
        self.settings: dict[str, str | None] = {
            "FEISHU__APP_ID": "cli_demo",
            "FEISHU__APP_SECRET": "demo-secret",
            "FEISHU__DOMAIN": feishu_url,
            "ACCESS__ALLOW": "ou_demo",
            "WORK__ROOT": str(self.work),
            "SERVER__DATA_DIR": str(self.data_dir),
            "SERVER__PORT": "0",
            "AGENT__DEFAULT": "demo",
            "DEMO__DELAY": "0",
            "UI__LANGUAGE": "en",
            "LOG__FORMAT": "json",
            **settings,
        }
        self.constants: dict[str, float] = {}
        self.internet: Json | None = None
        self.programs: Path | None = None
        (place / "home").mkdir(parents=True, exist_ok=True)
        self.child: Child | None = None
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        if self.programs is not None:
            kept["PATH"] = f"{self.programs}{os.pathsep}{kept['PATH']}"
        chosen = {f"PHONEWORK_{name}": value for name, value in self.settings.items() if value is not None}
        return {**kept, "HOME": str(self.place / "home"), **chosen}

    @property
    def token(self) -> str:
        """What programs of the machine show it, as it wrote it down when it started."""
        return str(json.loads((self.data_dir / "gateway.json").read_text())["token"])

    # Its life

    async def start(self, *flags: str, connected: bool = True) -> Child:
        """Return when it runs, and (connected) has its socket to Feishu. Raises AssertionError when it ends before."""
        child = self.spawn(*flags)
        self.url = str((await asyncio.to_thread(child.says, "phonework is running"))["url"])
        if connected:
            await asyncio.to_thread(child.says, "feishu connected")
        return child

    def spawn(self, *flags: str) -> Child:
        """Start it and do not wait."""
        more: Json = {"constants": self.constants, "internet": self.internet}
        self.child = self._zygote.spawn("serve", *flags, env=self.environment, cwd=self.place, **more)
        return self.child

    async def kill(self) -> None:
        """SIGKILL; return when it is gone."""
        assert self.child is not None
        self.child.signal(signal.SIGKILL)
        assert await asyncio.to_thread(self.child.wait) == -signal.SIGKILL, self.child.tail()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to stop, see exit code 0, and return how many seconds it took."""
        assert self.child is not None
        begun = time.monotonic()
        self.child.signal(number)
        code = await asyncio.to_thread(self.child.wait)
        assert code == 0, f"exit code {code}:\n{self.child.tail()}"
        return time.monotonic() - begun

    async def aclose(self) -> None:
        """End it however it is."""
        if self.child is not None and not self.child.ended:
            self.child.signal(signal.SIGKILL)
            await asyncio.to_thread(self.child.wait)

    async def says(self, event: str) -> Json:
        """The first line of its log about this event."""
        assert self.child is not None
        return await asyncio.to_thread(self.child.says, event)

    # Looking into it

    async def command(self, *words: str) -> Child:
        """Run `phonework words…` beside it, with the same settings."""
        return await asyncio.to_thread(
            lambda: self._zygote.run(*words, env=self.environment, cwd=self.place),
        )

    async def inspect(self, user: str = "ou_demo") -> Json:
        """What `phonework inspect --json` says."""
        child = await self.command("inspect", user, "--json")
        assert child.returncode == 0, child.tail()
        return dict(json.loads("".join(child.stdout)))

    async def session(self, user: str = "ou_demo", place: int = 0) -> Json:
        """One session as `inspect` shows it."""
        return dict((await self.inspect(user))["sessions"][place])

    async def health(self) -> tuple[int, Json]:
        """Status code and body of `GET /health`."""
        return await asyncio.to_thread(self._health)

    def _health(self) -> tuple[int, Json]:
        try:
            with build_opener(ProxyHandler({})).open(f"{self.url}/health", timeout=20) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    async def at_rest(self) -> None:
        """Return when no effect is owed; what the phone shows is a moment older than its receipt."""
        assert self.child is not None
        async with asyncio.timeout(REST_S):
            while self.rows("SELECT 1 FROM effect WHERE status IN ('owed', 'claimed')"):
                ended = await asyncio.to_thread(self.child.ends_within, 0.02)
                assert not ended, self.child.tail()

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Read its database from outside, also while it runs."""
        with closing(sqlite3.connect(f"file:{self.data_dir / 'phonework.db'}?mode=ro", uri=True, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(sql, values).fetchall()
