"""What the real Codex asks, and what becomes of each answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from phonework.errors import RequestGoneError, StoreError
from phonework.fsm.events import AgentAsked, RequestWithdrawn
from phonework.fsm.types import Answer, RequestKind, Scope, Verdict
from phonework.testing.codex_bench import CodexBench, command, patch
from phonework.testing.fake_replies import Block, say

pytestmark = pytest.mark.codex

TOUCH = command("touch made && echo it is made", asks=True, why="It must be there.")
TELL = say("told: {results} {history}")


def question(identity: str, *labels: str, other: bool = True) -> Block:
    options = [{"label": label, "description": f"{label} it is"} for label in labels]
    asked = {"id": identity, "header": identity.title(), "question": f"Which {identity}?", "options": options}
    return {"tool": "request_user_input", "input": {"questions": [asked]}}


async def test_a_command_is_shown_in_full_with_its_reason_and_the_rule_that_could_be_kept(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])

    ask = await bench.asked()

    assert ask.kind is RequestKind.CONFIRM
    assert ask.command == "touch made && echo it is made"
    assert ask.prompt == "It must be there."
    assert ask.offered == (Scope.SESSION, Scope.ALWAYS)
    assert ask.rule == "Bash(touch made *)"
    assert ask.kept_in == str(bench.home / "rules" / "default.rules")
    assert [note.key for note in ask.notes] == ["codex.unconfined"]


async def test_a_rule_for_good_is_written_as_it_was_shown_and_asks_no_more(bench: CodexBench) -> None:
    simple = command("touch made", asks=True)
    await bench.write([simple], [simple], [TELL])

    await bench.answer(await bench.asked(), Verdict.ALLOW_RULE)

    await bench.finished()
    assert (bench.cwd / "made").exists()
    assert len(bench.asks()) == 1
    kept = (bench.home / "rules" / "default.rules").read_text()
    assert 'pattern=["touch", "made"]' in kept
    assert kept.count("prefix_rule") == 1


async def test_for_the_session_the_very_same_command_asks_no_more_and_nothing_is_written(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TOUCH], [command("touch made again", asks=True)], [TELL])

    await bench.answer(await bench.asked(), Verdict.ALLOW_SESSION)

    other = await bench.asked(2)
    assert other.command == "touch made again"
    await bench.answer(other, Verdict.DENY)
    await bench.finished()
    assert not (bench.home / "rules" / "default.rules").exists()


async def test_a_change_of_files_is_shown_as_a_diff_and_made_when_allowed(bench: CodexBench, tmp_path: Path) -> None:
    outside = Path("/var/tmp") / f"codex-{tmp_path.name}"
    change = patch(f"*** Add File: {outside}", "+hello")
    await bench.write([change], [TELL], mode="read-only")
    ask = await bench.asked()
    assert ask.diff == f"--- /dev/null\n+++ {outside}\n@@ -0,0 +1 @@\n+hello\n"
    assert ask.path == str(outside)
    assert ask.offered == (Scope.SESSION,)
    assert not outside.exists()

    await bench.answer(ask, Verdict.ALLOW)

    await bench.finished()
    assert outside.read_text() == "hello\n"
    outside.unlink()


async def test_a_denied_change_is_not_made_and_its_reason_is_read(bench: CodexBench) -> None:
    (bench.cwd / "shop.py").write_text("one = 1\n")
    change = patch("*** Update File: shop.py", "@@", "-one = 1", "+one = 2")
    await bench.write([change], [TELL], mode="ask-always")
    ask = await bench.asked()
    assert "-one = 1\n+one = 2\n" in ask.diff

    await bench.answer(ask, Verdict.DENY, "not on a Friday")

    assert "not on a Friday" in await bench.words()
    assert (bench.cwd / "shop.py").read_text() == "one = 1\n"


@pytest.mark.parametrize("verdict", [Verdict.ANSWER, Verdict.ALLOW_EDITS, Verdict.DENY])
async def test_only_an_allow_allows(bench: CodexBench, verdict: Verdict) -> None:
    await bench.write([TOUCH], [TELL])

    await bench.answer(await bench.asked(), verdict)

    await bench.finished()
    assert not (bench.cwd / "made").exists()


async def test_a_rule_that_was_not_shown_is_no_yes(bench: CodexBench) -> None:
    """Too long to be read on a phone, it is not offered; a verdict that names it all the same allows nothing."""
    await bench.write([command("touch made " + "x" * 1200, asks=True)], [TELL])
    ask = await bench.asked()
    assert ask.offered == ()

    await bench.answer(ask, Verdict.ALLOW_RULE)

    await bench.finished()
    assert not (bench.cwd / "made").exists()


async def test_a_request_that_cannot_be_stored_is_refused(bench: CodexBench) -> None:
    await bench.write([say("one"), {"gate": "go"}, TOUCH], [{"gate": "told"}, TELL])
    bench.sink.error = StoreError("the disk is full")

    bench.api.open("go")
    await bench.api.reached("told")

    bench.sink.error = None
    bench.api.open("told")
    assert "rejected by user" in await bench.words()
    assert not (bench.cwd / "made").exists()
    assert not bench.of(AgentAsked)


async def test_a_question_offers_its_options_and_the_choice_reaches_the_agent(bench: CodexBench) -> None:
    await bench.write([question("color", "Red", "Blue")], [TELL], mode="plan")
    ask = await bench.asked()
    assert ask.kind is RequestKind.CHOICE
    (asked,) = ask.questions
    assert asked.text == "Which color?"
    assert [(one.label, one.description) for one in asked.options] == [("Red", "Red it is"), ("Blue", "Blue it is")]
    assert asked.free_text

    await bench.answer(ask, Verdict.ANSWER, "", ("Blue",))

    assert json.dumps({"answers": {"color": {"answers": ["Blue"]}}}, separators=(",", ":")) in (await bench.words())


async def test_a_refused_question_is_no_answer_and_the_turn_goes_on(bench: CodexBench) -> None:
    await bench.write([question("color", "Red", "Blue")], [TELL], mode="plan")

    await bench.answer(await bench.asked(), Verdict.DENY, "ask me tomorrow")

    words = await bench.words()
    assert "ask me tomorrow" in words
    assert '"answers":["' not in words


async def test_after_planning_nothing_is_asked_that_way_any_more(bench: CodexBench) -> None:
    await bench.write([say("<proposed_plan>\n# Plan\n- paint it blue\n</proposed_plan>")], mode="plan")
    assert "paint it blue" in await bench.words()

    await bench.write([question("color", "Red", "Blue")], [TELL])

    assert "unavailable in Default mode" in await bench.words()


async def test_who_answers_first_elsewhere_takes_the_question_from_the_phone(bench: CodexBench) -> None:
    """Another client of the same server: its answer counts, and the card says so."""
    await bench.write([TOUCH], [TELL])
    ask = await bench.asked()
    thread = bench.backend._live[next(iter(bench.backend._live))]
    (waiting,) = thread.reporter.waiting.values()

    await bench.server.connection.answer(waiting.id, {"decision": "decline"})  # type: ignore[union-attr]

    withdrawn = await bench.one(RequestWithdrawn)
    assert withdrawn.request_id == ask.request_id
    with pytest.raises(RequestGoneError):
        await bench.answer(ask, Verdict.ALLOW)
    await bench.finished()
    assert not (bench.cwd / "made").exists()


async def test_a_late_decision_finds_the_same_thing_asked_again(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])
    ask = await bench.asked()
    await bench.interrupt()
    await bench.finished()

    await bench.write([replace_why(TOUCH)], [TELL])

    assert (await bench.asked()).fingerprint == ask.fingerprint
    await bench.answer(await bench.asked(), Verdict.DENY)
    await bench.finished()


def replace_why(block: Block) -> Block:
    """The same call, with other words around it: models never repeat those to the letter."""
    return {**block, "input": {**block["input"], "justification": "Once more."}}


async def test_everything_asks_where_everything_is_to_ask(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench(more={"approval_policy": "untrusted"})
    await bench.write([command("touch made")], [TELL])

    ask = await bench.asked()
    await bench.backend.answer("fizz-top", ask, Answer(verdict=Verdict.ALLOW))  # type: ignore[arg-type]

    await bench.finished()
    assert (bench.cwd / "made").exists()


async def test_an_answer_for_another_session_reaches_nobody(bench: CodexBench) -> None:
    await bench.write([TOUCH], [TELL])
    ask = await bench.asked()

    with pytest.raises(RequestGoneError):
        await bench.answer(replace(ask, request_id="0" * 32), Verdict.ALLOW)  # type: ignore[arg-type]

    assert not (bench.cwd / "made").exists()
