"""Whether Claude Code can be used here: its version, and if wanted a real turn of one line."""

import asyncio
import json
from pathlib import Path
from time import monotonic

from phonework.backends.claude import failures, launcher
from phonework.backends.claude import messages as told
from phonework.errors import BackendError

PROMPT = "Reply with the single word OK."
WITHIN = 60.0  # seconds


async def ping(settings: launcher.Settings, data_dir: Path, *, smoke: bool) -> str:
    """A line on version and readiness. Raises BackendError when it is not well."""
    cli = launcher.find_cli(settings.cli_path)
    version, _ = await _run(settings, data_dir, [cli, "--version"], 10.0)
    line = f"Claude Code {version.split()[0]}" if version.split() else "Claude Code of an unknown version"
    if not smoke:
        return line
    words = [cli, "-p", PROMPT, "--output-format", "json", "--max-turns", "1", "--strict-mcp-config"]
    begun = monotonic()
    said, error = await _run(settings, data_dir, words, WITHIN)
    result = _result(said)
    if result is None:
        raise BackendError("claude.no_answer", said=failures.detail(error or said))
    if result.is_error:
        raise failures.of_result(result)
    return f"{line}, answered in {monotonic() - begun:.1f} s"


def place(data_dir: Path) -> Path:
    """The directory it runs in; nobody's conversation is there."""
    return data_dir / "claude"


async def _run(settings: launcher.Settings, data_dir: Path, words: list[str], within: float) -> tuple[str, str]:
    """Run the program in a directory of its own and return its output and error output."""
    directory = place(data_dir)
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    env = launcher.environment(settings, f"{data_dir}:ping")
    inside = await launcher.confined(settings, env, cli=words[0], hide=[str(data_dir)])
    process = await asyncio.create_subprocess_exec(
        *launcher.dies_with_us(),
        *inside,
        *words,
        cwd=directory,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate()
    except TimeoutError:
        raise BackendError("claude.no_answer_within", seconds=f"{within:.0f}") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return out.decode("utf-8", "replace").strip(), err.decode("utf-8", "replace").strip()


def _result(said: str) -> told.Result | None:
    try:
        frame = json.loads(said)
    except ValueError:
        return None
    found = told.facts(frame) if isinstance(frame, dict) else []
    return next((one for one in found if isinstance(one, told.Result)), None)
