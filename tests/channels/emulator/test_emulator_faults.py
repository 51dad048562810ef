"""HTTP faults as the SDK sees them, and orders for faults that make no sense."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

PATH = {"path": "/messages"}


async def send(caller: Any, uuid: str = "") -> Any:
    return await caller.create("ou_demo", "text", {"text": "hello"}, uuid=uuid)


async def test_a_connection_cut_after_the_effect_leaves_the_message_and_the_uuid_finds_it(
    caller: Any, phone: Any
) -> None:
    import requests

    await phone.fault("http.drop_after", match=PATH)
    with pytest.raises(requests.ConnectionError):
        await send(caller, uuid="k")
    again = await send(caller, uuid="k")
    shown = await phone.messages()
    assert [each.message_id for each in shown] == [again.data.message_id]
    assert [each["outcome"] for each in await phone.calls("/messages")] == ["http.drop_after", "ok"]


async def test_a_connection_cut_before_the_effect_leaves_nothing(caller: Any, phone: Any) -> None:
    import requests

    await phone.fault("http.drop_before", match=PATH)
    with pytest.raises(requests.ConnectionError):
        await send(caller)
    assert await phone.messages() == []


async def test_a_502_with_html_is_no_json_for_the_sdk(caller: Any, phone: Any) -> None:
    await phone.fault("http.html", match=PATH)
    with pytest.raises(json.JSONDecodeError):
        await send(caller)
    assert (await send(caller)).code == 0


async def test_garbage_is_no_json_for_the_sdk(caller: Any, phone: Any) -> None:
    await phone.fault("http.garbage", match=PATH)
    with pytest.raises(json.JSONDecodeError):
        await send(caller)


async def test_a_hanging_call_ends_when_the_client_gives_up(caller: Any, phone: Any) -> None:
    import requests

    await send(caller)
    caller.client._config.timeout = 0.2
    await phone.fault("http.hang", match=PATH)
    with pytest.raises(requests.ReadTimeout):
        await send(caller)
    assert len(await phone.messages()) == 1


async def test_a_delayed_call_waits_for_the_clock(caller: Any, phone: Any) -> None:
    await phone.fault("http.delay", seconds=600, match=PATH)
    waiting = asyncio.create_task(send(caller))
    await phone.called(1, "/messages", running=True)
    assert await phone.messages() == []
    await phone.jump(600)
    assert (await waiting).code == 0


@pytest.mark.parametrize(("code", "status"), [(230022, 400), (99991672, 400), (99991400, 429), (230049, 400)])
async def test_any_code_can_be_given(caller: Any, phone: Any, code: int, status: int) -> None:
    await phone.fault("http.code", code=code, status=status, match=PATH)
    answer = await send(caller)
    assert (answer.code, answer.raw.status_code) == (code, status)


async def test_a_rate_limit_names_its_reset(caller: Any, phone: Any) -> None:
    await phone.fault("http.rate_limit", reset=7, match=PATH)
    answer = await send(caller)
    assert (answer.code, answer.raw.headers["x-ogw-ratelimit-reset"]) == (99991400, "7")


async def test_a_token_expires_in_the_middle_and_stays_expired(caller: Any, phone: Any) -> None:
    """The SDK does not forget a refused token by itself."""
    assert (await send(caller)).code == 0
    await phone.fault("http.token_expired")
    assert [(await send(caller)).code for _ in range(2)] == [99991663, 99991663]
    caller.forget_token()
    assert (await send(caller)).code == 0


async def test_skip_and_times(caller: Any, phone: Any) -> None:
    await phone.settings(chat_per_s=0)
    fault = await phone.fault("http.code", code=230049, skip=1, times=2, match=PATH)
    assert [(await send(caller)).code for _ in range(4)] == [0, 230049, 230049, 0]
    assert (await phone.faults())[0]["fired"] == 2
    await phone.clear_faults(fault)
    assert await phone.faults() == []


async def test_a_fault_can_name_the_content(caller: Any, phone: Any) -> None:
    await phone.fault("http.code", code=230022, times=-1, match={"contains": "forbidden"})
    assert (await send(caller)).code == 0
    assert (await caller.create("ou_demo", "text", {"text": "the forbidden"})).code == 230022


@pytest.mark.parametrize(
    "order", [{"kind": "http.explode"}, {"kind": "http.html", "colour": 1}, {"kind": "http.html", "match": {"x": "y"}}]
)
async def test_orders_that_make_no_sense_are_refused(phone: Any, order: dict[str, Any]) -> None:
    with pytest.raises(LookupError, match="400"):
        await phone._post("faults", order)


async def test_unknown_settings_are_refused(phone: Any) -> None:
    with pytest.raises(LookupError, match="no setting"):
        await phone.settings(chat_per_hour=1)
    with pytest.raises(LookupError, match="is a"):
        await phone.settings(chat_per_s="five")
