"""The whole program with the real Codex and a fake Responses API."""

from __future__ import annotations

from pathlib import Path

import psutil  # type: ignore[import-untyped]

from phonework.backends.codex.program import MARK
from phonework.testing.coder import AgentServer
from phonework.testing.fake_responses import FakeResponses
from phonework.testing.phone import Phone
from phonework.testing.zygote import Zygote


class CodexServer(AgentServer):
    """`phonework serve` whose agent is the real Codex; what it needs reaches it through our own environment."""

    def __init__(self, zygote: Zygote, phone: Phone, place: Path, api: FakeResponses, **settings: str | None) -> None:
        super().__init__(zygote, phone, place, **{"AGENT__DEFAULT": "codex", **settings})
        self.api = api
        self._more = api.write_config(place / "home" / "codex")

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in self._more.items() if name != "HOME"}
        return {**super().environment, **own}

    def agents(self) -> list[psutil.Process]:
        """Codex and everything it has started."""
        return [one for one in psutil.process_iter() if _mark_of(one).startswith(str(self.data_dir))]


def _mark_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except psutil.Error:
        return ""
