"""What hooks say, from recordings and from somebody hostile: whatever it is, it is never taken for a yes."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonework.backends.base import Arrival
from phonework.backends.claude_tmux import ClaudeTmuxBackend, calls
from phonework.backends.claude_tmux.ends import can_resume, has_words, since_prompt
from phonework.backends.claude_tmux.tmux import typed
from phonework.fsm.events import AgentAsked
from phonework.fsm.types import Answer, Prompt, RequestKind, SessionId, Verdict
from phonework.testing.sink import RecordingSink

RECORDINGS = Path(__file__).parents[2] / "recordings" / "claude"
INPUTS = [json.loads(line) for line in (RECORDINGS / "terminal.hooks.jsonl").read_text().splitlines()]
RECORD = RECORDINGS / "terminal.transcript.jsonl"
ALLOW = Answer(verdict=Verdict.ALLOW)


def recorded(event: str, tool: str = "") -> dict[str, Any]:
    return next(one for one in INPUTS if one["hook_event_name"] == event and tool in ("", one.get("tool_name")))


class DeskRecordingSink(RecordingSink):
    """Takes in agents met at terminals, too: all of one session, each turn the next number."""

    turns = 0

    async def adopt(self, backend: str, arrival: Arrival) -> SessionId:
        return SessionId("fizz-top")

    async def began(self, session_id: SessionId, prompt: Prompt, *, key: str) -> int:
        self.turns += 1
        return self.turns


@pytest.mark.parametrize("raw", INPUTS, ids=lambda raw: raw["hook_event_name"])
def test_what_was_recorded_is_understood(raw: dict[str, Any]) -> None:
    call = calls.read(raw)

    assert call is not None
    assert call.event == raw["hook_event_name"]
    assert call.transcript == raw["transcript_path"]
    assert call.prompt == raw.get("prompt", "")
    assert call.text == raw.get("last_assistant_message", "")


def test_a_command_is_asked_about_and_let_through_whole() -> None:
    call = calls.read(recorded("PermissionRequest", "Bash"))
    assert call is not None
    ask = calls.ask(call, "")

    assert (ask.kind, ask.command) == (RequestKind.CONFIRM, "touch marker && echo made")
    decision = calls.output(ask, ALLOW, call)["hookSpecificOutput"]["decision"]
    assert decision == {"behavior": "allow", "updatedInput": call.tool_input}


def test_the_agents_questions_are_answered_by_their_text() -> None:
    call = calls.read(recorded("PermissionRequest", "AskUserQuestion"))
    assert call is not None
    ask = calls.ask(call, "")
    answer = Answer(verdict=Verdict.ANSWER, picks=(("SQLite",), ("API", "UI")))

    decision = calls.output(ask, answer, call)["hookSpecificOutput"]["decision"]

    assert ask.kind is RequestKind.CHOICE
    assert decision["updatedInput"]["answers"] == {
        "Which database should I use?": "SQLite",
        "Which parts need tests?": "API, UI",
    }


def test_a_plan_goes_along_with_its_yes_which_is_not_taken_without() -> None:
    raw = recorded("PermissionRequest", "Bash") | {"tool_name": "ExitPlanMode", "tool_input": {"plan": "# Do it"}}
    call = calls.read(raw)
    assert call is not None
    ask = calls.ask(call, "")

    assert (ask.kind, ask.plan) == (RequestKind.PLAN, "# Do it")
    assert calls.output(ask, ALLOW, call)["hookSpecificOutput"]["decision"]["updatedInput"] == {"plan": "# Do it"}
    refused = calls.output(ask, Answer(verdict=Verdict.DENY), call)["hookSpecificOutput"]["decision"]
    assert refused["behavior"] == "deny"


def test_an_answer_of_another_kind_is_no_yes() -> None:
    call = calls.read(recorded("PermissionRequest", "Bash"))
    assert call is not None
    for verdict in set(Verdict) - {Verdict.ALLOW, Verdict.ALLOW_SESSION, Verdict.ALLOW_RULE, Verdict.ALLOW_EDITS}:
        decision = calls.output(calls.ask(call, ""), Answer(verdict=verdict, text="x"), call)
        assert decision["hookSpecificOutput"]["decision"]["behavior"] == "deny"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
damaged = st.builds(
    lambda raw, key, value, around: {**raw, key: value, "environment": around},
    st.sampled_from(INPUTS),
    st.sampled_from(sorted({key for raw in INPUTS for key in raw})),
    anything,
    anything | st.dictionaries(st.sampled_from(calls.VARIABLES), anything),
)


@settings(max_examples=60, deadline=None)
@given(raw=damaged | st.dictionaries(st.text(max_size=10), anything, max_size=4))
def test_a_hostile_report_does_no_harm_and_is_never_a_yes(raw: Mapping[str, object], tmp_path_factory: Any) -> None:
    """Nothing but a person's answer lets anything through, and nobody answers here."""

    async def told() -> object:
        sink = DeskRecordingSink()
        data_dir = tmp_path_factory.mktemp("data") / "backends" / "claude-tmux"
        backend = ClaudeTmuxBackend(sink=sink, settings={}, data_dir=data_dir)
        hook = asyncio.create_task(backend.hook(raw))
        asked = asyncio.create_task(
            sink.wait_for(lambda: any(isinstance(one.event, AgentAsked) for one in sink.reported))
        )
        await asyncio.wait({hook, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        await backend.aclose()
        return await hook

    assert asyncio.run(told()) is None


def test_how_a_turn_ended_stands_in_the_record() -> None:
    said, touched, asked, talked = (one["prompt_id"] for one in INPUTS if one["hook_event_name"] == "UserPromptSubmit")

    first, second = since_prompt(RECORD, said), since_prompt(RECORD, touched)
    assert first.begun
    assert second.usage.output_tokens
    assert since_prompt(RECORD, talked).interrupted
    assert not since_prompt(RECORD, "").begun
    assert can_resume(RECORD)
    assert has_words(RECORD, " say hello\n", 0) == said
    assert has_words(RECORD, "say hello", RECORD.stat().st_size) == ""
    assert asked != talked


@given(st.text())
def test_what_is_typed_ends_no_paste_and_is_no_command(text: str) -> None:
    pasted = typed(text)

    assert all(one in "\n\t" or one.isprintable() or ord(one) > 0x9F for one in pasted)
    assert pasted[:1] not in ("!", "/", "#", "&")


def test_typed_words_stay_as_they_are() -> None:
    assert typed("修好 build 🙂\nsecond line") == "修好 build 🙂\nsecond line"
    assert typed("!rm -rf /") == " !rm -rf /"
    assert typed("\n/usr is full") == " /usr is full"
    assert typed("a\x1b[201~!rm\r\nb") == "a[201~!rm\nb"
