"""Kinds of agents bring sentences of their own; nobody changes ours, and a damaged file harms nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

ENTRY = "[phonework.backends]\nacme-writer = acme.kind:Backend\nbroken = acme_not_there:Backend\ncard = acme:Backend\n"
PRINT = "from phonework.texts import text; print(*[text({language!r}, key, n='3') for key in {keys!r}], sep='|')"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A package whose kind's module fails when it is loaded: its sentences are found without that."""
    (tmp_path / "acme" / "texts").mkdir(parents=True)
    (tmp_path / "acme" / "__init__.py").write_text("")
    (tmp_path / "acme" / "kind.py").write_text("1 / 0\n")
    about = tmp_path / "acme-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY)
    return tmp_path


def said(packages: Path, language: str, *keys: str) -> str:
    code = PRINT.format(language=language, keys=keys)
    environment = {"PYTHONPATH": str(packages), "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    return done.stdout.decode().strip()


def test_they_are_said_in_each_language(packages: Path) -> None:
    (packages / "acme" / "texts" / "en.toml").write_text('pages = "{n} pages"\n')
    (packages / "acme" / "texts" / "zh.toml").write_text('pages = "{n} 页"\n', encoding="utf-8")

    assert said(packages, "en", "acme_writer.pages") == "3 pages"
    assert said(packages, "zh", "acme_writer.pages") == "3 页"


def test_ours_stay_ours(packages: Path) -> None:
    before = said(packages, "en", "card.allow")
    (packages / "acme" / "texts" / "en.toml").write_text('allow = "Yes, anything"\n')

    assert said(packages, "en", "card.allow") == before


@pytest.mark.parametrize("content", [b"pages = ", b"\xff", b""])
def test_a_damaged_file_leaves_the_key(packages: Path, content: bytes) -> None:
    (packages / "acme" / "texts" / "en.toml").write_bytes(content)

    assert said(packages, "en", "acme_writer.pages", "card.allow").startswith("acme_writer.pages|")
