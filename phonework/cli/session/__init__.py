"""`phonework session`: the sessions of a running server, for scripts and for other agents."""

from typing import Any, Final

import click

from phonework.cli.lazy import Failure, LazyGroup
from phonework.cli.printing import json_line
from phonework.cli.session.exits import AS_JSON, INTERRUPTED, MEANINGS, as_json, code_of

COMMANDS: Final = {
    "create": "Begin a session; prints its id.",
    "send": "Give a session, or a whole group, a message.",
    "wait": "Wait until sessions have answered, or ask something.",
    "last-message": "Print what the agent said last.",
    "status": "Show one session.",
    "list": "List sessions.",
    "logs": "Print what was said, turn by turn.",
    "respond": "Answer a question the agent asks.",
    "approve": "Allow what the agent asks to do.",
    "deny": "Refuse what the agent asks to do.",
    "retry": "Run the last turn again.",
    "stop": "Stop the running turn.",
    "kill": "End the agent's processes at once.",
    "attach": "Go to the agent's own terminal, where it has one.",
    "rename": "Give a session a name.",
    "close": "Close sessions.",
    "cleanup": "Close sessions that nobody has used for a while.",
}

_MODULES: Final = {
    "last-message": "looking",
    "status": "looking",
    "respond": "answering",
    "approve": "answering",
    "deny": "answering",
    "retry": "acting",
    "stop": "acting",
    "kill": "acting",
    "close": "acting",
    "rename": "acting",
}


class SessionGroup(LazyGroup):
    """Turns what is wrong, and Ctrl-C, into the exit code that stands for it; what is wrong is told as JSON, too, where that is wanted."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as failure:
            failure.show()
            if ctx.meta.get(AS_JSON):
                click.echo(json_line(as_json(failure.error)))
            ctx.exit(code_of(failure.error))
        except (KeyboardInterrupt, click.Abort) as error:
            if isinstance(error, click.Abort) and not isinstance(error.__context__, KeyboardInterrupt):
                raise  # a question at the end of the input
            ctx.exit(INTERRUPTED)


session = SessionGroup(
    name="session",
    help="Use the sessions of the server on this machine, or of the one PHONEWORK_GATEWAY_URL names.",
    epilog="\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items()),
    commands_from="phonework.cli.session",
    summaries=COMMANDS,
    modules=_MODULES,
)
