"""The scratch project: made in an empty directory, kept in git, changed only by edits that were agreed to."""

import asyncio
import difflib
import os
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path

from phonework.backends.demo.process import Finished, python_name, run
from phonework.backends.demo.scratch import FILES, Feature, features
from phonework.errors import BackendError

MARKER = ".phonework-demo"
_IDENTITY = ("-c", "user.name=Demo agent", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One file, before and after. title: Chinese and English."""

    path: str
    before: str
    after: str
    title: tuple[str, str] = ("", "")

    @property
    def diff(self) -> str:
        """The unified diff, as git writes it."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{self.path}",
            f"b/{self.path}",
        )
        return "".join(lines)


class Project:
    """A directory the demo agent made and may change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.test_command = (python_name(), "-m", "unittest", "-v")
        self._git = shutil.which("git") is not None

    @classmethod
    async def open(cls, directory: Path, lock: asyncio.Lock) -> "Project":
        """Return the project in `directory`, made if that is empty; else in a folder of our own inside it.

        lock: held meanwhile, so that two sessions in one directory do not make it together.
        Raises BackendError when there is no such directory or no place left in it.
        """
        try:
            async with lock:
                project = cls(await asyncio.to_thread(_place, directory))
                if not (project.root / MARKER).exists():
                    await project._make()
        except OSError as error:
            raise BackendError("demo.unusable", problem=error.strerror or str(error)) from error
        return project

    def files(self) -> list[str]:
        """Return the paths of the project's own files."""
        return [path for path in FILES if (self.root / path).is_file()]

    def propose(self, path: str = "") -> Edit:
        """Return the next change: a function that is not there yet."""
        feature = next(feature for feature in features(path) if f"def {feature.name}(" not in self._read(feature.path))
        return self._adding(feature)

    def still_possible(self, edit: Edit) -> bool:
        """Tell whether the file is still as the edit expects it."""
        return edit.path in FILES and self._read(edit.path) == edit.before

    async def apply(self, edit: Edit) -> None:
        """Write the file. Raises BackendError when it is not as the edit expects it."""
        if not self.still_possible(edit):
            raise BackendError("demo.changed", path=edit.path)
        await asyncio.to_thread(_replace, self._inside(edit.path), edit.after)

    async def test(self) -> Finished:
        """Run the project's tests."""
        return await run(self.test_command, cwd=self.root)

    async def keep(self) -> None:
        """Commit what earlier turns changed, so that the next summary shows the next change only."""
        await self._run_git("commit", "-q", "-a", "-m", "Keep the demo agent's last change", check=False)

    async def summary(self, edits: tuple[Edit, ...]) -> str:
        """Return `git diff --stat`, or the same counted by us where there is no git."""
        if self._git:
            return (await self._run_git("diff", "--stat")).output.strip("\n")
        return "\n".join(_counted(edit) for edit in edits)

    async def _make(self) -> None:
        for path, text in FILES.items():
            await asyncio.to_thread(_replace, self.root / path, text)
        (self.root / ".git" / "index.lock").unlink(missing_ok=True)  # left by an interrupt while making it
        await self._run_git("init", "-q")
        await self._run_git("add", "--", *FILES)
        await self._run_git("commit", "-q", "-m", "A small shop", check=False)  # it may be there already
        # Last: without it, what an interrupt left half made is made again.
        await asyncio.to_thread(_replace, self.root / MARKER, "Made by PhoneWork's demo agent, which may change it.\n")

    async def _run_git(self, *arguments: str, check: bool = True) -> Finished:
        if not self._git:
            return Finished(code=0, output="")
        command = ("git", *_IDENTITY, "--no-pager", *arguments)
        finished = await _undisturbed(run(command, cwd=self.root, timeout=20.0))
        if check and not finished.ok:
            raise BackendError("demo.git", command=arguments[0], problem=finished.output.strip()[-300:])
        return finished

    def _adding(self, feature: Feature) -> Edit:
        before = self._read(feature.path)
        return Edit(path=feature.path, before=before, after=before + feature.code, title=feature.title)

    def _read(self, path: str) -> str:
        try:
            return self._inside(path).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def _inside(self, path: str) -> Path:
        """Return where the file is. A link that leads out of the project is not followed."""
        found = (self.root / path).resolve()
        if not found.is_relative_to(self.root.resolve()):
            raise BackendError("demo.outside", path=str(path))
        return found


async def _undisturbed(work: Coroutine[None, None, Finished]) -> Finished:
    """Let it come to its end when interrupted, for a git that is killed leaves its lock behind; not the second time."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _place(directory: Path) -> Path:
    """Return the directory itself if it is ours, empty or half made by us; else a folder of ours inside it."""
    if not directory.is_dir():
        raise BackendError("agent.no_directory", directory=str(directory))
    for place in (directory, *(directory / f"phonework-demo{end}" for end in ("", "-2", "-3"))):
        if place.is_symlink() and place != directory:
            continue
        place.mkdir(exist_ok=True)
        if (place / MARKER).is_file() or _is_ours_or_empty(place):
            return place
    raise BackendError("demo.in_use", directory=str(directory))


def _is_ours_or_empty(place: Path) -> bool:
    for entry in place.iterdir():
        if entry.name == ".git" or entry.name.startswith(".phonework"):
            continue
        if not _is_unchanged(entry, place):
            return False
    return not (place / ".git").exists() or (place / "shop").exists()


def _is_unchanged(entry: Path, place: Path) -> bool:
    """Tell whether an entry was left by our own making of the project, interrupted half way."""
    if entry.is_symlink():
        return False
    if entry.is_dir():
        return entry.name != "__pycache__" and all(_is_unchanged(inner, place) for inner in entry.iterdir())
    path = entry.relative_to(place).as_posix()
    return path in FILES and entry.read_text(encoding="utf-8", errors="replace") == FILES[path]


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".phonework-{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)  # noqa: PTH105 - the one call that replaces at once


def _counted(edit: Edit) -> str:
    lines = edit.diff.splitlines()[2:]
    added = sum(line.startswith("+") for line in lines)
    return f" {edit.path} | {added} +, {sum(line.startswith('-') for line in lines)} -"
