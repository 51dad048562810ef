"""The real Codex at hand for tests: its own directories, a fake API, a backend, and a person who writes and answers."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phonework.testing.fake_replies import MARK, Block


def script(*replies: list[Block], text: str = "Do it.") -> str:
    """A message that makes the fake API give these replies, one after another."""
    return f"{text}\n{MARK}{json.dumps(list(replies))}"


def say(text: str) -> Block:
    """The model says this."""
    return {"text": text}


def command(line: str, *, asks: bool = False, why: str = "It is needed.") -> Block:
    """The model runs this. asks: outside the sandbox, for which a person must be asked."""
    given: dict[str, Any] = {"cmd": line}
    if asks:
        given |= {"sandbox_permissions": "require_escalated", "justification": why}
    return {"tool": "exec_command", "input": given}


def patch(*lines: str) -> Block:
    """The model changes files; lines: of the patch, without its first and last."""
    return {"patch": "\n".join(["*** Begin Patch", *lines, "*** End Patch"])}


def crashing_program(home: Path) -> str:
    """A program that Codex runs unasked and outside its sandbox, and that ends it: as if it had crashed. Returns its path."""
    program = home / "crash"
    program.write_text(
        "#!/bin/sh\n"
        "pid=$$\n"
        'while [ "$pid" -gt 1 ]; do\n'
        '  case "$(tr "\\0" " " < /proc/$pid/cmdline)" in *"codex app-server"*keeper.py*) ;; *"codex app-server"*)\n'
        '    kill -9 "$pid"; exit;;\n'
        "  esac\n"
        "  pid=$(awk '/^PPid:/ {print $2}' /proc/$pid/status)\n"
        "done\n"
    )
    program.chmod(0o755)
    rules = home / "rules"
    rules.mkdir(exist_ok=True)
    (rules / "default.rules").write_text(f'prefix_rule(pattern=["{program}"], decision="allow")\n')
    return str(program)


@contextmanager
def clean_environment() -> Iterator[None]:
    """Without the OPENAI_* and CODEX_* of whoever runs the tests: their key and settings would reach the agent."""
    taken = {key: value for key, value in os.environ.items() if key.startswith(("OPENAI_", "CODEX_"))}
    for key in taken:
        del os.environ[key]
    try:
        yield
    finally:
        os.environ.update(taken)
