"""What a command finds in its environment: the user's, without secrets, and without what changes how the shell reads."""

import os
import re
import sys
from collections.abc import Mapping
from typing import Final

from phonework.backends import registry
from phonework.redact import Redactor

_OURS: Final = ("PHONEWORK_", "FEISHU_", "LARK_", "ANTHROPIC_", "OPENAI_")
_SECRET: Final = re.compile(
    r"(?:.*_)?(?:TOKENS?|SECRETS?|KEYS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)", re.IGNORECASE
)
# With these bash runs a file first, has other functions, options or words than the guard read. Source: bash(1), Shell Variables.
_SHELL: Final = frozenset(
    {
        "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "BASH_COMPAT", "BASH_LOADABLES_PATH", "POSIXLY_CORRECT", "CDPATH", "GLOBIGNORE",
        "EXECIGNORE", "IFS", "PROMPT_COMMAND", "PS4",
    }
)  # fmt: skip
# What a repository's own configuration might let git write or run while it only looks. Source: git(1), git-config(1).
_GIT: Final = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "diff.autoRefreshIndex": "false",
    "diff.ignoreSubmodules": "dirty",
    "log.showSignature": "false",
    "status.submoduleSummary": "false",
}


def of_command(ours: Mapping[str, str], *, unattended: bool) -> dict[str, str]:
    """The environment of a command, from that of this process. unattended: nobody was asked, so git only looks."""
    found = {name: value for name, value in ours.items() if not _is_kept_back(name, value)}
    found["PATH"] = _path(ours.get("PATH", ""))
    found["TERM"] = "dumb"
    if sys.platform == "linux" and not any(
        "utf" in found.get(name, "").lower() for name in ("LC_ALL", "LC_CTYPE", "LANG")
    ):
        found["LC_ALL"] = "C.UTF-8"  # names in Chinese are letters, not bytes
    return found | (_only_looking() if unattended else {})


def _is_kept_back(name: str, value: str) -> bool:
    if name in _SHELL or name.startswith((*_OURS, "BASH_FUNC_", *registry.variables())):
        return True
    if name in ("PWD", "OLDPWD"):
        return False
    return bool(_SECRET.fullmatch(name)) or Redactor().value({name: value}) != {name: value}


def _path(path: str) -> str:
    """Absolute directories only: a program of the project's must not pass for one of the system's."""
    kept = [place for place in path.split(os.pathsep) if place.startswith("/")]
    return os.pathsep.join(kept) or os.defpath


def _only_looking() -> dict[str, str]:
    settings = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    for index, (key, value) in enumerate(_GIT.items()):
        settings |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return settings | {"GIT_CONFIG_COUNT": str(len(_GIT))}
