"""The connection through drops, half-open sockets, zombies, refusals and stops (C1, C11)."""

import asyncio
import dataclasses
import logging
import threading
from typing import Any

import pytest

from phonework.channels.base import Reply
from phonework.testing.phone import NotShown


async def healed(desk: Any) -> None:
    """The connection came back: a gap was told, and messages arrive again."""
    await desk.until(lambda desk: len(desk.gaps) >= 1)
    await desk.phone.connected()
    await desk.phone.say("are you back?")
    await desk.said()
    await desk.until(lambda desk: bool(desk.gaps))  # told once it is connected, which may be after the first message
    since, until = desk.gaps[0]
    assert since <= until
    health = desk.channel.health()
    assert (health.connected, health.deaf_since, health.problem) == (True, None, "")
    assert health.reconnects >= 1


def sockets() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "feishu-socket"]


async def test_a_dropped_connection_comes_back_and_tells_the_gap(desk: Any) -> None:
    await desk.phone.drop()

    await healed(desk)


async def test_a_half_open_connection_is_noticed(desk: Any) -> None:
    assert await desk.phone.freeze() == 1

    await healed(desk)
    assert len(sockets()) == 1


async def test_a_zombie_that_answers_pings_but_sends_nothing_is_noticed(emulator: Any, open_desk: Any) -> None:
    """Its socket is alive, its pongs and events are not: silent for two ping periods."""
    await emulator.phone.settings(ping_interval_s=1)
    async with open_desk() as desk:
        assert await desk.phone.mute() == 1

        await healed(desk)


async def test_a_quiet_but_healthy_connection_is_left_alone(emulator: Any, open_desk: Any) -> None:
    await emulator.phone.settings(ping_interval_s=1)
    async with open_desk() as desk:
        with pytest.raises(NotShown):
            await desk.phone.connected(False, timeout_s=3.5)  # two ping periods and more

        assert desk.channel.health().reconnects == 0


async def test_a_loop_that_is_stuck_is_left_behind(emulator: Any, open_desk: Any, brisk: Any) -> None:
    """A peer that accepts the call for the address and never answers froze the SDK for days in the field."""
    patient = dataclasses.replace(brisk, endpoint=60, open_within=1)
    await emulator.phone.fault("endpoint.hang")
    async with open_desk(periods=patient) as desk:
        await desk.phone.say("hello")
        await desk.said()
        await desk.until(lambda desk: bool(desk.gaps))

        assert desk.channel.health().connected
        assert len(desk.gaps) == 1


async def test_an_open_socket_whose_loop_is_stuck_is_replaced(emulator: Any, open_desk: Any, brisk: Any) -> None:
    await emulator.phone.settings(answer_within_s=0.5)
    async with open_desk(periods=dataclasses.replace(brisk, commit=60, loop_within=0.5)) as desk:
        hanging = iter([asyncio.Event().wait()])
        desk.answer = lambda event: next(hanging, Reply())
        message_id = await desk.phone.say("stuck")

        said = await desk.said(2)
        assert {each.key for each in said} == {message_id}
        assert desk.channel.health().reconnects == 1


async def test_a_client_left_behind_does_not_connect_when_it_wakes(emulator: Any, open_desk: Any, brisk: Any) -> None:
    """A second connection would take half of the events."""
    await emulator.phone.fault("http.delay", seconds=4, match={"path": "callback/ws/endpoint"})
    async with open_desk(periods=dataclasses.replace(brisk, endpoint=60, open_within=0.5, stop_within=0.5)) as desk:
        assert len(sockets()) == 2
        await asyncio.to_thread(sockets()[0].join, 10)

        assert len(sockets()) == 1
        connected = [event for event in await desk.phone.sockets() if event["what"] == "connected"]
        assert len(connected) == 1
        await desk.phone.say("hello")
        await desk.said()


async def test_an_endpoint_that_hangs_is_given_up_by_itself(emulator: Any, open_desk: Any, brisk: Any) -> None:
    await emulator.phone.fault("endpoint.hang")
    async with open_desk(periods=dataclasses.replace(brisk, endpoint=0.3)) as desk:
        await desk.phone.say("hello")
        await desk.said()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "endpoint.status", "status": 502},
        {"kind": "endpoint.code", "code": 1000040343, "msg": "internal error"},
        {"kind": "endpoint.garbage"},
        {"kind": "socket.refuse"},
    ],
)
async def test_a_start_that_fails_is_tried_again(emulator: Any, open_desk: Any, fault: dict[str, Any]) -> None:
    await emulator.phone.fault(times=3, **fault)
    async with open_desk() as desk:
        await desk.until(lambda desk: desk.gaps)

        assert desk.channel.health().connected
        assert (await desk.phone.faults())[0]["fired"] == 3


async def test_a_refused_app_says_so_and_is_tried_again_slowly(emulator: Any, open_desk: Any) -> None:
    await emulator.phone.settings(any_credentials=False)
    async with open_desk(app_secret="not-the-secret", wait=False) as desk:
        await desk.phone.called(2, "callback/ws/endpoint")
        health = desk.channel.health()
        assert not health.connected
        assert health.deaf_since is not None
        assert health.problem.startswith("refused")
        assert "not-the-secret" not in health.problem

        await desk.phone.settings(any_credentials=True)
        await desk.phone.connected()


async def test_a_message_sent_while_deaf_arrives_by_redelivery(desk: Any) -> None:
    await desk.phone.drop()
    await desk.phone.connected(False)
    message_id = await desk.phone.say("while you were out")

    (said,) = await desk.said()
    assert said.key == message_id


async def test_the_stop_is_quick_and_leaves_nothing_running(emulator: Any, open_desk: Any) -> None:
    loop = asyncio.get_running_loop()
    async with open_desk():
        began = loop.time()
    assert loop.time() - began < 3
    await emulator.phone.connected(False)
    assert sockets() == []


@pytest.mark.parametrize("state", ["frozen", "committing", "starting"])
async def test_the_stop_is_quick_in_any_state(emulator: Any, open_desk: Any, brisk: Any, state: str) -> None:
    loop = asyncio.get_running_loop()
    patient = dataclasses.replace(brisk, commit=2.5, probe_every=20)
    if state == "starting":
        await emulator.phone.fault("endpoint.hang")
    async with open_desk(periods=patient, wait=state != "starting") as desk:
        if state == "frozen":
            await desk.phone.freeze()
        elif state == "committing":
            hanging = asyncio.Event().wait()
            desk.answer = lambda event: hanging
            await desk.phone.say("never committed")
            await desk.said()
        else:
            await desk.phone.called(1, "callback/ws/endpoint")
        began = loop.time()
    assert loop.time() - began < 3


async def test_a_gap_that_cannot_be_healed_does_not_end_the_connection(desk: Any) -> None:
    async def fail(since: Any, until: Any) -> None:
        await type(desk).on_gap(desk, since, until)
        raise OSError("disk full")

    desk.channel._connection._on_gap = fail
    await desk.phone.drop()

    await healed(desk)


async def test_the_sdk_is_silent_and_keeps_secrets(desk: Any, capsys: Any, caplog: Any) -> None:
    assert logging.getLogger("Lark").handlers == []
    assert logging.getLogger("Lark").level == logging.WARNING
    logging.getLogger("Lark").error("connect failed: wss://h/ws?device_id=1&ticket=abc-DEF&x=1 {'app_secret': 'hush'}")
    await desk.phone.say("hello")
    await desk.said()
    await desk.phone.drop()
    await healed(desk)

    assert "abc-DEF" not in caplog.text
    assert "hush" not in caplog.text
    assert "ticket=***" in caplog.text
    printed = capsys.readouterr()
    assert "[Lark]" not in printed.out + printed.err
    assert "demo-secret" not in caplog.text + printed.out + printed.err


async def test_importing_the_channel_does_not_import_the_sdk() -> None:
    import subprocess
    import sys

    program = "import sys, phonework.channels.feishu; print([m for m in ('lark_oapi', 'requests') if m in sys.modules])"
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


async def test_only_what_is_used_of_the_sdk_is_loaded_and_the_rest_when_asked_for() -> None:
    """All of it is 10,000 modules and 130 MB."""
    import subprocess
    import sys

    program = """if True:
        import sys
        from phonework.channels.feishu import sdk
        parts = sdk.load()
        print(sum(name.startswith("lark_oapi") for name in sys.modules) < 200)
        import lark_oapi
        from lark_oapi.event.dispatcher_handler import EventDispatcherHandler
        print(EventDispatcherHandler is lark_oapi.EventDispatcherHandler, EventDispatcherHandler.__name__)
        handler = lark_oapi.EventDispatcherHandler.builder("", "").build()
        print(type(handler).__name__, lark_oapi.Client.builder().app_id("a").build() is not None)
        print(lark_oapi.ws.Client is parts.ws.Client, sdk.load() is parts)
    """
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == [
        "True",
        "True",
        "EventDispatcherHandler",
        "EventDispatcherHandler",
        "True",
        "True",
        "True",
    ], done
