"""The demo agent's stories, from the first word to the last."""

import re
from typing import Any

import pytest

from phonework.backends.base import Step, TurnStart
from phonework.fsm.events import AgentLost, AgentSessionChanged, BackgroundFinished, TurnFailed
from phonework.fsm.types import RequestKind, SessionId, Verdict
from phonework.testing.messages import message

Person = Any  # of conftest.py, which cannot be imported
ONE = SessionId("fizz-top")


async def test_the_default_story_edits_tests_and_shows_the_difference(person: Person) -> None:
    await person.write("make the shop better")
    ask = await person.asked()
    assert ask.kind is RequestKind.CONFIRM
    assert "+def with_tax(" in ask.diff

    await person.answer(ask, Verdict.ALLOW)

    text = await person.last_words()
    assert "Ran 4 tests" in text
    assert "shop/prices.py | 9 ++" in text
    assert "def with_tax(" in (person.cwd / "shop/prices.py").read_text()


async def test_each_time_it_has_something_new_to_propose(person: Person) -> None:
    diffs = set()
    for _ in range(8):
        await person.write("go on")
        ask = await person.asked()
        diffs.add(ask.diff)
        await person.answer(ask, Verdict.ALLOW)
        assert "OK" in await person.last_words()

    assert len(diffs) == 8


async def test_a_command_is_run_only_if_allowed(person: Person) -> None:
    await person.write("confirm")
    ask = await person.asked()
    assert ask.command.endswith("-m unittest -v")

    await person.answer(ask, Verdict.ALLOW)

    assert "Ran 3 tests" in await person.last_words()


@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.ANSWER])
async def test_nothing_but_an_explicit_yes_is_one(person: Person, verdict: Verdict) -> None:
    await person.write("确认")

    await person.answer(await person.asked(), verdict, "先等等")

    text = await person.last_words()
    assert "先等等" in text
    assert "Ran" not in text


async def test_a_rule_for_good_holds_in_the_project_until_it_is_taken_back(person: Person) -> None:
    await person.write("confirm")
    await person.answer(await person.asked(), Verdict.ALLOW_RULE)
    await person.last_words()
    person.restart()
    await person.said("/clear", verbatim=False)
    assert "so I did not ask" in await person.said("confirm")

    (rule,) = await person.backend.rules(ONE, str(person.cwd))
    taken = await person.backend.remove_rule(ONE, str(person.cwd), rule.rule_id)
    again = await person.backend.remove_rule(ONE, str(person.cwd), rule.rule_id)

    assert (rule.place, taken, again) == ("demo/rules.json", rule, None)
    await person.write("confirm")
    await person.answer(await person.asked(), Verdict.DENY)
    assert "Ran" not in await person.last_words()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_rule_for_the_session_holds_until_it_is_taken_back(person: Person, restarted: bool) -> None:
    await person.write("confirm")
    await person.answer(await person.asked(), Verdict.ALLOW_SESSION)
    await person.last_words()
    assert "so I did not ask" in await person.said("confirm")
    if restarted:
        person.restart()

    (rule,) = await person.backend.rules(ONE, str(person.cwd))
    taken = await person.backend.remove_rule(ONE, str(person.cwd), rule.rule_id)
    again = await person.backend.remove_rule(ONE, str(person.cwd), rule.rule_id)

    assert (rule.place, rule.removable, taken, again) == ("", True, rule, None)
    assert await person.backend.rules(ONE, str(person.cwd)) == ()
    await person.write("confirm")
    await person.answer(await person.asked(), Verdict.DENY)
    assert "Ran" not in await person.last_words()


async def test_a_damaged_file_of_rules_allows_nothing_and_is_not_written_over(person: Person) -> None:
    file = person.data_dir / "demo" / "rules.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"a": ')
    await person.write("confirm")

    await person.answer(await person.asked(), Verdict.ALLOW_RULE)

    end = await person.end()
    assert isinstance(end, TurnFailed)
    assert "damaged" in end.error
    assert file.read_text() == '{"a": '


async def test_less_is_asked_as_soon_as_the_mode_says_so_and_more_again(person: Person) -> None:
    await person.write("improve it")
    ask = await person.asked()
    await person.backend.set_mode(ONE, "bypassPermissions")
    await person.answer(ask, Verdict.ALLOW)
    assert "Ran" in await person.last_words()

    await person.write("confirm", mode="default")
    await person.answer(await person.asked(), Verdict.DENY)
    assert "Ran" not in await person.last_words()


async def test_a_rule_for_the_session_is_remembered_until_the_conversation_is_cleared(person: Person) -> None:
    await person.write("confirm")
    await person.answer(await person.asked(), Verdict.ALLOW_SESSION)
    await person.last_words()
    person.restart()

    again = await person.said("confirm")
    assert "Ran 3 tests" in again
    assert "so I did not ask" in again

    await person.said("/clear", verbatim=False)
    await person.write("confirm")
    await person.answer(await person.asked(), Verdict.DENY)
    assert "Ran" not in await person.last_words()


async def test_a_choice_is_repeated(person: Person) -> None:
    await person.write("choose")
    ask = await person.asked()
    assert [question.multiple for question in ask.questions] == [False]

    await person.answer(ask, Verdict.ANSWER, "", ("Rust",))

    assert "Language: Rust" in await person.last_words()


async def test_a_form_of_several_questions_is_repeated(person: Person) -> None:
    await person.write("几个问题")
    ask = await person.asked()
    assert [question.multiple for question in ask.questions] == [False, True, False]

    await person.answer(ask, Verdict.ANSWER, "", ("Go",), ("价格", "自己的话"))

    text = await person.last_words()
    assert "语言：Go" in text
    assert "部分：价格、自己的话" in text
    assert "（没有选）" in text  # the third was left out


async def test_a_text_is_repeated(person: Person) -> None:
    await person.write("input")
    ask = await person.asked()
    assert ask.kind is RequestKind.INPUT

    await person.answer(ask, Verdict.ANSWER, "Fizz & Söhne")

    assert "Fizz & Söhne" in await person.last_words()


async def test_a_plan_is_revised_by_feedback_then_carried_out(person: Person) -> None:
    await person.write("plan")
    first = await person.asked()
    await person.answer(first, Verdict.DENY, "mind the cents")
    second = await person.asked(2)
    assert "mind the cents" in second.plan
    assert second.fingerprint != first.fingerprint

    await person.answer(second, Verdict.ALLOW_EDITS)

    assert "shop/prices.py |" in await person.last_words()  # its edit was not asked for again


async def test_a_plan_denied_without_feedback_changes_nothing(person: Person) -> None:
    await person.write("plan")
    await person.answer(await person.asked(), Verdict.DENY)
    await person.last_words()

    assert "with_tax" not in (person.cwd / "shop/prices.py").read_text()


async def test_two_requests_stand_side_by_side(person: Person) -> None:
    await person.write("同时")
    prices, stock = await person.asked(1), await person.asked(2)
    await person.answer(stock, Verdict.ALLOW)
    await person.answer(prices, Verdict.DENY, "价格不要动")

    text = await person.last_words()

    assert "价格不要动" in text
    assert "shop/stock.py |" in text
    assert "with_tax" not in (person.cwd / "shop/prices.py").read_text()


async def test_a_long_answer_has_whole_code_blocks(person: Person) -> None:
    text = await person.said("long 30")

    assert len(text) > 30_000
    assert text.count("```") == 60
    assert "Chapter 30 of 30" in text


async def test_an_answer_is_streamed_piece_by_piece(person: Person) -> None:
    person.restart(delay=0.01)

    text = await person.said("流式")

    seen = [progress.text for _, _, progress in person.sink.progressed if progress.text]
    assert len(seen) > 20
    assert all(len(progress) <= 4000 for progress in seen)
    assert text.endswith(seen[-1][-200:])


@pytest.mark.parametrize(("words", "title"), [("跑一下测试", "打开"), ("run the tests", "open")])
async def test_steps_are_in_the_language_of_the_words(person: Person, words: str, title: str) -> None:
    await person.write(words)
    await person.step(f"{title} {person.cwd.name}")


async def test_slow_work_shows_its_steps(person: Person) -> None:
    waits: list[float] = []
    pace = person.pace

    async def counting(seconds: float) -> None:
        waits.append(seconds)
        await pace(0)

    person.pace = counting
    person.restart()

    await person.said("slow 30")

    assert [wait for wait in waits if wait] == [3.0] * 10
    steps = person.sink.progressed[-1][2].steps
    assert steps[-1] == Step(title="step 10 of 10", state="ok")


async def test_a_program_runs_for_real(person: Person) -> None:
    assert "done" in await person.said("program 1")

    notes = {progress.note for _, _, progress in person.sink.progressed}
    assert any("1 s left" in note for note in notes)


async def test_work_in_the_background_comes_back_after_the_turn(person: Person) -> None:
    await person.said("background 3")

    event = await person.sink.wait_event("fizz-top", BackgroundFinished)

    assert "3 s" in event.text


async def test_a_stubborn_agent_ignores_an_interrupt_but_not_a_kill(person: Person) -> None:
    await person.write("stubborn")
    await person.step("not listening")
    await person.backend.interrupt("fizz-top", 1)
    await person.said_nothing()

    await person.backend.kill("fizz-top")

    lost = await person.end()
    assert isinstance(lost, AgentLost)
    assert lost.text.strip()


async def test_clearing_begins_a_new_conversation(person: Person) -> None:
    await person.said("echo the secret word")
    before = person.agent

    await person.said("/clear", verbatim=False)

    changed = await person.sink.wait_event("fizz-top", AgentSessionChanged)
    assert changed.agent_session_id != before
    person.agent = changed.agent_session_id
    assert "secret word" not in await person.said("history")


async def test_a_command_is_answered_in_the_language_of_the_last_words(person: Person) -> None:
    assert "没有 /frobnicate" in await person.said("/frobnicate", verbatim=False), (
        "the house's, of who wrote nothing yet"
    )
    await person.said("说 一")
    await person.said("echo one")
    assert "没有 /frobnicate" not in await person.said("/frobnicate", verbatim=False)
    await person.said("/clear", verbatim=False)
    person.agent = (await person.sink.wait_event("fizz-top", AgentSessionChanged)).agent_session_id
    assert "没有 /frobnicate" not in await person.said("/frobnicate", verbatim=False)


async def test_an_unknown_slash_command_is_answered(person: Person) -> None:
    assert "/frobnicate" in await person.said("/frobnicate now", verbatim=False)


async def test_pictures_are_seen(person: Person) -> None:
    (person.cwd / ".phonework").mkdir()
    picture = person.cwd / ".phonework" / "shop.png"
    picture.write_bytes(b"\x89PNG" + b"0" * 96)
    prompt = message("edit")
    images = {prompt.prompt_id: (str(picture), "/nowhere/gone.png")}
    start = TurnStart(session_id="fizz-top", turn=1, cwd=str(person.cwd), prompts=(prompt,), images=images)

    await person.backend.start_turn(start)
    person.turn = 1
    await person.asked()

    text = person.sink.progressed[-1][2].text
    assert "shop.png (100 bytes)" in text
    assert "gone.png (unreadable)" in text
    assert (person.cwd / "shop").is_dir()  # the pictures do not make the directory somebody's


async def test_a_file_without_words_is_received_and_nothing_is_changed(person: Person) -> None:
    prompt = message("")
    images = {prompt.prompt_id: ("/nowhere/notes.txt",)}
    start = TurnStart(session_id="fizz-top", turn=1, cwd=str(person.cwd), prompts=(prompt,), images=images)

    await person.backend.start_turn(start)
    person.turn = 1

    assert await person.last_words() == "📎 notes.txt (unreadable)"
    assert not (person.cwd / "shop").exists()


async def test_messages_sent_together_are_all_done(person: Person) -> None:
    prompts = (message("echo one"), message("说 二"))

    await person.backend.start_turn(TurnStart(session_id="fizz-top", turn=1, cwd=str(person.cwd), prompts=prompts))
    person.turn = 1

    assert await person.last_words() == "one\n\n二"


async def test_help_is_given_in_the_persons_language(person: Person) -> None:
    assert "演示助手" in await person.said("帮助")
    assert "demonstration agent" in await person.said("help")


async def test_an_edit_mode_needs_no_asking(person: Person) -> None:
    await person.write("edit", mode="acceptEdits")

    assert "shop/prices.py |" in await person.last_words()


async def test_output_full_of_fences_stays_in_its_block(person: Person) -> None:
    from phonework.backends.demo.edits import _fenced

    assert re.fullmatch(r"(`{5})\n.*\n\1", _fenced("a ``` b ```` c"), re.DOTALL)


async def test_how_full_its_context_is(person: Person) -> None:
    await person.said("echo one")
    assert "in this conversation: 2." in await person.said("/context", verbatim=False)
    assert "no context that fills up" in await person.said("/context", verbatim=False)


async def test_a_command_is_answered_in_the_language_of_what_was_said_before(person: Person) -> None:
    await person.said("说 一")
    assert "你说过 2 句话" in await person.said("/context", verbatim=False)
