"""What the demo agent can be told to go through, one function for each story; each returns its last words."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from phonework.backends.demo import asks, samples
from phonework.backends.demo.edits import change_files, edit_story, refusal, run_asked
from phonework.backends.demo.journal import Record
from phonework.backends.demo.process import python_name
from phonework.backends.demo.scratch import PRICES, STOCK
from phonework.backends.demo.talk import YES, AgentCrashError, Talk
from phonework.backends.demo.words import Story, Wish
from phonework.errors import BackendError
from phonework.fsm.events import BackgroundFinished
from phonework.fsm.types import Answer, Ask, Question, Verdict

Tell = Callable[[Talk, Wish], Awaitable[str]]
SLOW_SECONDS = 20
BACKGROUND_SECONDS = 5


async def help_(talk: Talk, wish: Wish) -> str:
    """Say what can be asked for."""
    return await talk.say(samples.HELP_CHINESE if wish.chinese else samples.HELP_ENGLISH)


async def echo(talk: Talk, wish: Wish) -> str:
    """Say the same."""
    return await talk.say(wish.text or "…")


async def confirm(talk: Talk, wish: Wish) -> str:
    """Ask before running the project's tests, and run them."""
    project = await talk.project()
    await talk.say(
        wish.words("我想运行这个项目的测试，先问你同不同意。", "I want to run this project's tests, and ask you first.")
    )
    return await run_asked(talk, wish, project, project.test_command)


async def parallel(talk: Talk, wish: Wish) -> str:
    """Ask for two edits at the same moment, and do those that were agreed to."""
    project = await talk.project()
    await talk.say(
        wish.words(
            "我同时提出两处修改：一处在价格，一处在库存。请分别回答。",
            "I propose two edits at the same moment, one to the prices and one to the stock. Please answer each.",
        )
    )
    return await change_files(talk, wish, project, (project.propose(PRICES), project.propose(STOCK)))


async def choice(talk: Talk, wish: Wish) -> str:
    """Ask for one of several options."""
    return await _questions(talk, wish, (samples.language(wish.chinese),))


async def multiple(talk: Talk, wish: Wish) -> str:
    """Ask for any number of options."""
    return await _questions(talk, wish, (samples.parts(wish.chinese),))


async def questions(talk: Talk, wish: Wish) -> str:
    """Ask several questions in one form."""
    form = (samples.language(wish.chinese), samples.parts(wish.chinese), samples.deadline(wish.chinese))
    return await _questions(talk, wish, form)


async def input_(talk: Talk, wish: Wish) -> str:
    """Ask for a text."""
    prompt = wish.words("这个商店该叫什么名字？", "What should the shop be called?")
    await talk.say(wish.words("我需要你写几个字。", "I need a few words from you."))
    answer = await talk.ask(asks.text_input(prompt), _again(wish))
    if answer.verdict is not Verdict.ANSWER or not answer.text.strip():
        return await refusal(talk, wish, answer.text)
    return await talk.say(wish.words(f"收到，就叫：{answer.text}", f"Thank you, it is called: {answer.text}"))


async def plan(talk: Talk, wish: Wish) -> str:
    """Propose a plan, revise it as long as it is sent back with feedback, then carry it out."""
    project = await talk.project()
    await talk.say(wish.words("我先写一个计划给你看。", "I write a plan for you to look at first."))
    feedback = wish.feedback
    while True:
        edit = project.propose()
        ask = asks.plan(
            samples.plan(wish.chinese, edit, feedback), wish.words("这个计划可以吗？", "Is this plan all right?")
        )
        answer = await talk.ask(ask, _again(wish, feedback))
        if answer.verdict in YES:
            return await change_files(talk, wish, project, (edit,))
        if not answer.text.strip():
            return await refusal(talk, wish, "")
        feedback = (*feedback, answer.text.strip())
        await talk.say(wish.words(f"我按你说的改：{answer.text}", f"I change it as you say: {answer.text}"))


async def long(talk: Talk, wish: Wish) -> str:
    """Answer at length, with code blocks; the number is that of the chapters."""
    return await talk.say(samples.essay(wish.chinese, max(1, min(wish.number or 12, 200))))


async def stream(talk: Talk, wish: Wish) -> str:
    """Stream an answer of several paragraphs."""
    return await talk.say(samples.essay(wish.chinese, 3))


async def fail(talk: Talk, wish: Wish) -> str:
    """End the turn with an error; the agent lives on."""
    await talk.say(wish.words("我开始做，但这次会失败。", "I begin, but this will fail."))
    raise BackendError(wish.words("演示的失败：什么也没有改。", "A failure for demonstration: nothing was changed."))


async def crash(talk: Talk, wish: Wish) -> str:
    """Die in the middle of the turn."""
    await talk.say(wish.words("我要崩溃了。", "I am about to crash."))
    raise AgentCrashError(wish.words("演示助手按要求崩溃了。", "The demo agent crashed, as it was told to."))


async def hang(talk: Talk, wish: Wish) -> str:
    """Do nothing until interrupted."""
    await talk.say(wish.words("我现在卡住，直到你按“停止”。", "I hang now, until you press Stop."))
    async with talk.step(wish.words("卡住", "hanging")):
        await asyncio.get_running_loop().create_future()
    raise AssertionError("nothing ends a hang but an interrupt")


async def stubborn(talk: Talk, wish: Wish) -> str:
    """Do nothing and ignore an interrupt, until killed."""
    talk.deaf = True
    await talk.say(wish.words("我卡住，并且不理会“停止”。", "I hang, and ignore Stop too."))
    async with talk.step(wish.words("不理会", "not listening")):
        await asyncio.get_running_loop().create_future()
    raise AssertionError("nothing ends this but being killed")


async def slow(talk: Talk, wish: Wish) -> str:
    """Work in steps over the given number of seconds."""
    seconds = SLOW_SECONDS if wish.number is None else wish.number
    count = max(2, min(seconds, 10))
    await talk.say(
        wish.words(f"我慢慢做，大约 {seconds} 秒，{count} 步。", f"I take about {seconds} s, in {count} steps.")
    )
    for number in range(1, count + 1):
        async with talk.step(wish.words(f"第 {number} 步，共 {count} 步", f"step {number} of {count}")):
            await talk.desk.pace(seconds / count)
    return await talk.say(wish.words(f"做完了，{count} 步。", f"Done, in {count} steps."))


async def program(talk: Talk, wish: Wish) -> str:
    """Run a program that takes the given number of seconds; an interrupt kills it."""
    seconds = SLOW_SECONDS if wish.number is None else wish.number
    project = await talk.project()
    await talk.say(wish.words(f"我运行一个 {seconds} 秒的程序。", f"I run a program that takes {seconds} s."))
    finished = await talk.run((python_name(), "tools/countdown.py", str(seconds)), project.root, seconds=seconds + 30)
    last = finished.output.strip().splitlines()[-1:] or [""]
    return await talk.say(wish.words(f"程序结束了：{last[0]}", f"The program ended: {last[0]}"))


async def background(talk: Talk, wish: Wish) -> str:
    """End the turn at once, and come back with a result the given number of seconds later."""
    seconds = BACKGROUND_SECONDS if wish.number is None else wish.number
    done = wish.words(f"后台的工作做完了（{seconds} 秒）。", f"The work in the background is done ({seconds} s).")
    talk.desk.later(seconds, BackgroundFinished(text=done))
    return await talk.say(
        wish.words(
            f"我在后台继续，大约 {seconds} 秒后告诉你；现在你可以接着说别的。",
            f"I go on in the background and tell you in about {seconds} s; you can go on with something else.",
        )
    )


async def history(talk: Talk, wish: Wish) -> str:
    """Tell what was said before in this conversation."""
    said = talk.desk.journal.memory.said.get(talk.conversation, [])[: -len(talk.start.prompts) or None][-20:]
    lines = "\n".join(f"{number}. {text[:200]}" for number, text in enumerate(said, start=1))
    if not lines:
        return await talk.say(wish.words("这是我们的第一句话。", "This is the first thing you said to me."))
    return await talk.say(wish.words(f"之前你说过：\n\n{lines}", f"You said before:\n\n{lines}"))


async def context(talk: Talk, wish: Wish) -> str:
    """Tell how much was said in this conversation; a script has no window that fills up."""
    count = len(talk.desk.journal.memory.said.get(talk.conversation, []))
    chinese = f"这段对话里你说过 {count} 句话。演示助手按脚本走，没有会占满的上下文。"
    english = f"Messages of yours in this conversation: {count}. The demo agent goes by a script and has no context that fills up."
    return await talk.say(wish.words(chinese, english))


async def unknown_command(talk: Talk, wish: Wish) -> str:
    """Say that there is no such command."""
    word = wish.text.strip().split(maxsplit=1)[0][:40] if wish.text.strip() else "/"
    return await talk.say(
        wish.words(
            f"演示助手没有 {word} 这个命令；它认得 /help、/clear、/context、/history。",
            f"The demo agent has no command {word}; it knows /help, /clear, /context and /history.",
        )
    )


async def _questions(talk: Talk, wish: Wish, form: tuple[Question, ...]) -> str:
    await talk.say(wish.words(f"我有 {len(form)} 个问题。", f"I have {len(form)} question{'s' * (len(form) > 1)}."))
    ask = asks.choice(form, form[0].text)
    answer = await talk.ask(ask, _again(wish))
    if answer.verdict is not Verdict.ANSWER:
        return await refusal(talk, wish, answer.text)
    return await talk.say(wish.words("你的选择：", "You chose:") + "\n\n" + _chosen(ask, answer, wish))


def _chosen(ask: Ask, answer: Answer, wish: Wish) -> str:
    nothing = wish.words("（没有选）", "(nothing)")
    picks = (*answer.picks, *((),) * len(ask.questions))
    lines = [
        f"- {question.header}{wish.words('：', ': ')}{wish.words('、', ', ').join(chosen) or nothing}"
        for question, chosen in zip(ask.questions, picks, strict=False)
    ]
    return "\n".join((*lines, *((answer.text,) if answer.text else ())))


def _again(wish: Wish, feedback: tuple[str, ...] = ()) -> Record:
    return {"story": wish.story.value, "text": wish.text, "feedback": list(feedback)}


STORIES: dict[Story, Tell] = {
    Story.WORK: edit_story,
    Story.EDIT: edit_story,
    Story.HELP: help_,
    Story.ECHO: echo,
    Story.CONFIRM: confirm,
    Story.CHOICE: choice,
    Story.MULTIPLE: multiple,
    Story.QUESTIONS: questions,
    Story.INPUT: input_,
    Story.PLAN: plan,
    Story.PARALLEL: parallel,
    Story.LONG: long,
    Story.STREAM: stream,
    Story.FAIL: fail,
    Story.CRASH: crash,
    Story.HANG: hang,
    Story.STUBBORN: stubborn,
    Story.SLOW: slow,
    Story.PROGRAM: program,
    Story.BACKGROUND: background,
    Story.HISTORY: history,
    Story.CONTEXT: context,
    Story.UNKNOWN_COMMAND: unknown_command,
}


def pictures(paths: tuple[str, ...]) -> str:
    """Return a line on the pictures and files that came with a message, with their sizes; empty for none."""
    sizes = (f"{Path(path).name} ({_size(Path(path))})" for path in paths)
    return ", ".join(sizes)


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size} bytes"
    except OSError:
        return "unreadable"
