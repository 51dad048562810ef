"""Files and pictures, up and down, through the SDK."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
from typing import Any

import pytest

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


async def upload(bot: Any, data: bytes, name: str = "build.log", kind: str = "stream") -> Any:
    im = importlib.import_module("lark_oapi.api.im.v1")
    body = im.CreateFileRequestBody.builder().file_type(kind).file_name(name).file(named(data, name)).build()
    return await asyncio.to_thread(
        bot.client.im.v1.file.create, im.CreateFileRequest.builder().request_body(body).build()
    )


async def upload_image(bot: Any, data: bytes) -> Any:
    im = importlib.import_module("lark_oapi.api.im.v1")
    body = im.CreateImageRequestBody.builder().image_type("message").image(named(data, "shot.png")).build()
    return await asyncio.to_thread(
        bot.client.im.v1.image.create, im.CreateImageRequest.builder().request_body(body).build()
    )


async def download(bot: Any, message_id: str, key: str, kind: str) -> Any:
    im = importlib.import_module("lark_oapi.api.im.v1")
    request = im.GetMessageResourceRequest.builder().message_id(message_id).file_key(key).type(kind).build()
    return await asyncio.to_thread(bot.client.im.v1.message_resource.get, request)


@pytest.mark.parametrize("data", [b"plain", b"\r\n--boundary\r\n\r\n--", bytes(range(256)) * 40])
async def test_a_file_of_the_bot_reaches_the_phone_unchanged(caller: Any, phone: Any, data: bytes) -> None:
    import httpx2

    made = await upload(caller, data, "日志 1.log")
    sent = await caller.create("ou_demo", "file", {"file_key": made.data.file_key})
    async with httpx2.AsyncClient(trust_env=False) as client:
        got = await client.get(f"{caller.url}/phone/api/resource/{sent.data.message_id}/{made.data.file_key}")
        foreign = await client.get(f"{caller.url}/phone/api/resource/{sent.data.message_id}/other")
    assert got.content == data
    assert "%E6%97%A5" in got.headers["content-disposition"]
    assert foreign.status_code == 404


async def test_an_async_upload_works_too(caller: Any, phone: Any) -> None:
    im = importlib.import_module("lark_oapi.api.im.v1")
    body = im.CreateFileRequestBody.builder().file_type("pdf").file_name("a.pdf").file(named(b"%PDF", "a.pdf")).build()
    made = await caller.client.im.v1.file.acreate(im.CreateFileRequest.builder().request_body(body).build())
    assert made.code == 0


async def test_a_picture_of_the_bot(caller: Any, phone: Any) -> None:
    made = await upload_image(caller, PNG)
    assert (await caller.create("ou_demo", "image", {"image_key": made.data.image_key})).code == 0
    card = {"schema": "2.0", "body": {"elements": [{"tag": "img", "img_key": made.data.image_key}]}}
    assert (await caller.create("ou_demo", "interactive", card)).code == 0
    assert (await upload_image(caller, b"no picture")).code == 234011


async def test_a_file_cut_in_the_middle_is_no_whole_file(caller: Any, phone: Any) -> None:
    import requests

    message_id = await phone.send_file("notes.txt", bytes(1000), "text/plain")
    key = (await phone.message(message_id)).content["file_key"]
    await phone.fault("http.cut", match={"path": "/resources/"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        await download(caller, message_id, key, "file")
    assert len((await download(caller, message_id, key, "file")).file.read()) == 1000


async def test_sizes_and_types(caller: Any, phone: Any) -> None:
    await phone.settings(file_bytes=10)
    assert (await upload(caller, b"")).code == 234010
    assert (await upload(caller, b"x" * 11)).code == 234006
    assert (await upload(caller, b"x", kind="exe")).code == 234001
    voice = await upload(caller, b"opus", kind="opus")
    assert (await caller.create("ou_demo", "file", {"file_key": voice.data.file_key})).code == 230055
    assert (await caller.create("ou_demo", "audio", {"file_key": voice.data.file_key})).code == 0


async def test_a_persons_file_is_fetched_by_message(bot: Any, phone: Any) -> None:
    message_id = await phone.send_file("报告.txt", b"numbers")
    await phone.idle()
    content = json.loads(bot.events[0]["event"]["message"]["content"])
    assert content["file_name"] == "报告.txt"
    got = await download(bot, message_id, content["file_key"], "file")
    assert (got.file.read(), got.file_name) == (b"numbers", "报告.txt")
    assert (await download(bot, message_id, content["file_key"], "image")).code == 234001
    other = await phone.say("no file here")
    assert (await download(bot, other, content["file_key"], "file")).code == 234003
    assert (await bot.call("GET", f"/open-apis/im/v1/files/{content['file_key']}"))["code"] == 234008


async def test_a_file_of_any_name_is_fetched(bot: Any, phone: Any) -> None:
    """A header takes no control characters, whatever a person's system lets them call a file."""
    message_id = await phone.send_file('a\x00b\x1b\r\n"c.txt', b"numbers")
    await phone.idle()
    content = json.loads(bot.events[0]["event"]["message"]["content"])
    assert (await download(bot, message_id, content["file_key"], "file")).file.read() == b"numbers"


async def test_pictures_and_voice_of_a_person(bot: Any, phone: Any) -> None:
    picture = await phone.send_file("a.png", PNG, "image/png")
    voice = await phone.send_file("a.opus", b"opus", "audio/ogg", duration=3100)
    await phone.idle()
    kinds = {each["event"]["message"]["message_id"]: each["event"]["message"] for each in bot.events}
    assert kinds[picture]["message_type"] == "image"
    assert json.loads(kinds[voice]["content"])["duration"] == 3100
    key = json.loads(kinds[picture]["content"])["image_key"]
    assert (await download(bot, picture, key, "image")).file.read() == PNG


async def test_a_card_gives_no_resources(caller: Any, phone: Any) -> None:
    card = {"schema": "2.0", "body": {"elements": []}}
    sent = await caller.create("ou_demo", "interactive", card)
    assert (await download(caller, sent.data.message_id, "img_x", "image")).code == 234043
