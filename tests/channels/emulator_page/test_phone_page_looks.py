"""How the phone page looks and loads: both widths, both themes, readable, small, and with libraries as published."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from phonework.channels.emulator.app import PAGE

browser_test = pytest.mark.browser
on_session_loop = pytest.mark.asyncio(loop_scope="session")

FIRST_LOAD_BYTES = 60_000
VENDOR = PAGE / "vendor"

CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part, index) => index < 3 ? part / 255 : part / 255); };
  const over = (front, back) => front.slice(0, 3).map((part, i) => part * front[3] + back[i] * (1 - front[3]));
  const behind = (node) => { const layers = [];
    for (let at = node; at; at = at.parentElement) { const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none') return null;
      layers.push(rgba(style.backgroundColor)); }
    return layers.reverse().reduce((back, layer) => over(layer, back), [1, 1, 1]); };
  const light = (color) => color.map((p) => p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4)
    .reduce((sum, p, i) => sum + p * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const owner = node.parentElement;
    if (!node.textContent.trim() || !owner.checkVisibility({ opacityProperty: true }) || owner.closest(':disabled')) continue;
    const back = behind(owner);
    if (!back) continue;
    const [a, b] = [light(over(rgba(getComputedStyle(owner).color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([Math.round(ratio * 100) / 100, node.textContent.trim().slice(0, 40), owner.className]);
  }
  return found;
}"""


def fill(bot: Any) -> None:
    """One of everything that has a colour."""
    for template in ("blue", "orange", "red", "green", "grey", "violet", "wathet", "yellow"):
        bot.card(
            [{"tag": "markdown", "content": f"<font color='{template}'>ink</font> <text_tag color='{template}'>tag</text_tag>"
              " [link](https://example.com) `code`\n> quote"},
             {"tag": "markdown", "content": "small", "text_size": "notation"}],
            title=f"A {template} card", template=template,
        )  # fmt: skip
    code = "```diff\n@@ -1 +1 @@\n-old\n+new\n same\n```\n```python\ndef f(): return 'x'  # note 1\n```"
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    kinds = ["default", "primary", "danger", "text", "primary_text", "danger_text", "primary_filled", "danger_filled"]
    buttons = [{"tag": "button", "type": kind, "text": {"tag": "plain_text", "content": kind}} for kind in kinds]
    bot.card([{"tag": "markdown", "content": f"{code}\n\n{table}"}, *buttons], title="Code")


@browser_test
@on_session_loop
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_read(scheme: str, bot: Any, open_page: Any) -> None:
    """4.5 to 1, as WCAG 2.2 AA asks of body text."""
    fill(bot)
    page = await open_page(color_scheme=scheme)
    await page.locator(".composer textarea").fill("/")
    await expect(page.locator(".card pre").last).to_be_visible()
    await page.get_by_role("button", name="Settings").click()
    found = await page.evaluate(CONTRAST)
    assert len(found) > 80
    assert [each for each in found if each[0] < 4.5] == []


@browser_test
@on_session_loop
async def test_dark_follows_the_system_and_the_choice_outlives_a_reload(open_page: Any) -> None:
    page = await open_page(color_scheme="dark")
    background = "getComputedStyle(document.querySelector('.chats')).backgroundColor"
    await expect(page.locator(".chats")).to_be_visible()
    dark = await page.evaluate(background)
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("radio", name="Light").click()
    light = await page.evaluate(background)
    assert light == "rgb(255, 255, 255)" != dark
    await page.get_by_role("radio", name="中文").click()
    await expect(page.get_by_role("heading", name="消息", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="消息", exact=True)).to_be_visible()
    assert await page.evaluate(background) == light


@browser_test
@on_session_loop
async def test_a_phone_shows_one_pane_at_a_time_and_never_scrolls_sideways(bot: Any, open_page: Any) -> None:
    fill(bot)
    page = await open_page(width=390, height=844, has_touch=True, is_mobile=True)
    chats, conversation = page.locator(".chats"), page.locator(".conversation")
    await expect(chats).to_be_visible()
    await expect(conversation).not_to_be_visible()
    await page.get_by_role("button", name="PhoneWork").tap()
    await expect(conversation.locator(".card").last).to_be_visible()
    await expect(chats).not_to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    bot.send("text", {"text": "ok"})
    await page.locator(".composer textarea").fill("ok")
    await page.locator(".composer textarea").press("Enter")
    await expect(page.locator(".row.own .bubble")).to_be_visible()
    outside = (
        "(all) => all.map((one) => one.getBoundingClientRect()).filter((at) => at.left < 0 || at.right > 390).length"
    )
    assert await page.locator(".messages .actions").evaluate_all(outside) == 0
    await page.go_back()
    await expect(chats).to_be_visible()
    await expect(conversation).not_to_be_visible()


@browser_test
@on_session_loop
async def test_it_can_be_used_with_the_keyboard_alone(bot: Any, open_page: Any) -> None:
    bot.card([{"tag": "button", "text": {"tag": "plain_text", "content": "Allow"},
               "behaviors": [{"type": "callback", "value": {"op": "allow"}}]}], title="Run?")  # fmt: skip
    page = await open_page()
    await expect(page.get_by_role("button", name="Allow", exact=True)).to_be_visible()
    for _ in range(12):
        await page.keyboard.press("Tab")
        label = await page.evaluate("document.activeElement.textContent.trim()")
        outline = await page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' || style.borderColor !== 'rgba(0, 0, 0, 0)'; })()"
        )
        assert outline, f"no visible focus on {label!r}"
        if label == "Allow":
            break
    await page.keyboard.press("Enter")
    assert bot.clicks.get(timeout=5)["action"]["value"] == {"op": "allow"}


@browser_test
@on_session_loop
async def test_the_first_load_is_small(emulator: Any, open_page: Any) -> None:
    page = await open_page(None)
    loaded: set[str] = set()
    page.on("request", lambda sent: loaded.add(sent.url.split("?")[0]))
    await page.goto(emulator.url + "/phone/")
    await expect(page.get_by_text("No messages yet")).to_be_visible()
    names = [url.removeprefix(emulator.url + "/phone/") or "index.html" for url in loaded if "/api/" not in url]
    assert len(names) > 20
    assert sum(len(gzip.compress((PAGE / name).read_bytes(), 9)) for name in names) <= FIRST_LOAD_BYTES


def digests() -> list[list[str]]:
    lines = (VENDOR / "DIGESTS").read_text().splitlines()
    return [[part.strip() for part in line.split("|")] for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("row", digests(), ids=lambda row: row[0])
def test_a_vendored_library_is_as_it_was_published(row: list[str]) -> None:
    name, package, _version, _licence, _source, _published, kept = row
    data = (VENDOR / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == kept
    assert (VENDOR / "licences" / f"{package.split('/')[-1]}.txt").read_text().strip()


def test_every_vendored_library_has_its_digest_and_no_file_names_another_host() -> None:
    assert {path.name for path in VENDOR.glob("*.js")} == {row[0] for row in digests()}
    own = [path for path in PAGE.rglob("*") if path.suffix in {".js", ".css", ".html"} and VENDOR not in path.parents]
    assert len(own) > 30
    assert [path.name for path in own if names_a_host(path)] == []


def names_a_host(path: Path) -> bool:
    text = path.read_text()
    return any(f"{quote}{scheme}://" in text for quote in "\"'(" for scheme in ("http", "https", "//"))
