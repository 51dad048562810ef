"""Runs the agent's program and ends it, with all it started, when the server dies: `python keeper.py PARENT WORDS...`.

A program of its own, on Linux: the kernel ends a child with its parent if asked to, but not the child's children, and Claude
Code's tools have process groups of their own. Here every one of them that loses its parent becomes ours (a "subreaper"), so none
can escape. It knows the standard library only, started with `-I -S`: it is to be up at once, and small.
See prctl(2): PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER. The former is bound to the thread that starts us.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time

SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36  # of <linux/prctl.h>
END_WITHIN = 10.0  # seconds; what cannot be killed, a program run by sudo, must not hold us for ever
DIED = signal.SIGUSR1  # the kernel tells us that the server is gone
HEARD = {signal.SIGCHLD, signal.SIGTERM, DIED}


def main(parent: int, words: list[str]) -> int:
    """Run the words until they end and return their exit code; a signal that ended them ends us."""
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(
            number, signal.SIG_DFL
        )  # Python changes these, and what is ignored would be ignored by the agent too
    _prctl(SET_CHILD_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    _prctl(SET_PDEATHSIG, DIED)
    if os.getppid() != parent:  # it died before we could ask to be told
        return 1
    child = _begin(words)
    _let_go_of_the_pipes()
    while True:
        match signal.sigwait(HEARD):
            case signal.SIGTERM:
                os.kill(child, signal.SIGTERM)
            case signal.SIGCHLD:
                if (status := _reap().get(child)) is None:
                    continue
                if _nobody_listens():
                    _end_all()
                return _as_it_ended(status)
            case _:
                os.kill(child, signal.SIGKILL)  # first of all: it may be about to act on the end of its input
                _end_all()
                return 1


def _begin(words: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _prctl(SET_PDEATHSIG, signal.SIGKILL)  # should we be killed ourselves
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        os.execvp(words[0], words)
    except OSError as error:
        os.write(2, f"{words[0]}: {error.strerror}\n".encode("utf-8", "replace"))
    finally:
        os._exit(127)


def _let_go_of_the_pipes() -> None:
    """They are the child's: its end must be seen at the other side. The one for errors tells us whether that is there."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)


def _nobody_listens() -> bool:
    """Whether the server is gone, or going: its pipes break before we are told, and a child may end of that."""
    poll = select.poll()
    poll.register(2, 0)
    return any(what & select.POLLERR for _, what in poll.poll(0))


def _reap() -> dict[int, int]:
    """The wait status of each child that has ended, by its number; those we inherited too."""
    ended: dict[int, int] = {}
    while True:
        try:
            number, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not number:
            return ended
        ended[number] = status


def _as_it_ended(status: int) -> int:
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one dump is enough
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {os.WTERMSIG(status)})
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status) & 0xFF


def _end_all() -> None:
    """Kill every descendant. Again and again: one may start another while we look; at last all are our own children."""
    last = time.monotonic() + END_WITHIN
    while _has_children() and time.monotonic() < last:
        for number in descendants(os.getpid()):
            try:
                os.kill(number, signal.SIGKILL)
            except OSError:
                continue  # it has ended meanwhile, or is somebody else's
        signal.sigtimedwait({signal.SIGCHLD}, 0.05)
        _reap()


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def descendants(ancestor: int) -> list[int]:
    """The numbers of all processes below this one, also those dead but not reaped.

    Of a program with threads the first may be dead while the others live, and still have the children.
    """
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # pathlib takes longer to import than all of this
        if name.isdigit() and (parent := _parent(name)):
            children.setdefault(parent, []).append(int(name))
    found, look = [], [ancestor]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def _parent(number: str) -> int:
    """0 for a process that has ended. See proc(5), stat."""
    try:
        with open(f"/proc/{number}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
