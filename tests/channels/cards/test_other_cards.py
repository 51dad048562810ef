"""What a person reads and can press on the cards of turns, messages and sessions."""

import json
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.base import Progress, Step
from phonework.channels.cards.clicks import PromptClick, SwitchClick, TurnClick
from phonework.channels.cards.note import note_card, rich
from phonework.channels.cards.parts import Card
from phonework.channels.cards.prompt import prompt_card
from phonework.channels.cards.reading import parse
from phonework.channels.cards.status import status_card
from phonework.channels.cards.turn import _tail, holds_answer, progress_card, result_card, why_not_done
from phonework.channels.split import wire_bytes
from phonework.fsm.types import (
    Answer,
    Attachment,
    Late,
    PromptStatus,
    RequestKind,
    Sentence,
    State,
    TurnStatus,
    Usage,
    UserId,
    Verdict,
)
from phonework.testing.taps import values
from phonework.testing.views import NOON, a_prompt, a_prompt_view, a_session, a_turn
from phonework.views import StatusView

LIVE = a_turn(TurnStatus.LIVE)


def said(card: Card) -> str:
    return json.dumps(card, ensure_ascii=False)


def buttons(card: Card) -> dict[str, Any]:
    """What each button means, by its label."""
    return {label: parse(value) for label, value in values(card).items()}


def ops(card: Card) -> set[str]:
    return {str(getattr(one, "op", "switch")) for one in buttons(card).values()}


# In a group

MIA = UserId("ou_mia")


def test_in_a_group_the_cards_of_a_turn_name_the_person() -> None:
    live = replace(LIVE, person=MIA, session=replace(LIVE.session, state=State.WAITING_CONFIRM))
    for card in (progress_card(live, Progress(), "en", NOON), result_card(replace(a_turn(), person=MIA), "en")):
        assert "<at id=ou_mia></at>: Fix the login test" in said(card)
        assert "You" not in said(card)
    assert "<at id=ou_mia></at>, the agent is waiting for you" in said(progress_card(live, Progress(), "en", NOON))
    assert "you" not in json.dumps(progress_card(live, Progress(), "en", NOON)["header"])


def test_in_a_group_the_card_of_a_message_names_who_wrote_it() -> None:
    card = prompt_card(a_prompt_view(a_prompt(status=PromptStatus.HELD), person=MIA), "en")
    assert "<at id=ou_mia></at> wrote:\\n&#62; Fix" in said(card) or "<at id=ou_mia></at> wrote:\\n> Fix" in said(card)
    assert "your call" not in said(card)


def test_the_status_card_says_whether_the_agent_is_in_a_sandbox() -> None:
    view = StatusView(sessions=(a_session(),))
    assert "Sandbox: off" in said(status_card(view, "en", NOON))
    assert "Sandbox: off" in said(status_card(replace(view, sandboxed=frozenset({"demo"})), "en", NOON))
    assert "Sandbox: on" in said(status_card(replace(view, sandboxed=frozenset({"claude"})), "en", NOON))


def test_in_a_group_the_sessions_are_somebodys() -> None:
    view = StatusView(sessions=(a_session(),), person=MIA)
    assert "<at id=ou_mia></at>" in said(status_card(view, "en", NOON))
    assert "<at" not in said(status_card(replace(view, person=None), "en", NOON))


# The live card


def test_a_live_turn_shows_steps_words_time_tokens_cost_and_stop() -> None:
    progress = Progress(
        text="Reading `login.py`",
        steps=(Step(title="Read login.py", state="ok"), Step(title="npm test")),
        usage=Usage(input_tokens=15_300, output_tokens=890, cost_usd=0.031),
    )
    card = progress_card(LIVE, progress, "en", NOON + timedelta(seconds=83))
    for shown in ("✅ Read login.py", "⏳ npm test", "Reading `login.py`", "1:23", "15.3k", "890", "&#36;0.03"):
        assert shown in said(card)
    assert buttons(card) == {"Stop": TurnClick(op="stop", session_id="fizz-top", turn=3)}  # type: ignore[arg-type]


def test_only_the_last_steps_are_shown_and_the_others_counted() -> None:
    steps = tuple(Step(title=f"step {number}.", state="ok") for number in range(20))
    card = progress_card(LIVE, Progress(steps=steps), "en", NOON)
    assert "earlier steps: 12" in said(card)
    assert "step 12." in said(card)
    assert "step 11." not in said(card)


def test_of_a_long_stream_the_end_is_shown_with_its_fence() -> None:
    card = progress_card(LIVE, Progress(text="```py\n" + "x = 1\n" * 5_000 + "y = 2"), "en", NOON)
    assert "y = 2" in said(card)
    assert len(said(card)) < 8_000
    words = [one["content"] for one in card["body"]["elements"] if one.get("element_id") == "words"]  # type: ignore[index]
    assert words[0].startswith("```")
    assert words[0].endswith("```")


@given(st.lists(st.text(alphabet=st.sampled_from('ab \n`字"'), max_size=400), max_size=60))
def test_words_that_grow_begin_where_they_began_for_as_long_as_they_can(pieces: list[str]) -> None:
    """Feishu types what is added; what begins anew jumps."""
    streamed, shown = "", [""]
    for piece in pieces:
        streamed += piece
        words = _tail(streamed, 1_000)
        assert wire_bytes(words) <= 1_000
        assert words.removeprefix("…\n").removeprefix("```\n") == streamed or streamed.endswith(words.split("\n", 1)[1])
        shown.append(words)
    jumps = sum(not later.startswith(earlier) for earlier, later in pairwise(shown))
    assert jumps <= 1 + wire_bytes(streamed) // 400


def test_a_turn_that_waits_points_to_its_question_and_can_be_stopped() -> None:
    view = a_turn(TurnStatus.LIVE, session=a_session(state=State.WAITING_CONFIRM))
    card = progress_card(view, Progress(), "en", NOON)
    assert "see its question card" in said(card)
    assert ops(card) == {"stop"}


@pytest.mark.parametrize("status", [TurnStatus.FAILED, TurnStatus.LOST])
def test_what_went_wrong_is_said_in_the_language_of_the_reader(status: TurnStatus) -> None:
    problem = Sentence(key="claude.busy", params={"status": "529", "said": "Overloaded *now*"})
    turn = replace(a_turn(status).turn, error="in English", problem=problem)
    view = replace(a_turn(status), turn=turn)

    assert "The API is not available or too busy (529)" in said(result_card(view, "en", tz=UTC))
    chinese = said(result_card(view, "zh", tz=UTC))
    assert "API 不可用或太忙（529）" in chinese
    assert "in English" not in chinese
    assert why_not_done(turn, "zh").endswith("Overloaded *now*"), "what others said is passed on as it is"


def test_an_error_in_words_of_its_own_stays_as_it_is() -> None:
    """Of a backend by somebody else, or from before the sentences were translated; also when they look like a key."""
    for words in ("The moon is too full.", "turn.done"):
        turn = replace(a_turn(TurnStatus.FAILED).turn, error=words)
        assert why_not_done(turn, "zh") == words


def test_a_passing_remark_is_in_the_language_of_the_reader() -> None:
    note = Sentence(key="claude.retry_busy", params={"seconds": "8", "attempt": "1", "attempts": "10"})
    assert "API 正忙，8 秒后再试" in said(progress_card(LIVE, Progress(note=note), "zh", NOON))
    assert "nearly there" in said(progress_card(LIVE, Progress(note="nearly there"), "zh", NOON))


def test_a_turn_that_is_stopping_offers_no_second_stop() -> None:
    view = a_turn(TurnStatus.LIVE, session=a_session(state=State.STOPPING))
    card = progress_card(view, Progress(), "en", NOON)
    assert "asked to stop" in said(card)
    assert not buttons(card)


# The result


@pytest.mark.parametrize(
    ("status", "word", "again"),
    [
        (TurnStatus.DONE, "done", "Run again"),
        (TurnStatus.STOPPED, "stopped", "Run again"),
        (TurnStatus.FAILED, "failed", "Retry"),
        (TurnStatus.LOST, "interrupted", "Retry"),
    ],
)
def test_a_result_says_how_it_ended_and_what_can_be_done(status: TurnStatus, word: str, again: str) -> None:
    card = result_card(a_turn(status, error="API Error: 529" if again == "Retry" else ""), "en", tz=UTC)
    assert word in said(card)
    assert "12:01" in said(card)
    assert "1:23" in said(card)
    assert set(buttons(card)) == {"Continue", again, "Close session"}
    assert ("529" in said(card)) == (status in (TurnStatus.FAILED, TurnStatus.LOST))


def test_a_result_does_not_say_what_waits_in_line() -> None:
    """It is not brought up to date any more."""
    assert "in line" not in said(result_card(replace(a_turn(), queued=1), "en"))


def test_an_older_turn_and_a_closed_session_offer_nothing() -> None:
    closed = a_turn(session=a_session(state=State.CLOSED))
    assert not buttons(result_card(closed, "en"))
    older = a_turn()
    assert not buttons(
        result_card(type(older)(session=older.session, turn=older.turn, prompts=(), actionable=False), "en")
    )


def test_an_answer_is_shown_whole_or_not_at_all() -> None:
    short, long = a_turn(text="It was **fixed**."), a_turn(text="words " * 10_000)
    assert "It was **fixed**." in said(result_card(short, "en"))
    assert holds_answer(short, "en")
    assert "words words" not in said(result_card(long, "en")["body"])  # type: ignore[arg-type]
    assert "in the message below" in said(result_card(long, "en"))
    assert not holds_answer(long, "en")
    assert "in the message below" in said(result_card(short, "en", with_answer=False))


# Messages that wait


def test_a_message_in_line_can_be_sent_now_or_dropped() -> None:
    card = prompt_card(a_prompt_view(a_prompt("and the docs", PromptStatus.QUEUED), position=2), "en", tz=UTC)
    assert "number 2 in line" in said(card)
    assert "interrupts" in said(card)
    assert all(isinstance(one, PromptClick) for one in buttons(card).values())
    assert set(buttons(card)) == {"Send now", "Drop"}


def test_a_message_that_answers_no_question_says_so_while_the_agent_asks() -> None:
    asking = a_session(state=State.WAITING_INPUT)
    card = prompt_card(a_prompt_view(a_prompt("1", PromptStatus.QUEUED), session=asking), "en")
    assert "does not answer what the agent asks" in said(card)
    assert "busy" not in said(card)


def test_a_message_without_text_is_named_by_what_came_with_it() -> None:
    files = (Attachment(kind="file", key="f", message_id="om", name="notes.txt"),)
    prompt = a_prompt("", PromptStatus.QUEUED, attachments=(*files, Attachment(kind="image", key="i", message_id="om")))
    assert "1 picture, notes.txt" in said(prompt_card(a_prompt_view(prompt), "en"))
    assert "You: 1 picture, notes.txt" in said(result_card(replace(a_turn(), prompts=(prompt,)), "en"))


def test_files_that_wait_for_words_say_so_and_can_be_sent_as_they_are() -> None:
    files = tuple(Attachment(kind=kind, key="k", message_id="om") for kind in ("image", "image", "audio"))
    prompt = a_prompt("", PromptStatus.HELD, attachments=files, kept=True)
    card = prompt_card(a_prompt_view(prompt), "en")
    assert "2 pictures, 1 voice message kept. Write what to do with it" in said(card)
    assert "cannot be put into words here" in said(card)
    assert "Send as it is" in said(card)
    assert "已收下 2 张图片、1 条语音。" in said(prompt_card(a_prompt_view(prompt), "zh"))


def test_files_that_went_along_have_nothing_to_press() -> None:
    prompt = a_prompt("", PromptStatus.TAKEN, joined="another")
    card = prompt_card(a_prompt_view(prompt), "en")
    assert "Went along with your message." in said(card)
    assert "Drop" not in said(card)


def test_many_files_are_named_in_few_words() -> None:
    names = (f"part-{number}.log" for number in range(9))
    files = tuple(Attachment(kind="file", key="k", message_id="om", name=name) for name in names)
    card = prompt_card(a_prompt_view(a_prompt("", PromptStatus.HELD, attachments=files, kept=True)), "en")
    assert "part-4.log, and 4 more kept" in said(card)


def test_each_file_of_an_answer_has_a_button_with_its_name() -> None:
    turn = replace(a_turn().turn, files=("out/report.pdf", "a/log.txt", "b/log.txt"))
    card = result_card(replace(a_turn(), turn=turn), "en")
    assert all(f"⬇ {label}" in said(card) for label in ("report.pdf", "a/log.txt", "b/log.txt"))


def test_a_turn_of_several_messages_counts_the_others() -> None:
    view = replace(a_turn(), prompts=(a_prompt("first"), a_prompt("second")))
    assert "You: first and 1 more" in said(result_card(view, "en"))
    assert "你说：first 和另外 1 条" in said(result_card(view, "zh"))


@pytest.mark.parametrize(
    ("kind", "answer", "language", "shown"),
    [
        (RequestKind.CONFIRM, Answer(verdict=Verdict.ALLOW), "en", "You answered late: Allow"),
        (RequestKind.CONFIRM, Answer(verdict=Verdict.ALLOW), "zh", "你补答：允许"),
        (RequestKind.CONFIRM, Answer(verdict=Verdict.DENY, text="too risky"), "en", "late: Deny (too risky)"),
        (RequestKind.PLAN, Answer(verdict=Verdict.ALLOW), "en", "You answered late: Approve"),
        (RequestKind.CHOICE, Answer(verdict=Verdict.ANSWER, picks=(("red",), ("S", "M"))), "en", "late: red; S, M"),
    ],
)
def test_a_turn_that_a_late_answer_began_says_what_was_answered(
    kind: RequestKind, answer: Answer, language: str, shown: str
) -> None:
    prompt = a_prompt("words for the agent", late=Late(kind=kind, answer=answer))
    view = replace(a_turn(), prompts=(prompt,))
    for card in (result_card(view, language), progress_card(view, Progress(), language, NOON)):
        assert shown in said(card)
        assert "words for the agent" not in str(card)


def test_sending_now_says_whether_it_interrupts() -> None:
    view = a_prompt_view(a_prompt("more", PromptStatus.QUEUED), session=a_session(can_steer=True))
    assert "without interrupting" in said(prompt_card(view, "en"))


def test_a_held_message_says_when_it_was_sent_and_offers_to_run_it() -> None:
    card = prompt_card(a_prompt_view(a_prompt("old", PromptStatus.HELD)), "en", tz=UTC)
    assert "Sent at 12:00" in said(card)
    assert set(buttons(card)) == {"Run", "Drop"}
    assert ops(card) == {"send_now", "drop"}


@pytest.mark.parametrize("status", [PromptStatus.TAKEN, PromptStatus.DROPPED])
def test_a_message_that_no_longer_waits_has_no_buttons(status: PromptStatus) -> None:
    assert not buttons(prompt_card(a_prompt_view(a_prompt("x", status)), "en"))


# Sessions


def test_the_active_session_comes_first_with_everything_about_it() -> None:
    view = StatusView(
        sessions=(
            a_session(session_id="mint-owl", number=1, active=False, project="web", state=State.IDLE),
            a_session(number=2, model="opus", agent_session_id="9f1c", asking="Run the tests?", queued=2),
        )
    )
    card = status_card(view, "en", NOON + timedelta(minutes=3), tz=UTC)
    text = said(card)
    assert text.index("2. api") < text.index("1. web")
    for shown in (
        "/home/mia/work/api",
        "claude",
        "working",
        "fizz-top",
        "9f1c",
        "12:00 (3 min ago)",
        "opus",
        "Run the tests?",
    ):
        assert shown in text
    assert SwitchClick(session_id="mint-owl") in buttons(card).values()  # type: ignore[arg-type]
    assert ops(card) == {"switch", "close"}


def test_a_session_that_asks_nothing_is_red_also_where_it_is_not_the_active_one() -> None:
    unasked = a_session(active=False, mode="bypassPermissions", mode_until=NOON + timedelta(minutes=5))
    text = said(status_card(StatusView(sessions=(unasked,)), "en", NOON, tz=UTC))
    assert "<font color='red'>🔴 bypassPermissions → 12:05</font>" in text
    assert "bypassPermissions" not in said(
        status_card(StatusView(sessions=(replace(unasked, mode_until=None),)), "en", NOON)
    )


def test_only_a_mode_out_of_the_ordinary_is_named() -> None:
    assert "· direct" not in said(status_card(StatusView(sessions=(a_session(),)), "en", NOON))
    assert "smart mode" in said(status_card(StatusView(sessions=(a_session(),), mode="smart"), "en", NOON))


def test_a_closed_session_cannot_be_pressed_and_none_is_an_invitation() -> None:
    assert not buttons(status_card(StatusView(sessions=(a_session(state=State.CLOSED),)), "en", NOON))
    assert "/new" in said(status_card(StatusView(sessions=()), "en", NOON))


def test_more_sessions_than_fit_are_counted() -> None:
    many = tuple(a_session(session_id=f"s-{number}", number=number, active=False) for number in range(1, 31))
    assert "20 more" in said(status_card(StatusView(sessions=many), "en", NOON))


# Our own sentences


def test_a_sentence_keeps_its_code_and_nothing_else() -> None:
    assert rich("Send `/new *x*` <b>") == "Send `/new *x*` &#60;b&#62;"
    assert "api" in said(note_card("Closed.", "en", title="api"))


def test_a_title_is_cut_to_one_line() -> None:
    head = note_card("x", "en", title="a\nb" * 200)["header"]["title"]["content"]  # type: ignore[index]
    assert len(head) <= 100
    assert "\n" not in head
