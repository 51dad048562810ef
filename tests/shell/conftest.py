"""A scratch place with a repository, a home and temporary files, in which the real programs run."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from phonework.shell import environment
from phonework.shell.run import Finished, run


@dataclass(frozen=True)
class Scratch:
    """All of it lies in `place`; commands run in `app`, inside the working root `work`."""

    place: Path

    @property
    def root(self) -> Path:
        return self.place / "work"

    @property
    def app(self) -> Path:
        return self.root / "app"

    def environment(self, **more: str) -> dict[str, str]:
        own = {"HOME": str(self.place / "home"), "TMPDIR": str(self.place / "tmp"), "LANG": "C.UTF-8"}
        return environment.of_command({"PATH": os.environ["PATH"], **own, **more}, unattended=True)

    async def run(self, command: str, seconds: float = 30, limit_bytes: int = 4096, **more: object) -> Finished:
        options: dict[str, object] = {"environment": self.environment(), "cwd": self.app, **more}
        return await run(command, timeout=timedelta(seconds=seconds), limit_bytes=limit_bytes, **options)  # type: ignore[arg-type]

    def git(self, *words: str, at: Path | None = None) -> None:
        subprocess.run(["git", *words], cwd=at or self.app, env=self.environment(), check=True, capture_output=True)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    found = Scratch(tmp_path.resolve())
    for place in ("home", "tmp", "work/app/src", "work/app/docs", "work/app/数据"):
        (found.place / place).mkdir(parents=True)
    for name, text in {
        "README.md": "# TODO\na.b “引号”\n", "log.txt": "error: x\nok\n" * 40, "src/main.py": "def main():\n    pass  # TODO\n" * 9,
        "src/other.py": "foo\n", "users.txt": "b:2\na:1\n", "package.json": '{"name": "app"}', "pyproject.toml": "", "data.py": "x\n",
        "données.txt": "é\n", "数据/文件.txt": "好\n",
    }.items():  # fmt: skip
        (found.app / name).write_text(text, encoding="utf-8")
    found.git("init", "-q", "-b", "main")
    for key, value in {
        "user.name": "Ada",
        "user.email": "ada@example.org",
        "gc.auto": "0",
        "maintenance.auto": "false",
    }.items():
        found.git("config", key, value)
    for message in ("one", "two"):
        (found.app / "README.md").write_text(f"# TODO {message}\na.b “引号”\n", encoding="utf-8")
        found.git("add", "-A")
        found.git("commit", "-qm", message)
    found.git("branch", "dev")
    (found.app / "src/other.py").write_text("foo bar\n")
    return found


@pytest.fixture
def snapshot(scratch: Scratch) -> Callable[[], dict[str, tuple[int, int, int, bytes]]]:
    """Everything in the scratch place but times of reading."""

    def taken() -> dict[str, tuple[int, int, int, bytes]]:
        return {
            str(path): (
                state.st_mode,
                state.st_mtime_ns,
                state.st_ctime_ns,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in sorted(scratch.place.rglob("*"))
            for state in [path.lstat()]
        }

    return taken
