"""Take docs/images/phone.png: the demo on a phone, at a question of the agent. Needs Chromium; `python docs/screenshot.py`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from phonework.testing.browser import FLAGS, INSTALL_HINT, find_chromium

TARGET = Path(__file__).parent / "images" / "phone.png"
WIDTH, HEIGHT = 390, 920


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    chromium = find_chromium()
    if chromium is None:
        print(f"no Chromium: {INSTALL_HINT}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as place, subprocess.Popen(
        [sys.executable, "-m", "phonework", "demo", "--port", "0", "--no-browser", "--data-dir", place],
        stdout=subprocess.PIPE, text=True,
    ) as demo:  # fmt: skip
        try:
            assert demo.stdout is not None
            url = demo.stdout.readline().split()[-1]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
                page = browser.new_page(
                    viewport={"width": WIDTH, "height": HEIGHT},
                    device_scale_factor=2,
                    color_scheme="light",
                    locale="en-GB",
                )
                play(page, url)
                target.parent.mkdir(exist_ok=True)
                page.screenshot(path=str(target))
        finally:
            demo.terminate()
            demo.wait(10)
    print(target)
    return 0


def play(page: Page, url: str) -> None:
    """A session, a request, and the agent's question on the screen."""
    page.goto(url)
    page.get_by_text("PhoneWork").first.click()
    say(page, "/new hello")
    page.get_by_text("hello").nth(1).wait_for()
    say(page, "edit the prices, please")
    page.get_by_role("button", name="Allow", exact=True).wait_for()
    page.wait_for_timeout(600)  # the list scrolls to its end


def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox").last
    box.fill(text)
    box.press("Enter")


if __name__ == "__main__":
    sys.exit(main())
