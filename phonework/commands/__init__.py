"""Slash commands: from what a person typed to what they mean, as a pure function."""

import difflib
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from phonework.commands.assisting import Clear, SetMode, clear, direct, smart
from phonework.commands.base import PassThrough, Wrong
from phonework.commands.choosing import Model, model
from phonework.commands.files import get
from phonework.commands.looking import Context, Look, cost, diff, log, tasks
from phonework.commands.modes import ChooseMode, mode
from phonework.commands.new import New, new
from phonework.commands.reminding import Remind, remind, reminders
from phonework.commands.sessions import Close, Help, Resume, Retry, Status, Stop, Switch, close, resume, switch
from phonework.commands.settings import (
    SetLanguage,
    SetQuietHours,
    SetTimezone,
    Setting,
    Settings,
    SetVerbosity,
    lang,
    quiet_hours,
    timezone,
    verbose,
)
from phonework.commands.shell import Shell, shell
from phonework.commands.web import web

__all__ = [
    "BUILT_IN", "CHINESE", "ChooseMode", "Clear", "Close", "Command", "Context", "Help", "Look", "Model", "New", "PassThrough", "Remind", "Resume", "Retry", "SetLanguage", "SetMode", "SetQuietHours", "SetTimezone", "SetVerbosity", "Setting", "Settings", "Shell", "Status", "Stop", "Switch", "Wrong",
    "mistyped", "nearest", "parse_command",
]  # fmt: skip

Command = New | ChooseMode | Resume | Context | Model | Status | Switch | Close | Retry | Stop | Help | Look | SetMode | Shell | Setting | Remind | Clear | PassThrough | Wrong  # fmt: skip

PARSERS: Final[dict[str, Callable[[str], Command]]] = {
    "new": new,
    "status": lambda _rest: Status(),
    "list": lambda _rest: Status(),
    "switch": switch,
    "close": close,
    "retry": lambda _rest: Retry(),
    "stop": lambda _rest: Stop(),
    "help": lambda _rest: Help(),
    "cost": cost,
    "tasks": tasks,
    "lang": lang,
    "verbose": verbose,
    "quiet": quiet_hours,
    "timezone": timezone,
    "get": get,
    "web": web,
    "log": log,
    "diff": diff,
    "context": lambda _rest: Context(),
    "resume": resume,
    "model": model,
    "mode": mode,
    "rules": lambda _rest: Look(report="rules"),
    "pending": lambda _rest: Look(report="pending"),
    "direct": direct,
    "smart": smart,
    "clear": clear,
    "remind": remind,
    "reminders": reminders,
    "shell": shell,
    "sh": shell,
}
"""Each command by its name: what follows the name → what it means. Total: what cannot be understood is `Wrong`."""

BUILT_IN: Final = tuple(PARSERS)
_SHORTEST: Final = 3  # letters: shorter words are like one another
CHINESE: Final = {
    "新建": "new",
    "新会话": "new",
    "状态": "status",
    "列表": "list",
    "切换": "switch",
    "关闭": "close",
    "重试": "retry",
    "停止": "stop",
    "停": "stop",
    "帮助": "help",
    "花费": "cost",
    "任务": "tasks",
    "语言": "lang",
    "详略": "verbose",
    "免打扰": "quiet",
    "时区": "timezone",
    "记录": "log",
    "改动": "diff",
    "上下文": "context",
    "接着": "resume",
    "接续": "resume",
    "取": "get",
    "文件": "get",
    "搜索": "web",
    "搜": "web",
    "联网": "web",
    "模型": "model",
    "模式": "mode",
    "规则": "rules",
    "待办": "pending",
    "待回答": "pending",
    "直接": "direct",
    "智能": "smart",
    "清空": "clear",
    "提醒": "remind",
    "提醒列表": "reminders",
    "命令": "shell",
    "费用": "cost",
}

# "、" is what the slash key types in a Chinese keyboard.
_WORD: Final = re.compile(r"\s*(?P<mark>[/／、])(?P<word>[^\W\d_][\w:-]*)(?P<end>[。.!！]*)(?:\s+|$)")
# Chinese is written without spaces: /提醒明天9点 开会. Only after a real slash, and not in a path like /文件夹/报告.txt.
_JOINED: Final = re.compile(
    rf"\s*[/／](?!\S*[^\d\s][/／])(?P<word>{'|'.join(sorted(CHINESE, key=len, reverse=True))})(?=[\d㐀-䶿一-鿿])"
)


def parse_command(text: str) -> Command | None:
    """The command in the text; None when it is plain text, like a path or a lone slash. Never raises."""
    found = _WORD.match(text)
    typed = unicodedata.normalize("NFKC", found["word"]) if found else ""
    name = CHINESE.get(typed, typed.lower())
    if found and name in BUILT_IN:
        return PARSERS[name](text[found.end() :])
    if joined := _JOINED.match(text):
        return PARSERS[CHINESE[joined["word"]]](text[joined.end() :])
    if found is None or found["mark"] == "、" or found["end"]:
        return None
    return _pass_through(typed, text[found.end() :])


def nearest(word: str) -> str:
    """The command of ours that looks most like the word, or empty."""
    alike = difflib.get_close_matches(word.lower()[:40], BUILT_IN, n=1, cutoff=0.6)
    return alike[0] if alike else ""


def mistyped(word: str) -> str:
    """The command of ours that the word is one slip of the finger away from, or empty; empty too when it is one itself."""
    typed = word.lower()
    if typed in BUILT_IN or len(typed) < _SHORTEST:
        return ""
    return next((one for one in BUILT_IN if len(one) >= _SHORTEST and _one_slip(typed, one)), "")


def _one_slip(typed: str, meant: str) -> bool:
    """One letter too many, missing or wrong, or two neighbours swapped."""
    letters = enumerate(zip(typed, meant, strict=False))
    same = next((place for place, (one, other) in letters if one != other), min(len(typed), len(meant)))
    typed, meant = typed[same:], meant[same:]
    swapped = typed[:2] == meant[1::-1] and typed[2:] == meant[2:]
    return swapped or typed[1:] == meant[1:] or typed[1:] == meant or typed == meant[1:]


def _pass_through(name: str, rest: str) -> PassThrough:
    text = f"/{name} {rest.strip()}".rstrip()
    return PassThrough(name=name, text=text, nearest=nearest(name))
