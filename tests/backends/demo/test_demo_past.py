"""What the demo agent has kept of earlier sessions can be gone on with, or copied."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonework.backends.base import DeskBackend, TurnStart
from phonework.backends.demo import past
from phonework.fsm.events import TurnFinished, TurnStarted
from phonework.fsm.types import SessionId
from phonework.testing.messages import message

LATER, COPY = SessionId("later-one"), SessionId("copied-one")


async def tell(person: Any, session_id: SessionId, turn: int, text: str, **more: str) -> tuple[str, str]:
    """Run a turn of another session; returns the conversation's id and the answer."""
    start = TurnStart(session_id=session_id, turn=turn, cwd=str(person.cwd), prompts=(message(text),), **more)  # type: ignore[arg-type]
    await person.backend.start_turn(start)
    begun = await person.sink.wait_event(session_id, TurnStarted, where=lambda event: event.turn == turn)
    ended = await person.sink.wait_event(session_id, TurnFinished, where=lambda event: event.turn == turn)
    return begun.agent_session_id, ended.text


async def test_a_conversation_goes_on_in_another_session(person: Any) -> None:
    name, _ = await tell(person, SessionId("fizz-top"), 1, "say the word is mango")
    assert isinstance(person.backend, DeskBackend)
    (found,) = await person.backend.transcripts(person.cwd.parent, 5)
    assert (found.agent_session_id, found.first, found.cwd) == (name, "say the word is mango", str(person.cwd))

    assert await tell(person, LATER, 1, "say hello", agent_session_id=name) == (name, "hello")
    person.restart()
    _, said = await tell(person, LATER, 2, "history", agent_session_id=name)
    assert "mango" in said
    assert "hello" in said
    assert (await person.backend.transcript(name)).last == "history"
    assert len(await person.backend.transcripts(person.cwd.parent, 5)) == 1


async def test_a_copy_has_its_own_name_and_leaves_the_other_as_it_is(person: Any) -> None:
    name, _ = await tell(person, SessionId("fizz-top"), 1, "say the word is papaya")
    before = await person.backend.transcript(name)
    copy, said = await tell(person, COPY, 1, "history", fork_of=name)

    assert copy != name
    assert "papaya" in said
    assert await person.backend.transcript(name) == before


async def test_only_what_began_below_the_directory_is_listed(person: Any, tmp_path: Path) -> None:
    await tell(person, SessionId("fizz-top"), 1, "say one")
    assert await person.backend.transcripts(tmp_path / "elsewhere", 5) == ()
    assert await person.backend.transcript("no such") is None


LINES = st.dictionaries(
    st.sampled_from(["kind", "conversation", "text", "cwd", "said"]),
    st.sampled_from(["prompt", "recalled", "/", ""]) | st.lists(st.text(max_size=3), max_size=2) | st.none(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES.map(lambda one: json.dumps(one).encode()) | st.binary(max_size=40), max_size=6))
def test_whatever_the_journals_hold_is_survived(tmp_path: Path, lines: list[bytes]) -> None:
    (tmp_path / "one.jsonl").write_bytes(b"\n".join(lines))
    for name, one in past.conversations(tmp_path).items():
        assert past.desk_session(name, one).agent_session_id == name
