"""Cards on the phone page: what a press sends, and what comes of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Json = dict[str, Any]


def text(content: str) -> Json:
    return {"tag": "plain_text", "content": content}


def markdown(content: str, **more: Any) -> Json:
    return {"tag": "markdown", "content": content, **more}


def button(label: str, value: Json | None = None, **more: Any) -> Json:
    behaviors = {"behaviors": [{"type": "callback", "value": value}]} if value is not None else {}
    return {"tag": "button", "text": text(label), **behaviors, **more}


def choices(*labels: str) -> list[Json]:
    return [{"text": text(label), "value": str(number)} for number, label in enumerate(labels)]


def answer_with(card: Json | None, content: str = "Allowed") -> Json:
    shown = {"card": {"type": "raw", "data": card}} if card else {}
    return {"toast": {"type": "success", "content": content, "i18n": {"zh_cn": "已允许"}}, **shown}


ASK = [
    {
        "tag": "form",
        "name": "ask",
        "elements": [
            {"tag": "select_static", "name": "pick", "required": True, "options": choices("Postgres", "SQLite"),
             "placeholder": text("Database")},
            {"tag": "multi_select_static", "name": "parts", "options": choices("API", "Worker", "Page"),
             "selected_values": ["0"], "placeholder": text("Parts")},
            {"tag": "checker", "name": "tests", "text": text("Run the tests"), "checked": True},
            {"tag": "input", "name": "note", "input_type": "multiline_text", "max_length": 20,
             "placeholder": text("In your words"), "default_value": "none"},
            button("Send it", {"op": "answer", "id": "r2"}, name="send", form_action_type="submit"),
            button("Start over", name="reset", form_action_type="reset"),
        ],
    }
]  # fmt: skip


async def test_a_press_shows_a_spinner_then_the_toast_and_the_new_card(bot: Any, open_page: Any, card_of: Any) -> None:
    go_on = threading.Event()

    def slowly(click: Json) -> Json:
        go_on.wait(5)
        return answer_with(card_of([markdown("by <at id=ou_demo></at>")], title="Allowed", template="green"))

    bot.on_click = slowly
    message_id = bot.card(
        [markdown("Run `git push`?"), button("Allow", {"op": "allow", "id": "r1"}), button("Deny", {"op": "deny"})],
        title="Run a command?",
    )
    page = await open_page()
    allow = page.get_by_role("button", name="Allow", exact=True)
    await allow.click()
    await expect(allow).to_have_attribute("aria-busy", "true")
    await expect(allow.locator(".spinner")).to_be_visible()
    await expect(page.get_by_role("button", name="Deny", exact=True)).to_be_disabled()
    go_on.set()
    await expect(page.get_by_role("status").filter(has_text="Allowed")).to_be_visible()
    await expect(page.locator(".card")).to_have_text("Allowedby @Demo")

    click = bot.clicks.get(timeout=5)
    assert click["action"] == {"tag": "button", "value": {"op": "allow", "id": "r1"}}
    assert click["operator"]["open_id"] == "ou_demo"
    assert click["context"]["open_message_id"] == message_id
    assert bot.clicks.empty()


async def test_a_form_with_select_multi_select_and_text_is_one_press(bot: Any, open_page: Any) -> None:
    bot.on_click = lambda click: answer_with(None, "Thank you")
    bot.card(ASK, title="Which database?")
    page = await open_page()
    await page.get_by_role("button", name="Send it").click()
    await expect(page.locator(".field-error")).to_have_text("Choose one")

    await page.get_by_label("Database", exact=True).select_option("SQLite")
    await expect(page.locator(".field-error")).to_have_count(0)
    await page.get_by_role("button", name="Parts").click()
    await page.get_by_label("Page", exact=True).check()
    await page.keyboard.press("Escape")
    await page.get_by_label("Run the tests").uncheck()
    await page.get_by_label("In your words").fill("as small as possible, please")
    await page.get_by_role("button", name="Send it").click()
    await expect(page.get_by_role("status").filter(has_text="Thank you")).to_be_visible()

    action = bot.clicks.get(timeout=5)["action"]
    assert action.pop("timezone")
    assert action == {
        "tag": "button",
        "value": {"op": "answer", "id": "r2"},
        "name": "send",
        "form_value": {"pick": "1", "parts": ["0", "2"], "tests": False, "note": "as small as possible"},
    }


async def test_what_was_entered_survives_an_update_and_reset_clears_it(bot: Any, open_page: Any, card_of: Any) -> None:
    message_id = bot.card(ASK, title="Which database?")
    page = await open_page()
    note = page.get_by_label("In your words")
    await expect(note).to_have_value("none")
    await note.fill("half a thought")
    bot.patch(message_id, card_of([markdown("2 minutes left"), *ASK], title="Which database?"))
    await expect(page.locator(".card")).to_contain_text("2 minutes left")
    await expect(note).to_have_value("half a thought")
    await page.get_by_role("button", name="Start over").click()
    await expect(note).to_have_value("none")
    assert bot.clicks.empty()


async def test_a_dangerous_button_asks_first_and_cancel_sends_nothing(bot: Any, open_page: Any) -> None:
    confirm = {"title": text("Deny?"), "text": text("It stops the run.")}
    bot.card([button("Deny", {"op": "deny"}, type="danger", confirm=confirm)], title="Run?")
    page = await open_page()
    deny, dialog = page.get_by_role("button", name="Deny", exact=True), page.get_by_role("dialog", name="Deny?")
    await deny.click()
    await expect(dialog).to_contain_text("It stops the run.")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await deny.click()
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert bot.clicks.empty()
    await deny.click()
    await dialog.get_by_role("button", name="Confirm").click()
    assert bot.clicks.get(timeout=5)["action"]["value"] == {"op": "deny"}


async def test_selects_inputs_checkers_and_overflows_outside_a_form_send_at_once(bot: Any, open_page: Any) -> None:
    callback = {"behaviors": [{"type": "callback", "value": {"op": "set"}}]}
    bot.card(
        [
            {"tag": "select_static", "placeholder": text("Model"), "options": choices("small", "large"), **callback},
            {"tag": "input", "name": "path", "placeholder": text("Path"), **callback},
            {"tag": "checker", "name": "fast", "text": text("Be quick"), **callback},
            {"tag": "overflow", "options": choices("Log", "Diff"), **callback},
        ],
        title="Settings",
    )
    page = await open_page()

    async def next_action() -> Json:
        action: Json = bot.clicks.get(timeout=5)["action"]
        action.pop("timezone", None)
        await expect(page.locator("[aria-busy], .card .spinner")).to_have_count(0)
        return action

    await page.get_by_label("Model").select_option("large")
    assert await next_action() == {"tag": "select_static", "value": {"op": "set"}, "option": "1"}
    await page.get_by_label("Path").fill("~/work")
    await page.get_by_label("Path").press("Enter")
    assert await next_action() == {"tag": "input", "value": {"op": "set"}, "input_value": "~/work", "name": "path"}
    await page.get_by_label("Be quick").check()
    assert await next_action() == {"tag": "checker", "value": {"op": "set"}, "checked": True, "name": "fast"}
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Diff").click()
    assert await next_action() == {"tag": "overflow", "value": {"op": "set"}, "option": "1"}


async def test_an_error_is_shown_with_its_code_and_the_button_can_be_pressed_again(bot: Any, open_page: Any) -> None:
    bot.card([button("Allow", {"op": "allow"})], title="Run?")
    bot.close()
    page = await open_page()
    allow = page.get_by_role("button", name="Allow", exact=True)
    await allow.click()
    await expect(page.get_by_role("status").filter(has_text="code: 200340")).to_be_visible()
    await expect(allow).to_be_enabled()


async def test_a_disabled_button_says_why_and_sends_nothing(bot: Any, open_page: Any) -> None:
    bot.card([button("Allow", {"op": "allow"}, disabled=True, disabled_tips=text("Already decided"))], title="Run?")
    page = await open_page()
    allow = page.get_by_role("button", name="Allow", exact=True)
    await expect(allow).to_have_attribute("aria-disabled", "true")
    await allow.dispatch_event("click")
    await expect(page.get_by_role("status").filter(has_text="Already decided")).to_be_visible()
    assert bot.clicks.empty()


async def test_another_user_presses_in_their_own_name_and_language(bot: Any, open_page: Any, card_of: Any) -> None:
    bot.control("users", {"open_id": "ou_lin", "name": "林晓", "language": "zh"})
    group = bot.control("chats", {"name": "Team", "members": ["ou_demo", "ou_lin"]})["chat_id"]
    bot.on_click = lambda click: {"toast": {"type": "error", "content": "Not yours", "i18n": {"zh_cn": "这不是你的"}}}
    bot.card([button("Allow", {"op": "allow"})], title="Run?", chat_id=group)
    page = await open_page()
    await page.get_by_role("button", name="Settings · Demo").click()
    await page.get_by_role("radio", name="林晓").click()
    await page.get_by_role("button", name="Team").click()
    await page.get_by_role("button", name="Allow", exact=True).click()
    await expect(page.get_by_role("status").filter(has_text="这不是你的")).to_be_visible()
    await expect(page.locator(".card")).to_contain_text("Run?")
    assert bot.clicks.get(timeout=5)["operator"]["open_id"] == "ou_lin"
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_links_open_and_only_http_ones(bot: Any, emulator: Any, open_page: Any) -> None:
    open_url = {"behaviors": [{"type": "open_url", "default_url": emulator.url + "/phone/icon.svg"}]}
    evil = {"behaviors": [{"type": "open_url", "default_url": "javascript:document.title='hit'"}]}
    bot.card([{**button("Docs"), **open_url}, {**button("Evil"), **evil}], title="Links")
    page = await open_page()
    async with page.context.expect_page() as opening:
        await page.get_by_role("button", name="Docs").click()
    opened = await opening.value
    await opened.wait_for_url("**/icon.svg")
    await page.get_by_role("button", name="Evil").click()
    assert len(page.context.pages) == 2
    assert await page.title() == "PhoneWork"


async def test_every_element_is_drawn_and_an_unknown_one_says_so(bot: Any, open_page: Any) -> None:
    log = {
        "tag": "collapsible_panel",
        "header": {"title": markdown("**Output** (2 lines)")},
        "elements": [markdown("```text\nall good\n```")],
    }
    table = {
        "tag": "table",
        "columns": [
            {"name": "who", "display_name": "Session", "data_type": "text"},
            {"name": "state", "display_name": "State", "data_type": "options"},
            {"name": "cost", "display_name": "Cost", "data_type": "number", "format": {"symbol": "$", "precision": 2}},
        ],
        "rows": [{"who": f"s{n}", "state": [{"text": "idle", "color": "green"}], "cost": n / 10} for n in range(7)],
    }
    columns = {
        "tag": "column_set",
        "flex_mode": "stretch",
        "columns": [
            {"tag": "column", "width": "weighted", "weight": 1, "elements": [{"tag": "div", "text": text("left")}]},
            {"tag": "column", "width": "weighted", "weight": 1, "elements": [markdown("right", text_size="notation")]},
        ],
    }
    chart = {"tag": "chart", "chart_spec": {"type": "pie"}}
    bot.card([log, {"tag": "hr"}, table, columns, chart], title="Status")
    page = await open_page()
    panel = page.get_by_role("button", name="Output (2 lines)")
    await expect(panel).to_have_attribute("aria-expanded", "false")
    await expect(page.get_by_text("all good")).to_have_count(0)
    await panel.click()
    await expect(page.get_by_text("all good")).to_be_visible()
    await expect(page.locator(".card td")).to_contain_text(["s0", "idle", "$0.00"])
    await expect(page.locator(".card tbody tr")).to_have_count(5)
    await page.get_by_role("button", name="Next page").click()
    await expect(page.locator(".card tbody tr")).to_have_count(2)
    left, right = page.get_by_text("left", exact=True), page.get_by_text("right", exact=True)
    assert (await left.bounding_box())["x"] < (await right.bounding_box())["x"]
    await expect(page.locator(".unsupported")).to_have_text("Unsupported element chart")


async def test_markdown_is_what_feishu_makes_of_it(bot: Any, open_page: Any) -> None:
    source = (
        "# Title\n**bold** *it* ~~gone~~ `a<b` &lt;tag&gt; &#42;no&#42; 1 &sim; 2\nnext line\n\n"
        "- one\n    - inner\n- [x] done\n\n1. first\n\n> quoted\n\n"
        "<font color='red'>red **deep**</font> <text_tag color='blue'>tag</text_tag> <at id=all></at><br>after\n\n"
        "| a | b |\n|---|--:|\n| 1 | `x` |\n\n---\n\n````python\ndef f():\n    return '```'  # <b>\n````\n"
        "[ok](https://example.com) [bad](javascript:alert(1)) https://example.com/a_b"
    )
    bot.card([markdown(source)], title="Everything")
    page = await open_page()
    md = page.locator(".card .md")
    await expect(md.get_by_role("heading", name="Title")).to_be_visible()
    paragraph = md.locator("p").first
    await expect(paragraph).to_have_text("bold it gone a<b <tag> *no* 1 ~ 2next line")
    assert await paragraph.locator("strong, em, s, code, br").count() == 5
    await expect(md.locator("ul ul li")).to_have_text("inner")
    await expect(md.locator("ol li")).to_have_text("first")
    await expect(md.locator("blockquote")).to_have_text("quoted")
    await expect(md.locator(".c-red strong")).to_have_text("deep")
    await expect(md.locator(".tag.t-blue")).to_have_text("tag")
    await expect(md.locator(".at")).to_have_text("@everyone")
    await expect(md.locator("td")).to_have_text(["1", "x"])
    await expect(md.locator("hr")).to_have_count(1)
    await expect(md.locator("pre")).to_have_text("def f():\n    return '```'  # <b>")
    hrefs = await md.locator("a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    assert hrefs == ["https://example.com/", "https://example.com/a_b"]


async def test_code_is_copied_as_it_is(bot: Any, open_page: Any) -> None:
    bot.card([markdown("```diff\n-old\n+new\n```")], title="Diff")
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await page.locator(".code-copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "-old\n+new"
    await expect(page.locator(".d-add")).to_have_text("+new")
