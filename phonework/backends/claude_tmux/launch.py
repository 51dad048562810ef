"""How Claude Code is started in a terminal: its words, its environment, and the hooks that hold for this process alone."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from phonework.backends import hook_client
from phonework.backends.claude import launcher
from phonework.backends.claude_tmux import begin
from phonework.backends.claude_tmux.calls import VARIABLES

SOON: Final = 10  # seconds a hook that asks nobody may take
HELD: Final = 7 * 24 * 3600
"""Seconds a question may wait for a person: Claude Code ends the hook of a longer one, and asks at its terminal alone."""
EVENTS: Final = ("UserPromptSubmit", "PermissionRequest", "Stop", "StopFailure", "SessionEnd")
# What the SDK's launcher tells its agents, and ours are none.
_OF_THE_SDK: Final = ("CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SDK_READS_SESSION_STATE")


def hooks(gateway: Path, backend: str, *, own: bool = False) -> dict[str, list[dict[str, Any]]]:
    """The hooks as they stand in Claude Code's settings. gateway: the file that says where the server is.

    own: for an agent that the server began itself.
    """
    return {event: [{"hooks": [_hook(gateway, backend, event, own=own)]}] for event in EVENTS}


def _hook(gateway: Path, backend: str, event: str, *, own: bool) -> dict[str, Any]:
    held = event == "PermissionRequest"
    flags = [*(["--own"] if own else []), *(["--hold"] if held else [])]
    program = [sys.executable, "-I", "-S", hook_client.__file__]
    words = [*program, str(gateway), backend, *flags, *VARIABLES]
    return {"type": "command", "command": shlex.join(words), "timeout": HELD if held else SOON}


def words(
    cli: str,
    *,
    gateway: Path,
    backend: str,
    session_id: str,
    resume: str = "",
    fork: bool = False,
    model: str = "",
    mode: str = "",
) -> list[str]:
    """The words of a session at a terminal; see launcher.command. mode: never empty, or nothing would be asked of anybody.

    Without a mode Claude Code at a terminal lets a server of the vendor's decide what is asked (2.1.329).
    """
    settings = {"hooks": hooks(gateway, backend, own=True), "useAutoModeDuringPlan": False}
    found = [cli, "--settings", json.dumps(settings)]
    found += [f"--resume={resume}"] if resume else []
    found += ["--fork-session"] if fork else []
    found += [f"--session-id={session_id}"] if fork or not resume else []
    found += [f"--model={model}"] if model else []
    return [*found, f"--permission-mode={mode}"]


def environment(settings: launcher.Settings, mark: str) -> dict[str, str]:
    """As of every agent of ours, but that it sits at a terminal."""
    told = launcher.environment(settings, mark)
    return {name: value for name, value in told.items() if name not in _OF_THE_SDK or name in settings.env}


def to_begin(directory: Path, command: list[str], environment: Mapping[str, str]) -> list[str]:
    """The words for tmux that become the command. directory: where the rest is handed over; blocks."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{uuid4().hex}.json"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"words": command, "environment": dict(environment)}, file)
    return [sys.executable, "-I", "-S", begin.__file__, str(path)]
