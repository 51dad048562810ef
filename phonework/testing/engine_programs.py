"""What programs of the machine do with people's sessions, beside them: send, interrupt, kill, and ask for it again."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from phonework.fsm.types import SessionId, UserId
from phonework.gateway.acts import Shell
from phonework.gateway.shapes import NewPrompt
from phonework.intake.hand import Taken
from phonework.testing.engine_stage import RARELY, WHICH, Stage, any_sessions
from phonework.testing.expected import Expected, Mode


class Programs(Stage):
    """Scripts of both people."""

    @precondition(any_sessions)
    @rule(which=WHICH, words=st.sampled_from(["please", "yes"]), interrupts=st.booleans(), again=RARELY)
    def a_program_writes(self, which: int, words: str, interrupts: bool, again: bool) -> None:
        """Its words answer nothing, whatever they are."""
        self.tick()
        session_id, one = self.session(which)
        key, prompt = self.name("program "), NewPrompt(text=words, how="interrupt" if interrupts else "queue")
        message = self.message_of_act(session_id, one, key)
        rested = one.mode is Mode.REST
        one.write(message, words, self.now, False, self.now, answers=False)
        if interrupts and not rested and message in one.queue:
            one.stop(self.now)
            one.send_now(message, self.now)
        self.act(session_id, one, key, again, lambda shell: shell.send(session_id, prompt))

    def message_of_act(self, session_id: SessionId, one: Expected, key: str) -> str:
        """The id of what the program sends under its key: it is told it."""
        desk = self.play.core.node._desk
        shell = Shell(
            connection=self.play.database, desk=desk, owner=UserId(one.owner), key=key, now=self.play.clock.now()
        )
        return shell.prompt_id(session_id)

    @precondition(any_sessions)
    @rule(which=WHICH, again=RARELY)
    def a_program_kills(self, which: int, again: bool) -> None:
        self.tick()
        session_id, one = self.session(which)
        one.kill(self.now)
        self.act(session_id, one, self.name("program "), again, lambda shell: shell.kill(session_id))

    def act(self, session_id: SessionId, one: Expected, key: str, again: bool, act: Callable[[Shell], Taken]) -> None:
        """again: once more under the same key, which does nothing."""
        owner, desk = UserId(one.owner), self.play.core.node._desk

        def job(connection: sqlite3.Connection, now: datetime) -> Taken:
            return act(Shell(connection=connection, desk=desk, owner=owner, key=key, now=now))

        async def acted() -> None:
            for _ in range(1 + again):
                await self.play.writer.run(job)
                await self.play.settled()

        self.do(acted())
        self.listen()
