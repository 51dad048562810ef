"""The words that put a command into bubblewrap: it may write in a few places and nowhere else. Pure: touches no disk.

What the options do: bwrap(1), versions 0.4 to 0.11; what follows from them was tried with 0.8.0 on Linux 6.18.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from phonework.errors import SandboxError
from phonework.fsm.types import Sentence

# The sandbox has these to itself: they, and what holds them, cannot be lent from the machine.
OWN: Final = ("/tmp", "/run", "/dev", "/proc", "/sys")
# Below these nothing can be lent either: they are the kernel's.
KERNEL: Final = ("/dev", "/proc", "/sys")
# /run is full of sockets whose servers act outside (Docker, D-Bus, systemd). Only what names and programs need is left.
RUN_VISIBLE: Final = (
    "/run/systemd/resolve",
    "/run/resolvconf/resolv.conf",
    "/run/NetworkManager/resolv.conf",
    "/run/connman/resolv.conf",
    "/run/current-system",
    "/run/opengl-driver",
)
# bwrap leaves these writable for root, who needs no capability for them: core_pattern alone would run any program outside.
PROC_READABLE: Final = tuple(
    f"/proc/{name}" for name in ("sysrq-trigger", "acpi", "asound", "bus", "fs", "irq", "scsi")
)
# All capabilities are dropped, or root could simply make everything writable again.
ISOLATION: Final = (
    "--die-with-parent", "--new-session", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What the owner set. All are absolute paths.

    write: where agents may write beside their own places. hide: what they must not see, files or directories.
    untrusted: where agents may have put links, so that none there is followed; the working root.
    """

    write: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What one command gets, by real paths, all of which exist.

    directory: where it begins, and may write; empty: in /tmp. writable: files and directories. hidden, hidden_files: not there.
    programs: files it runs, visible for reading even where the sandbox has a place of its own.
    """

    directory: str = ""
    writable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    hidden_files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    @property
    def lent(self) -> tuple[str, ...]:
        """All that can be written, parents before what is in them."""
        places = {self.directory, *self.writable} - {""}
        return tuple(sorted(places, key=lambda place: (place.count("/"), place)))


def arguments(bwrap: str, places: Places) -> list[str]:
    """The words to put before a command. Raises SandboxError when the places contradict each other."""
    check(places)
    words = [bwrap, *ISOLATION, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    words += ["--ro-bind", "/proc/sys", "/proc/sys", *_each("--ro-bind-try", PROC_READABLE)]
    words += ["--tmpfs", "/tmp", "--tmpfs", "/run", *_each("--ro-bind-try", RUN_VISIBLE)]
    words += _each("--ro-bind", sorted(one for one in set(places.programs) if any(within(one, own) for own in OWN)))
    for place in sorted(set(places.hidden)):
        if not _is_gone(place, places):
            words += ["--tmpfs", place, "--remount-ro", place]
    for place in sorted(set(places.hidden_files)):
        if not _is_gone(place, places):
            words += ["--ro-bind", "/dev/null", place]
    words += _each("--bind", places.lent)
    return [*words, "--setenv", "TMPDIR", "/tmp", "--chdir", places.directory or "/tmp", "--"]


def check(places: Places) -> None:
    """Raises SandboxError when the places contradict each other."""
    for wrong in _problems(places):
        raise SandboxError(wrong.key, **wrong.params)


def unfit(place: str) -> Sentence | None:
    """Why this cannot be a place to write in; None when it can."""
    if not place.startswith("/") or "\0" in place or place != str(PurePosixPath(place)) or ".." in place.split("/"):
        return Sentence(key="sandbox.detours", params={"place": repr(place)})
    if place.startswith("//"):
        return Sentence(key="sandbox.two_slashes", params={"place": place})
    if any(within(own, place) for own in OWN):
        return Sentence(key="sandbox.whole", params={"place": place})
    if any(within(place, own) for own in KERNEL):
        return Sentence(key="sandbox.kernel", params={"place": place})
    return None


def within(inner: str, outer: str) -> bool:
    """Whether the one path is the other, or below it."""
    return PurePosixPath(inner).is_relative_to(outer)


def _problems(places: Places) -> Iterable[Sentence]:
    for program in places.programs:
        if any(within(program, own) for own in KERNEL):
            yield Sentence(key="sandbox.kernel", params={"place": program})
    for place in places.lent:
        if why := unfit(place):
            yield why
        for hidden in (*places.hidden, *places.hidden_files):
            # What holds a hidden place may be renamed, and then it would be found under its new name at the next start.
            if within(hidden, place) or within(place, hidden):
                yield Sentence(key="sandbox.hidden", params={"place": place, "hidden": hidden})


def _is_gone(place: str, places: Places) -> bool:
    """Whether it is not visible anyway: what is above it is hidden."""
    return any(
        within(place, above)
        for above in (*OWN, *(one for one in (*places.hidden, *places.hidden_files) if one != place))
    )


def _each(option: str, paths: Iterable[str]) -> list[str]:
    return [word for path in paths for word in (option, path, path)]
