"""The assistant's tools for files: nothing is written without a yes to exactly that (A5)."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from phonework.assistant.tools import Call, Question, Tool
from phonework.assistant.tools.files import tools
from phonework.assistant.tools.schemas import offer, read
from phonework.errors import RefusedError
from phonework.fsm.types import Answer, SessionId, UserId, Verdict

YES = Answer(verdict=Verdict.ALLOW)


class Desk:
    """The tools by name, and a call from a directory of the root."""

    def __init__(self, root: Path) -> None:
        self.root, self.count = root, 0
        self.tools: dict[str, Tool[Any]] = {tool.name: tool for tool in tools(hidden=(root / "data",))}

    def call(self) -> Call:
        self.count += 1
        return Call(
            user_id=UserId("ou_ada"), session_id=SessionId("helper"), turn=1, call_id=f"c{self.count}", words="", language="en",
            now=datetime(2026, 1, 1, tzinfo=UTC), zone=UTC, root=self.root, cwd=self.root / "app",
        )  # fmt: skip

    async def asks(self, name: str, call: Call | None = None, **given: object) -> Question | None:

        tool = self.tools[name]
        return await tool.question(call or self.call(), read(tool, msgspec.json.encode(given).decode()))

    async def says(self, name: str, call: Call | None = None, **given: object) -> str:

        tool = self.tools[name]
        result = await tool.run(call or self.call(), read(tool, msgspec.json.encode(given).decode()))
        self.files = result.files
        return result.text

    async def refuses(self, name: str, call: Call | None = None, **given: object) -> str:
        with pytest.raises(RefusedError) as caught:
            await self.says(name, call, **given)
        return caught.value.text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text("one\ntwo\nthree\n")
    return Desk(tmp_path.resolve())


async def test_a_file_is_read_with_line_numbers(desk: Desk) -> None:
    assert await desk.says("read_file", path="a.py") == (
        "app/a.py, lines 1 to 3 of 3, utf-8:\n     1\tone\n     2\ttwo\n     3\tthree"
    )
    assert (await desk.says("read_file", path="a.py", start=2, count=1)).endswith(
        "     2\ttwo\n(1 more lines from 3 on)"
    )
    assert (await desk.says("read_file", path="a.py", start=-1)).endswith("     3\tthree")
    assert "no line 9" in await desk.says("read_file", path="a.py", start=9)


async def test_what_is_no_text_or_too_large_is_described(desk: Desk) -> None:
    (desk.root / "app" / "shot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    with (desk.root / "app" / "huge.log").open("wb") as file:
        file.write(b"line\n" * 2000)
        file.truncate(3 * 1024**3)

    assert "not shown: " in await desk.says("read_file", path="shot.png")
    assert "1.96 KB" in await desk.says("read_file", path="shot.png")
    assert "not shown: text, 3 GB" in await desk.says("read_file", path="huge.log")
    assert await desk.refuses("send_file", path="huge.log") == "file_too_large"


async def test_a_new_file_is_asked_for_with_all_of_it_shown(desk: Desk) -> None:
    call = desk.call()
    asked = await desk.asks("write_file", call, path="new/b.py", content="x = 1\n")

    assert asked is not None
    assert (asked.path, asked.prompt) == ("app/new/b.py", "Write the new file app/new/b.py?")
    assert asked.diff == "--- /dev/null\n+++ b/app/new/b.py\n@@ -0,0 +1 @@\n+x = 1\n"
    assert not (desk.root / "app" / "new").exists()
    assert "is written" in await desk.says("write_file", replace(call, answer=YES), path="new/b.py", content="x = 1\n")
    assert (desk.root / "app" / "new" / "b.py").read_text() == "x = 1\n"


async def test_writing_over_a_file_shows_the_difference(desk: Desk) -> None:
    call = desk.call()
    asked = await desk.asks("write_file", call, path="a.py", content="one\n2\nthree\n")

    assert asked is not None
    assert "-two\n+2\n" in asked.diff
    await desk.says("write_file", replace(call, answer=YES), path="a.py", content="one\n2\nthree\n")
    assert (desk.root / "app" / "a.py").read_text() == "one\n2\nthree\n"


async def test_line_ends_stay_and_the_difference_does_not_speak_of_them(desk: Desk) -> None:
    (desk.root / "app" / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    call = desk.call()
    asked = await desk.asks("write_file", call, path="dos.txt", content="one\n2\n")

    assert asked is not None
    assert "-one" not in asked.diff
    await desk.says("write_file", replace(call, answer=YES), path="dos.txt", content="one\n2\n")
    assert (desk.root / "app" / "dos.txt").read_bytes() == b"one\r\n2\r\n"


@pytest.mark.parametrize("answer", [None, Answer(verdict=Verdict.DENY), Answer(verdict=Verdict.ANSWER, text="yes")])
async def test_without_a_yes_nothing_is_written(desk: Desk, answer: Answer | None) -> None:
    call = desk.call()
    await desk.asks("write_file", call, path="a.py", content="x")

    assert await desk.refuses("write_file", replace(call, answer=answer), path="a.py", content="x") == "file_changed"
    assert (desk.root / "app" / "a.py").read_text() == "one\ntwo\nthree\n"


async def test_a_yes_is_for_the_file_as_it_was_shown(desk: Desk) -> None:
    call = desk.call()
    await desk.asks("write_file", call, path="a.py", content="x")
    (desk.root / "app" / "a.py").write_text("somebody works here")

    assert await desk.refuses("write_file", replace(call, answer=YES), path="a.py", content="x") == "file_changed"
    assert (desk.root / "app" / "a.py").read_text() == "somebody works here"


async def test_a_yes_to_another_call_is_none_to_this(desk: Desk) -> None:
    await desk.asks("write_file", desk.call(), path="a.py", content="x")

    assert (
        await desk.refuses("write_file", replace(desk.call(), answer=YES), path="a.py", content="x") == "file_changed"
    )


async def test_what_would_change_nothing_is_not_asked(desk: Desk) -> None:
    assert await desk.asks("write_file", path="a.py", content="one\ntwo\nthree\n") is None
    assert "already" in await desk.says("write_file", path="a.py", content="one\ntwo\nthree\n")


async def test_text_is_put_at_the_end_after_asking(desk: Desk) -> None:
    call = desk.call()
    asked = await desk.asks("append_file", call, path="a.py", content="four\n")

    assert asked is not None
    assert asked.prompt == "Add this to the end of app/a.py?"
    assert asked.diff.endswith(" three\n+four\n")
    await desk.says("append_file", replace(call, answer=YES), path="a.py", content="four\n")
    assert (desk.root / "app" / "a.py").read_text() == "one\ntwo\nthree\nfour\n"


async def test_what_could_not_be_shown_in_full_is_not_asked_for(desk: Desk) -> None:
    with pytest.raises(RefusedError) as caught:
        await desk.asks("write_file", path="b.txt", content="x\n" * 600_000)
    assert caught.value.text == "file_too_large"


async def test_everything_stays_inside(desk: Desk) -> None:
    (desk.root / "app" / "way").symlink_to("/etc")
    for path in ("../../etc/passwd", "/etc/passwd", "way/passwd", "~root/x"):
        for name in ("read_file", "send_file", "list_files"):
            assert await desk.refuses(name, path=path) in ("file_outside_root", "file_missing")
        assert await desk.refuses("search_files", path=path, pattern="x") in ("file_outside_root", "file_missing")
        with pytest.raises(RefusedError):
            await desk.asks("write_file", path=path, content="x")
    (desk.root / "data").mkdir()
    assert await desk.refuses("list_files", path="../data") == "file_private"


async def test_a_directory_is_listed_and_searched(desk: Desk) -> None:
    (desk.root / "app" / "sub").mkdir()
    (desk.root / "app" / "sub" / "b\nc.py").write_text("two\n")

    assert await desk.says("list_files") == "app: 2 entries\na.py  14 B\nsub/"
    assert (await desk.says("list_files", depth=2)).endswith("sub/\nsub/b�c.py  4 B")
    assert await desk.refuses("list_files", path="a.py") == "file_no_folder"
    assert await desk.says("search_files", pattern="^tw") == "2 hits below app\na.py:2: two\nsub/b�c.py:1: two"
    assert await desk.refuses("search_files", pattern="(") == "search_pattern"


async def test_a_file_is_sent_from_where_it_is(desk: Desk) -> None:
    assert "app/a.py" in await desk.says("send_file", path="a.py")
    assert desk.files == (desk.root / "app" / "a.py",)
    (desk.root / "empty").touch()
    assert await desk.refuses("send_file", path="../empty") == "file_empty"


def test_the_model_is_shown_what_each_tool_wants(desk: Desk) -> None:
    shown = {name: offer(tool) for name, tool in desk.tools.items()}

    assert set(shown) == {"read_file", "list_files", "search_files", "write_file", "append_file", "send_file"}
    assert all("path" in one.parameters["properties"] for one in shown.values())  # type: ignore[operator]
    assert {name for name, tool in desk.tools.items() if tool.changes} == {"write_file", "append_file"}
