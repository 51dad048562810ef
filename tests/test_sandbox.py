"""The words for bubblewrap (S10), by a small model of what its options do: the last mount that covers a path counts."""

from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from phonework.errors import SandboxError
from phonework.sandbox import KERNEL, OWN, RUN_VISIBLE, Places, arguments, unfit, within

SINGLE = {"--die-with-parent", "--new-session", "--unshare-user", "--unshare-pid", "--unshare-ipc"}
ONE = {"--cap-drop", "--dev", "--proc", "--tmpfs", "--remount-ro", "--chdir"}
TWO = {"--ro-bind", "--ro-bind-try", "--bind", "--setenv"}


class Mount(NamedTuple):
    """source: of the machine's file system; empty: the sandbox's own."""

    at: str
    source: str
    writable: bool


def parsed(words: list[str]) -> list[list[str]]:
    """Each option with its values, as bwrap reads them; the program's name and the last `--` are left out."""
    assert words[0] == "/usr/bin/bwrap"
    rest, found = list(words[1:]), []
    while (option := rest.pop(0)) != "--":
        count = 0 if option in SINGLE else 1 if option in ONE else 2 if option in TWO else None
        assert count is not None, f"unknown option {option!r}"
        found.append([option, *(rest.pop(0) for _ in range(count))])
    assert not rest
    return found


def mounts(words: list[str]) -> list[Mount]:
    found: list[Mount] = []
    for option, *values in parsed(words):
        match option:
            case "--ro-bind" | "--ro-bind-try":
                found.append(Mount(values[1], values[0], writable=False))
            case "--bind":
                found.append(Mount(values[1], values[0], writable=True))
            case "--tmpfs" | "--dev" | "--proc":
                found.append(Mount(values[0], "", writable=True))
            case "--remount-ro":
                assert found[-1].at == values[0]
                found[-1] = found[-1]._replace(writable=False)
    return found


def seen(words: list[str], path: str) -> Mount:
    """Where this path comes from inside."""
    return [mount for mount in mounts(words) if within(path, mount.at)][-1]


HOSTILE = [
    "--bind",
    "--",
    "-",
    "a b",
    "a\nb",
    "$(reboot)",
    "`x`",
    "'",
    '"',
    "=",
    "\\",
    "%s",
    "新",
    "\udcff",
    " ",
    "~",
    "*",
]
names = st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=8).filter(
    lambda name: "/" not in name and "\0" not in name and name not in (".", "..")
)
paths = st.builds(
    lambda top, parts: "/".join([top, *parts]),
    st.sampled_from(["", "/home", "/srv", "/tmp", "/run", "/var/run", "/home/x"]),
    st.lists(names, min_size=1, max_size=4),
)
kernel_paths = st.builds(lambda top, name: f"{top}/{name}", st.sampled_from(KERNEL), names)
places = st.builds(
    Places,
    directory=st.just("") | paths,
    writable=st.lists(paths, max_size=4).map(tuple),
    hidden=st.lists(paths, max_size=2).map(tuple),
    hidden_files=st.lists(paths, max_size=2).map(tuple),
)


def built(given_places: Places) -> list[str]:
    try:
        return arguments("/usr/bin/bwrap", given_places)
    except SandboxError:
        assume(False)
        raise


@given(places, paths | kernel_paths)
def test_what_can_be_written_of_the_machine_is_what_was_lent_and_nothing_else(lent: Places, path: str) -> None:
    words = built(lent)

    for asked in (path, *(f"{place}/{path}".replace("//", "/") for place in lent.lent)):
        mount = seen(words, asked)
        allowed = any(within(asked, place) for place in lent.lent)
        assert (mount.writable and bool(mount.source)) == allowed, asked


@given(places)
def test_every_mount_shows_a_path_under_its_own_name(lent: Places) -> None:
    for mount in mounts(built(lent)):
        assert mount.source in ("", "/dev/null", mount.at)
        assert mount.at.startswith("/")
        if mount.source and mount.writable:
            assert mount.at in lent.lent
            assert not unfit(mount.at)


@given(places, names)
def test_nothing_below_a_hidden_place_is_the_machines(lent: Places, name: str) -> None:
    words = built(lent)

    for hidden in (*lent.hidden, *lent.hidden_files):
        below = [mount.at for mount in mounts(words) if within(mount.at, hidden) and mount.at != hidden]
        assert not below or within(hidden, "/run"), "there is nothing left to mount it on"
        for path in (hidden, f"{hidden}/{name}"):
            mount = seen(words, path)
            assert mount.source in ("", "/dev/null") or mount.at in RUN_VISIBLE
            assert not mount.writable or any(within(path, own) for own in OWN)


@given(places)
def test_it_begins_where_it_may_write_and_always_isolated(lent: Places) -> None:
    found = parsed(built(lent))

    assert ["--chdir", lent.directory or "/tmp"] in found
    assert ["--cap-drop", "ALL"] in found
    assert {option for option, *_ in found} >= SINGLE
    assert found[: len(SINGLE) + 1] == sorted(found[: len(SINGLE) + 1], key=found.index), "isolation comes first"


def test_a_whole_command() -> None:
    words = arguments(
        "/usr/bin/bwrap",
        Places(
            directory="/home/x/work/a",
            writable=("/home/x/.claude", "/home/x/.claude.json", "/run/user/1/agent.sock"),
            hidden=("/home/x/.local/share/phonework", "/tmp/data"),
            hidden_files=("/home/x/.config/phonework/config.toml",),
        ),
    )

    assert [mount for mount in mounts(words) if mount.at not in RUN_VISIBLE and not mount.at.startswith("/proc/")] == [
        Mount("/", "/", False),
        Mount("/dev", "", True),
        Mount("/proc", "", True),
        Mount("/tmp", "", True),
        Mount("/run", "", True),
        Mount("/home/x/.local/share/phonework", "", False),
        Mount("/home/x/.config/phonework/config.toml", "/dev/null", False),
        Mount("/home/x/.claude", "/home/x/.claude", True),
        Mount("/home/x/.claude.json", "/home/x/.claude.json", True),
        Mount("/home/x/work/a", "/home/x/work/a", True),
        Mount("/run/user/1/agent.sock", "/run/user/1/agent.sock", True),
    ]
    assert not seen(words, "/proc/sys/kernel/core_pattern").writable


@pytest.mark.parametrize(
    ("lent", "why"),
    [
        (Places(directory="/"), "as a whole"),
        (Places(directory="/tmp"), "as a whole"),
        (Places(writable=("/run",)), "as a whole"),
        (Places(writable=("/proc/sys",)), "kernel"),
        (Places(writable=("/sys/fs/cgroup",)), "kernel"),
        (Places(writable=("/dev/sda",)), "kernel"),
        (Places(directory="work"), "absolute"),
        (Places(directory="/a/../b"), "absolute"),
        (Places(directory="/a/./b"), "absolute"),
        (Places(directory="/a/"), "absolute"),
        (Places(directory="//a"), "slashes"),
        (Places(directory="/a\0b"), "absolute"),
        (Places(directory="/a", hidden=("/a/data",)), "hidden"),
        (Places(directory="/a", hidden=("/a",)), "hidden"),
        (Places(directory="/a/data/work", hidden=("/a/data",)), "hidden"),
        (Places(writable=("/a",), hidden_files=("/a/b/config.toml",)), "hidden"),
    ],
)
def test_places_that_would_undo_it_are_refused(lent: Places, why: str) -> None:
    with pytest.raises(SandboxError, match=why):
        arguments("/usr/bin/bwrap", lent)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_taken_for_an_option(name: str) -> None:
    words = arguments("/usr/bin/bwrap", Places(directory=f"/srv/{name}", writable=(f"/home/{name}",)))

    assert seen(words, f"/srv/{name}") == Mount(f"/srv/{name}", f"/srv/{name}", True)
    assert ["--chdir", f"/srv/{name}"] in parsed(words)


def test_a_program_below_tmp_is_visible_for_reading() -> None:
    """It may be installed there; the sandbox's own /tmp would hide it."""
    words = arguments("bwrap", Places(directory="/home/a/work", programs=("/tmp/venv/bin/claude", "/usr/bin/claude")))

    assert words[words.index("/tmp/venv/bin/claude") - 1] == "--ro-bind"
    assert words.index("/tmp/venv/bin/claude") > words.index("--tmpfs")
    assert "/usr/bin/claude" not in words


def test_the_kernel_s_files_are_no_programs() -> None:
    with pytest.raises(SandboxError, match="kernel"):
        arguments("bwrap", Places(programs=("/proc/1/exe",)))
