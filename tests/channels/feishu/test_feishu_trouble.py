"""Outgoing calls when the platform refuses, stumbles or is slow (C8)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from phonework.channels.base import Delivery, Receipt
from phonework.errors import ChannelError


async def persistently(send: Callable[[], Awaitable[Receipt]]) -> Receipt:
    """As the dispatcher does: again, after the time the error names."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await send()
            except ChannelError as error:
                if error.retry_after is None:
                    raise
                await asyncio.sleep(error.retry_after.total_seconds())


def words(desk: Any, chat: Any, key: str = "s:1:1", text: str = "hello") -> Callable[[], Awaitable[Receipt]]:
    return lambda: desk.channel.deliver(Delivery(key=key, chat=chat, markdown=text))


async def refused(desk: Any) -> ChannelError:
    with pytest.raises(ChannelError) as error:
        await words(desk, await desk.chat())()
    return error.value


async def test_an_expired_token_is_renewed_in_the_middle(desk: Any) -> None:
    chat = await desk.chat()
    await words(desk, chat, "1")()
    await desk.phone.expire_tokens()

    await words(desk, chat, "2")()

    assert len(await desk.phone.messages(from_bot=True)) == 2
    assert "99991663" not in desk.channel.health().calls


async def test_a_token_refused_for_good_is_told(desk: Any) -> None:
    await desk.phone.fault("http.token_expired", times=-1, match={"path": "im/v1/messages"})

    error = await refused(desk)

    assert error.code == 99991663
    assert error.retry_after == timedelta(seconds=5)
    assert not error.unknown


async def test_a_burst_into_one_chat_stays_within_the_rate(desk: Any) -> None:
    chat = await desk.chat()

    await asyncio.gather(*(words(desk, chat, f"s:1:{n}", f"part {n}")() for n in range(8)))

    assert len(await desk.phone.messages(from_bot=True)) == 8
    assert await desk.phone.violations() == []


async def test_a_rate_limit_of_others_is_waited_for(desk: Any) -> None:
    """The group's five a second are shared by all bots."""
    await desk.phone.fault("http.code", code=230020, msg="ext=chat rate limit", times=3, match={"path": "messages$"})

    await persistently(words(desk, await desk.chat()))

    assert len(await desk.phone.messages(from_bot=True)) == 1
    assert desk.channel.health().calls["230020"] == 3


async def test_the_apps_rate_limit_says_how_long(desk: Any) -> None:
    await desk.phone.fault("http.rate_limit", reset=7, match={"path": "messages$"})

    error = await refused(desk)

    assert (error.code, error.retry_after) == (99991400, timedelta(seconds=7))
    assert not error.unknown


@pytest.mark.parametrize("fault", ["http.drop_after", "http.html", "http.drop_before", "http.garbage", "http.status"])
async def test_whatever_happened_to_the_answer_the_message_is_there_once(desk: Any, fault: str) -> None:
    await desk.phone.fault(fault, match={"path": "im/v1/messages"})
    send = words(desk, await desk.chat())

    with pytest.raises(ChannelError) as error:
        await send()
    assert error.value.unknown
    assert error.value.retry_after is not None

    receipt = await persistently(send)
    (shown,) = await desk.phone.messages(from_bot=True)
    assert shown.message_id == receipt.message_id


@pytest.mark.parametrize("fault", ["http.html", "http.garbage", "http.drop_before"])
async def test_trouble_with_the_token_means_that_nothing_was_sent(desk: Any, fault: str) -> None:
    await desk.phone.called(1, "bot/v3/info")
    await desk.phone.expire_tokens()
    await desk.phone.fault(fault, match={"path": "tenant_access_token"})

    error = await refused(desk)

    assert not error.unknown
    assert error.retry_after is not None


async def test_a_server_that_does_not_answer_leaves_the_fate_unknown(
    emulator: Any, open_desk: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("phonework.channels.feishu.api._TIME_LIMIT", timedelta(seconds=0.5))
    async with open_desk() as desk:
        await desk.phone.fault("http.hang", after=True, match={"path": "im/v1/messages"})

        error = await refused(desk)

        assert error.unknown
        assert "ReadTimeout" in str(error)


async def test_a_wrong_secret_is_a_matter_of_configuration(emulator: Any, open_desk: Any) -> None:
    await emulator.phone.settings(any_credentials=False)
    async with open_desk(app_secret="wrong", wait=False) as desk:
        error = await refused(desk)

    assert (error.code, error.retry_after) == (10014, None)
    assert "app_secret" in error.hint
    assert "wrong-secret" not in str(error)


async def test_a_chat_without_the_bot_is_gone(desk: Any) -> None:
    group = await desk.phone.add_group("team", [(await desk.phone.add_user("ou_ann"))["open_id"]])
    await desk.phone.change_chat(group, bot_inside=False)
    outside = type(await desk.chat())(channel="feishu", chat_id=group, private=False)

    with pytest.raises(ChannelError, match="not in this chat") as error:
        await words(desk, outside)()

    assert (error.value.gone, error.value.retry_after) == (True, None)


async def test_a_missing_permission_is_named(desk: Any) -> None:
    await desk.phone.fault(
        "http.status",
        status=400,
        body='{"code":99991672,"msg":"Access denied","error":{"permission_violations":[{"subject":"im:message"}]}}',
        match={"path": "messages$"},
    )

    error = await refused(desk)

    assert "im:message" in error.hint
    assert error.retry_after is None


async def test_nothing_listens_at_the_address(open_desk: Any) -> None:
    async with open_desk(domain="http://127.0.0.1:1", wait=False) as desk:
        error = await refused(desk)

        assert not error.unknown
        assert error.retry_after is not None
