"""A short, honest list of what is clearly dangerous: it marks, it never decides."""

import re
from functools import lru_cache
from typing import Final

from phonework.channels.markdown import has_hidden
from phonework.fsm.types import Ask

# Every repetition is bounded, so that no text makes the search slow. START: where a shell looks for a command's name.
_START: Final = (
    r"(?:^|[;&|({`]|\$\(|\b(?:sudo|doas|then|do|else|xargs|exec|env|time|nohup)\s)\s{0,20}(?:[\w.~/-]{0,100}/)?"
)
_ARGUMENTS: Final = r"(?:\S{1,200}\s{1,20}){0,12}?"
_SAME_COMMAND: Final = r"[^\n;|&]{0,300}"
_SAME_LINE: Final = r"[^\n]{0,300}"
_PATTERNS: Final = {
    "delete": (
        r"START(?:rm\s{1,20}ARGUMENTS-(?:[a-zA-Z]{0,10}[rRf]|-recursive|-force)|shred\s|rmdir\s)"
        r"|\bfind\bSAME_COMMAND\s-delete\b"
    ),
    "force_push": r"\bgit\bSAME_COMMAND\bpush\bSAME_COMMAND\s(?:-f\b|--force|--mirror\b|--delete\b|\+\w)",
    "discard": (
        r"\bgit\bSAME_COMMAND\b(?:reset\s{1,20}ARGUMENTS--hard|clean\s{1,20}ARGUMENTS-\w{0,10}f|checkout\s{1,20}(?:--\s|\.)"
        r"|restore\s{1,20}(?!--staged)|stash\s{1,20}(?:drop|clear)|branch\s{1,20}ARGUMENTS-D\b)"
    ),
    "root": r"START(?:sudo|doas|su|pkexec)\s",
    "remote_script": (
        r"\b(?:curl|wget)\bSAME_LINE\|\s{0,20}(?:sudo\s{1,20})?(?:[\w/]{0,40}/)?(?:(?:ba|z|da|k|fi)?sh|python3?|perl|ruby|node)\b"
        r"|\b(?:ba|z)?sh\bSAME_LINE<\(\s{0,20}(?:curl|wget)\b|\b(?:eval|(?:ba|z)?sh\s{1,20}-c)\bSAME_LINE\$\((?:curl|wget)\b"
    ),
    "disk": r"START(?:dd\sSAME_LINE\bof=|mkfs|fdisk\s|parted\s|wipefs\s)|>\s{0,20}/dev/(?:sd|nvme|hd|disk)",
    "permissions": r"STARTchmod\s{1,20}ARGUMENTS(?:[0-7]?777|[aoug]{0,4}\+\w{0,2}w)|STARTchown\s{1,20}ARGUMENTS-\w{0,4}R",
    "database": (
        r"(?i:\bdrop\s{1,20}(?:table|database|schema|collection)\b|\btruncate\s{1,20}table\b"
        r"|\bdelete\s{1,20}from\s{1,20}[\w.\"`]{1,100}\s{0,20}(?:;|[\"']|$)|\bdropdb\b|\bflushall\b)"
    ),
    "infrastructure": (
        r"\b(?:kubectl|oc)\bSAME_COMMAND\bdelete\b|\b(?:terraform|tofu|pulumi)\bSAME_COMMAND\bdestroy\b"
        r"|\bhelm\bSAME_COMMAND\b(?:uninstall|delete)\b|\bdocker\bSAME_COMMAND\bprune\b"
        r"|\b(?:aws|gcloud|az)\bSAME_COMMAND\s(?:delete|terminate|rm|rb)\b"
    ),
    "publish": (
        r"\b(?:npm|pnpm|yarn|cargo|poetry|uv)\s{1,20}publish\b|\btwine\s{1,20}upload\b"
        r"|\bgh\s{1,20}release\s{1,20}create\b|\bdocker\s{1,20}push\b"
    ),
    "power": r"START(?:shutdown|reboot|halt|poweroff)\b",
    "kill": r"START(?:kill\s{1,20}-(?:9|KILL|SIGKILL)\b|killall\s|pkill\s)|:\(\)\s{0,20}\{",
    "secrets": (
        r"(?:~|\$HOME|/root|/home/[^/\s]{1,64}|/Users/[^/\s]{1,64})/\.(?:ssh|aws|gnupg|netrc|kube|config/gh)\b"
        r"|\bauthorized_keys\b|\bid_(?:rsa|ed25519)\b|/etc/(?:passwd|shadow|sudoers)\b"
    ),
}


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"START": _START, "ARGUMENTS": _ARGUMENTS, "SAME_COMMAND": _SAME_COMMAND, "SAME_LINE": _SAME_LINE}
    for name, part in parts.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern, re.MULTILINE)


_COMPILED: Final = {name: _compiled(pattern) for name, pattern in _PATTERNS.items()}
_RULE: Final = re.compile(
    r"(?:^|, )(?P<tool>[A-Za-z_]\w*)(?:\((?P<what>.*?)\))?(?=, [A-Za-z_]\w*[(,]|, \w+$|$)", re.DOTALL
)
_HARMLESS: Final = frozenset(
    [
        "cat",
        "date",
        "df",
        "diff",
        "du",
        "echo",
        "file",
        "grep",
        "head",
        "id",
        "ls",
        "pwd",
        "rg",
        "sort",
        "stat",
        "tail",
        "tree",
        "true",
        "uniq",
        "wc",
        "which",
        "whoami",
    ]
)
_READ_CHARS: Final = 50_000  # from the beginning and from the end


def marks(ask: Ask) -> tuple[str, ...]:
    """Keys of the catalogue that say what is dangerous about a request; mostly none."""
    return _marks(_ends(ask.command), _ends(ask.path), _ends(ask.diff))


@lru_cache(maxsize=8)
def _marks(command: str, path: str, diff: str) -> tuple[str, ...]:
    found = [name for name, pattern in _COMPILED.items() if command and pattern.search(command)]
    if not command and _COMPILED["secrets"].search(path):
        found.append("secrets")
    if any(has_hidden(text) for text in (command, path, diff)):
        found.append("hidden")
    return tuple(f"danger.{name}" for name in found)


def widened(ask: Ask) -> tuple[str, ...]:
    """With what the further commands begin that the proposed rule allows; none when it is for this command alone."""
    if not ask.offered:
        return ()
    found = [one["what"] or "" for one in _RULE.finditer(ask.rule) if one["tool"] == "Bash"]
    return tuple(_beginning(what) for what in found if what.endswith("*") and _beginning(what))


def is_broad(ask: Ask) -> bool:
    """Whether the proposed rule allows so much more than what is asked that it is clearly dangerous."""
    return bool(ask.offered) and any(_is_broad(one["tool"], one["what"] or "") for one in _RULE.finditer(ask.rule))


def _beginning(what: str) -> str:
    """`npm test` of `npm test:*` and of `npm test *`."""
    return what.rstrip("*").removesuffix(":").strip()


def _is_broad(tool: str, what: str) -> bool:
    """A whole tool, a whole disk, any use of one program, or commands that are marked themselves."""
    beginning = _beginning(what)
    if not beginning.strip("/~"):
        return True
    if tool != "Bash" or not what.endswith("*"):
        return False
    words = beginning.split()
    alone = len(words) == 1 and words[0] not in _HARMLESS
    return alone or any(pattern.search(f"{beginning} x") for pattern in _COMPILED.values())


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _READ_CHARS else f"{text[:_READ_CHARS]}\n{text[-_READ_CHARS:]}"
