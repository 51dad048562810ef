"""Live cards: the newest glimpse, not too often, and never over a result."""

import asyncio
from datetime import timedelta

from phonework.backends.base import Progress, Step
from phonework.fsm.types import SessionId, Usage
from phonework.progress import Look, ProgressBoard
from phonework.testing.channel import Fate
from phonework.testing.playbook import Playbook

FIZZ = SessionId("fizz-top")


class Screen:
    """What was shown; a look may be held up or fail."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.failures = 0
        self.look = Look.SHOWN
        self.looked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, session_id: SessionId, turn: int, progress: Progress) -> Look:
        self.looked.set()
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.shown.append(progress.text)
        return self.look


async def a_while() -> None:
    """Everything that can go on without time passing has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_came_while_one_was_being_shown_is_shown_as_its_newest_only() -> None:
    """C5."""
    screen = Screen()
    board = ProgressBoard(screen, every=timedelta())
    screen.open.clear()
    for text in ("a", "b", "c", "d"):
        board.report(FIZZ, 1, Progress(text=text))
        await screen.looked.wait()
    screen.open.set()
    await a_while()
    await board.close()

    assert screen.shown == ["a", "d"]


async def test_a_pause_lies_between_two_updates_of_one_card() -> None:
    """C8: and cards of other turns do not wait for it."""
    screen = Screen()
    board = ProgressBoard(screen, every=timedelta(hours=1))
    board.report(FIZZ, 1, Progress(text="a"))
    await screen.looked.wait()
    await asyncio.sleep(0)
    board.report(FIZZ, 1, Progress(text="b"))
    screen.looked.clear()
    board.report(SessionId("other"), 1, Progress(text="c"))
    await screen.looked.wait()
    await asyncio.sleep(0)
    await board.close()

    assert screen.shown == ["a", "c"]


async def test_the_card_of_a_silent_agent_is_brought_up_to_date_until_its_turn_is_over() -> None:
    """C5: the time runs on, and a stop that is under way is seen."""
    screen = Screen()
    board = ProgressBoard(screen, every=timedelta(), again=timedelta())
    board.report(FIZZ, 1, Progress(text="a"))
    await a_while()
    assert len(screen.shown) > 2
    screen.look = Look.OVER
    await a_while()
    seen = len(screen.shown)
    await a_while()
    await board.close()

    assert len(screen.shown) == seen


async def test_nothing_is_shown_once_the_turn_has_its_result() -> None:
    screen = Screen()
    board = ProgressBoard(screen, every=timedelta())
    screen.open.clear()
    board.report(FIZZ, 1, Progress(text="a"))
    await screen.looked.wait()
    await board.finish(FIZZ, 1)
    screen.open.set()
    await asyncio.sleep(0)

    assert screen.shown == []


async def test_nothing_is_remembered_of_what_is_reported_after_the_end() -> None:
    screen = Screen()
    screen.look = Look.OVER
    board = ProgressBoard(screen)
    board.report(FIZZ, 1, Progress(text="a"))
    await a_while()

    assert board.newest(FIZZ, 1) == Progress()


async def test_a_look_that_fails_is_tried_again_a_few_times() -> None:
    screen = Screen()
    screen.failures = 2
    board = ProgressBoard(screen, every=timedelta())
    board.report(FIZZ, 1, Progress(text="a"))
    await a_while()
    await board.close()

    assert screen.shown == ["a"]


async def test_a_turn_s_card_shows_what_the_agent_does(play: Playbook) -> None:
    """C5: outside the outbox, nothing of it is owed or stored."""
    session = await play.begin("go")
    owed = play.one("SELECT count(*) FROM effect")
    play.core.node.progress(session, 1, Progress(text="Reading files", steps=(Step(title="Read main.py"),)))
    card = play.channel.shown(f"turn:{session}:1")
    await play.until(lambda: len(card.versions) == 2)

    assert "Read main.py" in card.words
    assert play.one("SELECT count(*) FROM effect") == owed


async def test_a_card_begins_to_be_kept_up_when_it_was_shown() -> None:
    """An agent may be silent from the first; what it reported before is not forgotten."""
    screen = Screen()
    board = ProgressBoard(screen, every=timedelta(), again=timedelta(hours=1))
    board.begin(FIZZ, 1)
    await a_while()
    assert screen.shown == [], "it was shown just now"
    board.nudge(FIZZ, 1)
    await a_while()
    assert screen.shown == [""]
    board.report(FIZZ, 1, Progress(text="a"))
    board.begin(FIZZ, 1)
    await a_while()
    board.nudge(SessionId("other"), 1)
    await board.close()

    assert screen.shown == ["", "a"]


async def test_the_card_of_an_agent_that_asks_before_it_said_a_word_shows_that_it_waits(play: Playbook) -> None:
    session = await play.begin("go")
    card = play.channel.shown(f"turn:{session}:1")
    assert "Starting" in card.words
    await play.asks(session)
    await play.until(lambda: "is waiting for you" in card.words)

    assert "Starting" not in card.words


async def test_a_late_glimpse_does_not_cover_the_result(play: Playbook) -> None:
    session = await play.begin("go")
    await play.finishes(session, text="Ready.")
    card = play.channel.shown(f"turn:{session}:1")
    versions = len(card.versions)
    play.core.node.progress(session, 1, Progress(text="Still reading"))
    for _ in range(3):
        await play.writer.run(lambda _connection, _now: None)

    assert len(card.versions) == versions


async def test_a_live_card_that_cannot_be_updated_harms_nothing(play: Playbook) -> None:
    session = await play.begin("go")
    play.channel.fates.append(Fate.ODD)
    play.core.node.progress(session, 1, Progress(text="Reading"))
    await play.until(lambda: not play.channel.fates)
    await play.finishes(session, text="Ready.")

    assert play.channel.texts()[-1] == "Ready."


async def test_in_quiet_a_stop_is_shown_though_the_channel_was_busy_at_first(play: Playbook) -> None:
    """Nothing else would bring the card up to date before the result."""
    await play.say("/verbose quiet")
    session = await play.begin("go")
    await play.started(session)
    card = play.channel.shown(f"turn:{session}:1")
    await play.say("/stop")
    play.channel.fates.append(Fate.BUSY)
    play.core.node.progress(session, 1, Progress(text="Reading"))
    await play.until(lambda: "stopping" in card.words)

    assert "Reading" not in card.words


async def test_in_quiet_a_late_update_does_not_leave_a_stopping_turn_at_work(play: Playbook) -> None:
    await play.say("/verbose quiet")
    session = await play.begin("go")
    await play.started(session)
    card = play.channel.shown(f"turn:{session}:1")
    play.channel.fates.extend((Fate.OK, Fate.HANG))  # the sentence that it is a task now, and its card
    await play.advance(timedelta(minutes=2))
    assert play.channel.blocked == 1
    await play.say("/stop")
    play.core.node.progress(session, 1, Progress(text="Reading"))
    for _ in range(5):  # whoever would look now has looked
        await play.writer.run(lambda _connection, _now: None)
        await a_while()
    await play.release()
    await play.until(lambda: "stopping" in card.words)
    for _ in range(5):
        await play.writer.run(lambda _connection, _now: None)
        await a_while()

    assert "stopping" in card.words


# Words that are streamed


class Pen:
    """What was written; after `last` of it the card streams no longer."""

    def __init__(self, last: int = 1_000) -> None:
        self.written: list[str] = []
        self.last = last

    async def __call__(self, session_id: SessionId, turn: int, progress: Progress) -> bool:
        self.written.append(progress.text)
        return len(self.written) < self.last


def streaming_board(screen: Screen, pen: Pen) -> ProgressBoard:
    screen.look = Look.STREAMS
    hour = timedelta(hours=1)
    return ProgressBoard(screen, pen, every=hour, again=2 * hour, frame=timedelta(), share=timedelta())


async def test_only_new_words_are_written_while_nothing_else_is_new() -> None:
    screen, pen = Screen(), Pen()
    board = streaming_board(screen, pen)
    for text in ("a", "ab", "ab", "abc"):
        board.report(FIZZ, 1, Progress(text=text, usage=Usage(output_tokens=len(text))))
        await screen.looked.wait()
        await a_while()
    await board.close()

    assert (screen.shown, pen.written) == (["a"], ["ab", "abc"])


async def test_words_that_can_no_longer_be_written_wait_for_the_whole_card() -> None:
    screen, pen = Screen(), Pen(last=1)
    board = streaming_board(screen, pen)
    board.report(FIZZ, 1, Progress(text="a"))
    await screen.looked.wait()
    for text in ("ab", "abc"):
        board.report(FIZZ, 1, Progress(text=text))
        await a_while()
    await board.close()

    assert (screen.shown, pen.written) == (["a"], ["ab"])


async def test_a_streaming_card_catches_up_when_its_person_is_asked() -> None:
    screen, pen = Screen(), Pen()
    board = streaming_board(screen, pen)
    board.report(FIZZ, 1, Progress(text="a"))
    await screen.looked.wait()
    await a_while()
    screen.look = Look.SHOWN
    await board.catch_up(FIZZ, 1)
    await board.catch_up(FIZZ, 1)

    assert screen.shown == ["a", "a"], "the second time it streamed no longer"
    assert not board.streams(FIZZ, 1)
    await board.close()
