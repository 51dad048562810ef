"""`/pending`: every open question of all sessions on one card, answered in place (C12)."""

from datetime import timedelta

from phonework.fsm.types import Option, Question, RequestKind, Verdict
from phonework.testing.playbook import ADA, BOB, Playbook

COLOURS = (Question(text="Which colour?", options=(Option(label="red"), Option(label="blue")), free_text=False),)


async def pending(play: Playbook, user: str = ADA) -> str:
    said = await play.say("/pending", user=user)
    return f"pending:{user}:{said.key}:0"


async def test_all_open_questions_of_a_person_stand_on_it_and_nobody_elses(play: Playbook) -> None:
    one = await play.begin("hello")
    first = await play.asks(one, fingerprint="rm -rf build")
    two = await play.begin("hello")
    await play.asks(two, kind=RequestKind.CHOICE, questions=COLOURS)
    three = await play.begin("hello")
    await play.asks(three, kind=RequestKind.INPUT)
    await play.asks(await play.begin("hello", user=BOB), fingerprint="touch bob")

    words = play.channel.shown(await pending(play)).words

    assert "open questions: 3" in words
    assert "rm -rf build" in words
    assert "deletes files" in words
    assert "no answer by" in words
    assert "/switch 3" in words, "what needs words is answered on its own card"
    assert "touch bob" not in words
    assert play.request_status(first) == "open"


async def test_a_form_of_several_questions_is_shown_with_all_of_them(play: Playbook) -> None:
    questions = (*COLOURS, Question(text="Which size?", options=(Option(label="S"), Option(label="M"))))
    asked = await play.asks(
        await play.begin("hello"), kind=RequestKind.CHOICE, prompt="Which colour?", questions=questions
    )
    card = await pending(play)

    words = play.channel.shown(card).words
    assert words.count("Which colour?") == 1
    assert words.index("Which colour?") < words.index("Which size?")
    assert "its own card" in words
    assert play.channel.values(card) == [], f"{asked} is answered on its own card, which has the form"


async def test_questions_there_is_no_room_for_are_counted(play: Playbook) -> None:
    questions = tuple(Question(text=f"{number} {'x' * 290}") for number in range(1, 101))
    await play.asks(await play.begin("hello"), kind=RequestKind.CHOICE, questions=questions)

    words = play.channel.shown(await pending(play)).words
    shown = sum(f" {number} xxx" in words for number in range(1, 101))
    assert 0 < shown < 100
    assert f"and {100 - shown} more questions" in words


async def test_a_tap_on_it_answers_and_leaves_what_is_left(play: Playbook) -> None:
    one, two = await play.begin("hello"), await play.begin("hello")
    allowed = await play.asks(one, fingerprint="touch one")
    chosen = await play.asks(two, kind=RequestKind.CHOICE, questions=COLOURS)
    card = await pending(play)

    reply = await play.click(play.button(card, "answer", "allow"))

    assert play.request_status(allowed) == "delivered"
    assert reply.card is not None
    assert "touch one" not in str(reply.card)
    assert "Which colour?" in str(reply.card) or "1. red" in str(reply.card)
    assert "allowed" in play.channel.shown(f"request:{allowed}").words, "its own card says so too"
    last = await play.click(play.button(card, "answer", "pick:0:1"))
    assert play.request_status(chosen) == "delivered"
    assert [answer.verdict for _, _, answer in play.script.answers] == [Verdict.ALLOW, Verdict.ANSWER]
    assert play.script.answers[-1][2].picks == (("blue",),)
    assert "Nothing is waiting for you" in str(last.card)


async def test_an_old_form_of_it_answers_nothing_twice_and_nothing_new(play: Playbook) -> None:
    session_id = await play.begin("hello")
    first = await play.asks(session_id, fingerprint="touch one")
    value = play.button(await pending(play), "answer", "allow")
    await play.click(play.button(f"request:{first}", "answer", "deny"))
    second = await play.asks(session_id, fingerprint="rm two")

    reply = await play.click(value)

    assert reply.toast is not None
    assert "answered already" in reply.toast.text
    assert "rm two" in str(reply.card)
    assert play.request_status(second) == "open"
    assert [answer.verdict for _, _, answer in play.script.answers] == [Verdict.DENY]


async def test_somebody_else_neither_answers_nor_sees_their_own_on_it(play: Playbook) -> None:
    request_id = await play.asks(await play.begin("hello"), fingerprint="touch one")
    value = play.button(await pending(play), "answer", "allow")

    reply = await play.click(value, user=BOB)

    assert reply.card is None
    assert play.request_status(request_id) == "open"


async def test_what_cannot_be_shown_in_full_is_not_answered_there(play: Playbook) -> None:
    await play.asks(await play.begin("hello"), fingerprint="x" * 40_000)
    card = await pending(play)
    assert [one for one in play.channel.values(card) if one["op"] == "answer"] == []
    assert "its own card" in play.channel.shown(card).words


async def test_nothing_to_answer_is_said(play: Playbook) -> None:
    assert "Nothing is waiting for you" in play.channel.shown(await pending(play)).words


async def test_what_can_still_be_answered_stands_below_with_its_age(play: Playbook) -> None:
    one, two = await play.begin("hello"), await play.begin("hello")
    late = await play.asks(one, fingerprint="rm -rf build")
    await play.advance(timedelta(minutes=6))
    await play.finishes(one, text="stopped")
    assert play.request_status(late) == "expired"
    await play.asks(two, fingerprint="touch two")
    await play.asks(await play.begin("hello", user=BOB), fingerprint="touch bob")
    card = await pending(play)

    words = play.channel.shown(card).words
    assert "open questions: 1" in words
    assert words.index("touch two") < words.index("No longer waiting") < words.index("rm -rf build")
    assert "6 min ago" in words
    assert "touch bob" not in words

    reply = await play.click(play.button(card, "late", "allow"))
    assert play.request_status(late) == "resumed"
    assert play.state(one) == "executing"
    assert "rm -rf build" not in str(reply.card)
    assert "touch two" in str(reply.card)


async def test_what_waits_behind_is_counted_and_silence_is_no_answer_to_a_choice(play: Playbook) -> None:
    session = await play.begin("hello")
    await play.asks(session, kind=RequestKind.CHOICE, questions=COLOURS)
    await play.asks(session, fingerprint="touch two")
    words = play.channel.shown(await pending(play)).words
    assert "open questions: 2" in words
    assert "the turn stops" in words
    assert "counts as a no" not in words


async def test_of_a_closed_session_nothing_can_be_answered(play: Playbook) -> None:
    session = await play.begin("hello")
    late = await play.asks(session, fingerprint="rm -rf build")
    await play.advance(timedelta(minutes=6))
    await play.finishes(session, text="stopped")
    await play.say("/close")
    assert play.request_status(late) in ("expired", "void")
    assert "Nothing is waiting for you" in play.channel.shown(await pending(play)).words


async def test_of_many_that_can_still_be_answered_the_newest_three_are_shown(
    play: Playbook,
) -> None:
    for number in range(4):
        session = await play.begin("hello")
        await play.asks(session, fingerprint=f"touch file{number} {'x' * 6_000}")
        await play.advance(timedelta(minutes=6))
    shown = play.channel.shown(await pending(play))
    assert [f"file{number}" in shown.words for number in range(4)] == [False, True, True, True]


async def test_before_a_wait_ends_a_new_message_names_project_and_time_left(play: Playbook) -> None:
    await play.asks(await play.begin("hello"), fingerprint="touch one")
    before = len(play.channel.texts())

    await play.advance(timedelta(minutes=4))

    (reminder,) = play.channel.texts()[before:]
    assert reminder.startswith("api: Still waiting for you. In about 1 min this counts as a no:")
