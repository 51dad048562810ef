"""Late decisions with the real Claude Code (F12): answered once, for the same thing only."""

import json
from dataclasses import replace

import pytest

from phonework.backends.base import Accepted
from phonework.fsm.types import Answer, Ask, Carry, Verdict
from phonework.testing.claude_bench import ONE, ClaudeBench, say, use

pytestmark = pytest.mark.claude

TOUCH = use("Bash", command="touch x1 && echo made", description="Make x1")
ALLOW = Answer(verdict=Verdict.ALLOW)


async def lost_while_asking(bench: ClaudeBench, *replies: list[dict[str, object]]) -> Ask:
    """The agent is killed while it asks, and the server begins anew."""
    await bench.write(*(replies or ([TOUCH], [say("then: {result}")])))
    ask = await bench.asked()
    await bench.recorded_ask()
    await bench.backend.kill(ONE)
    await bench.end()
    bench.restart()
    return ask


def api_calls(bench: ClaudeBench) -> int:
    return len(bench.api.requests)


async def test_the_very_call_goes_on_without_the_model_being_asked_again(bench: ClaudeBench) -> None:
    """Guards the undocumented line in the transcript: should a release not honour it, this fails."""
    ask = await lost_while_asking(bench)
    before = api_calls(bench)

    prompt = await bench.write(text="Allowed.", carry=Carry(ask=ask, answer=ALLOW))

    assert await bench.words() == "then: made"
    assert not bench.asks()
    assert (bench.cwd / "x1").exists()
    assert api_calls(bench) == before + 1, "only the tool's result went to the model"
    assert bench.start is not None
    assert prompt.prompt_id == bench.start.prompts[0].prompt_id
    assert await bench.backend.accepted(bench.start) is Accepted.YES


async def test_a_late_no_is_read_by_the_agent(bench: ClaudeBench) -> None:
    ask = await lost_while_asking(bench)

    await bench.write(text="No.", carry=Carry(ask=ask, answer=Answer(verdict=Verdict.DENY, text="rather not")))

    assert await bench.words() == "then: rather not"
    assert not (bench.cwd / "x1").exists()


async def test_the_conversation_goes_on_after_a_late_answer(bench: ClaudeBench) -> None:
    ask = await lost_while_asking(bench)
    await bench.write(text="Allowed.", carry=Carry(ask=ask, answer=ALLOW))
    await bench.finished()

    await bench.write([say("{history}")], text="what was it?")

    assert "what was it?" in await bench.words()


async def test_it_answers_once(bench: ClaudeBench) -> None:
    """The same call again is asked again, and looks like a new one to whoever knows the late decision."""
    ask = await lost_while_asking(bench, [TOUCH], [TOUCH], [say("{result}")])

    await bench.write(text="Allowed.", carry=Carry(ask=ask, answer=ALLOW))
    again = await bench.asked()
    await bench.answer(again, Verdict.DENY, "once is enough")

    assert await bench.words() == "once is enough"
    assert again.command == ask.command
    assert again.fingerprint != ask.fingerprint


async def test_it_answers_nothing_else(bench: ClaudeBench) -> None:
    """The agent makes another call than the one that was allowed."""
    ask = await lost_while_asking(bench)
    carry = Carry(ask=replace(ask, agent_ref="toolu_of_an_older_call"), answer=ALLOW)

    await bench.write([use("Bash", command="touch x2", description="Make x2")], [say("{result}")], carry=carry)
    other = await bench.asked()
    await bench.answer(other, Verdict.DENY, "not x2")

    assert await bench.words() == "not x2"
    assert other.command == "touch x2"
    assert not (bench.cwd / "x2").exists()


async def test_after_a_refusal_the_agent_is_told_in_words_and_the_same_call_passes_once(bench: ClaudeBench) -> None:
    """The wait had expired: the call was refused and the turn stopped, so there is nothing left to repeat."""
    await bench.write([TOUCH], [say("{result}")])
    ask = await bench.asked()
    await bench.interrupt()
    await bench.finished()

    await bench.write([TOUCH], [say("{result}")], text="", carry=Carry(ask=ask, answer=ALLOW))

    assert await bench.words() == "made"
    assert not bench.asks()
    said = bench.api.requests[-1].said
    assert "It is now allowed" in said
    assert ask.command in said


async def test_with_several_unanswered_calls_the_decision_is_told_and_counts_for_its_own_only(
    bench: ClaudeBench,
) -> None:
    """A repeat takes one call only, so here the model is asked again."""
    reads = []
    for name in ("one", "two"):
        (bench.directory / name).write_text(f"this is {name}")
        reads.append(use("Read", file_path=str(bench.directory / name)))
    await bench.write(reads)
    ask = await bench.asked(2)
    await bench.recorded_ask()
    await bench.backend.kill(ONE)
    await bench.end()

    await bench.write(reads, [say("{results}")], carry=Carry(ask=ask, answer=ALLOW))
    other = await bench.asked()
    await bench.answer(other, Verdict.DENY, "not this")

    words = await bench.words()
    assert other.path != ask.path
    assert "not this" in words
    assert f"this is {ask.path[-3:]}" in words


async def test_a_late_answer_to_a_question_reaches_the_agent(bench: ClaudeBench) -> None:
    question = {"question": "Which colour?", "header": "Colour", "multiSelect": False}
    options = [{"label": "Blue", "description": ""}, {"label": "Red", "description": ""}]
    ask = await lost_while_asking(
        bench, [use("AskUserQuestion", questions=[{**question, "options": options}])], [say("{result}")]
    )

    answer = Answer(verdict=Verdict.ANSWER, picks=(("Red",),))
    await bench.write(text="Red.", carry=Carry(ask=ask, answer=answer))

    assert '"Which colour?"="Red"' in await bench.words()
    assert json.loads(ask.extra)["tool_input"]["questions"][0]["question"] == "Which colour?"
