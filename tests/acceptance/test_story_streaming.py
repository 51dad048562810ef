"""The agent's words grow on the live card while it writes, and whatever Feishu does, nothing of them is lost (C5, C8)."""

from itertools import pairwise

import pytest

from phonework.testing.person import Person, operations
from phonework.testing.phone import Json, Phone, Shown
from phonework.testing.server import Server

CONTENT = r"elements/words/content$"


async def with_an_agent_that_takes(seconds: str, phone: Phone, server: Server) -> Person:
    """Somebody with an agent that takes so long over a few letters."""
    server.settings["DEMO__DELAY"] = seconds
    await server.start()
    person = Person(phone)
    await person.begins()
    return person


@pytest.fixture
async def ada(phone: Phone, idle_server: Server) -> Person:
    return await with_an_agent_that_takes("0.03", phone, idle_server)


def words_of(card: Json) -> str:
    return "".join(one["content"] for one in card["body"]["elements"] if one.get("element_id") == "words")


def streams(card: Json) -> bool:
    return card["config"].get("streaming_mode") is True


async def seen_growing(ada: Person) -> Shown:
    """The live card, once words were written into it while it streams."""
    return await ada.sees(lambda shown: shown.msg_type == "interactive" and streams(shown.card) and shown.version > 4)


async def ended_well(ada: Person, number: int = 1) -> Shown:
    """The turn's card, which is the only one, has ended and says so; the answer came too."""
    ended = await ada.ended_turn(number)
    assert not streams(ended.card)
    await ada.sees(lambda shown: shown.shows("Chapter 3 of 3") and shown.message_id != ended.message_id)
    cards = [one for one in await ada.phone.messages(from_bot=True) if one.msg_type == "interactive"]
    turns = [one for one in cards if any(value.get("op") in ("stop", "retry") for value in operations(one))]
    assert len(turns) == 1
    return await ada.phone.message(ended.message_id)


async def test_words_arrive_piece_by_piece(ada: Person) -> None:
    await ada.says("stream")
    ended = await ended_well(ada)

    pieces = [words_of(version["content"]) for version in ended.versions if streams(version["content"])]
    assert len(set(pieces)) >= 3
    calls = await ada.phone.calls("cardkit/v1/cards")
    assert sum(one["path"].endswith("/words/content") for one in calls) >= 2
    assert all(one["code"] == 0 for one in calls)
    assert await ada.phone.violations() == []


async def test_streaming_is_over_before_a_question_is_asked(phone: Phone, idle_server: Server) -> None:
    ada = await with_an_agent_that_takes("0.4", phone, idle_server)
    await ada.says("confirm")
    question = await ada.question()
    turn = await ada.live_turn()
    live = await ada.phone.message(turn.message_id)
    before = [version for version in live.versions if version["at_ms"] <= question.created_at]
    pieces = [words_of(version["content"]) for version in before if streams(version["content"])]
    assert len(set(pieces)) > 1, "it streamed until then"
    assert all(later.startswith(earlier) for earlier, later in pairwise(pieces))
    assert not streams(before[-1]["content"])
    assert not streams(live.card)
    assert await ada.phone.violations() == []


async def test_without_the_permission_the_card_is_updated_as_a_whole(phone: Phone, ada: Person) -> None:
    await phone.settings(cardkit=False)
    await ada.says("stream")
    ended = await ended_well(ada)

    assert any(words_of(version["content"]) for version in ended.versions[:-1])
    assert {version["cause"] for version in ended.versions} == {"create", "patch"}


async def test_words_that_come_too_fast_are_left_out_and_trouble_ends_the_streaming(phone: Phone, ada: Person) -> None:
    await phone.fault("http.rate_limit", reset=1, match={"path": CONTENT})
    await phone.fault("http.status", status=503, skip=3, match={"path": CONTENT})
    await ada.says("stream")
    ended = await ended_well(ada)

    codes = [one["status"] for one in await phone.calls("words/content")]
    assert codes == [429, 200, 200, 503], "the first was no reason to give it up, the last was"
    assert ended.versions[-1]["cause"] == "patch"


async def test_words_that_are_refused_come_with_the_whole_card(phone: Phone, ada: Person) -> None:
    await phone.fault("http.code", code=300313, status=400, skip=1, match={"path": CONTENT})
    await ada.says("stream")
    ended = await ended_well(ada)

    assert len(await phone.calls("words/content")) == 2
    assert ended.versions[-1]["cause"] == "patch"


async def test_streaming_that_ended_by_itself_is_begun_again(phone: Phone, ada: Person) -> None:
    await ada.says("stream")
    await seen_growing(ada)
    await phone.jump(601)
    ended = await ended_well(ada)

    codes = [one["code"] for one in await phone.calls("cardkit/v1/cards")]
    assert codes.count(200850) == 1
    assert codes[-1] == 0
    assert ended.versions[-1]["cause"] == "cardkit"


async def test_a_crash_in_the_middle_leaves_no_card_that_says_more_is_to_come(ada: Person, idle_server: Server) -> None:
    await ada.says("stream")
    live = await seen_growing(ada)
    await idle_server.kill()
    await idle_server.start()

    lost = await ada.ended_turn(1)
    assert lost.message_id == live.message_id
    assert not streams(lost.card)
    assert await ada.phone.violations() == []


async def test_a_stop_on_a_streaming_card_is_seen_on_it(ada: Person) -> None:
    """Feishu ignores the card in the answer to the tap while it streams."""
    await ada.says("long 60")
    live = await seen_growing(ada)
    assert (await ada.presses(live, "Stop")).card is None

    ended = await ada.ended_turn(1)
    assert ended.message_id == live.message_id
    assert not streams(ended.card)
    assert "stopped" in ended.texts
