"""The browser that page tests drive: whichever Chromium the machine has."""

import os
import shutil
import sys
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")
MAC_PROGRAMS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
INSTALL_HINT = "install Chromium (Debian, Ubuntu: apt-get install chromium), or name one with CHROMIUM=/path/to/it"

# As root there is no sandbox to be had; the others keep the browser from looking anything up on its own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Path of a browser of the Chromium family: $CHROMIUM, then PATH, then the usual places; None when there is none."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    places = (shutil.which(name) for name in PROGRAMS)
    mac = (path for path in MAC_PROGRAMS if sys.platform == "darwin" and Path(path).exists())
    return next((place for place in (*places, *mac) if place), None)


def required() -> bool:
    """Whether a missing browser is a failure: in CI it is, on a person's machine the tests are skipped loudly."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")
