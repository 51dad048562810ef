"""What a backend must keep to that knows conversations begun at the desk; its tests take this in beside `BackendContract`.

class TestMine(BackendContract, DeskContract): ...
"""

from dataclasses import replace
from uuid import uuid4

from phonework.backends.base import DeskBackend
from phonework.testing.backend_contract import ONE, TWO, Bench, Need


class DeskContract:
    """The suite. It wants the fixture `bench` of `BackendContract`."""

    async def test_what_was_said_is_listed_where_it_began(self, bench: Bench) -> None:
        start = await bench.start(Need.PLAIN)
        agent = (await bench.started()).agent_session_id
        await bench.finished()
        await bench.backend.close(ONE)
        backend = _desk(bench)

        (listed,) = await backend.transcripts(bench.cwd(ONE).parent, 10)
        assert listed.agent_session_id == agent
        assert listed.cwd == str(bench.cwd(ONE).resolve())
        assert listed.first
        assert listed.first in " ".join(start.prompts[0].text.split())
        assert listed.held_by is None, "an agent of our own is nobody at the desk"
        assert await backend.transcript(agent) == listed
        assert await backend.transcripts(bench.cwd(TWO), 10) == ()

    async def test_what_is_not_there_is_not_found_and_needs_no_ending(self, bench: Bench) -> None:
        backend = _desk(bench)
        for name in (str(uuid4()), "../../etc/passwd", ""):
            assert await backend.transcript(name) is None
            await backend.end_at_desk(name, "1:1")

    async def test_a_copy_remembers_and_leaves_the_other_as_it_is(self, bench: Bench) -> None:
        start = await bench.start(Need.PLAIN)
        agent = (await bench.started()).agent_session_id
        await bench.finished()
        await bench.backend.close(ONE)
        before = await _desk(bench).transcript(agent)
        begins = replace(bench.start_of(Need.RECALL, TWO), fork_of=agent, cwd=start.cwd)
        await bench.backend.start_turn(begins)
        end = await bench.finished(TWO)

        assert bench.adapter.recalled(start.prompts[0].text, end)
        assert (await bench.started(TWO)).agent_session_id not in ("", agent)
        assert await _desk(bench).transcript(agent) == before


def _desk(bench: Bench) -> DeskBackend:
    assert bench.backend.capabilities.desk
    assert isinstance(bench.backend, DeskBackend)
    return bench.backend
