"""The demo agent's real work: propose edits, make those that were agreed to, test, and say what changed."""

import asyncio

from phonework.backends.demo import asks
from phonework.backends.demo.journal import Record
from phonework.backends.demo.project import Edit, Project
from phonework.backends.demo.talk import Talk
from phonework.backends.demo.words import Wish
from phonework.errors import BackendError

OUTPUT_CHARACTERS = 3000


async def edit_story(talk: Talk, wish: Wish) -> str:
    """Look at the project, propose an edit, and carry it out."""
    project = await talk.project()
    async with talk.step("git ls-files"):
        files = project.files()
    edit = project.propose()
    await talk.say(
        wish.words(
            f"这是一个小项目，有 {len(files)} 个文件。我想在 `{edit.path}` 里加上“{edit.title[0]}”，"
            "先给你看改动；你同意后我才改，然后运行测试，最后告诉你改了什么。（发“帮助”看我还会什么。）",
            f"This is a small project of {len(files)} files. I want to add {edit.title[1]} to `{edit.path}`. "
            "I show you the change first and make it only if you agree; then I run the tests and say what changed. "
            '(Write "help" to see what else I can do.)',
        )
    )
    return await change_files(talk, wish, project, (edit,))


async def change_files(talk: Talk, wish: Wish, project: Project, edits: tuple[Edit, ...]) -> str:
    """Ask for all edits at once, make those agreed to, run the tests and return the summary."""
    await project.keep()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_change(talk, wish, project, edit)) for edit in edits]
    refusals = [reason for task in tasks if (reason := task.result()) is not None]
    made = tuple(edit for edit, task in zip(edits, tasks, strict=True) if task.result() is None)
    lines = [_refused(wish, reason) for reason in refusals]
    if made:
        lines.append(await _tested(talk, wish, project, made))
    return await talk.say("\n\n".join(lines))


async def run_asked(talk: Talk, wish: Wish, project: Project, argv: tuple[str, ...]) -> str:
    """Ask to run a command, run it, and return what it printed."""
    prompt = wish.words("可以运行这个命令吗？", "May I run this command?")
    agreed, reason = await talk.agrees_to_run(argv, prompt)
    if not agreed:
        return await refusal(talk, wish, reason)
    finished = await talk.run(argv, project.root)
    outcome = _outcome(wish, finished.code) + _unasked(talk, wish)
    return await talk.say(f"{outcome}\n\n{_fenced(finished.output)}")


async def refusal(talk: Talk, wish: Wish, reason: str) -> str:
    """Say that a no was understood, with its reason."""
    return await talk.say(_refused(wish, reason))


async def go_on(talk: Talk, wish: Wish, deed: Record) -> str | None:
    """Ask for the very same thing as before a restart, and do it. None: it is not possible any more."""
    match deed:
        case {"command": [*parts]}:
            project = await talk.project()
            return await run_asked(talk, wish, project, tuple(str(part) for part in parts))
        case {"edit": _}:
            project = await talk.project()
            edit = asks.edit_from(deed)
            if edit is None or not project.still_possible(edit):
                return None
            return await change_files(talk, wish, project, (edit,))
        case _:
            return None


async def _change(talk: Talk, wish: Wish, project: Project, edit: Edit) -> str | None:
    """Make one edit if it is agreed to; return the reason if not."""
    prompt = wish.words(f"可以修改 {edit.path} 吗？（{edit.title[0]}）", f"May I change {edit.path}? ({edit.title[1]})")
    agreed, reason = await talk.agrees_to_edit(edit, prompt)
    if not agreed:
        return reason
    try:
        await talk.apply(project, edit)
    except BackendError as error:
        return str(error)
    return None


async def _tested(talk: Talk, wish: Wish, project: Project, made: tuple[Edit, ...]) -> str:
    finished = await talk.run(project.test_command, project.root)
    changed = ", ".join(f"`{edit.path}`" for edit in made)
    summary = await project.summary(made)
    return (
        wish.words(f"改好了：{changed}。", f"Changed: {changed}. ")
        + f"{_outcome(wish, finished.code)}{_unasked(talk, wish)}\n\n{_fenced(finished.output)}\n\n`git diff --stat`\n\n{_fenced(summary)}"
    )


def _outcome(wish: Wish, code: int | None) -> str:
    if code is None:
        return wish.words("命令超时，已被终止。", "The command ran out of time and was ended.")
    if code:
        return wish.words(f"命令失败，退出码 {code}。", f"The command failed with exit code {code}.")
    return wish.words("命令成功。", "The command succeeded.")


def _unasked(talk: Talk, wish: Wish) -> str:
    """Why there was no question, when one would have been expected."""
    if not talk.unasked:
        return ""
    return wish.words(
        "你之前选过不再问，所以这次没有问；发 `/rules` 看规则。",
        " You allowed this before, so I did not ask; `/rules` shows it.",
    )


def _refused(wish: Wish, reason: str) -> str:
    if not reason:
        return wish.words("好的，我不做。（没有说明理由。）", "All right, I leave it. (No reason was given.)")
    return wish.words(f"好的，我不做。理由：{reason}", f"All right, I leave it. The reason: {reason}")


def _fenced(output: str) -> str:
    """Return the end of an output in a code block no backtick in it can close."""
    text = output.strip("\n")[-OUTPUT_CHARACTERS:]
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"
