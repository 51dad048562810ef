"""Two people, their agents, clocks and crashes, drawn by Hypothesis, and the real engine on a real file under them."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from phonework.backends.base import Accepted, Liveness
from phonework.fsm.types import SessionId, Verdict
from phonework.testing import promises
from phonework.testing.backend import Deed
from phonework.testing.channel import Fate
from phonework.testing.engine_agents import Agents
from phonework.testing.engine_people import People
from phonework.testing.engine_programs import Programs
from phonework.testing.expected import Expected

MODES: Final = {"waiting_input": "waiting", "waiting_confirm": "waiting"}


class EngineMachine(People, Programs, Agents):
    """Everything that people, agents, orders, time and the end of the program can do; and what must hold then."""

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.comes_to_rest()
        finally:
            self.do(self.play.stop())
            self.loop.close()
            self.folder.cleanup()

    def comes_to_rest(self) -> None:
        """If nobody does anything more, everything that was begun ends, and nothing stays owed."""
        self.play.channel.fates.clear()
        self.play.script.deeds.clear()
        self.let_go()
        for user, sleeps in self.nights.items():
            if sleeps:
                self.sleep(user, soundly=False)
        if self.nights:  # what was asked before or in the night waits for the morning, also when they get up earlier
            self.pass_time(timedelta(days=1))
        for _ in range(4 + 2 * max((len(one.queue) for one in self.sessions.values()), default=0)):
            self.let_go()
            self.pass_time(timedelta(minutes=31))
        self.every_promise_holds()
        assert [key for key, one in self.sessions.items() if one.busy] == []
        assert self.play.rows("SELECT key, status FROM effect WHERE status IN ('owed', 'claimed')") == []
        assert self.play.rows("PRAGMA integrity_check") == [("ok",)]

    # What becomes of orders, time, and the end of the program

    @rule(outcome=st.sampled_from([*Deed, *Fate]))
    def the_next_effect(self, outcome: Deed | Fate) -> None:
        if isinstance(outcome, Deed):
            self.play.script.deeds.append(outcome)
        else:
            self.play.channel.fates.append(outcome)

    @rule(by=st.sampled_from([0, 0, 20, 20, 60, 241, 301, 301, 1801]))
    def time_passes(self, by: int) -> None:
        """Nothing: what hung goes on."""
        self.pass_time(timedelta(seconds=by)) if by else self.let_go()

    @rule(
        accepted=st.sampled_from([None, None, Accepted.UNKNOWN]),
        liveness=st.sampled_from([Liveness.DEAD, Liveness.DEAD, Liveness.UNKNOWN]),
        down=st.sampled_from([0, 0, 0, 20, 301, 1801]),
    )
    def crash(self, accepted: Accepted | None, liveness: Liveness, down: int) -> None:
        """down: for so many seconds; what was due meanwhile is done at the start."""
        if down:
            self.play.script.deeds.clear()  # what is begun anew and what was due run side by side: neither goes wrong
        self.play.clock.advance(timedelta(seconds=down))
        self.falls(accepted, liveness)
        for one in self.sessions.values():
            one.passes(self.now)
        self.do(self.play.crash())
        self.listen()

    # What must hold

    @invariant()
    def every_promise_holds(self) -> None:
        self.broken = True
        self.look()
        self.broken = False

    def look(self) -> None:
        promises.check(self.play.database, self.now)
        promises.check_replay(self.play.database, self.now)
        self.everything_acknowledged_is_kept_once()
        self.nothing_is_done_twice()
        self.nothing_is_added_to_a_turn_unasked()
        self.no_yes_that_nobody_gave()
        for session_id, one in self.sessions.items():
            self.it_stands_where_it_should(session_id, one)

    def everything_acknowledged_is_kept_once(self) -> None:
        known = dict(self.play.rows("SELECT dedupe_key, count(*) FROM event GROUP BY 1"))
        assert {act.key: known.get(act.key) for act in self.acts} == {act.key: 1 for act in self.acts}

    def nothing_is_done_twice(self) -> None:
        script = self.play.script
        starts = [(start.session_id, start.turn) for start in script.starts]
        messages = [prompt.prompt_id for start in script.starts for prompt in start.prompts]
        answers = [ask.request_id for _, ask, _ in script.answers]
        cards = [post.delivery.card_key for post in self.play.channel.posts.values()]
        asked = [key for key in cards if key.startswith(("request:", "prompt:"))]
        said = [text for text in self.play.channel.texts() if text in self.texts]
        for what in (starts, messages, answers, asked, said):
            assert len(what) == len(set(what)), f"twice: {what}"
        claimed = self.play.one("SELECT count(*) FROM effect WHERE status = 'claimed'")
        assert claimed <= sum(backend.blocked for backend in self.play.backends.values())

    def nothing_is_added_to_a_turn_unasked(self) -> None:
        """One of which nobody knows whether it arrived is shown again, and may be given again by another tap."""
        asked = [message for one in self.sessions.values() for message in one.steered]
        given = [prompt.prompt_id for _, _, prompt in self.play.script.steers]
        for message in set(given):
            assert given.count(message) <= asked.count(message), f"{message} given to a turn though nobody said so"

    def no_yes_that_nobody_gave(self) -> None:
        given = [fingerprint for one in self.sessions.values() for fingerprint in one.consents]
        heard = [ask.fingerprint for _, ask, answer in self.play.script.answers if answer.verdict is not Verdict.DENY]
        for fingerprint in set(heard):
            assert heard.count(fingerprint) <= given.count(fingerprint), f"a yes to {fingerprint} that nobody gave"

    def it_stands_where_it_should(self, session_id: SessionId, one: Expected) -> None:
        rows = self.play.rows
        state, turn, generation, open_request, agent, *chosen = rows(
            "SELECT state, turn, generation, open_request, agent_session_id, model, mode, mode_after FROM session WHERE session_id = ?",
            session_id,
        )[0]
        waiting = rows(
            "SELECT status, prompt_id, json_array_length(body, '$.attachments') FROM prompt"
            " WHERE session_id = ? AND status IN ('queued', 'held') ORDER BY place",
            session_id,
        )
        timers = dict(rows("SELECT name, due_at_ms FROM timer WHERE session_id = ?", session_id))
        stored = {
            "mode": MODES.get(state, state),
            "turn": turn,
            "generation": generation,
            "open": open_request or "",
            "agent": agent,
            "chosen": chosen,
            "queue": [prompt for status, prompt, _ in waiting if status == "queued"],
            "held": [prompt for status, prompt, _ in waiting if status == "held"],
            "files": {prompt: files for _, prompt, files in waiting if files},
            "questions": dict(rows("SELECT request_id, status FROM request WHERE session_id = ?", session_id)),
            "deadlines": timers,
            "tasks": [
                turn for (turn,) in rows("SELECT turn FROM task WHERE session_id = ? ORDER BY number", session_id)
            ],
            "active": self.play.one("SELECT active_session FROM user WHERE user_id = ?", one.owner),
        }
        expected = {
            "mode": one.mode.value,
            "turn": one.turn,
            "generation": one.generation,
            "open": one.open,
            "agent": one.agent,
            "chosen": [one.model, one.asks_as, one.asks_after],
            "queue": one.queue,
            "held": one.held,
            "files": {key: one.files[key] for key in (*one.queue, *one.held) if one.files.get(key)},
            "questions": {key: question.status for key, question in one.questions.items()},
            "tasks": one.tasks,
            "deadlines": {name: int(at.timestamp() * 1000) for name, (at, _) in one.deadlines.items()},
            "active": self.active[one.owner],
        }
        assert stored == expected
