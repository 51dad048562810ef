"""A short, honest list of what is clearly dangerous: it marks, it never decides."""

import re
from typing import Final

from phonework.channels.markdown import has_hidden
from phonework.fsm.types import Ask

_START: Final = r"(?:^|[;&|({`\n]|\$\(|\b(?:sudo|then|do|xargs|exec|env|time|nohup)\s)\s{0,20}(?:\S{0,100}/)?"
_COMMANDS: Final = {
    "delete": rf"{_START}(?:rm\s+(?:\S{1, 200}\s+){0, 12}?-{{1,2}}(?:[a-zA-Z]*[rRf]|recursive|force)|shred\s|rmdir\s)|\bfind\b[^\n]{0, 300}\s-delete\b",
    "force_push": r"\bgit\b[^\n;|&]{0,300}\bpush\b[^\n;|&]{0,300}\s(?:-f\b|--force\b|--force-with-lease\b|--mirror\b|\+\S)",
    "discard": r"\bgit\b[^\n;|&]{0,300}\b(?:reset\s+(?:\S{1,200}\s+){0,12}--hard|clean\s+(?:\S{1,200}\s+){0,12}-\w*f|checkout\s+(?:--\s|\.)|restore\s+(?!--staged)|stash\s+(?:drop|clear)|branch\s+-D)",
    "root": rf"(?:^|[;&|({{`\n]|\$\()\s*(?:sudo|doas|su)\s|{_START}pkexec\s",
    "remote_script": r"\b(?:curl|wget)\b[^\n]{0,300}\|\s*(?:sudo\s+)?(?:\S{0,100}/)?(?:ba|z|da|k|fi)?sh\b|\b(?:curl|wget)\b[^\n]{0,300}\|\s*(?:sudo\s+)?(?:python|perl|ruby|node)\b|\b(?:ba|z)?sh\b[^\n]{0,300}<\(\s*(?:curl|wget)|\beval\b[^\n]{0,300}\b(?:curl|wget)\b",
    "disk": rf"{_START}(?:dd\s[^\n]{0, 300}\bof=|mkfs|fdisk\s|parted\s|wipefs\s)|>\s*/dev/(?:sd|nvme|hd|disk)",
    "permissions": rf"{_START}chmod\s+(?:\S{1, 200}\s+){0, 12}?(?:[0-7]?777|a\+\w*w|o\+\w*w)|{_START}chown\s+-R\b",
    "database": r"(?i:\bdrop\s+(?:table|database|schema|collection)\b|\btruncate\s+table\b|\bdelete\s+from\s+\S+\s*(?:;|[\"']|$)|\bdropdb\b|\bflushall\b)",
    "infrastructure": r"\b(?:kubectl|oc)\b[^\n;|&]{0,300}\bdelete\b|\b(?:terraform|tofu|pulumi)\b[^\n;|&]{0,300}\bdestroy\b|\bhelm\b[^\n;|&]{0,300}\b(?:uninstall|delete)\b|\b(?:aws|gcloud|az)\b[^\n;|&]{0,300}\b(?:delete|terminate|rm|rb)[\w-]*\b|\bdocker\b[^\n;|&]{0,300}\bprune\b",
    "publish": r"\b(?:npm|pnpm|yarn|cargo|poetry|uv)\s+publish\b|\btwine\s+upload\b|\bgh\s+release\s+create\b|\bdocker\s+push\b",
    "power": rf"{_START}(?:shutdown|reboot|halt|poweroff)\b",
    "kill": rf"{_START}(?:kill\s+-(?:9|KILL|SIGKILL)|killall\s|pkill\s)|:\(\)\s*\{{",
    "secrets": r"(?:~|\$HOME|/root|/home/[^/\s]+|/Users/[^/\s]+)/\.(?:ssh|aws|gnupg|netrc|kube|config/gh)\b|\bauthorized_keys\b|\bid_(?:rsa|ed25519)\b|/etc/(?:passwd|shadow|sudoers)\b",
}
_PATTERNS: Final = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _COMMANDS.items()}
_READ_CHARS: Final = 100_000  # every repetition above is bounded, so this many take milliseconds


def marks(ask: Ask) -> tuple[str, ...]:
    """Keys of the catalogue that say what is dangerous about a request; mostly none."""
    command = ask.command[:_READ_CHARS]
    found = [name for name, pattern in _PATTERNS.items() if command and pattern.search(command)]
    if not command and _PATTERNS["secrets"].search(ask.path[:_READ_CHARS]):
        found.append("secrets")
    if any(has_hidden(text[:_READ_CHARS]) for text in (ask.command, ask.path, ask.diff)):
        found.append("hidden")
    return tuple(f"danger.{name}" for name in found)
