"""The shell: one command at a time, judged and run as `/shell` does it."""

from datetime import timedelta
from typing import Annotated, Any, Final

from msgspec import Meta

from phonework.assistant.tools import Arguments, Call, Question, Result, Tool
from phonework.errors import BackendError, RefusedError
from phonework.fsm.types import Verdict as Decided
from phonework.shell import showing
from phonework.shell.runner import Ready, Runner
from phonework.shell.terminal import plain
from phonework.shell.verdicts import Verdict
from phonework.texts import text

_SLACK: Final = timedelta(seconds=20)
"""For judging a command, and for ending one whose time is up."""


def tools(runner: Runner) -> tuple[Tool[Any], ...]:
    return (RunCommand(runner),)


class Command(Arguments, frozen=True, kw_only=True):
    command: Annotated[str, Meta(description="One command line for bash.", min_length=1, max_length=16_000)]


class RunCommand:
    name = "run_command"
    description = (
        "Run a shell command in the current directory and read its output and exit code. No input, no terminal. Only plainly "
        "harmless commands run at once; for others the person is asked, and destructive ones are refused. For files, prefer "
        "the tools for files."
    )
    arguments = Command
    changes = True

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.within = runner.timeout + _SLACK

    async def question(self, call: Call, arguments: Command) -> Question | None:
        """The person is asked about whatever `/shell` would ask about."""
        ready = await self._judged(call, arguments)
        if ready.unattended:
            return None
        return Question(
            prompt=text(call.language, "shell.ask"),
            command=ready.command,
            path=str(ready.directory),
            reasons=showing.reasons(ready.judged),
        )

    async def run(self, call: Call, arguments: Command) -> Result:
        """Judged again: what was harmless when nobody was asked may not be now."""
        ready = await self._judged(call, arguments)
        allowed = call.answer is not None and call.answer.verdict is Decided.ALLOW
        if not ready.unattended and not allowed:
            return Result(text="It was not run: it would have to be allowed by the person first.", failed=True)
        try:
            finished = await self._runner.run(ready)
        except (OSError, BackendError) as error:
            return Result(text=f"It could not be started, so nothing was done: {error}", failed=True)
        head = f"{showing.how(finished, 'en')}, {finished.seconds:.1f} s, in {ready.directory}"
        output = plain(finished.output).strip("\n") or text("en", "shell.no_output")
        return Result(text=f"{head}\n{output}", failed=finished.exit_code != 0)

    async def _judged(self, call: Call, arguments: Command) -> Ready:
        ready = await self._runner.judge(arguments.command.strip(), str(call.cwd))
        if ready.judged.verdict is Verdict.REFUSE:
            raise RefusedError("command_refused", reasons=showing.listed(ready.judged, "en"))
        return ready
