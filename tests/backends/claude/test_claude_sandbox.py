"""The real Claude Code in the real sandbox (S10), and that it does not run at all where there is none."""

import asyncio
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from phonework.backends.claude import launcher, process
from phonework.backends.claude.backend import ClaudeBackend
from phonework.errors import BackendError, SandboxError
from phonework.fsm.types import Verdict
from phonework.sandbox import Sandbox
from phonework.testing.bubblewrap import why_not
from phonework.testing.claude_bench import ONE, ClaudeBench, say, use
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.sink import RecordingSink

pytestmark = pytest.mark.claude


@pytest.fixture
def _bubblewrap() -> None:
    if why := why_not():
        pytest.skip(why)


real = pytest.mark.usefixtures("_bubblewrap")


@pytest.fixture
def outside() -> Iterator[Path]:
    """Outside of /tmp, where the tests' own directories are and which the sandbox has to itself."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="phonework-test-") as place:
        yield Path(place).resolve()


@pytest.fixture
def confined(make_bench: Callable[..., ClaudeBench], outside: Path) -> ClaudeBench:
    (outside / "data").mkdir()
    (outside / "data" / "phonework.db").write_text("s3cret")
    return make_bench(more={"sandbox": Sandbox(hide=(str(outside / "data"),))})


async def allowed(bench: ClaudeBench, number: int = 1) -> None:
    await bench.answer(await bench.asked(number), Verdict.ALLOW)


@real
async def test_a_command_that_was_allowed_writes_inside_and_not_outside(confined: ClaudeBench, outside: Path) -> None:
    command = f"touch inside; touch {outside}/new; cat {outside}/data/phonework.db; ls -A {outside}/data | wc -l"
    await confined.write([use("Bash", command=command)], [say("{result}")])
    await allowed(confined)

    said = await confined.words()

    assert f"'{outside}/new': Read-only file system" in said
    assert "s3cret" not in said
    assert said.splitlines()[-1].strip().endswith("0")
    assert (confined.cwd / "inside").exists()
    assert not (outside / "new").exists()


@real
async def test_its_own_tools_write_inside_and_not_outside(confined: ClaudeBench, outside: Path) -> None:
    """Not through a shell: the program itself."""
    await confined.write(
        [use("Write", file_path=str(outside / "new"), content="x")],
        [use("Write", file_path=str(confined.cwd / "new"), content="y")],
        [say("{results}")],
    )
    await allowed(confined)
    await allowed(confined, 2)

    await confined.words()

    assert not (outside / "new").exists()
    assert (confined.cwd / "new").read_text() == "y"


@real
async def test_the_conversation_is_kept_outside_and_goes_on_in_a_new_sandbox(confined: ClaudeBench) -> None:
    await confined.write([say("first")])
    assert await confined.words() == "first"
    await confined.backend.aclose()
    confined.restart()

    await confined.write([say("{history}")])

    assert '"first"' in await confined.words(), "the first message is still known"


@real
async def test_two_at_once_do_not_disturb_each_other(confined: ClaudeBench, api: FakeAnthropic, tmp_path: Path) -> None:
    """Each believes itself to be process 2, and both keep notes of that in the same directory."""
    own = {"CLAUDE_CONFIG_DIR": str(confined.config)}
    other = ClaudeBench(api, tmp_path / "other", more=confined.more, env=own)
    try:
        with confined.waiting_command() as waiting:
            await confined.write([waiting.call], [say("one")])
            await allowed(confined)
            await waiting.running()
            await other.write([say("two")])
            assert await other.words() == "two"
            await other.backend.close(ONE)
            waiting.let_go()
            assert await confined.words() == "one"
    finally:
        await other.aclose()


@real
async def test_a_killed_one_takes_everything_along(confined: ClaudeBench) -> None:
    command = "setsid tail -f /dev/null > /dev/null 2>&1 & tail -f /dev/null"
    await confined.write([use("Bash", command=command)], [say("never")])
    await allowed(confined)
    mark = confined.backend._mark(ONE)
    async with asyncio.timeout(20):
        while sum("tail" in words for words in await asyncio.to_thread(commands, mark)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)  # nobody says when they run
    family = await asyncio.to_thread(process.marked, mark)

    assert await asyncio.to_thread(process.end_orphans, mark) == 1, "one agent, though bwrap's processes look like it"

    _, left = await asyncio.to_thread(psutil.wait_procs, family, 10)
    assert not left


def commands(mark: str) -> list[str]:
    found = []
    for one in process.marked(mark):
        try:
            found.append(one.name())
        except psutil.Error:
            continue
    return found


@real
async def test_doctor_asks_it_inside(confined: ClaudeBench) -> None:
    assert (await confined.backend.ping()).startswith("Claude Code ")


@real
async def test_the_file_beside_its_directory_is_its_own_too(tmp_path: Path) -> None:
    """Without CLAUDE_CONFIG_DIR it keeps settings in ~/.claude.json, which must be there to be lent, and not be damaged."""
    file, work = tmp_path / ".claude.json", tmp_path / "work"
    work.mkdir()
    settings, env = launcher.Settings.read({"sandbox": Sandbox()}), {"HOME": str(tmp_path)}
    await launcher.confined(settings, env)
    assert not file.exists(), "only asking about it makes nothing"

    words = await launcher.confined(settings, env, cwd=str(work))

    assert file.read_text() == "{}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {words[at + 1] for at, word in enumerate(words) if word == "--bind"} == {
        str(tmp_path / ".claude"),
        str(file),
        str(work),
    }


@pytest.mark.parametrize("script", ["echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", ""])
async def test_without_a_sandbox_that_works_nothing_runs(
    confined: ClaudeBench, api: FakeAnthropic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """Configured, but broken or missing."""
    directory = tmp_path / "bin"
    directory.mkdir()
    if script:
        (directory / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (directory / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}" if script else str(directory))

    with pytest.raises(SandboxError) as caught:
        await confined.write([say("never")])
    with pytest.raises(SandboxError):
        await confined.backend.ping()

    assert isinstance(caught.value, BackendError), "it is the turn that fails"
    assert ("Permission denied" if script else "not installed") in str(caught.value)
    assert caught.value.hint
    assert not api.requests
    assert not await asyncio.to_thread(process.marked, confined.backend._mark(ONE))


def test_a_setting_that_is_no_sandbox_is_not_taken_for_none() -> None:
    with pytest.raises(TypeError):
        launcher.Settings.read({"sandbox": "bwrap"})


@pytest.mark.parametrize(("settings", "sandboxed"), [({}, False), ({"sandbox": Sandbox()}, True)])
def test_the_backend_says_whether_it_is_confined(settings: dict[str, object], sandboxed: bool, tmp_path: Path) -> None:
    backend = ClaudeBackend(sink=RecordingSink(), settings=settings, data_dir=tmp_path)
    assert backend.capabilities.sandboxed is sandboxed
    assert backend.capabilities.can_resume
