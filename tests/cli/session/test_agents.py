"""`phonework session` from inside an agent: it finds the server that runs the agent, whatever that was told by."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from phonework.backends import registry
from phonework.backends.claude import launcher
from phonework.backends.codex import program
from phonework.backends.codex.settings import CodexSettings
from phonework.proof import PROOF
from phonework.testing.loopback import LoopbackServer, Request, answer
from phonework.testing.proving import call_of


class Empty(LoopbackServer):
    """A server without sessions."""

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        call, body = call_of(request, "secret"), b'{"sessions": [], "next": ""}'
        await answer(writer, 200, body, extra={PROOF: call.proof_of_answer("secret", 200, body)} if call else {})


def claudes(mark: str) -> dict[str, str]:
    return launcher.environment(launcher.Settings(env={}), mark)


def codexes(mark: str) -> dict[str, str]:
    return program.environment(CodexSettings(), mark)


@pytest.fixture
def directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Where kinds of agents have their data, under a server that was given a path of its own directory."""
    found: list[Path] = []

    def factory(*, data_dir: Path, **_rest: Any) -> None:
        found.append(data_dir)

    kind = registry.kinds()["demo"]
    monkeypatch.setattr(registry, "kinds", lambda: {"demo": type(kind)(**{**_fields(kind), "factory": factory})})
    monkeypatch.chdir(tmp_path)
    registry.build(None, lambda _name: {}, Path("data"))  # type: ignore[arg-type]  # nobody is told anything
    return found


def _fields(kind: Any) -> Mapping[str, Any]:
    return {name: getattr(kind, name) for name in kind.__dataclass_fields__}


@pytest.mark.parametrize("environment_of", [claudes, codexes])
async def test_the_server_that_runs_it_is_found(
    environment_of: Any, directories: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PHONEWORK_SERVER__DATA_DIR", "data")  # as the server was told; not for its agents
    environment = environment_of(f"{directories[0]}:fizz-top")
    assert not [name for name in environment if name.startswith("PHONEWORK_")]
    (tmp_path / "data").mkdir()
    (tmp_path / "project").mkdir()
    async with Empty() as server:
        path = tmp_path / "data/gateway.json"
        path.write_text(json.dumps({"url": server.url, "token": "secret"}))
        path.chmod(0o600)
        words = [sys.executable, "-m", "phonework", "session", "list", "--json"]
        done = await asyncio.to_thread(
            subprocess.run,
            words,
            env=environment,
            cwd=tmp_path / "project",
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"sessions": []}
