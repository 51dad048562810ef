"""The scratch project is made where nothing else is, and nothing else is touched."""

import asyncio
from pathlib import Path

import pytest

from phonework.backends.demo.project import MARKER, Project
from phonework.backends.demo.scratch import FILES
from phonework.errors import BackendError


async def opened(directory: Path) -> Project:
    return await Project.open(directory, asyncio.Lock())


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


async def test_an_empty_directory_becomes_a_tested_git_project(tmp_path: Path) -> None:
    project = await opened(tmp_path)

    assert project.root == tmp_path
    assert set(project.files()) == set(FILES)
    assert (tmp_path / ".git").is_dir()
    assert (await project.test()).ok
    assert await project.summary(()) == ""


async def test_it_is_found_again(tmp_path: Path) -> None:
    first = await opened(tmp_path)
    await first.apply(first.propose())

    second = await opened(tmp_path)

    assert second.root == tmp_path
    assert "with_tax" in (tmp_path / "shop/prices.py").read_text()


async def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "prices.py").write_text("MINE = True\n")
    before = contents(tmp_path)

    project = await opened(tmp_path)
    await project.apply(project.propose())

    assert project.root == tmp_path / "phonework-demo"
    assert {name: data for name, data in contents(tmp_path).items() if not name.startswith("phonework-demo/")} == before


async def test_a_foreign_folder_of_our_name_is_left_alone_too(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "phonework-demo").mkdir()
    (tmp_path / "phonework-demo" / "mine.txt").write_text("mine")

    project = await opened(tmp_path)

    assert project.root == tmp_path / "phonework-demo-2"


async def test_somebodys_empty_repository_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert (await opened(tmp_path)).root == tmp_path / "phonework-demo"


async def test_a_link_of_our_name_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine.txt").write_text("mine")
    (work / "phonework-demo").symlink_to(elsewhere)

    project = await opened(work)

    assert project.root == work / "phonework-demo-2"
    assert not list(elsewhere.iterdir())


async def test_an_edit_through_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("MINE = True\n")
    root = tmp_path / "work"
    root.mkdir()
    project = await opened(root)
    (root / "shop/prices.py").unlink()
    (root / "shop/prices.py").symlink_to(outside)

    with pytest.raises(BackendError, match="leads out"):
        project.propose()
    assert outside.read_text() == "MINE = True\n"


async def test_what_was_left_half_made_is_made_whole(tmp_path: Path) -> None:
    await opened(tmp_path)
    (tmp_path / MARKER).unlink()
    (tmp_path / "README.md").unlink()
    (tmp_path / ".git" / "index.lock").touch()

    project = await opened(tmp_path)

    assert project.root == tmp_path
    assert set(project.files()) == set(FILES)


async def test_an_edit_on_a_changed_file_is_refused(tmp_path: Path) -> None:
    project = await opened(tmp_path)
    edit = project.propose()
    await project.apply(edit)

    with pytest.raises(BackendError, match="changed by somebody"):
        await project.apply(edit)


async def test_two_sessions_may_make_it_at_the_same_moment(tmp_path: Path) -> None:
    lock = asyncio.Lock()

    one, two = await asyncio.gather(Project.open(tmp_path, lock), Project.open(tmp_path, lock))

    assert one.root == two.root == tmp_path


async def test_without_git_it_counts_the_changes_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    project = await opened(tmp_path)
    edit = project.propose()
    await project.apply(edit)

    assert await project.summary((edit,)) == " shop/prices.py | 9 +, 0 -"
    assert not (tmp_path / ".git").exists()


async def test_git_is_not_killed_in_the_middle(tmp_path: Path) -> None:
    """A git that was killed would leave its lock, and every later commit would fail."""
    project = await opened(tmp_path)
    for _ in range(5):
        await project.apply(project.propose())
        task = asyncio.create_task(project.keep())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert not (tmp_path / ".git" / "index.lock").exists()
        assert await project.summary(()) == "", "it was committed all the same"
