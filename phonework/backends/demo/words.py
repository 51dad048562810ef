"""What a person wrote to the demo agent, understood as one of the stories it can play."""

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_NUMBER = 3600


class Story(StrEnum):
    """What the demo agent can do. The names are kept in its journals and never change."""

    WORK = "work"  # the default: propose an edit, apply it, test, summarise
    HELP = "help"
    ECHO = "echo"
    EDIT = "edit"
    CONFIRM = "confirm"
    CHOICE = "choice"
    MULTIPLE = "multiple"
    QUESTIONS = "questions"
    INPUT = "input"
    PLAN = "plan"
    PARALLEL = "parallel"
    LONG = "long"
    STREAM = "stream"
    FAIL = "fail"
    CRASH = "crash"
    HANG = "hang"
    STUBBORN = "stubborn"
    SLOW = "slow"
    PROGRAM = "program"
    BACKGROUND = "background"
    HISTORY = "history"
    CLEAR = "clear"
    CONTEXT = "context"
    UNKNOWN_COMMAND = "unknown_command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One message, understood. number: the first number in it, if any. feedback: what was said about earlier plans."""

    story: Story
    text: str
    chinese: bool = False
    number: int | None = None
    feedback: tuple[str, ...] = ()

    def words(self, chinese: str, english: str) -> str:
        """Return the one in the language the person wrote in."""
        return chinese if self.chinese else english


# The first row with a word in the message wins, so the narrower story stands above the wider one.
WORDS: tuple[tuple[Story, str, tuple[str, ...]], ...] = (
    (Story.STUBBORN, r"stubborn|deaf", ("不理", "倔")),
    (Story.HANG, r"hang|hangs|stuck", ("卡住", "挂起", "卡死")),
    (Story.CRASH, r"crash|crashes|die", ("崩溃", "闪退")),
    (Story.FAIL, r"fail|failure|error", ("失败", "出错", "报错")),
    (Story.PARALLEL, r"parallel|two at once|at once|two requests|both", ("并行", "同时", "两个请求")),
    (Story.QUESTIONS, r"questions|several", ("几个问题", "多个问题", "问卷")),
    (Story.MULTIPLE, r"multiple|multi|checkbox", ("多选", "复选")),
    (Story.CHOICE, r"choice|choose|single|pick|select", ("单选", "选择", "选一")),
    (Story.PLAN, r"plan", ("计划", "方案")),
    (Story.INPUT, r"input|type|ask me", ("输入", "文字", "填写")),
    (Story.BACKGROUND, r"background", ("后台",)),
    (Story.PROGRAM, r"program|countdown", ("程序", "倒数", "倒计时")),
    (Story.SLOW, r"slow|slowly|wait", ("慢", "等待")),
    (Story.LONG, r"long", ("长文", "长输出", "很长", "长回答")),
    (Story.STREAM, r"stream|streaming", ("流式",)),
    (Story.CONFIRM, r"confirm|permission|command|run tests|tests?", ("确认", "权限", "命令", "测试")),
    (Story.EDIT, r"edit|diff|change", ("修改", "编辑", "改一下", "改动")),
    (Story.HISTORY, r"history|remember|recall", ("历史", "记得", "回忆")),
    (Story.HELP, r"help|hello|hi|what can you do", ("帮助", "你好", "会什么", "能做什么")),
)

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_NUMBER = re.compile(r"(?<![\w.-])\d{1,9}(?![\w-])", re.ASCII)
_ECHO = re.compile(r"\s*(?:echo\b|say\b|说)[ :：]*(.*)", re.IGNORECASE | re.DOTALL)
_PATTERNS = tuple(
    (story, re.compile(rf"(?<![\w-])(?:{english})(?![\w-])", re.IGNORECASE | re.ASCII), chinese)
    for story, english, chinese in WORDS
)


def understand(text: str, *, verbatim: bool = True) -> Wish:
    """Return the story a message asks for. verbatim: False for a slash command the agent runs itself. Never raises."""
    chinese = _CHINESE.search(text) is not None
    if not verbatim:
        return Wish(story=_command(text), text=text, chinese=chinese)
    if echo := _ECHO.match(text):
        return Wish(story=Story.ECHO, text=echo[1], chinese=chinese)
    return Wish(story=_story(text), text=text, chinese=chinese, number=_number(text))


def _command(text: str) -> Story:
    word = text.strip().removeprefix("/").split(maxsplit=1)[:1]
    match word:
        case ["clear"]:
            return Story.CLEAR
        case ["help"]:
            return Story.HELP
        case ["context"]:
            return Story.CONTEXT
        case ["history" | "resume"]:
            return Story.HISTORY
        case _:
            return Story.UNKNOWN_COMMAND


def _story(text: str) -> Story:
    for story, english, chinese in _PATTERNS:
        if english.search(text) or any(word in text for word in chinese):
            return story
    return Story.WORK


def _number(text: str) -> int | None:
    found = _NUMBER.search(text)
    return min(int(found[0]), MAX_NUMBER) if found else None
