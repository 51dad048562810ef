"""A message that its person takes back: not run while it can be held back, in whatever it was made to go along."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from phonework.channels.base import Fetched, Recalled, Said
from phonework.errors import ChannelError
from phonework.fsm.types import Attachment, SessionId
from phonework.testing.backend import Deed
from phonework.testing.playbook import Playbook

STATUS = "SELECT status FROM effect WHERE kind = ? ORDER BY seq"


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path) as play:
        play.channel.files.update(dict.fromkeys(("a", "b", "c"), b"x"))
        yield play


async def files(play: Playbook, *keys: str) -> Said:
    """A message of nothing but files, named as they are."""
    name = "om_" + "".join(keys)
    sent = tuple(Attachment(kind="file", key=key, message_id=name, name=f"{key}.txt") for key in keys)
    return await play.say("", key=name, attachments=sent)


async def busy_lane(play: Playbook, backend: str = "demo") -> SessionId:
    """The agent does not react to a stop, so its next order waits, not begun, until `release`."""
    play.script.deeds.extend([Deed.OK, Deed.HANG])
    session = await play.begin("one", backend=backend)
    await play.say("/stop")
    return session


def words(play: Playbook) -> list[str]:
    """What the agent was told, turn by turn."""
    return [prompt.text for start in play.script.starts for prompt in start.prompts]


def recalled(play: Playbook, said: Said) -> Recalled:
    return Recalled(key=said.key, recalled_at=play.clock.now())


async def test_a_turn_that_is_owed_is_called_off_with_its_message(play: Playbook) -> None:
    session = await busy_lane(play)
    said = await play.say("and delete it all")
    await play.finishes(session)
    assert play.state(session) == "executing"
    await play.recall(said.key)
    await play.recall(said.key)
    await play.release()

    assert play.state(session) == "idle"
    assert words(play) == ["one"]
    assert play.rows(STATUS, "StartTurn") == [("done",), ("superseded",)]
    card = play.channel.shown(f"turn:{session}:2")
    assert "You took the message back, so it is not run." in card.words
    assert "delete" not in card.words
    assert play.channel.values(f"turn:{session}:2") == []
    await play.say("/retry")
    assert words(play) == ["one"]


async def test_what_waited_behind_it_runs(play: Playbook) -> None:
    session = await busy_lane(play)
    said = await play.say("two")
    await play.say("three")
    await play.finishes(session)
    await play.recall(said.key)
    await play.release()

    assert words(play) == ["one", "three"]
    assert play.state(session) == "executing"


async def test_a_kill_after_it_was_taken_back_changes_nothing(play: Playbook) -> None:
    session = await busy_lane(play)
    said = await play.say("two")
    await play.finishes(session)
    async with play.crashing_when(lambda: play.state(session) == "idle"):
        await play.core.router.submit(recalled(play, said))
    await play.deliver(recalled(play, said))

    assert words(play) == ["one"]
    assert play.state(session) == "idle"


async def test_a_message_that_a_stopped_turn_was_to_begin_with_is_not_run(play: Playbook) -> None:
    session = await busy_lane(play)
    said = await play.say("two")
    await play.finishes(session)
    await play.say("/stop")
    await play.recall(said.key)
    await play.release()

    assert words(play) == ["one"]
    assert play.state(session) == "idle"


async def test_a_message_that_was_to_slip_into_a_turn_does_not(play: Playbook) -> None:
    play.script.deeds.append(Deed.HANG)
    session = await play.begin("one", backend="steering")
    said = await play.say("also this")
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'queued'")[0]
    await play.click(play.button(f"prompt:{prompt}", "send_now"))
    await play.recall(said.key)
    await play.release()

    assert play.script.steers == []
    assert play.state(session) == "executing"
    assert "Dropped" in play.channel.shown(f"prompt:{prompt}").words


async def test_what_runs_goes_on_and_the_person_is_told_how_to_stop_it(play: Playbook) -> None:
    session = await play.begin()
    said = await play.say("go")
    await play.started(session)
    await play.recall(said.key)

    assert play.state(session) == "executing"
    assert play.script.interrupts == []
    assert any("already and works on it" in text for text in play.channel.texts())


async def test_of_what_is_over_nothing_is_said(play: Playbook) -> None:
    session = await play.begin()
    said = await play.say("go")
    await play.finishes(session)
    before = play.channel.texts()
    await play.recall(said.key)

    assert play.channel.texts() == before


@pytest.mark.parametrize(("which", "left"), [(0, ["b.txt", "c.txt"]), (1, ["a.txt", "c.txt"]), (2, ["a.txt", "b.txt"])])
async def test_of_files_on_one_card_only_those_of_the_message_go(play: Playbook, which: int, left: list[str]) -> None:
    await play.begin()
    sent = [await files(play, key) for key in ("a", "b", "c")]
    card = f"prompt:{play.one('SELECT prompt_id FROM prompt WHERE status = ?', 'held')}"
    await play.recall(sent[which].key)
    assert all(name in play.channel.shown(card).words for name in left)
    assert sent[which].attachments[0].name not in play.channel.shown(card).words

    await play.say("compare")
    (start,) = play.script.starts
    assert [Path(path).name for paths in start.images.values() for path in paths] == left


async def test_files_that_are_all_taken_back_leave_no_card_to_tap(play: Playbook) -> None:
    await play.begin()
    first, second = await files(play, "a"), await files(play, "b", "c")
    card = f"prompt:{play.one('SELECT prompt_id FROM prompt WHERE status = ?', 'held')}"
    await play.recall(first.key)
    await play.recall(second.key)

    assert "Dropped" in play.channel.shown(card).words
    assert play.channel.values(card) == []
    await play.say("words")
    assert words(play) == ["words"]


async def test_a_file_taken_back_does_not_go_along_with_words_in_line(play: Playbook) -> None:
    session = await play.begin("one")
    sent = await files(play, "a")
    for text in ("two", "three"):
        await play.say(text)
    await play.recall(sent.key)
    await play.finishes(session)
    await play.finishes(session, turn=2)

    assert words(play) == ["one", "two", "three"]
    assert all(not paths for start in play.script.starts for paths in start.images.values())


async def test_words_taken_back_while_their_files_are_fetched_are_not_run(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await play.begin()
    fetch = play.channel.fetch

    async def slowly(attachment: Attachment) -> Fetched:
        await play.core.router.submit(Recalled(key="om_words", recalled_at=play.clock.now()))
        return await fetch(attachment)

    monkeypatch.setattr(play.channel, "fetch", slowly)
    await files(play, "a")
    await play.say("look", key="om_words")

    assert play.script.starts == []
    assert play.state(session) == "idle"


async def test_a_file_taken_back_while_it_is_fetched_does_not_go_along(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.begin()
    fetch = play.channel.fetch

    async def slowly(attachment: Attachment) -> Fetched:
        await play.core.router.submit(Recalled(key="om_a", recalled_at=play.clock.now()))
        return await fetch(attachment)

    monkeypatch.setattr(play.channel, "fetch", slowly)
    await files(play, "a")
    await files(play, "b")
    await play.say("look")

    assert words(play) == ["look"]
    (start,) = play.script.starts
    assert [Path(path).name for paths in start.images.values() for path in paths] == ["b.txt"]


def is_gone(play: Playbook, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Whoever fetches this file hears that its message was taken back at that moment."""
    fetch = play.channel.fetch

    async def fetched(attachment: Attachment) -> Fetched:
        if attachment.key != key:
            return await fetch(attachment)
        await play.core.router.submit(Recalled(key=attachment.message_id, recalled_at=play.clock.now()))
        raise ChannelError("the message was recalled")

    monkeypatch.setattr(play.channel, "fetch", fetched)


async def test_a_file_that_is_gone_with_its_message_does_not_keep_back_the_others(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.begin()
    is_gone(play, monkeypatch, "a")
    await files(play, "a")
    await files(play, "b")
    await play.say("look")

    assert words(play) == ["look"]
    (start,) = play.script.starts
    assert [Path(path).name for paths in start.images.values() for path in paths] == ["b.txt"]


async def test_a_message_that_is_gone_before_it_slips_into_a_turn_is_not_put_on_hold(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await play.begin("one", backend="steering")
    is_gone(play, monkeypatch, "a")
    said = Attachment(kind="file", key="a", message_id="om_also", name="a.txt")
    await play.say("also this", key="om_also", attachments=(said,))
    prompt = play.one("SELECT prompt_id FROM prompt WHERE status = 'queued'")
    await play.click(play.button(f"prompt:{prompt}", "send_now"))

    assert play.script.steers == []
    assert play.state(session) == "executing"
    assert "Dropped" in play.channel.shown(f"prompt:{prompt}").words
    assert play.channel.values(f"prompt:{prompt}") == []
