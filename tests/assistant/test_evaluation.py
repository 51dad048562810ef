"""The evaluation an owner runs against their own model, here against one that answers by script."""

import json
import os
import subprocess
import sys
from pathlib import Path

from evaluation.__main__ import BAR, evaluate, offers, scene, share, table
from evaluation.requests import REQUESTS, WORDS
from phonework.testing.fake_openai import Asked, FakeOpenAI, Reply, call, fail, say

ROOT = Path(__file__).parents[2]
EXPECTED = dict(REQUESTS)


def good(asked: Asked) -> Reply:
    """A model that does what is expected."""
    tool = EXPECTED[asked.said][0]
    return [call(tool)] if tool else say("In words.")


def test_there_are_forty_requests_for_tools_that_exist() -> None:
    known = {one.name for one in offers()} | {WORDS}
    assert len(REQUESTS) == len(EXPECTED) == 40
    assert {name for expected in EXPECTED.values() for name in expected} == known


def test_the_scene_speaks_the_language_of_the_request() -> None:
    assert "中文" in scene("我有哪些会话？")
    assert "3. calm-fox, docs, waits for the person's decision" in scene("hello")


async def test_a_model_that_does_what_is_expected_passes() -> None:
    async with FakeOpenAI(rules=[good]) as api:
        marked = await evaluate(api.base_url, "fake", "")
    assert share(marked) == 1
    assert list(table(marked))[-1] == f"100% of 40 as expected; the bar is {BAR:.0%}"
    assert len(api.requests) == 40


async def test_what_was_not_expected_is_shown() -> None:
    async with FakeOpenAI(rules=[lambda _asked: [call("list_sessions")]]) as api:
        api.will(fail(401))
        marked = await evaluate(api.base_url, "fake", "")
    assert 0 < share(marked) < 0.2
    lines = list(table(marked))
    assert lines[0].startswith("NOT")
    assert "unauthorised" in lines[0]
    assert "expected send_to_session" in "\n".join(lines)


def test_it_runs_from_the_shell_and_fails_below_the_bar() -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "phonework.testing.fake_openai"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["base_url"]
        found = subprocess.run(
            [sys.executable, "-m", "evaluation", "--endpoint", address, "--model", "fake"],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env={**os.environ, "PHONEWORK_ASSISTANT__API_KEY": ""},
            check=False,
        )
    finally:
        server.terminate()
        server.wait(timeout=10)
        server.stdout.close()
    assert found.returncode == 1, found.stderr
    assert "of 40 as expected" in found.stdout.splitlines()[-1]
