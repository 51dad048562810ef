"""Write the generated pages, or with --check say which are not current."""

import sys
from collections.abc import Callable
from pathlib import Path

from phonework.cli.fsm import rendered
from phonework.config.docs import example, page

ROOT = Path(__file__).resolve().parents[1]

PAGES: dict[str, Callable[[], str]] = {
    "docs/configuration.md": page,
    "docs/states.md": lambda: rendered("page"),
    "config.example.toml": example,
}


def main() -> int:
    checking = "--check" in sys.argv[1:]
    stale = []
    for name, write in PAGES.items():
        path, text = ROOT / name, write()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not checking:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'not current; run `make pages`' if checking else 'written'}")
    return 1 if checking and stale else 0


if __name__ == "__main__":
    sys.exit(main())
