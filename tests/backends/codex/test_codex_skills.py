"""The real Codex finds our skills where they are put."""

import json

from phonework import skills
from phonework.backends.codex import CodexBackend
from phonework.testing.codex_bench import CodexBench


async def test_it_offers_the_model_those_of_the_person_and_of_the_project(bench: CodexBench) -> None:
    places = CodexBackend.about.skills
    assert places is not None
    skills.skill("phonework-sessions", bench.home / ".agents" / "skills").write()
    skills.skill("phonework-handover", bench.cwd / places.project).write()
    await bench.write([{"text": "I know them."}])
    await bench.finished()

    offered = json.dumps([request.body for request in bench.api.requests])
    assert "phonework-sessions: Runs other coding-agent sessions" in offered
    assert "phonework-handover: Hands unfinished work over" in offered
