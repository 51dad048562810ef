"""What the demo agent says and asks at length, in Chinese and English."""

from phonework.backends.demo import asks
from phonework.backends.demo.project import Edit
from phonework.fsm.types import Question

HELP_ENGLISH = """\
I am a demonstration agent: I need no account, and what I do in my scratch project is real. Write one of these:

- **anything else**: look at the project, propose an edit, make it, run the tests
- **confirm**: ask before running a command · **edit**: ask before an edit, with its diff
- **choose**: one of several · **multiple**: any of several · **questions**: a form
- **input**: ask for a text · **plan**: ask for agreement to a plan
- **parallel**: two requests at once
- **long 20**: a long answer of 20 chapters · **stream**: a streamed answer
- **slow 30**: steps over 30 s · **program 30**: a real program of 30 s · **background 10**: come back 10 s later
- **hang**: until you stop me · **stubborn**: until I am killed · **fail** · **crash**
- **echo …**: say the same · **history**: what you said before · `/clear`: forget it

What the bot itself does, like reminders, a shell, or `/lang` for another language: `/help`"""

HELP_CHINESE = """\
我是演示助手：不需要任何账号，在练习项目里做的事都是真的。你可以写：

- **其他任何话**：看看项目，提出一处修改，改好，运行测试
- **确认**：运行命令前先问 · **修改**：改文件前先问，附改动
- **选择**：单选 · **多选** · **几个问题**：一张表单
- **输入**：请你写几个字 · **计划**：请你同意一个计划
- **同时**：一次提出两个请求
- **长文 20**：二十节的长回答 · **流式**：边写边显示
- **慢 30**：三十秒，分几步 · **程序 30**：真的运行三十秒的程序 · **后台 10**：十秒后再告诉你
- **卡住**：直到你按停止 · **倔**：直到被终止 · **失败** · **崩溃**
- **说 ……**：照着说 · **历史**：你之前说过什么 · `/clear`：忘掉

机器人自己会的，比如提醒、命令行、用 `/lang` 换语言：发 `/help`"""


def language(chinese: bool) -> Question:
    """A single choice."""
    if chinese:
        return asks.question(
            "用哪种语言写？", "语言", ("Python", "和现在一样"), ("Rust", "更快，也更费事"), ("Go", "介于两者之间")
        )
    return asks.question(
        "Which language shall it be written in?",
        "Language",
        ("Python", "as it is now"),
        ("Rust", "faster, and more work"),
        ("Go", "between the two"),
    )


def parts(chinese: bool) -> Question:
    """A multiple choice."""
    if chinese:
        return asks.question(
            "需要哪些部分？可以选几个。",
            "部分",
            ("价格", "prices.py"),
            ("库存", "stock.py"),
            ("测试", "tests/"),
            ("文档", "README.md"),
            multiple=True,
        )
    return asks.question(
        "Which parts are needed? Several may be chosen.",
        "Parts",
        ("Prices", "prices.py"),
        ("Stock", "stock.py"),
        ("Tests", "tests/"),
        ("Documents", "README.md"),
        multiple=True,
    )


def deadline(chinese: bool) -> Question:
    """One more single choice, for a form."""
    if chinese:
        return asks.question("什么时候要？", "时间", ("今天", ""), ("本周", ""), ("不急", ""))
    return asks.question("By when?", "Deadline", ("Today", ""), ("This week", ""), ("No hurry", ""))


def plan(chinese: bool, edit: Edit, feedback: tuple[str, ...]) -> str:
    """A plan for an edit; what was said about its earlier versions becomes a part of it."""
    if chinese:
        noted = "".join(f"\n- 按你的意见：{text}" for text in feedback)
        return f"## 计划：{edit.title[0]}\n\n1. 修改 `{edit.path}`\n2. 运行测试\n3. 给出 `git diff --stat`{noted}"
    noted = "".join(f"\n- as you said: {text}" for text in feedback)
    return f"## Plan: {edit.title[1]}\n\n1. change `{edit.path}`\n2. run the tests\n3. show `git diff --stat`{noted}"


def essay(chinese: bool, chapters: int) -> str:
    """A long answer: chapters with prose, a list and a code block each; the third has one long code block."""
    return "\n\n".join(_chapter(chinese, number, chapters) for number in range(1, chapters + 1))


def _chapter(chinese: bool, number: int, chapters: int) -> str:
    squares = range(1, 201 if number == 3 else 9)
    code = "\n".join(f"assert {value} ** 2 == {value**2}  # {number}.{value}" for value in squares)
    if chinese:
        prose = "这一节说明状态机怎样保存每一步：先写入数据库，再发送消息，所以重启之后不会丢失，也不会重复。" * 4
        return f"## 第 {number} 节，共 {chapters} 节\n\n{prose}\n\n- 一步\n- 又一步\n\n```python\n{code}\n```"
    prose = "Each step is stored before anything is sent, so that a restart neither loses nor repeats it. " * 6
    title = f"## Chapter {number} of {chapters}"
    return f"{title}\n\n{prose.strip()}\n\n- one step\n- one more step\n\n```python\n{code}\n```"
