"""What the agents of the machine do: take up a turn, ask, end, say things twice, out of turn or too late."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from phonework.fsm.events import (
    AgentLost,
    AgentSessionChanged,
    BackgroundFinished,
    PromptsTaken,
    RequestWithdrawn,
    TurnBegan,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from phonework.fsm.types import Prompt, PromptId, RequestId
from phonework.testing.engine_stage import KINDS, RARELY, WHICH, Stage, any_sessions
from phonework.testing.expected import Mode


class Agents(Stage):
    """One agent of each kind."""

    @precondition(any_sessions)
    @rule(which=WHICH, kind=st.sampled_from(list(KINDS)), fingerprint=st.sampled_from(["rm", "ls"]), odd=RARELY)
    def agent_asks(self, which: int, kind: str, fingerprint: str, odd: bool) -> None:
        """odd: though it is not at work, or in the name of an earlier turn."""
        self.tick()
        session_id, one = self.session(which)
        if one.mode is Mode.REST and not odd:
            self.please(which)
        turn = max(1, one.turn - 1) if odd else one.turn
        self.report(session_id, self.ask(one, turn, kind, fingerprint))

    @precondition(lambda self: any(one.mode is Mode.WORKING for one in self.sessions.values()))
    @rule(which=WHICH, kind=st.sampled_from(list(KINDS)), other=st.sampled_from(list(KINDS)))
    def agent_asks_two_things_at_once(self, which: int, kind: str, other: str) -> None:
        self.tick()
        working = [(key, one) for key, one in self.sessions.items() if one.mode is Mode.WORKING]
        session_id, one = working[which % len(working)]
        both = [self.ask(one, one.turn, kind, "rm"), self.ask(one, one.turn, other, "ls")]

        async def emit() -> None:
            await asyncio.gather(
                *(self.play.core.node.emit(session_id, event, key=self.name("report ")) for event in both)
            )
            await self.play.settled()

        self.do(emit())
        self.listen()

    @precondition(any_sessions)
    @rule(which=WHICH)
    def somebody_types_at_the_terminal(self, which: int) -> None:
        """Also while a turn runs or after the session is closed: then nothing begins."""
        self.tick()
        session_id, one = self.session(which)
        message = self.name("typed ")
        one.typed(message, self.now)
        prompt = Prompt(prompt_id=PromptId(message), text="typed at the desk", sent_at=self.now)
        self.report(session_id, TurnBegan(prompt=prompt))

    @precondition(lambda self: any(one.questions for one in self.sessions.values()))
    @rule(which=WHICH)
    def agent_withdraws(self, which: int) -> None:
        self.tick()
        asked = [(key, one, question) for key, one in self.sessions.items() for question in one.questions]
        asked.sort(key=lambda each: each[1].questions[each[2]].status not in ("open", "queued"))
        session_id, one, question = asked[which % len(asked)]
        one.withdraws(question, self.now)
        self.report(session_id, RequestWithdrawn(turn=one.turn, request_id=RequestId(question)))

    @precondition(any_sessions)
    @rule(which=WHICH, how=st.sampled_from(["finished", "finished", "failed", "lost"]), old=RARELY, more=RARELY)
    def agent_ends(self, which: int, how: str, old: bool, more: bool) -> None:
        """more: something was written to it just before."""
        self.tick()
        if more:
            self.please(which)
        session_id, one = self.session(which)
        turn = max(1, one.turn - old)
        one.ends(turn, well=how == "finished", now=self.now)
        match how:
            case "finished":
                self.report(session_id, TurnFinished(turn=turn, text=self.words("All done, number ")))
            case "failed":
                self.report(session_id, TurnFailed(turn=turn, error="The API is down."))
            case _:
                self.report(session_id, AgentLost(turn=turn, reason="The agent crashed."))

    @precondition(any_sessions)
    @rule(which=WHICH, what=st.sampled_from(["begins", "renamed", "took", "more"]), old=RARELY)
    def agent_says(self, which: int, what: str, old: bool) -> None:
        """What moves nothing: its name, which messages it took in (one that nobody wrote among them), a result by the way."""
        self.tick()
        session_id, one = self.session(which)
        turn, name = max(1, one.turn - old), self.name("agent ")
        match what:
            case "begins":
                one.called(turn, name, begins=True)
                self.report(session_id, TurnStarted(turn=turn, agent_session_id=name))
            case "renamed":
                one.called(turn, name, begins=False)
                self.report(session_id, AgentSessionChanged(turn=turn, agent_session_id=name))
            case "took":
                taken = tuple(map(PromptId, (*one.last, "nobody wrote this")))
                self.report(session_id, PromptsTaken(turn=turn, prompt_ids=taken))
            case _:
                self.report(session_id, BackgroundFinished(text=self.words("By the way, number ")))

    def words(self, beginning: str) -> str:
        """Words of the agent that it says once."""
        self.texts.append(self.name(beginning))
        return self.texts[-1]

    @precondition(lambda self: bool(self.reports))
    @rule(which=st.integers(0, 20))
    def agent_repeats_itself(self, which: int) -> None:
        session_id, event, key = self.reports[-1 - which % len(self.reports)]
        self.do(self.play.agent(session_id, event, key=key))
        self.listen()
