"""The real Claude Code finds our skills where they are put."""

import json

from phonework import skills
from phonework.backends.claude import ClaudeBackend
from phonework.testing.claude_bench import ClaudeBench


async def test_it_offers_the_model_those_of_the_person_and_of_the_project(bench: ClaudeBench) -> None:
    places = ClaudeBackend.about.skills
    assert places is not None
    skills.skill("phonework-sessions", bench.config / "skills").write()
    skills.skill("phonework-handover", bench.cwd / places.project).write()
    await bench.write([{"text": "I know them."}])
    await bench.finished()

    offered = json.dumps([request.body for request in bench.api.requests])
    assert "phonework-sessions: Runs other coding-agent sessions" in offered
    assert "phonework-handover: Hands unfinished work over" in offered
