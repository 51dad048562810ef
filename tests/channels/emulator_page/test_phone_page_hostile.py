"""Hostile and broken content on the phone page: nothing runs, nothing loads, and the rest stays usable."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ATTACKS = [
    "<script>globalThis.hit=1</script>",
    "<img src=x onerror=globalThis.hit=1>",
    "<svg/onload=globalThis.hit=1>",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<a href='javascript:globalThis.hit=1'>a</a>",
    "[b](javascript:globalThis.hit=1)",
    "[c](data:text/html,<script>globalThis.hit=1</script>)",
    "[d](&#106;avascript:globalThis.hit=1)",
    "![e](javascript:globalThis.hit=1)",
    "![f](https://example.com/track.png)",
    "<font color='red;background:url(https://example.com/x)' onclick=globalThis.hit=1>g</font>",
    "<font color=\"red\" style=\"position:fixed;inset:0\">h</font>",
    "<link url='javascript:globalThis.hit=1'>i</link>",
    "<at id='\"><script>globalThis.hit=1</script>'></at>",
    "&lt;script&gt;globalThis.hit=1&lt;/script&gt;",
    "<style>*{display:none}</style>",
    "<object data=x><embed src=x><form action=x><input autofocus onfocus=globalThis.hit=1>",
    "```\n<script>globalThis.hit=1</script>\n```",
]  # fmt: skip


async def assert_harmless(page: Any) -> None:
    assert await page.evaluate("globalThis.hit") is None
    foreign = (
        "script:not([src^='js/']), iframe, object, embed, svg[onload], style, .bubble form, [onerror], [onclick],"
        " [onfocus], [style*='fixed'], [style*='url'], a:not([href^='http'])"
    )
    assert await page.locator(foreign).count() == 0
    assert (
        await page.locator("img").evaluate_all("(all) => all.filter((one) => !one.src.includes('/phone/')).length") == 0
    )


@pytest.mark.parametrize("kind", ["text", "post", "card"])
async def test_markup_in_messages_does_nothing(kind: str, bot: Any, open_page: Any, card_of: Any) -> None:
    """The emulator itself refuses some of it from the bot, so it comes from the page's own state here."""
    payload = "\n\n".join(ATTACKS)
    contents = {
        "text": ("text", {"text": payload}),
        "post": ("post", {"title": payload, "content": [[{"tag": "md", "text": payload}],
                 [{"tag": "a", "text": "x", "href": "javascript:globalThis.hit=1"}, {"tag": "text", "text": payload}]]}),
        "card": ("interactive", hostile_card(payload, card_of)),
    }  # fmt: skip
    state = bot.state()
    msg_type, content = contents[kind]
    state["chats"][0]["messages"] = [message(state, msg_type, content)]
    page = await open_page(None)
    await page.route("**/phone/api/state*", lambda route: route.fulfill(json=state))
    await page.goto(bot.url + "/phone/")
    await expect(page.locator(".bubble")).to_contain_text("globalThis.hit=1")
    for pressable in await page.locator(".bubble :is(a:not([href]), span, .card-title)").all():
        await pressable.dispatch_event("click")
    await assert_harmless(page)
    page.problems[:] = [problem for problem in page.problems if "404" not in problem]  # a picture that does not exist


def message(state: dict[str, Any], msg_type: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_id": "om_1",
        "chat_id": state["chats"][0]["chat_id"],
        "sender": {"type": "app", **{key: state["bot"][key] for key in ("open_id", "name")}},
        "msg_type": msg_type,
        "content": content,
        "created_at": state["now"],
        "updated_at": state["now"],
        "version": 1,
        "reply_to": None,
        "thread_id": None,
        "recalled": False,
        "reactions": [{"emoji": "<img src=x onerror=globalThis.hit=1>", "open_id": "ou_demo"}],
        "mentions": [],
    }


def hostile_card(payload: str, card_of: Any) -> dict[str, Any]:
    text = {"tag": "plain_text", "content": payload}
    return card_of(
        [
            {"tag": "markdown", "content": payload, "text_size": "x' onclick='globalThis.hit=1"},
            {"tag": "div", "text": text},
            {"tag": "button", "text": text, "type": "x\" onclick=\"", "width": "1px;position:fixed", "hover_tips": text},
            {"tag": "select_static", "placeholder": text, "options": [{"text": text, "value": payload}]},
            {"tag": "table", "columns": [{"name": "a", "display_name": payload, "data_type": "markdown"}],
             "rows": [{"a": payload}]},
            {"tag": "img", "img_key": "../../../../evil?x=", "alt": text},
            {"tag": "column_set", "columns": [{"tag": "column", "padding": "1px;background:url(//x)", "elements": []}]},
            {"tag": "<script>globalThis.hit=1</script>"},
        ],
        title=payload, template="x' onclick='",
    )  # fmt: skip


BROKEN: list[Any] = [
    {},
    {"schema": "2.0", "body": None, "header": {}},
    {"schema": "2.0", "body": {"elements": {"tag": "markdown"}}},
    {"schema": "2.0", "body": {"elements": [None, 7, "x", [], {"tag": None}, {"tag": "__proto__"}, {"tag": "markdown"}]}},
    {"schema": "2.0", "header": {"title": 7, "text_tag_list": 5}, "body": {"elements": [{"tag": "button", "text": 5}]}},
    {"schema": "2.0", "body": {"elements": [{"tag": "form", "elements": [{"tag": "input", "name": "__proto__"}]}]}},
    {"schema": "2.0", "body": {"elements": [{"tag": "table", "columns": [{"name": {}}], "rows": [{"a": {}}, None]}]}},
    {"schema": "2.0", "body": {"elements": [{"tag": "select_static", "options": [None, {"value": {}}], "initial_index": "x"}]}},
    {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": {"type": "script", "props": {}}}]}},
    {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "> " * 3000 + "deep"}]}},
    {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "**a" * 5000 + "[" * 3000 + "<font color=red>" * 500}]}},
]  # fmt: skip


async def test_broken_cards_leave_the_rest_usable(bot: Any, open_page: Any) -> None:
    nested: dict[str, Any] = {"tag": "markdown", "content": "deepest"}
    for _ in range(200):
        nested = {"tag": "interactive_container", "elements": [nested]}
    cards = [*BROKEN, {"schema": "2.0", "body": {"elements": [nested]}}]
    state = bot.state()
    state["chats"][0]["messages"] = [
        {**message(state, "interactive", card), "message_id": f"om_{number}"} for number, card in enumerate(cards)
    ] + [{**message(state, kind, {}), "message_id": f"om_{kind}"} for kind in ("text", "post", "image", "file", "x")]
    page = await open_page(None)
    await page.route("**/phone/api/state*", lambda route: route.fulfill(json=state))
    await page.goto(bot.url + "/phone/")
    await expect(page.locator(".row")).to_have_count(len(cards) + 5)
    await page.unroute("**/phone/api/state*")
    await expect(page.locator("article.card")).to_have_count(len(cards))
    await page.locator(".composer textarea").fill("still here")
    await page.locator(".composer textarea").press("Enter")
    assert "still here" in bot.messages.get(timeout=5)["message"]["content"]
    page.problems[:] = [problem for problem in page.problems if "404" not in problem]  # the pictures do not exist


async def test_a_page_of_text_without_a_space_does_not_widen_the_phone(bot: Any, open_page: Any) -> None:
    bot.send("text", {"text": "x" * 20_000 + "😀" * 500})
    bot.card(
        [{"tag": "markdown", "content": "y" * 3000}, {"tag": "markdown", "content": "```\n" + "z" * 3000 + "\n```"},
         {"tag": "button", "text": {"tag": "plain_text", "content": "w" * 100}, "behaviors": []}],
        title="t" * 300,
    )  # fmt: skip
    page = await open_page(width=390, height=844)
    await page.get_by_role("button", name="PhoneWork").click()
    await expect(page.locator(".card pre")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    sizes = await page.locator(".messages").evaluate("(box) => [box.scrollWidth, box.clientWidth]")
    assert sizes[0] <= sizes[1]
    pre = await page.locator(".card pre").evaluate("(pre) => [pre.scrollWidth, pre.clientWidth]")
    assert pre[0] > pre[1]
