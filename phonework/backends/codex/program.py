"""Which Codex is run, with which words, in which environment; and running it for a line."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from phonework.backends import programs
from phonework.backends.codex.settings import CodexSettings
from phonework.backends.hook_client import MARK as MARK
from phonework.backends.keeper import dies_with_us
from phonework.errors import BackendError

SAYS_WITHIN: Final = 10.0  # seconds for a line
LONGEST_DETAIL: Final = 500  # characters of somebody else's words


def find(wanted: str) -> str:
    """The program to run; usually the one that is installed with us. Raises BackendError when there is none."""
    found = programs.find("codex", wanted, _bundled)
    if not found:
        raise BackendError("codex.not_there", path=wanted) if wanted else BackendError("codex.not_installed")
    return found


def _bundled() -> str:
    try:
        from codex_cli_bin import bundled_codex_path
    except ImportError:
        return ""
    path = Path(bundled_codex_path())
    return str(path) if path.is_file() else ""


def environment(settings: CodexSettings, mark: str) -> dict[str, str]:
    """Ours, the configured one over it, and the mark. PHONEWORK_* does not reach it: our secrets are not for it and its tools."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PHONEWORK_")}
    return {**inherited, **settings.env, MARK: mark}


def home(env: Mapping[str, str]) -> Path:
    """Where Codex with this environment keeps what is its own."""
    if named := env.get("CODEX_HOME"):
        return Path(named)
    return Path(env.get("HOME") or Path.home()) / ".codex"


def server_words(program: str, socket: Path) -> list[str]:
    """Strict: a mistake in config.toml would otherwise leave its place to the defaults, another provider among them.

    Without the second option a connection that is refused is tried again for ever (0.163.0).
    """
    retries = "features.unbounded_connection_retries=false"
    listen = ["--listen", f"unix://{socket}"]
    return [*dies_with_us(), program, "app-server", "--strict-config", "-c", retries, *listen]


async def line(words: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    """Its exit code and the last line it says on either output. Raises BackendError when it cannot be run, or says nothing in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *dies_with_us(),
            *words,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise BackendError("codex.not_started", problem=error.strerror or str(error)) from error
    try:
        async with asyncio.timeout(SAYS_WITHIN):
            said, complained = await process.communicate()
    except TimeoutError:
        raise BackendError("codex.silent", seconds=f"{SAYS_WITHIN:.0f}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    lines = (said or complained).decode("utf-8", "replace").strip().splitlines()
    return process.returncode or 0, lines[-1].strip() if lines else ""


def why(stderr: str) -> str:
    """What Codex itself says went wrong, in one bounded line, without its backtrace and its warnings."""
    lines = [one.strip() for one in stderr.partition("Stack backtrace")[0].splitlines()]
    said = [one for one in lines if one and not one.startswith("WARNING: proceeding")]
    begun = next((number for number, one in enumerate(said) if one.startswith("Error")), max(0, len(said) - 3))
    return detail(" ".join(said[begun:]))


def detail(text: str) -> str:
    """Somebody else's words in one bounded line."""
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_DETAIL else words[: LONGEST_DETAIL - 1] + "…"
