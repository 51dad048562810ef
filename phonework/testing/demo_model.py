"""The demo's language model: by rules, understands a few everyday wishes in Chinese and English, and shows what tools do."""

import re
from collections.abc import Callable
from typing import Final

from phonework.testing.fake_openai import Asked, Reply, call, obedient, say

_SESSION: Final = re.compile(r"^\d+\. (?P<id>[\w-]+), (?P<project>[^,]+),", re.MULTILINE)
_FILE: Final = re.compile(r"[\w./-]+\.\w+|README\b")
_PLACE: Final = re.compile(
    r"(?:\b(?:called|named|in)\b|叫|在|目录)\s*[`“\"']?(?P<name>[A-Za-z0-9][\w./-]*)", re.IGNORECASE
)
_REMIND: Final = re.compile(
    r"remind me (?P<when>.{1,100}?) to (?P<text>.+)|(?P<chinese_when>\S{1,100})提醒我(?P<chinese_text>.+)",
    re.IGNORECASE | re.DOTALL,
)
_SAYS: Final = {
    "en": (
        "I am the demo's scripted model and understand little; a real one is set in `[assistant]`. Try:\n\n"
        "- which sessions do I have?\n- begin a session in hello\n- show me README.md\n- list the files\n"
        "- send me README.md\n- write a file notes.txt\n- search the web for bees\n- remind me in 10 minutes to stretch\n- close my session\n\n"
        "Or let me call a tool by its name: `#call list_files`. `/direct` does without me."
    ),
    "zh": (
        "我是演示用的脚本模型，懂得不多；真正的模型在 `[assistant]` 里设置。可以试试：\n\n"
        "- 我有哪些会话？\n- 新建一个会话，在 hello\n- 看一下 README.md\n- 列出文件\n- 把 README.md 发给我\n"
        "- 写一个文件 notes.txt\n- 上网搜索蜜蜂\n- 10分钟后提醒我休息\n- 关闭我的会话\n\n也可以直接点名一个工具：`#call list_files`。发送 `/direct` 就不用我了。"
    ),
}
_TOLD: Final = {
    "en": "A real model would put this in its own words; the tool said:\n\n{said}",
    "zh": "真正的模型会用自己的话告诉你；工具给模型的原文（英文）是：\n\n{said}",
}


def wishes(asked: Asked) -> Reply:
    """What the demo's model does about a message; never nothing."""
    chinese = any(letter > "\u2e80" for letter in asked.said)
    if asked.last.get("role") == "tool":
        return say(_TOLD["zh" if chinese else "en"].format(said=asked.last.get("content")))
    if (done := obedient(asked)) is not None:
        return done
    for pattern, answer in _WISHES:
        if re.search(pattern, asked.said, re.IGNORECASE) and (reply := answer(asked)) is not None:
            return reply
    return say(_SAYS["zh" if chinese else "en"])


def _begin(asked: Asked) -> Reply | None:
    names = [found["name"] for found in _PLACE.finditer(asked.said)]
    return [call("create_session", {"directory": names[-1], "make_directory": True})] if names else None


def _close(asked: Asked) -> Reply | None:
    found = _meant(asked)
    return [call("close_session", {"session": found})] if found else None


def _show(asked: Asked) -> Reply | None:
    found = _meant(asked)
    return [call("show_session", {"session": found})] if found else None


def _file(tool: str) -> Callable[[Asked], Reply | None]:
    def answer(asked: Asked) -> Reply | None:
        found = _FILE.search(asked.said)
        more = {"content": "Written by the demo.\n"} if tool == "write_file" else {}
        return [call(tool, {"path": found.group(), **more})] if found else None

    return answer


def _search(asked: Asked) -> Reply | None:
    return [call("search_web", {"query": asked.said[:200]})]


def _remind(asked: Asked) -> Reply | None:
    found = _REMIND.search(asked.said)
    if found is None:
        return None
    when, text = found["when"] or found["chinese_when"], found["text"] or found["chinese_text"]
    return [call("reminder_create", {"when": when.strip(), "about": text.strip()})]


def _meant(asked: Asked) -> str:
    """The session the words name, else the first there is."""
    known = [(one["id"], one["project"]) for one in _SESSION.finditer(asked.system)]
    named = (name for name, project in known if name in asked.said or project in asked.said)
    return next(named, known[0][0] if known else "")


_WISHES: Final[tuple[tuple[str, Callable[[Asked], Reply | None]], ...]] = (
    (r"\b(begin|start|open|create|new)\b.*\b(session|in)\b|新建|新开|打开|新会话|[开建]一?个.*会话", _begin),
    (r"\bclose\b|关闭|关掉", _close),
    (r"\b(what did|last words?|said)\b|说了什么|最后", _show),
    (r"\bsend me\b|发给我|发我", _file("send_file")),
    (r"\bwrite\b|写一个", _file("write_file")),
    (r"\bremind me\b|提醒我", _remind),
    (r"\b(search|look up)\b|搜索|上网", _search),
    (r"\b(show|read|open)\b|看一下|读一下", _file("read_file")),
    (r"\blist\b.*\bfiles?\b|\bfiles\b|列出|文件", lambda _asked: [call("list_files")]),
    (r"\bsessions?\b|会话", lambda _asked: [call("list_sessions")]),
)
