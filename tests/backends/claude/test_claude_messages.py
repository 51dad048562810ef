"""Frames of Claude Code become facts: against recordings of the real one, and against anything else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonework.backends.claude import failures
from phonework.backends.claude import messages as told
from phonework.backends.claude.transcript import Totals
from phonework.backends.claude.turn import Meter, Words, add
from phonework.fsm.types import Usage
from phonework.testing.claude_bench import in_english

RECORDINGS = Path(__file__).parents[2] / "recordings" / "claude"


def replay(name: str) -> list[told.Fact]:
    lines = (RECORDINGS / f"{name}.jsonl").read_text().splitlines()
    return [fact for line in lines for fact in told.facts(json.loads(line))]


def results(name: str) -> list[told.Result]:
    return [fact for fact in replay(name) if isinstance(fact, told.Result)]


def words(name: str) -> list[str]:
    """The last words of each turn of a recording."""
    spoken, said = Words(), []
    for fact in replay(name):
        match fact:
            case told.TextSaid(text):
                spoken.say(text)
            case told.LocalOutput(text):
                spoken.say_locally(text)
            case told.ToolUsed(by_subagent=False):
                spoken.act()
            case told.Result():
                said.append(spoken.take(fact.text))
            case _:
                pass
    return said


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("plain-partial", ["Hello! What shall we build today?"]),
        ("tool-allow", ["I wrote notes.md."]),
        ("tool-deny", ["The command said: not now, tell me the plan first"]),
        ("ask-user-question", ["Thank you, going on with that."]),
        ("plan-mode", ["Starting on step 1."]),
        ("interrupt-in-text", ["one two three four five six seven eight nine ten one t"]),
        ("interrupt-permission", ["I will create the file."]),
        ("subagent-background", ["I started a helper.", "The helper is done."]),
        ("api-busy-retry", ["It worked in the end."]),
    ],
)
def test_the_last_words_of_each_recorded_turn(name: str, last: list[str]) -> None:
    assert words(name) == last


def test_a_command_without_a_model_says_what_it_printed() -> None:
    said = words("slash-commands")

    assert said[1].startswith("Estimated cost:")
    assert said[2:] == ["Compacted", "", "Hello! What shall we build today?"]


def test_streamed_pieces_are_the_finished_text() -> None:
    streamed = "".join(fact.text for fact in replay("plain-partial") if isinstance(fact, told.TextStreamed))

    assert streamed == "Hello! What shall we build today?"


def test_a_folded_prompt_stands_in_the_result() -> None:
    (result,) = results("queued-in-mid-turn")

    assert len(result.prompt_ids) == 2
    seen = [fact for fact in replay("queued-in-mid-turn") if isinstance(fact, told.PromptSeen)]
    assert [fact.state for fact in seen if fact.prompt_id == result.prompt_ids[1]] == ["queued", "started", "completed"]


def test_a_result_of_background_work_says_so() -> None:
    assert [result.background for result in results("subagent-background")] == [False, True]
    counts = [fact.count for fact in replay("subagent-background") if isinstance(fact, told.TasksRunning)]
    assert counts == [1, 0]


def test_clear_names_a_new_conversation() -> None:
    named = [fact.agent_session_id for fact in replay("slash-commands") if isinstance(fact, told.SessionNamed)]

    assert len(set(named)) == 2
    assert named[-1] == results("slash-commands")[-1].agent_session_id


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ({"slash_commands": ["compact", "Statsu", 3, "team:review"], "terminal_slash_commands": ["doctor"]}, {"compact", "statsu", "team:review", "doctor"}),
        ({"slash_commands": [], "terminal_slash_commands": None}, set()),
        ({"slash_commands": "compact"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_turn_begins_with_the_commands_there_are(listed: dict[str, Any], names: set[str] | None) -> None:
    found = told.facts({"type": "system", "subtype": "init", "session_id": "s", **listed})
    told_names = [fact.names for fact in found if isinstance(fact, told.CommandsListed)]

    assert told_names == ([] if names is None else [frozenset(names)])
    assert told.SessionNamed("s") in found


def test_what_each_result_added_is_the_difference() -> None:
    meter = Meter(Totals())
    first, second = (meter.take(result) for result in results("subagent-background"))

    assert (first.input_tokens, first.output_tokens, first.cost_usd) == (5505, 28, 0.02258)
    assert (second.input_tokens, second.output_tokens) == (13912 - 5505, 47 - 28)
    assert second.cost_usd == pytest.approx(0.056588 - 0.02258)


def test_a_command_that_needs_no_model_has_no_price() -> None:
    """Its result repeats what the conversation has cost so far."""
    meter = Meter(Totals())
    usages = [meter.take(result) for result in results("slash-commands")]

    assert [usage.cost_usd is None for usage in usages] == [False, True, False, True, False]
    assert usages[1] == Usage()


def test_figures_that_go_back_begin_anew() -> None:
    meter = Meter(Totals(cost_usd=5.0, tokens=(9, 9, 9, 9)))
    result = told.Result(uuid="u", agent_session_id="s", cost_usd=0.5, tokens=(1, 2, 3, 4))

    assert meter.take(result) == Usage(
        input_tokens=1, output_tokens=2, cache_read_tokens=3, cache_write_tokens=4, cost_usd=0.5
    )


@pytest.mark.parametrize("number", ["Infinity", "1e999", "9" * 400, "NaN"])
def test_numbers_that_mean_nothing_do_not_lose_the_result(number: str) -> None:
    frame = f'{{"type": "result", "total_cost_usd": {number}, "result": "ok", "modelUsage": {{"m": {{"inputTokens": {number}}}}}}}'
    (result,) = [one for one in told.facts(json.loads(frame)) if isinstance(one, told.Result)]

    assert (result.text, result.cost_usd, result.tokens) == ("ok", None, (0, 0, 0, 0))


def test_usage_adds_up_and_an_unknown_cost_stays_unknown() -> None:
    both = add(Usage(input_tokens=1, cost_usd=None), Usage(input_tokens=2, cost_usd=0.1))

    assert (both.input_tokens, both.cost_usd) == (3, 0.1)
    assert add(Usage(), Usage()).cost_usd is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("api-error", "Claude Code ended the turn"),
        ("max-turns", "Claude Code reached the configured number of steps"),
    ],
)
def test_failures_are_sentences(name: str, sentence: str) -> None:
    (result,) = results(name)
    said = str(failures.of_result(result))

    assert said.startswith((sentence, "The API could not be used. API Error: 400"))


@pytest.mark.parametrize(
    ("status", "part"),
    [(401, "/login"), (403, "(403)"), (429, "(429)"), (500, "(500)"), (529, "(529)"), (0, "could not")],
)
def test_each_api_status_has_its_sentence(status: int, part: str) -> None:
    result = told.Result(
        uuid="u", agent_session_id="s", is_error=True, terminal_reason="api_error", api_status=status, text="a\nb"
    )

    said = str(failures.of_result(result))

    assert part in said
    assert "\n" not in said


def test_a_retry_says_why_and_when() -> None:
    retry = next(fact for fact in replay("api-busy-retry") if isinstance(fact, told.Retrying))

    assert in_english(failures.of_retry(retry)) == "The API is busy, trying again in 1 s (1/2)"


@pytest.mark.parametrize(
    ("code", "stderr", "said"),
    [
        (-9, "", "Claude Code was ended by the signal SIGKILL."),
        (3, "boom\nbang", "Claude Code ended unexpectedly (exit code 3). boom bang"),
        (None, "", "Claude Code closed its output."),
    ],
)
def test_the_end_of_a_process_is_said_in_words(code: int | None, stderr: str, said: str) -> None:
    assert str(failures.of_end(code, stderr)) == said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
KNOWN = [json.loads(line) for path in sorted(RECORDINGS.glob("*.jsonl")) for line in path.read_text().splitlines()]


@settings(deadline=None)
@given(st.sampled_from(KNOWN), st.data())
def test_no_frame_however_damaged_raises(frame: dict[str, Any], data: st.DataObject) -> None:
    damaged = json.loads(json.dumps(frame))
    place = damaged
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(JSON)
        break

    for fact in told.facts(damaged):
        if isinstance(fact, told.Result):
            Meter(Totals()).take(fact)
            assert failures.of_result(fact)


def test_the_mode_is_read_where_a_turn_begins_and_where_it_changes() -> None:
    modes = [fact.mode for fact in replay("plan-mode") if isinstance(fact, told.ModeReported)]

    assert modes[0] == "plan"
    assert modes[-1] != "plan"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["type", "subtype", "message", "event", "uuid"]), JSON))
def test_no_frame_of_any_shape_raises(frame: dict[str, Any]) -> None:
    told.facts(frame)


@pytest.mark.parametrize(
    ("content", "output"),
    [
        ("12 passed\nin 0.1 s", "12 passed"),
        ("\n\n  first\n", "first"),
        ([{"type": "text", "text": "a file\nof lines"}, {"type": "text", "text": "more"}], "a file"),
        ([{"type": "image", "source": {}}], ""),
        ([{"type": "text", "text": None}, "odd"], ""),
        (None, ""),
        ({"text": "x"}, ""),
        ("x" * 10_000, "x" * 119 + "…"),
    ],
)
def test_the_first_line_of_what_a_tool_returned_is_told(content: object, output: str) -> None:
    frame = {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "t", "content": content}]}}
    (done,) = told.facts(frame)
    assert done == told.ToolDone("t", True, output)
