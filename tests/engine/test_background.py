"""Work that takes long goes on in the background, and its end is told where its person will hear it."""

from datetime import timedelta
from pathlib import Path

import pytest

from phonework.backends.base import Liveness, Progress, Step
from phonework.fsm.events import TurnFailed
from phonework.fsm.types import SessionId
from phonework.testing.playbook import BOB, Playbook

MINUTE = timedelta(minutes=1)


def posts(play: Playbook) -> list[str]:
    return [post.words for post in play.channel.posts.values()]


def fresh(play: Playbook, session: SessionId, turn: int = 1) -> str:
    return play.channel.shown(f"ended:turn:{session}:{turn}").words


async def test_a_turn_that_takes_long_becomes_a_task_and_its_person_is_told(play: Playbook) -> None:
    """S8."""
    session = await play.begin("refactor it")
    await play.started(session)
    await play.advance(MINUTE)

    assert play.state(session) == "executing"
    assert play.rows("SELECT user_id, number, session_id, turn FROM task") == [("ou_ada", 1, session, 1)]
    assert "goes on as task #1" in posts(play)[-1]
    assert "Task #1 goes on in the background" in play.channel.shown(f"turn:{session}:1").words


async def test_tasks_are_numbered_for_each_person(play: Playbook) -> None:
    for user in ("ou_ada", "ou_ada", BOB):
        await play.begin("go", user=user)
    await play.advance(MINUTE)

    assert play.rows("SELECT user_id, number FROM task ORDER BY 1, 2") == [("ou_ada", 1), ("ou_ada", 2), (BOB, 1)]


async def test_the_end_of_a_task_is_a_new_card_with_all_that_is_to_know(play: Playbook) -> None:
    """S8, C12: an edited card makes no sound."""
    session = await play.begin("refactor it")
    await play.advance(MINUTE)
    await play.finishes(session, text="All done.")

    card = fresh(play, session)
    assert "api" in card
    assert "task #1" in card
    assert "took 1:00" in card
    assert "refactor it" in card
    assert "newer message below" in play.channel.shown(f"turn:{session}:1").words
    assert posts(play)[-1] == "All done."


async def test_after_a_crash_the_deadline_that_passed_meanwhile_makes_one_task_and_one_notice(play: Playbook) -> None:
    session = await play.begin("go")
    await play.started(session)
    play.script.liveness[session] = Liveness.ALIVE
    play.clock.advance(2 * MINUTE)
    for _ in range(2):
        await play.crash()

    assert play.one("SELECT count(*) FROM event WHERE kind = 'TurnWentLong'") == 1
    assert play.one("SELECT number FROM task") == 1
    assert sum("goes on as task #1" in words for words in posts(play)) == 1
    await play.finishes(session)
    await play.crash()
    assert [post.delivery.card_key for post in play.channel.posts.values()].count(f"ended:turn:{session}:1") == 1


async def test_the_question_of_a_task_names_it_stays_the_newest_message_and_is_the_persons_turn(play: Playbook) -> None:
    session = await play.begin("go")
    request = await play.asks(session)
    await play.advance(MINUTE)

    card = play.channel.shown(f"request:{request}")
    assert "task #1" in card.words
    assert list(play.channel.posts.values())[-1] is card
    assert "in the background" not in " ".join([*posts(play), play.channel.shown(f"turn:{session}:1").words])
    await play.click(play.button(f"request:{request}", "answer", "allow"))
    assert play.request_status(request) == "delivered"


async def test_a_message_to_a_session_whose_turn_is_a_task_waits_in_line(play: Playbook) -> None:
    session = await play.begin("go")
    await play.advance(MINUTE)
    await play.say("and then this")

    assert play.one("SELECT status FROM prompt WHERE turn = 0") == "queued"
    await play.finishes(session)
    assert play.script.starts[-1].prompts[0].text == "and then this"


async def test_zero_means_never(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, timeouts={"background": 0}) as play:
        await play.begin("go")
        await play.advance(20 * MINUTE)

        assert play.rows("SELECT * FROM task") == []


async def test_tasks_are_listed_with_where_they_stand_and_what_can_be_done(play: Playbook) -> None:
    """S8: switch there, stop, run again."""
    first = await play.begin("the long one")
    await play.advance(MINUTE)
    second = await play.begin("the other one")
    await play.advance(MINUTE)
    await play.finishes(second)
    await play.say("/tasks")

    card = list(play.channel.posts.values())[-1]
    assert "#1 api" in card.words
    assert "the long one" in card.words
    assert "working" in card.words
    key = card.delivery.card_key
    await play.click(play.button(key, "switch"))
    assert play.one("SELECT active_session FROM user WHERE user_id = 'ou_ada'") == first
    await play.click(play.button(key, "retry"))
    assert [start.session_id for start in play.script.starts] == [first, second, second]
    await play.click(play.button(key, "stop"))
    assert play.script.interrupts == [(first, 1)]


async def test_another_person_s_tasks_are_not_listed(play: Playbook) -> None:
    await play.begin("secret", user=BOB)
    await play.advance(MINUTE)
    await play.say("/tasks")

    assert "secret" not in posts(play)[-1]
    assert "No turn of yours" in posts(play)[-1]


async def test_a_turn_that_ends_while_its_person_is_elsewhere_names_itself(play: Playbook) -> None:
    """C12."""
    first = await play.begin("go")
    await play.begin()
    await play.finishes(first, text="Ready.")

    assert "api" in fresh(play, first)
    assert posts(play)[-1] == "Ready."


async def test_a_turn_that_says_nothing_after_a_while_is_told_by_a_card(play: Playbook) -> None:
    session = await play.begin("go")
    await play.advance(timedelta(seconds=30))
    await play.finishes(session, text="")

    assert "done" in fresh(play, session)


async def test_a_short_turn_in_the_active_session_has_one_card_and_its_answer(play: Playbook) -> None:
    session = await play.begin("go")
    before = len(play.channel.posts)
    await play.finishes(session, text="Ready.")

    assert len(play.channel.posts) == before + 1
    with pytest.raises(KeyError):
        fresh(play, session)


async def test_a_failed_task_says_so_once(play: Playbook) -> None:
    session = await play.begin("go")
    await play.advance(MINUTE)
    await play.agent(session, TurnFailed(turn=1, error="The disk is full."))

    assert sum("The disk is full." in words for words in posts(play)) == 1
    assert "The disk is full." in fresh(play, session)


# How much is shown


async def test_the_steps_of_a_turn_are_kept_and_folded_in_its_result(play: Playbook) -> None:
    """C5."""
    session = await play.begin("go")
    steps = tuple(Step(title=f"Step {number}", state="ok") for number in range(25))
    play.core.node.progress(session, 1, Progress(steps=steps))
    await play.finishes(session)

    card = play.channel.shown(f"turn:{session}:1")
    assert "Steps: 20" in card.words
    assert "Step 24" in card.words
    assert "Step 4" not in card.words.split("\n")
    assert play.one("SELECT json_array_length(body, '$.steps') FROM turn") == 20


async def test_whoever_wants_quiet_sees_how_a_turn_begins_and_ends(play: Playbook) -> None:
    await play.say("/verbose quiet")
    session = await play.begin("go")
    card = play.channel.shown(f"turn:{session}:1")
    play.core.node.progress(session, 1, Progress(text="Reading", steps=(Step(title="Read main.py"),)))
    for _ in range(5):
        await play.writer.run(lambda _connection, _now: None)
    assert len(card.versions) == 1
    await play.asks(session)
    await play.until(lambda: len(card.versions) == 2)
    assert "see its question card" in card.words
    assert "Read main.py" not in card.words


async def test_whoever_wants_everything_sees_all_steps_and_what_came_of_them(play: Playbook) -> None:
    await play.say("/verbose verbose")
    session = await play.begin("go")
    steps = tuple(Step(title=f"Run {number}", state="ok", output=f"{number} passed") for number in range(12))
    play.core.node.progress(session, 1, Progress(steps=steps))
    card = play.channel.shown(f"turn:{session}:1")
    await play.until(lambda: len(card.versions) == 2)

    assert "Run 0" in card.words
    assert "11 passed" in card.words
    await play.finishes(session)
    assert "11 passed" in card.words
