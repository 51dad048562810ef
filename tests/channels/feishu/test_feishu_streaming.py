"""Cards whose text is streamed: as entities where Feishu plays along, through their message where it does not (C5, C8)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.base import Action, Delivery, Receipt, Reply, Toast
from phonework.channels.cards.parts import button, markdown
from phonework.channels.feishu.card_texts import differences, with_text
from phonework.channels.feishu.limits import Limits
from phonework.errors import ChannelError
from phonework.testing.clock import ManualClock

Card = dict[str, Any]
CARDKIT = "cardkit/v1/cards"
CONTENT = r"elements/words/content"


def card(words: str = "", *more: str) -> Card:
    elements = [markdown(one) for one in more] + ([markdown(words, "words")] if words else [])
    stop = button("Stop", {"op": "stop", "g": 1}, element_id="stop")  # type: ignore[typeddict-item,arg-type]
    return {
        "schema": "2.0",
        "config": {"update_multi": True, "summary": {"content": "working"}},
        "body": {"elements": [markdown("asked"), *elements, stop]},
    }


class Live:
    """One card, as the carrier of things to show sees it."""

    def __init__(self, desk: Any, create: Delivery) -> None:
        self.desk, self.create = desk, create
        self.message_id = self.entity = ""

    async def sent(self) -> "Live":
        receipt: Receipt = await self.desk.channel.deliver(self.create)
        self.message_id, self.entity = receipt.message_id, receipt.entity
        return self

    async def shows(self, shown: Card, stream: str = "words") -> bool:
        return await self._streams(Action.UPDATE, card=shown, stream=stream)

    async def writes(self, words: str) -> bool:
        return await self._streams(Action.STREAM, markdown=words, stream="words")

    async def ends(self, shown: Card) -> None:
        assert not await self.shows(shown, stream="")

    async def _streams(self, action: Action, **content: Any) -> bool:
        delivery = Delivery(
            key="progress",
            chat=self.create.chat,
            action=action,
            target=self.message_id,
            entity=self.entity,
            **content,
        )
        return bool((await self.desk.channel.deliver(delivery)).streams)

    async def calls(self, path: str = CARDKIT) -> list[tuple[str, str, int]]:
        return [(one["method"], one["path"].rsplit("/", 1)[-1], one["code"]) for one in await self.all_calls(path)]

    async def all_calls(self, path: str = CARDKIT) -> list[Any]:
        return list(await self.desk.phone.calls(path))

    async def seen(self) -> Any:
        """The one message there is."""
        (message,) = await self.desk.phone.messages(from_bot=True)
        return message


async def live(desk: Any, **options: Any) -> Live:
    created = Delivery(
        key="fizz-top:3:0/card", chat=await desk.chat(), card_key="turn:fizz:1", card=card(), stream="words", **options
    )
    return await Live(desk, created).sent()


async def test_words_are_written_piece_by_piece_and_streaming_is_over_with_the_end(desk: Any) -> None:
    shown = await live(desk)
    assert shown.entity
    assert not (await shown.seen()).card["config"].get("streaming_mode"), "nothing grows before the first words"

    assert await shown.shows(card("one"))
    assert (await shown.seen()).card["config"]["streaming_mode"] is True
    for words in ("one two", "one two three"):
        assert await shown.writes(words)
    assert "one two three" in (await shown.seen()).texts
    await shown.ends(card("all of it", "done"))

    message = await shown.seen()
    assert message.card == card("all of it", "done")
    assert [version["content"]["body"]["elements"][1].get("content") for version in message.versions[1:4]] == [
        "one",
        "one two",
        "one two three",
    ]
    assert [call[:2] for call in await shown.calls()] == [
        ("POST", "cards"),
        ("PUT", shown.entity),
        ("PUT", "content"),
        ("PUT", "content"),
        ("PATCH", "settings"),
        ("PUT", shown.entity),
    ]
    assert await shown.calls("im/v1/messages/") == []
    assert await desk.phone.violations() == []


async def test_numbers_grow_with_each_call_and_each_is_named(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await shown.writes("one two")
    await shown.shows(card("one two three"))
    await shown.ends(card("end"))

    bodies = [
        json.loads(one["body"]) if isinstance(one["body"], str) else one["body"] for one in await shown.all_calls()
    ]
    sequences = [body["sequence"] for body in bodies[1:]]
    assert sequences == sorted(set(sequences))
    assert len({body["uuid"] for body in bodies[1:]}) == len(sequences)


async def test_of_a_whole_card_only_what_says_something_else_is_written(desk: Any) -> None:
    """A card put there as a whole would not be seen to be typed."""
    shown = await live(desk)
    await shown.shows(card("one"))
    await shown.shows(card("one two"))
    await shown.shows(card("one two", "a step"))

    assert [call[:2] for call in await shown.calls()][2:] == [("PUT", "content"), ("PUT", shown.entity)]
    assert (await shown.seen()).card["config"]["streaming_mode"] is True


async def test_streaming_goes_on_after_it_was_closed_for_a_question(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await shown.shows(card("one", "waiting"), stream="")
    assert (await shown.seen()).card["config"].get("streaming_mode") is not True
    assert not await shown.writes("one two"), "words that come late are not written into a closed card"
    assert "one two" not in (await shown.seen()).texts

    assert await shown.shows(card("one two"))
    assert await shown.writes("one two three")
    assert "one two three" in (await shown.seen()).texts


async def test_without_the_permission_cards_are_sent_and_changed_as_ever(desk: Any) -> None:
    await desk.phone.settings(cardkit=False)
    shown = await live(desk)
    assert shown.entity == ""
    assert not await shown.shows(card("one"))
    assert not await shown.writes("one two")
    await shown.ends(card("end"))
    assert (await shown.seen()).card == card("end")

    await desk.channel.deliver(replace(shown.create, key="another"))
    assert [code for _, _, code in await shown.calls()] == [99991672], "it is not asked for again with every turn"


async def test_the_permission_is_used_once_it_is_there(open_desk: Any) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with open_desk(clock=clock) as desk:
        await desk.phone.settings(cardkit=False)
        await live(desk)
        await desk.phone.settings(cardkit=True)
        clock.advance(timedelta(minutes=11))
        again = Live(desk, Delivery(key="again", chat=await desk.chat(), card=card(), stream="words"))
        assert (await again.sent()).entity


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("http.code", {"code": 200860, "status": 400}),
        ("http.status", {"status": 503}),
        ("http.drop_after", {}),
        ("http.garbage", {"body": "<html>"}),
    ],
)
async def test_an_entity_that_cannot_be_made_is_sent_as_a_card(desk: Any, kind: str, fault: Any) -> None:
    await desk.until_known()
    await desk.phone.fault(kind, match={"path": f"{CARDKIT}$"}, **fault)
    shown = await live(desk)
    assert not await shown.shows(card("one"))
    assert (await shown.seen()).card == card("one")


async def test_an_entity_that_cannot_be_sent_is_sent_as_a_card(desk: Any) -> None:
    await desk.until_known()
    await desk.phone.fault(
        "http.code", code=230099, msg="ErrCode: 200740;", status=400, match={"path": "im/v1/messages$"}
    )
    shown = await live(desk)
    assert shown.entity == ""
    assert (await shown.seen()).shows("asked")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("http.code", {"code": 300313, "status": 400}),
        ("http.code", {"code": 200860, "status": 400}),
        ("http.code", {"code": 300317, "status": 400}),
        ("http.status", {"status": 502}),
        ("http.drop_before", {}),
        ("http.drop_after", {}),
    ],
)
async def test_words_that_are_refused_end_the_streaming_for_good(desk: Any, kind: str, fault: Any) -> None:
    """Nothing is lost, it is one card, and it does not go on saying that more is to come."""
    shown = await live(desk)
    await shown.shows(card("one"))
    await desk.phone.fault(kind, match={"path": CONTENT}, **fault)

    assert not await shown.writes("one two")
    assert (await shown.seen()).card["config"].get("streaming_mode") is False
    assert not await shown.shows(card("one two three"))
    assert not await shown.writes("never mind")
    await shown.ends(card("end"))
    assert (await shown.seen()).card == card("end")
    assert [call[0] for call in await shown.calls(f"im/v1/messages/{shown.message_id}")] == ["PATCH", "PATCH"]


async def test_a_card_whose_settings_are_refused_is_changed_through_its_message(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await desk.phone.fault("http.status", status=500, times=-1, match={"path": CARDKIT})

    await shown.ends(card("end"))
    assert (await shown.seen()).card == card("end")


async def test_a_form_that_may_still_arrive_is_refused_then(desk: Any) -> None:
    """It would come over whatever the message is given next; a newer number is taken before that."""
    shown = await live(desk)
    await shown.ends(card("asked"))
    await desk.phone.fault("http.drop_before", match={"method": "PUT", "path": CARDKIT})

    await shown.ends(card("end"))
    assert (await shown.seen()).card == card("end")
    *_, unanswered, newer = [one["body"] for one in await shown.all_calls()]
    assert newer["sequence"] > unanswered["sequence"]
    assert "settings" in newer


@pytest.mark.parametrize("kind", ["http.rate_limit", "locked"])
async def test_words_that_come_too_fast_are_left_out_and_the_next_are_written(desk: Any, kind: str) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    if kind == "locked":
        await desk.phone.fault("http.code", code=200810, status=400, match={"path": CONTENT})
    else:
        await desk.phone.fault(kind, reset=1, match={"path": CONTENT})

    assert await shown.writes("one two")
    assert "one two" not in (await shown.seen()).texts
    assert await shown.writes("one two three")
    assert "one two three" in (await shown.seen()).texts


async def test_a_whole_card_that_comes_too_fast_may_come_again(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await desk.phone.fault("http.rate_limit", reset=1, match={"path": "settings"})

    with pytest.raises(ChannelError) as refused:
        await shown.ends(card("end"))
    assert refused.value.retry_after is not None
    await shown.ends(card("end"))
    assert (await shown.seen()).card == card("end")


async def test_streaming_that_ended_by_itself_is_begun_again(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await desk.phone.jump(601)

    assert await shown.writes("one two")
    message = await shown.seen()
    assert "one two" in message.texts
    assert message.card["config"]["streaming_mode"] is True
    assert [code for _, _, code in await shown.calls()][-3:] == [200850, 0, 0]


async def test_streaming_that_cannot_be_begun_again_ends(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await desk.phone.jump(601)
    await desk.phone.fault("http.code", code=200740, status=400, match={"path": "settings"})

    assert not await shown.writes("one two")
    assert not await shown.shows(card("one two"))
    assert (await shown.seen()).card == card("one two")


@pytest.mark.parametrize("more", [(), ("a step",)])
async def test_streaming_is_renewed_before_it_ends_by_itself(open_desk: Any, more: tuple[str, ...]) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with open_desk(clock=clock) as desk:
        shown = await live(desk)
        await shown.shows(card("one"))
        clock.advance(timedelta(minutes=9))
        await desk.phone.jump(540)
        assert await shown.shows(card("one two", *more))
        await desk.phone.jump(540)
        assert await shown.writes("one two three")

        assert [code for _, _, code in await shown.calls()].count(0) == len(await shown.calls())


async def test_after_a_restart_the_end_closes_the_stream(desk: Any, open_desk: Any, emulator: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    await shown.writes("one two")
    async with open_desk(wait=False) as another:
        shown.desk = another
        assert not await shown.writes("lost words"), "nothing streams that this run has not begun"
        await shown.ends(card("end"))
        await shown.ends(card("end", "later"))

    assert (await shown.seen()).card == card("end", "later")
    assert [call[1] for call in await shown.calls()][-3:] == ["settings", shown.entity, shown.entity]
    assert await emulator.phone.violations() == []


async def test_numbers_grow_over_several_restarts_however_fast_words_came(open_desk: Any) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with open_desk(clock=clock) as desk:
        shown = await live(desk)
        await shown.shows(card("one"))
    clock.advance(timedelta(seconds=2))
    async with open_desk(clock=clock) as desk:
        shown.desk = desk
        await shown.shows(card("one"))
        for number in range(8):
            assert await shown.writes(f"one {number}")
    clock.advance(timedelta(seconds=2))
    async with open_desk(clock=clock) as desk:
        shown.desk = desk
        await shown.ends(card("end"))

        assert (await shown.seen()).card == card("end")
        assert {code for _, _, code in await shown.calls()} == {0}
        assert await shown.calls("im/v1/messages/") == []


async def test_after_a_lost_answer_the_same_entity_is_sent_again(desk: Any) -> None:
    await desk.until_known()
    await desk.phone.fault("http.drop_after", match={"path": "im/v1/messages$"})
    with pytest.raises(ChannelError):
        await live(desk)
    shown = await live(desk, first_attempt_at=datetime.now(UTC))

    assert await shown.shows(card("one"))
    assert await shown.writes("one two")
    assert "one two" in (await shown.seen()).texts
    assert [call[1] for call in await shown.calls()].count("cards") == 1


async def test_after_a_lost_answer_and_a_restart_the_card_is_an_ordinary_one(desk: Any, open_desk: Any) -> None:
    """Which entity the message shows is not known, and another one would be written into unseen."""
    await desk.until_known()
    await desk.phone.fault("http.drop_after", match={"path": "im/v1/messages$"})
    with pytest.raises(ChannelError):
        await live(desk)
    async with open_desk(wait=False) as another:
        shown = await live(another, first_attempt_at=datetime.now(UTC))
        assert shown.entity == ""
        assert not await shown.shows(card("one"))
        assert (await shown.seen()).card == card("one")


async def test_a_tap_on_a_streaming_card_is_answered_and_the_card_changed_after_it(desk: Any) -> None:
    """While it streams Feishu ignores a card in the answer."""
    shown = await live(desk)
    await shown.shows(card("one"))
    desk.answer = lambda _click: Reply(toast=Toast(kind="info", text="stopping"), card=card("one", "ignored"))
    answered = await desk.phone.click(shown.message_id, "Stop")
    assert (answered.toast_text, answered.card) == ("stopping", None)

    await shown.shows(card("one", "stopping"), stream="")
    assert (await shown.seen()).card == card("one", "stopping")


async def test_words_too_long_for_the_card_are_left_to_its_whole_form(desk: Any) -> None:
    shown = await live(desk)
    await shown.shows(card("one"))
    assert await shown.writes("长" * 10_000)
    assert [call[1] for call in await shown.calls()].count("content") == 0
    assert await shown.writes("one two")


async def test_words_are_left_out_where_calls_are_short(desk: Any) -> None:
    """So that a question never waits for them."""
    limits: Limits = desk.channel._api.limits
    shown = await live(desk)
    await shown.shows(card("one"))
    while limits.spare():
        await limits.app()
    assert await shown.writes("one two")
    assert [call[1] for call in await shown.calls()].count("content") == 0


# What lies between two forms of a card


TEXTS = st.text(min_size=1, max_size=8)
NAMES = st.sampled_from(["words", "steps", "figures", "note"])
ELEMENTS = st.lists(st.tuples(NAMES, TEXTS, st.booleans()), max_size=4, unique_by=lambda one: one[0])


def made(elements: list[tuple[str, str, bool]]) -> Card:
    texts: list[Any] = [
        {"tag": "markdown", "element_id": name, "content": words}
        if flat
        else {"tag": "panel", "elements": [{"tag": "markdown", "element_id": name, "content": words}]}
        for name, words, flat in elements
    ]
    return {"schema": "2.0", "body": {"elements": texts}}


@given(ELEMENTS, st.data())
def test_writing_the_differences_makes_the_new_card_of_the_old(elements: Any, data: st.DataObject) -> None:
    old = made(elements)
    new = made([(name, data.draw(TEXTS), flat) for name, _, flat in elements])
    texts = differences(old, new)
    assert texts is not None
    for element_id, words in texts.items():
        old = dict(with_text(old, element_id, words))
    assert old == new


@given(ELEMENTS, ELEMENTS)
def test_cards_of_another_build_are_told_apart(first: Any, second: Any) -> None:
    shape = [(name, flat) for name, _, flat in first]
    assert (differences(made(first), made(second)) is None) == (shape != [(name, flat) for name, _, flat in second])


def test_a_text_without_a_name_cannot_be_written() -> None:
    assert differences(card("", "a"), card("", "b")) is None
