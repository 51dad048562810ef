"""The long connection with the unmodified SDK: handshake, pings, acknowledgements, fragments, broken wires."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from phonework.channels.emulator.wire import CONTROL, Frame, decode, encode


async def open_socket(url: str) -> Any:
    """A bare socket, as the SDK would open it."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/callback/ws/endpoint", json={"AppID": "cli_raw", "AppSecret": "secret"})
    return await connect(answer.json()["data"]["URL"], proxy=None)


async def test_a_ping_is_answered_with_the_client_config(emulator: Any, phone: Any) -> None:
    await phone.settings(ping_interval_s=7)
    async with await open_socket(emulator.url) as socket:
        ping = Frame(service=33554678, method=CONTROL, headers=(("type", "ping"),))
        await socket.send(encode(ping))
        pong = decode(await socket.recv())
    assert pong.header("type") == "pong"
    assert json.loads(pong.payload)["PingInterval"] == 7


async def test_the_sdk_pings_and_takes_new_settings_from_the_pong(phone: Any, make_bot: Any) -> None:
    await phone.settings(ping_interval_s=1)
    bot = await make_bot()
    await phone.settings(reconnect_nonce_s=11)
    await phone.pinged(2)
    await phone.say("behind the pong")
    await phone.idle()
    assert bot.socket._reconnect_nonce == 11


async def test_a_muted_pong_is_not_noticed(emulator: Any, phone: Any) -> None:
    async with await open_socket(emulator.url) as socket:
        await phone.mute()
        ping = Frame(service=1, method=CONTROL, headers=(("type", "ping"),))
        await socket.send(encode(ping))
        await phone.say("after the ping")
        first = decode(await socket.recv())
    assert first.header("type") == "event"


@pytest.mark.parametrize("parts", [2, 7, 50])
async def test_fragments_in_any_order_reach_the_handler_once(bot: Any, phone: Any, parts: int) -> None:
    await phone.fault("event.fragment", parts=parts, times=3)
    for number in range(3):
        await phone.say(f"many words {number} " * 20)
    await phone.idle()
    assert len(bot.events) == 3
    assert {each["state"] for each in await phone.deliveries()} == {"done"}


async def test_garbage_from_a_client_does_not_disturb_the_server(emulator: Any, phone: Any) -> None:
    async with await open_socket(emulator.url) as socket:
        for data in (b"", b"\xff" * 50, os.urandom(200), "a text", encode(Frame(method=9))):
            await socket.send(data)
        await socket.send(encode(Frame(method=CONTROL, headers=(("type", "ping"),))))
        assert decode(await socket.recv()).header("type") == "pong"
        for payload in (b"", b"null", b"[1]", b'{"code":"x"}', b'{"code":200,"data":"%%%"}', b"[" * 5000):
            await phone.say("hello")
            push = decode(await socket.recv())
            answer = Frame(headers=push.headers, payload=payload)
            await socket.send(encode(answer))
        await phone.idle()
    outcomes = [each["attempts"][0]["outcome"] for each in await phone.deliveries()]
    assert outcomes == ["refused"] * 6


async def test_a_handshake_without_a_ticket_is_refused(emulator: Any) -> None:
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refused:
        await connect(emulator.url.replace("http", "ws") + "/ws?device_id=1&service_id=2&ticket=none", proxy=None)
    assert refused.value.response.headers["Handshake-Status"] == "514"


async def test_too_many_connections_is_final_for_the_sdk(emulator: Any, phone: Any, caller: Any) -> None:
    """514 with 1000040350: the SDK raises and does not try again."""
    await phone.fault("socket.refuse", status=514, autherrcode=1000040350, msg="too many")
    caller.start()
    await asyncio.to_thread(caller.ended.wait, 10)
    assert "too many" in str(caller.error)
    assert not await phone.is_connected()


async def test_another_refusal_is_tried_again(phone: Any, caller: Any) -> None:
    await phone.fault("socket.refuse", status=514, autherrcode=1000040343)
    caller.start()
    await phone.connected()
    assert [each["what"] for each in await phone.sockets()] == ["refused", "connected"]
    await caller.stop()


@pytest.mark.parametrize(
    "fault", [{"kind": "endpoint.status"}, {"kind": "endpoint.code", "code": 1}, {"kind": "endpoint.garbage"}]
)
async def test_the_sdk_comes_back_after_a_failing_endpoint(phone: Any, caller: Any, fault: dict[str, Any]) -> None:
    await phone.fault(**fault)
    caller.start()
    await phone.connected()
    await caller.stop()


async def test_wrong_credentials_are_final(phone: Any, caller: Any) -> None:
    await phone.settings(any_credentials=False)
    caller.start()
    await asyncio.to_thread(caller.ended.wait, 10)
    assert "10014" in str(caller.error) or "invalid" in str(caller.error)


async def test_after_a_drop_the_sdk_connects_again(bot: Any, phone: Any) -> None:
    assert await phone.drop() == 1
    await phone.handshakes(2)
    await phone.say("still there?")
    await phone.idle()
    assert len(bot.events) == 1


async def test_a_half_open_connection_stays_up_and_swallows_everything(emulator: Any, phone: Any) -> None:
    await phone.settings(answer_within_s=0.2)
    async with await open_socket(emulator.url) as socket:
        await phone.freeze()
        alive = await socket.ping()
        await phone.say("into the void")
        await phone.idle()
        assert not alive.done()
        assert await phone.is_connected()
        assert (await phone.deliveries())[0]["attempts"][0]["outcome"] == "timeout"
        socket.transport.abort()
    await phone.connected(False)


async def test_pushes_spread_over_several_connections(emulator: Any, phone: Any) -> None:
    sockets = [await open_socket(emulator.url) for _ in range(3)]
    await phone.settings(answer_within_s=0.3)
    for number in range(40):
        await phone.say(str(number))
    await phone.idle()
    used = {each["attempts"][0]["connection_id"] for each in await phone.deliveries()}
    assert len(used) == 3
    for socket in sockets:
        socket.transport.abort()


async def test_the_sdk_swallows_frames_of_type_card(bot: Any, phone: Any) -> None:
    await phone.settings(answer_within_s=0.2)
    await phone.fault("event.as_card")
    await phone.say("hello")
    await phone.idle()
    assert (await phone.deliveries())[0]["attempts"][0]["outcome"] == "timeout"
    assert bot.events == []


async def test_a_raising_handler_is_answered_with_500(bot: Any, phone: Any) -> None:
    def fail(event: Any) -> None:
        raise RuntimeError("no database")

    bot.on_event = fail
    await phone.say("hello")
    await phone.idle()
    first = (await phone.deliveries())[0]["attempts"][0]
    assert (first["outcome"], first["code"]) == ("refused", 500)
