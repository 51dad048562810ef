"""One place knows what the console needs; the page and the program say the same."""

from pathlib import Path

from phonework.setup import console

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "feishu-setup.md").read_text(encoding="utf-8")


def test_the_page_has_the_tables_the_program_speaks_from() -> None:
    assert console.scopes_table() in PAGE
    assert console.lists_table() in PAGE


def test_the_steps_name_every_scope_and_the_right_console() -> None:
    said = "\n".join(console.steps("https://open.larksuite.com"))

    assert "https://open.larksuite.com/app" in said
    assert all(name in said for scope in console.SCOPES for name in scope.names)
    assert "https://open.feishu.cn/app" in "\n".join(console.steps("https://open.feishu.cn"))
