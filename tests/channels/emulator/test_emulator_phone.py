"""The phone's own API: state, live events, what a thumb does; and what other web pages may not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from phonework.channels.emulator.app import PAGE

CARD = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "x"}]}}


@pytest.fixture
async def page(emulator: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser's view of the server."""
    async with httpx2.AsyncClient(base_url=emulator.url, trust_env=False) as client:
        yield client


async def live(page: httpx2.AsyncClient, ready: asyncio.Event, wanted: str) -> list[dict[str, Any]]:
    """Events of the stream up to the first `wanted` one."""
    seen: list[dict[str, Any]] = []
    async with page.stream("GET", "/phone/api/events?user=ou_demo") as stream:
        name = ""
        async for line in stream.aiter_lines():
            if line.startswith("event:"):
                name = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                seen.append({"event": name, **json.loads(line.removeprefix("data:"))})
                ready.set()
                if name == wanted:
                    return seen
    raise AssertionError("the stream ended")


async def test_the_state_holds_people_chats_and_messages(page: httpx2.AsyncClient, phone: Any, caller: Any) -> None:
    said = (await page.post("/phone/api/send", json={"user": "ou_demo", "chat_id": "oc_demo", "text": "hi"})).json()
    await caller.reply(
        said["message_id"], "post", {"en_us": {"title": "T", "content": [[{"tag": "text", "text": "post"}]]}}
    )
    state = (await page.get("/phone/api/state")).json()
    assert state["me"] == {"open_id": "ou_demo", "name": "Demo", "language": "en"}
    assert state["bot"] == {"name": "PhoneWork", "open_id": "ou_phonework", "connected": False}
    chat = state["chats"][0]
    assert (chat["chat_id"], chat["type"], chat["unread"]) == ("oc_demo", "p2p", 1)
    first, second = chat["messages"]
    assert (first["sender"]["type"], first["content"]) == ("user", {"text": "hi"})
    assert second["reply_to"] == first["message_id"]
    assert second["content"]["title"] == "T"
    await page.post("/phone/api/read", json={"chat_id": "oc_demo"})
    assert (await page.get("/phone/api/state")).json()["chats"][0]["unread"] == 0


async def test_changes_arrive_live(page: httpx2.AsyncClient, phone: Any, caller: Any) -> None:
    ready = asyncio.Event()
    watching = asyncio.create_task(live(page, ready, "recalled"))
    await ready.wait()
    sent = (await caller.create("ou_demo", "interactive", CARD)).data.message_id
    await caller.patch(sent, CARD)
    await phone.react(sent)
    await phone.recall(sent)
    seen = await watching
    assert [each["event"] for each in seen] == ["bot", "message", "message", "reaction", "recalled"]
    assert [each.get("version") for each in seen[1:3]] == [1, 2]
    assert seen[3]["reactions"] == [{"emoji": "THUMBSUP", "open_id": "ou_demo"}]


async def test_the_bots_coming_is_shown_live(page: httpx2.AsyncClient, phone: Any, make_bot: Any) -> None:
    ready = asyncio.Event()
    watching = asyncio.create_task(live(page, ready, "message"))
    await ready.wait()
    await make_bot()
    await phone.say("hello")
    assert [each.get("connected") for each in await watching] == [False, True, None]


async def test_a_reset_is_shown_live(page: httpx2.AsyncClient, phone: Any) -> None:
    ready = asyncio.Event()
    watching = asyncio.create_task(live(page, ready, "reset"))
    await ready.wait()
    await phone.reset()
    assert (await watching)[-1]["event"] == "reset"


async def test_nobody_sees_the_chats_of_others(page: httpx2.AsyncClient, phone: Any) -> None:
    await phone.add_user("ou_eve", "Eve")
    ready = asyncio.Event()
    watching = asyncio.create_task(live(page, ready, "message"))
    await ready.wait()
    await phone.say("eve's secret", user="ou_eve")
    await phone.say("mine")
    assert (await watching)[-1]["content"] == {"text": "mine"}
    state = (await page.get("/phone/api/state?user=ou_eve")).json()
    assert [each["chat_id"] for each in state["chats"]] == ["oc_eve"]
    refused = await page.post("/phone/api/send", json={"user": "ou_eve", "chat_id": "oc_demo", "text": "x"})
    assert refused.status_code == 404


async def test_a_tap_on_the_page(page: httpx2.AsyncClient, phone: Any, bot: Any) -> None:
    bot.on_click = lambda click: {"toast": {"type": "success", "content": "ok"}}
    sent = (await bot.create("ou_demo", "interactive", CARD)).data.message_id
    action = {"tag": "button", "value": {"op": "x"}}
    answer = (
        await page.post("/phone/api/click", json={"user": "ou_demo", "message_id": sent, "action": action})
    ).json()
    assert (answer["toast"]["content"], answer["card"], answer["error"]) == ("ok", None, None)


async def test_an_upload_becomes_a_message_by_its_type(page: httpx2.AsyncClient, phone: Any) -> None:
    form = {"user": "ou_demo", "chat_id": "oc_demo"}
    for name, kind in (("a.txt", "text/plain"), ("a.png", "image/png"), ("a.ogg", "audio/ogg")):
        await page.post("/phone/api/upload", data=form, files={"file": (name, b"data", kind)})
    assert [each.msg_type for each in await phone.messages()] == ["file", "image", "audio"]


async def test_recalling_on_the_page(page: httpx2.AsyncClient, phone: Any, caller: Any) -> None:
    mine = await phone.say("oops")
    theirs = (await caller.create("ou_demo", "text", {"text": "x"})).data.message_id
    assert (await page.post("/phone/api/recall", json={"user": "ou_demo", "message_id": mine})).status_code == 200
    assert (await page.post("/phone/api/recall", json={"user": "ou_demo", "message_id": theirs})).status_code == 404
    assert [each.recalled for each in await phone.messages()] == [True, False]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b'{"user":"ou_nobody"}', b'{"chat_id":"oc_none","text":"x"}', b'{"text":5}']
)
@pytest.mark.parametrize("path", ["send", "click", "recall", "upload", "react"])
async def test_nonsense_is_refused(page: httpx2.AsyncClient, body: bytes, path: str) -> None:
    assert (await page.post(f"/phone/api/{path}", content=body)).status_code in {400, 404}


async def test_other_web_pages_are_kept_out(page: httpx2.AsyncClient) -> None:
    """A page in the same browser must not be able to talk to the agent."""
    body = {"chat_id": "oc_demo", "text": "rm -rf ~"}
    own = str(page.base_url).rstrip("/")
    for path in ("/phone/api/send", "/_control/say"):
        foreign = await page.post(path, json=body, headers={"Origin": "https://evil.example"})
        rebound = await page.post(path, json=body, headers={"Host": "evil.example:8700"})
        assert (foreign.status_code, rebound.status_code) == (403, 403)
        assert (await page.post(path, json=body, headers={"Origin": own})).status_code == 200


@pytest.mark.parametrize("kind", ["html", "css", "js"])
async def test_a_browser_asks_whether_the_page_it_keeps_is_current(page: httpx2.AsyncClient, kind: str) -> None:
    """After an upgrade the style and script of the older program must not stay."""
    name = next(PAGE.rglob(f"*.{kind}")).relative_to(PAGE)
    first = await page.get(f"/phone/{name}")
    again = await page.get(f"/phone/{name}", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"


async def test_the_page_has_a_strict_policy(page: httpx2.AsyncClient) -> None:
    root = await page.get("/")
    assert (root.status_code, root.headers["location"]) == (307, "/phone/")
    answer = await page.get("/phone/api/state")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
