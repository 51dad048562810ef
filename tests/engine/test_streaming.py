"""When a live card's words are streamed, and when that has to be over (C5)."""

import asyncio
from datetime import timedelta

import pytest

from phonework import progress
from phonework.backends.base import Progress, Step
from phonework.channels.base import Action, Delivery
from phonework.fsm.events import TurnFinished
from phonework.fsm.types import SessionId
from phonework.testing.channel import Fate
from phonework.testing.playbook import Playbook


async def streaming(play: Playbook) -> SessionId:
    """A turn whose words are being streamed."""
    play.channel.streams = True
    session = await play.begin("go")
    await play.started(session)
    card = play.channel.shown(f"turn:{session}:1")
    play.core.node.progress(session, 1, Progress(text="Reading"))
    await play.until(lambda: card.streams)
    return session


async def whatever_can(play: Playbook) -> None:
    """Everything that does not hang has happened."""
    for _ in range(30):
        await play.writer.run(lambda _connection, _now: None)


def of_turn(play: Playbook, session: SessionId) -> list[Delivery]:
    return [one for one in play.channel.calls if one.card_key == f"turn:{session}:1"]


async def test_words_are_streamed_without_a_look_into_the_store(play: Playbook) -> None:
    session = await streaming(play)
    card = play.channel.shown(f"turn:{session}:1")
    versions = len(card.versions)
    play.core.node.progress(session, 1, Progress(text="Reading files"))
    await play.until(lambda: bool(card.streamed))

    assert card.streamed == ["Reading files"]
    assert len(card.versions) == versions
    assert [one.stream for one in of_turn(play, session)] == ["words"] * len(of_turn(play, session))


async def test_a_new_step_brings_the_whole_card(play: Playbook) -> None:
    session = await streaming(play)
    card = play.channel.shown(f"turn:{session}:1")
    play.core.node.progress(session, 1, Progress(text="Reading", steps=(Step(title="Read main.py"),)))
    await play.until(lambda: "Read main.py" in card.words)

    assert card.streams


async def test_streaming_is_over_before_the_question_is_shown(play: Playbook) -> None:
    session = await streaming(play)
    await play.asks(session)
    await play.settled()

    kinds = [one.card_key.partition(":")[0] for one in play.channel.calls]
    asked = kinds.index("request")
    closed = play.channel.calls[asked - 1]
    assert (closed.card_key, closed.action, closed.stream) == (f"turn:{session}:1", Action.UPDATE, "")
    assert not any(one.stream for one in play.channel.calls[asked:])


async def test_a_channel_that_hangs_does_not_keep_a_question_back(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "STILL_WITHIN", timedelta(seconds=0.2))
    session = await streaming(play)
    play.channel.fates.append(Fate.HANG)
    await play.asks(session)
    await play.until(lambda: any(one.card_key.startswith("request:") for one in play.channel.calls))


async def test_words_that_cannot_be_written_come_with_the_whole_card(play: Playbook) -> None:
    session = await streaming(play)
    card = play.channel.shown(f"turn:{session}:1")
    play.channel.fates.append(Fate.ODD)
    play.core.node.progress(session, 1, Progress(text="Reading files"))
    await play.until(lambda: "Reading files" in card.words)


async def test_the_result_is_no_longer_streamed(play: Playbook) -> None:
    session = await streaming(play)
    await play.agent(session, TurnFinished(turn=1, text="Ready."))
    await play.settled()

    card = play.channel.shown(f"turn:{session}:1")
    assert (card.shows.action, card.shows.stream) == (Action.UPDATE, "")
    assert not card.streams


async def test_for_quiet_people_nothing_is_streamed(play: Playbook) -> None:
    play.channel.streams = True
    await play.say("/verbose quiet")
    session = await play.begin("go")
    play.core.node.progress(session, 1, Progress(text="Reading"))
    await play.asks(session)
    await play.settled()

    assert {one.stream for one in of_turn(play, session)} == {""}


async def test_a_program_that_is_stopped_leaves_no_card_that_says_more_is_to_come(play: Playbook) -> None:
    session = await streaming(play)
    await play.stop()

    card = play.channel.shown(f"turn:{session}:1")
    assert (card.shows.action, card.shows.stream, card.streams) == (Action.UPDATE, "", False)
    assert "Reading" in card.words


async def test_after_a_crash_the_channel_is_told_which_card_it_was(play: Playbook) -> None:
    """Only then can it end what the last life began."""
    play.channel.entities = True
    session = await streaming(play)
    await play.crash()
    await play.settled()

    last = of_turn(play, session)[-1]
    assert (last.action, last.stream) == (Action.UPDATE, "")
    assert last.entity == f"card of {last.target}"


async def test_a_card_brought_up_to_date_for_a_question_does_not_come_after_the_result(play: Playbook) -> None:
    """A question that waited for its person is shown in another lane than the result."""
    session = await streaming(play)
    card = play.channel.shown(f"turn:{session}:1")
    play.channel.fates.append(Fate.HANG)
    late = asyncio.create_task(play.core.chats.board.catch_up(session, 1))
    await play.until(lambda: bool(play.channel.blocked))
    ended = asyncio.create_task(play.agent(session, TurnFinished(turn=1, text="Ready.")))
    await whatever_can(play)
    play.channel.release()
    await asyncio.gather(late, ended)
    await play.settled()

    assert "Ready." in card.words


async def test_a_card_left_at_the_stop_does_not_come_after_the_result(play: Playbook) -> None:
    session = await streaming(play)
    card = play.channel.shown(f"turn:{session}:1")
    play.channel.fates.append(Fate.HANG)
    late = asyncio.create_task(play.core.chats.close())
    await play.until(lambda: bool(play.channel.blocked))
    ended = asyncio.create_task(play.agent(session, TurnFinished(turn=1, text="Ready.")))
    await whatever_can(play)
    play.channel.release()
    await asyncio.gather(late, ended)
    await play.settled()

    assert "Ready." in card.words
