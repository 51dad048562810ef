"""The sandbox on this machine (S10): real commands in the real bubblewrap, and what happens where there is none."""

import asyncio
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from phonework import sandboxing
from phonework.backends.claude.launcher import MARK
from phonework.backends.claude.process import marked
from phonework.errors import SandboxError
from phonework.sandbox import RUN_VISIBLE, Sandbox
from phonework.testing.bubblewrap import why_not
from phonework.texts import LANGUAGES, keys, placeholders, text


@pytest.fixture
def _bubblewrap() -> None:
    if why := why_not():
        pytest.skip(why)


real = pytest.mark.usefixtures("_bubblewrap")


class Machine:
    """A piece of the file system outside of /tmp, which the sandbox has to itself."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.work, self.data, self.own, self.extra, self.outside = (
            self._made(name) for name in ("work", "data", "own", "extra", "outside")
        )
        self.config = place / "config.toml"
        self.config.write_text("token = 's3cret'")
        (self.data / "phonework.db").write_text("s3cret")
        (self.outside / "kept").write_text("as it was")
        self._made("data/backends/claude")

    def _made(self, name: str) -> Path:
        (self.place / name).mkdir(parents=True)
        return self.place / name

    @staticmethod
    def is_there(path: str) -> bool:
        return Path(path).exists()

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(
            write=(str(self.extra),), hide=(str(self.data), str(self.config)), untrusted=(str(self.work.parent),)
        )

    async def words(self, *command: str, directory: Path | None = None) -> list[str]:
        found = await sandboxing.words(
            self.sandbox,
            directory=str(directory or self.work),
            own=(str(self.own),),
            hide=(str(self.data / "backends/claude"),),
        )
        return [*found, *command]

    async def run(self, script: str, directory: Path | None = None) -> tuple[int, str]:
        """A shell's exit code and all it said."""
        process = await asyncio.create_subprocess_exec(
            *await self.words("bash", "-c", script, directory=directory),
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode(errors="surrogateescape")


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="phonework-test-") as place:
        yield Machine(Path(place).resolve())


@real
async def test_what_is_written_inside_is_written(machine: Machine) -> None:
    code, said = await machine.run(f"pwd; echo a > new; echo b > {machine.own}/new; echo c > {machine.extra}/new")

    assert (code, said) == (0, f"{machine.work}\n")
    written = [(place / "new").read_text() for place in (machine.work, machine.own, machine.extra)]
    assert written == ["a\n", "b\n", "c\n"]


@real
@pytest.mark.parametrize(
    "attempt",
    [
        "touch {outside}/new",
        "echo changed > {outside}/kept",
        "rm {outside}/kept",
        "mv {outside}/kept {work}/",
        "chmod 777 {outside}/kept",
        "ln {outside}/kept {work}/kept && echo changed > {work}/kept",
        "ln -s {outside}/kept {work}/link && echo changed > {work}/link",
        "mount -o remount,rw /",
        "mount -o remount,rw,bind / && echo changed > {outside}/kept",
        "umount {outside}",
        "unshare --user --map-root-user --mount bash -c 'mount -o remount,rw,bind / && echo changed > {outside}/kept'",
        "cat /proc/sys/kernel/core_pattern > same && cat same > /proc/sys/kernel/core_pattern",
        "mknod disk b 8 0",
    ],
)
async def test_what_is_written_outside_fails(machine: Machine, attempt: str) -> None:
    code, said = await machine.run(attempt.format(outside=machine.outside, work=machine.work))

    assert code != 0
    assert said, "and it says why"
    assert [one.name for one in machine.outside.iterdir()] == ["kept"]
    assert (machine.outside / "kept").read_text() == "as it was"


@real
async def test_what_is_ours_is_not_there(machine: Machine) -> None:
    code, said = await machine.run(
        f"ls -A {machine.data}; cat {machine.data}/phonework.db; cat {machine.config};"
        f" touch {machine.data}/new; echo x > {machine.config}"
    )

    assert code != 0
    assert "s3cret" not in said
    lines = said.splitlines()
    assert len(lines) == 4, "the directory is empty, and the other four fail"
    assert [one.name for one in machine.data.iterdir()] != ["new"]
    assert machine.config.read_text() == "token = 's3cret'"


@real
async def test_no_capability_no_other_process_and_no_socket_of_the_machine(machine: Machine) -> None:
    _, capabilities = await machine.run("grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status | cut -f2 | sort -u")
    _, processes = await machine.run("ls /proc | grep -c '^[0-9]'")
    _, left = await machine.run("ls -A /run")

    assert capabilities == "0000000000000000\n"
    assert int(processes) < 6
    assert set(left.split()) <= {place.split("/")[2] for place in RUN_VISIBLE}


@real
async def test_tmp_is_its_own(machine: Machine) -> None:
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="phonework-test-") as ours:
        code, said = await machine.run(
            f'cat {ours.name}; echo x > "$TMPDIR/phonework-test-of-its-own" && echo "$TMPDIR"'
        )

    assert code == 0
    assert said.endswith("No such file or directory\n/tmp\n")
    assert not machine.is_there("/tmp/phonework-test-of-its-own")


@real
async def test_the_network_stays(machine: Machine) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        code, said = await machine.run(f"cat < /dev/tcp/127.0.0.1/{port}")

    assert (code, said) == (0, "hello\n")


@real
@pytest.mark.parametrize(
    "name", ["--bind", "--", "-x", "a b", "a\nb", "$(touch owned)", "`x`", "'\"", "新", os.fsdecode(b"\xff"), " "]
)
async def test_a_hostile_name_of_a_directory_is_only_a_name(machine: Machine, name: str) -> None:
    directory = machine.work / name
    directory.mkdir()

    code, _ = await machine.run("echo here > new", directory=directory)

    assert code == 0
    assert (directory / "new").read_text() == "here\n"
    assert [one.name for one in machine.work.iterdir()] == [name]


@real
async def test_it_dies_with_the_process_that_started_it(machine: Machine) -> None:
    """Killed without a chance to clean up; the command has detached itself, ignores signals and has left its group."""
    mark = f"of {machine.place}"
    command = "trap '' TERM HUP INT; mkfifo wait; setsid bash -c 'echo up; read line < wait' & read line < wait"
    words = await machine.words("bash", "-c", command)
    parent = (
        "import subprocess\n"
        "from phonework.backends.claude.launcher import dies_with_us\n"
        f"subprocess.run([*dies_with_us(), *{words!r}])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, env={**os.environ, MARK: mark}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert await process.stdout.readline() == b"up\n"
    inside = [one for one in marked(mark) if one.pid != process.pid]

    process.kill()
    await process.wait()

    assert len(inside) >= 4, "two of bwrap, two shells"
    _, left = await asyncio.to_thread(psutil.wait_procs, inside, 10)
    assert not left


@real
async def test_a_directory_replaced_by_a_link_is_refused(machine: Machine) -> None:
    """As an agent may do it with a directory of another session, for that one to be let loose elsewhere."""
    (machine.work / "other").symlink_to(machine.outside)

    with pytest.raises(SandboxError, match="is a link") as caught:
        await machine.words("true", directory=machine.work / "other")

    assert str(machine.outside) in caught.value.hint


@real
async def test_links_are_followed_only_where_no_agent_can_have_put_them(machine: Machine) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        (Path(home) / "own").symlink_to(machine.own)
        (Path(home) / "by-way").symlink_to(machine.work / "way")
        (machine.work / "way").symlink_to(machine.outside)

        words = await sandboxing.words(machine.sandbox, directory=str(machine.work), own=(f"{home}/own",))
        assert words[words.index(str(machine.own)) - 1] == "--bind"
        with pytest.raises(SandboxError, match="which an agent may have put there"):
            await sandboxing.words(machine.sandbox, directory=str(machine.work), own=(f"{home}/by-way",))


@real
async def test_links_in_a_circle_and_places_that_are_not_there_are_refused(machine: Machine) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        (Path(home) / "a").symlink_to("b")
        (Path(home) / "b").symlink_to("a")
        for own in (f"{home}/a", f"{home}/nothing", f"{machine.config}/below"):
            with pytest.raises(SandboxError):
                await sandboxing.words(machine.sandbox, directory=str(machine.work), own=(own,))
    with pytest.raises(SandboxError, match="is not there"):
        await machine.words("true", directory=machine.work / "gone")


@real
@pytest.mark.parametrize("directory", ["", "data", "data/backends"])
async def test_a_session_in_or_around_what_is_ours_is_refused(machine: Machine, directory: str) -> None:
    with pytest.raises(SandboxError, match="must stay hidden") as caught:
        await machine.words("true", directory=machine.place / directory)

    assert caught.value.hint


# Where it does not work


@pytest.fixture
def fake_bwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a script in the place of bwrap."""

    def put(script: str) -> None:
        path = tmp_path / "bin" / "bwrap"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")

    return put


async def test_without_bubblewrap_it_says_what_to_install(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxError, match="not installed") as caught:
        await machine.words("true")

    assert "apt install bubblewrap" in caught.value.hint
    assert 'sandbox = "off"' in caught.value.hint


SENTENCES = sorted(key for key in keys() if key.startswith("sandbox."))


@pytest.mark.parametrize("key", SENTENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_sentence_says_why_on_one_line_and_then_what_to_do(key: str, language: str) -> None:
    error = SandboxError(key, **dict.fromkeys(placeholders(key), "/a\nb"))

    assert error.problem
    why, remedy = text(language, error.problem.key, **error.problem.params).split("\n")
    assert why
    assert remedy
    assert "\n" not in f"{error}{error.hint}"


async def test_one_that_does_not_work_here_is_told_in_its_own_words(
    machine: Machine, fake_bwrap: Callable[[str], None]
) -> None:
    fake_bwrap("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")

    with pytest.raises(SandboxError, match="setting up uid map: Permission denied") as caught:
        await machine.words("true")

    assert caught.value.hint


async def test_one_that_hangs_is_given_up(
    machine: Machine, fake_bwrap: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxing, "TRY_SECONDS", 0.2)
    fake_bwrap("exec tail -f /dev/null 2>&-")

    with pytest.raises(SandboxError, match="was not up"):
        await machine.words("true")


async def test_elsewhere_than_on_linux_it_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonework.sandboxing.sys.platform", "darwin")

    with pytest.raises(SandboxError, match="for Linux only"):
        await machine.words("true")


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "bwrap-userns-restrict"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces="),
        ("user/max_user_namespaces", "96365", "PhoneWork"),
    ],
)
def test_the_remedy_fits_what_forbids_it(tmp_path: Path, setting: str, value: str, remedy: str) -> None:
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(f"{value}\n")

    for language in LANGUAGES:
        assert remedy in text(language, sandboxing.obstacle(tmp_path), why="x")
