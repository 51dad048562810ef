"""Chatting on the phone page: what is written goes out, what comes in appears, and nothing jumps."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def write(page: Any, text: str) -> None:
    await page.locator(".composer textarea").fill(text)
    await page.locator(".composer textarea").press("Enter")


async def test_the_page_loads_under_its_policy_without_an_error(emulator: Any, open_page: Any) -> None:
    """The teardown of open_page holds the console, the policy and foreign requests against it."""
    page = await open_page()
    await expect(page.get_by_role("heading", name="PhoneWork")).to_be_visible()
    response = await page.request.get(emulator.url + "/phone/")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]
    blocked = await page.evaluate(
        "new Promise((done) => {"
        " document.addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));"
        " const script = document.createElement('script'); script.textContent = 'globalThis.ran = 1';"
        " document.head.append(script); })"
    )
    assert blocked.startswith("script-src")
    assert await page.evaluate("globalThis.ran") is None
    page.problems.clear()


async def test_a_text_reaches_the_bot_and_its_answer_appears(bot: Any, open_page: Any) -> None:
    page = await open_page()
    await write(page, "fix the build")
    event = bot.messages.get(timeout=5)
    assert '"fix the build"' in event["message"]["content"]
    await expect(page.locator(".row.own .bubble")).to_have_text("fix the build")
    await expect(page.locator(".row.pending")).to_have_count(0)

    bot.send("text", {"text": "On it. [log](https://example.com/log) <b>now</b>"})
    answer = page.locator(".row.other .bubble").last
    await expect(answer).to_have_text("On it. log now")
    await expect(answer.locator("a")).to_have_attribute("href", "https://example.com/log")
    await expect(answer.locator("strong")).to_have_text("now")


async def test_shift_enter_makes_a_line_and_enter_while_composing_sends_nothing(bot: Any, open_page: Any) -> None:
    page = await open_page()
    area = page.locator(".composer textarea")
    await area.fill("你")
    await area.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    await area.press("Shift+Enter")
    await area.press_sequentially("second")
    await area.press("Enter")
    event = bot.messages.get(timeout=5)
    assert "你\\nsecond" in event["message"]["content"]
    assert bot.messages.empty()


async def test_a_slash_offers_commands_and_tab_takes_one(open_page: Any) -> None:
    page = await open_page()
    area = page.locator(".composer textarea")
    await area.press_sequentially("/st")
    await expect(page.get_by_role("option")).to_have_text(["/statusMy sessions", "/stopStop this turn"])
    await area.press("ArrowDown")
    await area.press("Tab")
    await expect(area).to_have_value("/stop ")
    await expect(page.get_by_role("option")).to_have_count(0)


async def test_a_reply_names_what_it_answers_and_shows_the_quote(bot: Any, open_page: Any) -> None:
    page = await open_page()
    asked = bot.send("text", {"text": "Which branch?"})
    await page.locator(".bubble", has_text="Which branch?").click()
    await page.get_by_role("button", name="Reply").click()
    await write(page, "main")
    event = bot.messages.get(timeout=5)
    assert event["message"]["parent_id"] == asked
    await expect(page.locator(".row.own .quote")).to_contain_text("Which branch?")


async def test_files_and_pictures_go_out_and_a_file_comes_down_as_it_was(
    bot: Any, open_page: Any, tmp_path: Path
) -> None:
    page = await open_page()
    log = tmp_path / "构建 log.txt"
    log.write_bytes(b"line\n\x00\xff" * 40)
    picture = tmp_path / "shot.png"
    picture.write_bytes(PNG)
    await page.locator("input[type=file]").set_input_files([log, picture])
    await expect(page.locator(".attached .chip")).to_have_count(2)
    await page.get_by_role("button", name="Send", exact=True).click()
    kinds = {bot.messages.get(timeout=5)["message"]["message_type"] for _ in range(2)}
    assert kinds == {"file", "image"}

    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download 构建 log.txt").click()
    download = await downloading.value
    assert download.suggested_filename == "构建 log.txt"
    saved = tmp_path / "saved"
    await download.save_as(saved)
    assert saved.read_bytes() == log.read_bytes()

    await page.get_by_role("button", name="Enlarge").click()
    await expect(page.locator("dialog img")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)


async def test_a_text_goes_out_after_the_files_it_is_about(bot: Any, open_page: Any, tmp_path: Path) -> None:
    page = await open_page()
    log = tmp_path / "log.txt"
    log.write_bytes(b"x" * 3_000_000)
    await page.locator("input[type=file]").set_input_files([log])
    await page.locator(".composer textarea").fill("why does this fail?")
    await page.keyboard.press("Enter")
    assert [bot.messages.get(timeout=5)["message"]["message_type"] for _ in range(2)] == ["file", "text"]


async def test_a_pasted_picture_waits_above_the_text_until_it_is_sent(bot: Any, open_page: Any) -> None:
    page = await open_page()
    await page.locator(".composer textarea").evaluate(
        "(area) => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array([137, 80])], 'pasted.png', { type: 'image/png' }));"
        " area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })); }"
    )
    await expect(page.locator(".attached .chip")).to_contain_text("pasted.png")
    await page.get_by_role("button", name="Remove pasted.png").click()
    await expect(page.locator(".attached")).to_have_count(0)
    assert bot.messages.empty()


async def test_what_is_being_read_stays_in_place_and_news_are_announced(bot: Any, open_page: Any, card_of: Any) -> None:
    page = await open_page(width=390, height=700)
    first = bot.card([{"tag": "markdown", "content": "short"}], title="Progress")
    for number in range(25):
        bot.send("text", {"text": f"line {number}\nand more\nand more"})
    await page.get_by_role("button", name="PhoneWork").click()
    box, reading = page.locator(".messages"), page.locator(".row", has_text="line 12\n")
    await expect(page.locator(".card")).to_contain_text("short")
    await expect(page.locator(".row", has_text="line 24")).to_be_in_viewport()

    await box.evaluate("(box) => box.scrollTop = box.querySelectorAll('.row')[13].offsetTop - 80")
    await expect(page.get_by_role("button", name="Go to the newest message")).to_be_visible()
    before = await reading.bounding_box()
    grown = "\n\n".join(f"step {number}" for number in range(40))
    bot.patch(first, card_of([{"tag": "markdown", "content": grown}], title="Progress"))
    await expect(page.locator(".card")).to_contain_text("step 39")
    after = await reading.bounding_box()
    assert abs(before["y"] - after["y"]) <= 2

    bot.send("text", {"text": "something new"})
    pill = page.get_by_role("button", name="1 new")
    await expect(pill).to_be_visible()
    await expect(page.locator(".bubble", has_text="something new")).not_to_be_in_viewport()
    await pill.click()
    await expect(page.locator(".bubble", has_text="something new")).to_be_in_viewport()
    await expect(page.locator(".pill")).to_have_count(0)


async def test_words_grow_on_a_card_while_they_are_streamed(bot: Any, open_page: Any, card_of: Any) -> None:
    """The element stays the same one, so that what unfolds or is selected around it stays."""
    cards = "/open-apis/cardkit/v1/cards"
    card = card_of([{"tag": "markdown", "content": "one", "element_id": "words"}], title="Progress")
    card["config"]["streaming_mode"] = True
    made = bot.call(cards, {"type": "card_json", "data": json.dumps(card)})["data"]["card_id"]
    bot.send("interactive", {"type": "card", "data": {"card_id": made}})
    page = await open_page()
    await page.get_by_role("button", name="PhoneWork").click()
    shown = page.locator(".card")
    await expect(shown).to_have_class("card streaming")
    await shown.evaluate("(card) => card.dataset.kept = 'yes'")
    for number, words in enumerate(["one two", "one two **three**"], 1):
        bot.call(f"{cards}/{made}/elements/words/content", {"content": words, "sequence": number}, "PUT")
        await expect(shown).to_contain_text(words.replace("**", ""))
    settings = {"settings": json.dumps({"config": {"streaming_mode": False}}), "sequence": 3}
    bot.call(f"{cards}/{made}/settings", settings, "PATCH")
    await expect(shown).to_have_class("card ")
    assert await shown.get_attribute("data-kept") == "yes"


async def test_an_offline_banner_comes_when_the_server_goes_and_a_failed_text_can_be_sent_again(
    bot: Any, emulator: Any, open_page: Any
) -> None:
    page = await open_page()
    await expect(page.get_by_text("Online")).to_be_visible()
    await page.context.set_offline(True)
    await write(page, "into the void")
    await expect(page.get_by_role("button", name="Not sent. Tap to retry")).to_be_visible()
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Not sent. Tap to retry").click()
    assert "into the void" in bot.messages.get(timeout=5)["message"]["content"]
    await expect(page.locator(".row.pending")).to_have_count(0)

    bot.close()
    await expect(page.get_by_text("Bot not connected").first).to_be_visible()
    emulator.stop()
    await expect(page.get_by_role("alert")).to_have_text("Connection lost, reconnecting…")
    page.problems.clear()


async def test_a_reset_of_the_emulator_empties_the_chat(bot: Any, open_page: Any) -> None:
    page = await open_page()
    bot.send("text", {"text": "old news"})
    await expect(page.get_by_text("old news").last).to_be_visible()
    bot.control("reset", {})
    await expect(page.get_by_text("old news")).to_have_count(0)


async def test_a_recalled_message_leaves_a_note(bot: Any, open_page: Any) -> None:
    page = await open_page()
    await write(page, "oops, a secret")
    await page.locator(".row.own .bubble").click()
    await page.get_by_role("button", name="Recall").click()
    await expect(page.locator(".messages")).to_contain_text("Message recalled")
    await expect(page.get_by_text("oops, a secret")).to_have_count(0)


async def test_unread_messages_are_counted_until_the_chat_is_opened(bot: Any, open_page: Any) -> None:
    page = await open_page(width=390)
    await expect(page.locator(".chat")).to_have_count(1)
    bot.send("text", {"text": "one"})
    bot.send("text", {"text": "two"})
    await expect(page.get_by_label("2 unread")).to_be_visible()
    await expect(page.locator(".chat-preview")).to_have_text("two")
    await page.get_by_role("button", name="PhoneWork").click()
    await expect(page.locator(".bubble")).to_have_count(2)
    await page.get_by_role("button", name="Back").click()
    await expect(page.locator(".chat")).to_be_visible()
    await expect(page.locator(".unread")).to_have_count(0)
    await page.reload()
    await expect(page.locator(".chat-preview")).to_have_text("two")
    await expect(page.locator(".unread")).to_have_count(0)


async def test_in_a_group_names_mentions_and_topics_are_shown(bot: Any, open_page: Any) -> None:
    bot.control("users", {"open_id": "ou_lin", "name": "林晓", "language": "zh"})
    group = bot.control("chats", {"name": "Team", "members": ["ou_demo", "ou_lin"], "topics": True})["chat_id"]
    page = await open_page(f"/phone/?user=ou_demo#{group}")
    await write(page, "look at this")
    event = bot.messages.get(timeout=5)
    assert event["message"]["mentions"]
    await expect(page.locator(".row.own .at")).to_have_text("@PhoneWork")

    bot.call("/phone/api/send", {"user": "ou_lin", "chat_id": group, "text": "other matter"})
    await expect(page.locator(".row.other .sender")).to_contain_text("林晓")
    await page.locator(".row.own").get_by_role("button", name="Open topic").click()
    await expect(page.locator(".bubble", has_text="other matter")).to_have_count(0)
    await page.get_by_role("button", name="Back").click()
    await expect(page.locator(".row.other")).to_contain_text("other matter")


async def test_people_are_called_by_name_and_those_nobody_knows_by_none(bot: Any, open_page: Any) -> None:
    bot.control("users", {"open_id": "ou_lin", "name": "林晓", "language": "zh"})
    group = bot.control("chats", {"name": "Team", "members": ["ou_demo", "ou_lin"]})["chat_id"]
    page = await open_page(f"/phone/?user=ou_demo#{group}")

    bot.card([{"tag": "markdown", "content": "<at id=ou_lin></at>, <at id=ou_demo></at>"}], chat_id=group)
    await expect(page.locator(".row.other .at")).to_have_text(["@林晓", "@Demo"])
    await expect(page.locator(".row.other .at.me")).to_have_text("@Demo")

    words = [[{"tag": "at", "user_id": "ou_nobody"}], [{"tag": "md", "text": "are you there?"}]]
    bot.send("post", {"zh_cn": {"content": words}}, chat_id=group)
    stranger = page.locator(".at.unknown")
    await expect(stranger).to_have_text("@unknown user")
    await expect(stranger).to_have_attribute("title", "ou_nobody")
    await expect(page.locator(".chat-preview").first).to_contain_text("@unknown user are you there?")


async def test_of_a_long_history_the_newest_part_is_drawn_and_the_rest_on_request(bot: Any, open_page: Any) -> None:
    state = bot.state()
    chat = state["chats"][0]["chat_id"]
    sender = {"type": "user", **{key: state["me"][key] for key in ("open_id", "name")}}
    state["chats"][0]["messages"] = [
        {"message_id": f"om_{number}", "chat_id": chat, "sender": sender, "msg_type": "text", "mentions": [],
         "content": {"text": f"number {number}."}, "created_at": state["now"] + number, "updated_at": 0, "version": 1,
         "reply_to": None, "thread_id": None, "recalled": False, "reactions": []}
        for number in range(250)
    ]  # fmt: skip
    page = await open_page(None)
    await page.route("**/phone/api/state*", lambda route: route.fulfill(json=state))
    await page.goto(bot.url + "/phone/")
    await expect(page.locator(".bubble", has_text="number 249.")).to_be_in_viewport()
    await expect(page.locator(".row")).to_have_count(100)
    await page.locator(".messages").evaluate("(box) => box.scrollTop = 0")
    oldest = page.locator(".bubble", has_text="number 150.")
    await expect(page.get_by_role("button", name="Go to the newest message")).to_be_visible()
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(page.locator(".row")).to_have_count(200)
    await expect(oldest).to_be_in_viewport()
    await page.get_by_role("button", name="Show earlier messages").dispatch_event("click")
    await expect(page.locator(".row")).to_have_count(250)
    await expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)
    await page.unroute("**/phone/api/state*")


async def test_a_group_is_made_with_the_bot_and_others_and_opened(bot: Any, open_page: Any) -> None:
    bot.control("users", {"open_id": "ou_bob", "name": "Bob"})
    bot.control("users", {"open_id": "ou_eve", "name": "Eve"})
    page = await open_page()
    await page.get_by_role("button", name="New group").click()
    await page.get_by_label("Name of the group").fill("发布")
    await page.get_by_label("Eve").uncheck()
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", name="发布")).to_be_visible()

    (group,) = [chat for chat in bot.call("/_control/state", method="GET")["chats"] if chat["name"] == "发布"]
    assert (group["kind"], group["members"]) == ("group", ["ou_demo", "ou_bob"])
    await write(page, "hello")
    event = bot.messages.get(timeout=5)
    assert event["message"]["chat_id"] == group["chat_id"]
    assert event["message"]["mentions"]


async def test_the_page_says_how_to_kill_the_server_where_that_is_known(bot: Any, open_page: Any) -> None:
    page = await open_page()
    await expect(page.locator(".try-it")).to_have_count(0)
    bot.control("settings", {"server_pid": 4711})
    await page.reload()
    await expect(page.locator(".try-it code")).to_have_text("kill -9 4711")
    bot.control("settings", {"server_pid": 0})
