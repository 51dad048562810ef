"""Frames and what they mean: against recordings of the real app-server, and against anything else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.codex import asks, failures, frames
from phonework.backends.codex import messages as told
from phonework.backends.codex.frames import Call, Note, Reply
from phonework.backends.codex.turn import Meter, Words
from phonework.fsm.types import RequestKind
from phonework.texts import keys

RECORDINGS = Path(__file__).parents[2] / "recordings" / "codex"
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


def recorded(name: str) -> list[frames.Frame]:
    """What the server said, in order."""
    lines = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text().splitlines()]
    said = [frames.parse(json.dumps(line["msg"])) for line in lines if line.get("dir") == "S>C"]
    assert None not in said
    return [one for one in said if one is not None]


def facts(name: str) -> list[told.Fact]:
    found = (told.fact(frame) for frame in recorded(name) if isinstance(frame, Note))
    return [fact for fact in found if fact is not None]


def calls(name: str) -> list[Call]:
    return [frame for frame in recorded(name) if isinstance(frame, Call)]


def ask_of(name: str) -> Any:
    """The first request of a recording as a person is asked it, with the item that was told before."""
    (call, *_) = calls(name)
    items = {fact.item_id: fact.item for fact in facts(name) if isinstance(fact, told.ActionBegun)}
    return asks.ask(call, items.get(str(call.params["itemId"])), kept_in="~/.codex/rules/default.rules")


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_turn_ends_once(name: str) -> None:
    ends = [fact.turn_id for fact in facts(name) if isinstance(fact, told.TurnOver)]

    assert ends
    assert len(ends) == len(set(ends))


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("01-handshake-plain-turn", "echo: hello world"),
        ("02-turn-reasoning-command-patch", "All done."),
        ("13-ws-reconnect-replays-approval", "finished"),
    ],
)
def test_the_last_words_of_a_recorded_turn(name: str, last: str) -> None:
    words = Words()
    for fact in facts(name):
        match fact:
            case told.TextSaid(text=text):
                words.say(text)
            case told.ActionBegun() | told.ActionDone():
                words.act()
            case _:
                pass
    assert words.so_far() == last


def test_streamed_pieces_are_the_finished_text() -> None:
    streamed = [fact.text for fact in facts("01-handshake-plain-turn") if isinstance(fact, told.TextStreamed)]

    assert "".join(streamed) == "echo: hello world"


def test_a_recorded_command_and_patch_are_steps_that_went_well() -> None:
    begun = [fact.title for fact in facts("02-turn-reasoning-command-patch") if isinstance(fact, told.ActionBegun)]
    done = [fact.ok for fact in facts("02-turn-reasoning-command-patch") if isinstance(fact, told.ActionDone)]

    assert begun == [
        "for i in 1 2 3; do echo line $i; sleep 0.3; done",
        "/home/dev/project/README.md, /home/dev/project/a.txt",
    ]
    assert done == [True, True]


def test_a_declined_command_is_a_step_that_failed() -> None:
    (done,) = [fact for fact in facts("03-approval-command-decline") if isinstance(fact, told.ActionDone)]

    assert not done.ok


def test_a_recorded_command_is_asked_without_its_shell() -> None:
    ask = ask_of("03-approval-command-accept")

    assert ask.kind is RequestKind.CONFIRM
    assert ask.command.startswith("touch /home/dev/")
    assert ask.rule == "Bash(touch /home/dev/other/f1 *)"


def test_the_first_request_of_a_server_has_the_id_0() -> None:
    (call,) = calls("13-ws-reconnect-replays-approval")

    assert call.id == 0
    assert any(isinstance(fact, told.Resolved) and fact.id == 0 for fact in facts("13-ws-reconnect-replays-approval"))


def test_a_recorded_change_is_asked_with_what_was_told_of_it_before() -> None:
    ask = ask_of("04-approval-filechange-decline")

    assert ask.diff.startswith("--- ")
    assert "\n+" in ask.diff


def test_a_change_of_which_nothing_was_told_cannot_be_asked() -> None:
    (call, *_) = calls("04-approval-filechange-decline")

    assert asks.ask(call, None, kept_in="") is None


def test_recorded_questions_are_a_choice() -> None:
    ask = ask_of("11-plan-mode-request-user-input")

    assert ask.kind is RequestKind.CHOICE
    assert [option.label for option in ask.questions[0].options] == ["Red (Recommended)", "Blue"]


def test_each_recorded_failure_is_a_sentence() -> None:
    failed = [fact for fact in facts("09-provider-failures") if isinstance(fact, told.TurnOver)]
    said = {problem.key for fact in failed if (problem := failures.of_turn(fact.error).problem)}

    assert len(failed) > 3
    assert {"codex.not_logged_in", "codex.limit", "codex.busy"} <= said


def test_usage_is_the_difference_of_the_recorded_totals() -> None:
    meter = Meter()
    meter.begin()
    used = [
        meter.take(fact.total, fact.last, ours=True)
        for fact in facts("02-turn-reasoning-command-patch")
        if isinstance(fact, told.TokensUsed)
    ]

    assert used[-1].cache_read_tokens == 1000
    assert used[-1].output_tokens >= 60


@given(st.text() | st.binary())
def test_what_is_no_frame_does_no_harm(line: str | bytes) -> None:
    frame = frames.parse(line)

    assert frame is None or isinstance(frame, Reply | Call | Note)


@given(JSON)
def test_any_json_is_a_frame_or_nothing(value: object) -> None:
    match frames.parse(json.dumps(value)):
        case None:
            pass
        case Note() as note:
            told.fact(note)
        case Call() as call:
            asks.ask(call, None, kept_in="")
        case Reply(code=code, message=message):
            assert not code or message


@given(st.sampled_from(NAMES), st.data())
def test_a_damaged_frame_is_never_more_than_a_fact_or_an_ask(name: str, data: st.DataObject) -> None:
    """Any part of any recorded frame is anything else."""
    frame = data.draw(st.sampled_from(recorded(name)))
    if isinstance(frame, Reply):
        return
    params = _damaged(frame.params, data)
    if not isinstance(params, dict):
        return
    if isinstance(frame, Note):
        told.fact(Note(method=frame.method, params=params))
        return
    ask = asks.ask(Call(id=frame.id, method=frame.method, params=params), {"changes": [params]}, kept_in="")
    if ask is not None:
        assert sum(map(bool, (ask.command, ask.diff, ask.input_json, ask.questions))) <= 1
        assert asks.refusal(ask) in (asks.DECLINED, asks.UNANSWERED)


def _damaged(value: Any, data: st.DataObject) -> Any:
    """The value with one part of it replaced."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _damaged(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return [_damaged(value[0], data), *value[1:]]
    return data.draw(JSON)


@given(st.none() | st.text(max_size=30) | JSON)
def test_any_error_of_a_turn_is_a_sentence_of_the_catalogue(info: object) -> None:
    problem = failures.of_turn({"message": "oh", "codexErrorInfo": info}).problem

    assert problem is not None
    assert problem.key in keys()


@pytest.mark.parametrize(
    ("command", "bare"),
    [
        ("/bin/bash -lc 'touch x && ls'", "touch x && ls"),
        ("/usr/bin/bash -c ls", "ls"),
        ("bash -c ls", "bash -c ls"),
        ("/tmp/evil/bash -lc ls", "/tmp/evil/bash -lc ls"),
        ("/bin/zsh -lc 'echo \"a b\"'", 'echo "a b"'),
        ("/bin/bash -lc 'unclosed", "/bin/bash -lc 'unclosed"),
        ("/bin/bash --rcfile /tmp/x -c ls", "/bin/bash --rcfile /tmp/x -c ls"),
        ("rm -rf /", "rm -rf /"),
        ("/tmp/evil/bashful -lc ls", "/tmp/evil/bashful -lc ls"),
    ],
)
def test_only_the_shell_itself_is_left_out(command: str, bare: str) -> None:
    assert told.bare(command) == bare
