"""Late decisions with the real Claude Code (F12): it asks for the same thing again, and the decision can be given."""

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


async def test_the_very_call_is_asked_again_without_the_model(bench: ClaudeBench) -> None:
    """Guards the undocumented line in the transcript: should a release not honour it, this fails."""
    ask = await lost_while_asking(bench)
    before = len(bench.api.requests)

    await bench.write(text="Allowed.", carry=Carry(ask=ask, answer=ALLOW))
    again = await bench.asked()
    assert not (bench.cwd / "x1").exists(), "a decision is not an answer until it is given"
    await bench.answer(again, Verdict.ALLOW)

    assert await bench.words() == "then: made"
    assert (again.fingerprint, again.agent_ref) == (ask.fingerprint, ask.agent_ref)
    assert again.request_id != ask.request_id
    assert len(bench.api.requests) == before + 1, "only the tool's result went to the model"
    assert bench.start is not None
    assert await bench.backend.accepted(bench.start) is Accepted.YES


async def test_a_late_no_is_read_by_the_agent(bench: ClaudeBench) -> None:
    ask = await lost_while_asking(bench)

    await bench.write(text="No.", carry=Carry(ask=ask, answer=Answer(verdict=Verdict.DENY, text="rather not")))
    await bench.answer(await bench.asked(), Verdict.DENY, "rather not")

    assert await bench.words() == "then: rather not"
    assert not (bench.cwd / "x1").exists()


async def test_the_conversation_goes_on_after_a_late_answer(bench: ClaudeBench) -> None:
    ask = await lost_while_asking(bench)
    await bench.write(text="Allowed.", carry=Carry(ask=ask, answer=ALLOW))
    await bench.answer(await bench.asked(), Verdict.ALLOW)
    await bench.finished()

    await bench.write([say("{history}")], text="what was it?")

    assert "what was it?" in await bench.words()


async def test_another_call_has_another_fingerprint(bench: ClaudeBench) -> None:
    """So that nothing but what was allowed can be answered from the decision."""
    ask = await lost_while_asking(bench)
    carry = Carry(ask=replace(ask, agent_ref="toolu_of_an_older_call"), answer=ALLOW)

    await bench.write([use("Bash", command="touch x2", description="Make x2")], [say("{result}")], carry=carry)
    other = await bench.asked()
    await bench.answer(other, Verdict.DENY, "not x2")

    assert await bench.words() == "not x2"
    assert other.fingerprint != ask.fingerprint
    assert not (bench.cwd / "x2").exists()


async def test_a_used_decision_repeats_nothing(bench: ClaudeBench) -> None:
    ask = await lost_while_asking(bench)

    await bench.write([say("nothing to do")], carry=Carry(ask=ask, answer=ALLOW, used=True))

    assert await bench.words() == "nothing to do"
    assert not bench.asks()


async def test_after_a_refusal_the_agent_reads_the_prompt_and_may_make_the_same_call(bench: ClaudeBench) -> None:
    """The wait had expired: the call was refused and the turn stopped, so there is nothing left to repeat."""
    await bench.write([TOUCH], [say("{result}")])
    ask = await bench.asked()
    await bench.interrupt()
    await bench.finished()

    await bench.write([TOUCH], [say("{result}")], text="My answer: yes.", carry=Carry(ask=ask, answer=ALLOW))
    again = await bench.asked()
    await bench.answer(again, Verdict.ALLOW)

    assert await bench.words() == "made"
    assert again.fingerprint == ask.fingerprint
    assert bench.api.requests[-1].said.count("My answer: yes.") == 1, (
        "the prompt tells of the decision, nobody else does"
    )


async def test_with_several_unanswered_calls_the_decision_is_told_and_all_are_asked_again(bench: ClaudeBench) -> None:
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
    both = [await bench.asked(1), await bench.asked(2)]
    for again in both:
        await bench.answer(again, Verdict.ALLOW if again.fingerprint == ask.fingerprint else Verdict.DENY, "not this")

    words = await bench.words()
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
    again = await bench.asked()
    await bench.backend.answer(ONE, again, answer)

    assert '"Which colour?"="Red"' in await bench.words()
    assert again.fingerprint == ask.fingerprint
