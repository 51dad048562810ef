"""Runs the agent's program and ends it, with all it started, when the server dies: `python keeper.py PARENT WORDS...`.

A program of its own, on Linux: what it keeps hold of, and how, is told in `phonework/offspring.py`. It knows that and the standard
library only, started with `-I -S`: it is to be up at once, and small. The server's death is that of the thread that starts us.
"""

import os
import resource
import select
import signal
import sys

if not __package__:  # run by its path: the package is where this file is
    sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))  # noqa: PTH100, PTH118, PTH120  # pathlib takes longer to import than all of this

from phonework import offspring

END_WITHIN = 10.0  # seconds; what cannot be killed, a program run by sudo, must not hold us for ever
DIED = signal.SIGUSR1  # the kernel tells us that the server is gone
HEARD = {signal.SIGCHLD, signal.SIGTERM, DIED}


def dies_with_us() -> tuple[str, ...]:
    """The words before a command that end it, and all it started, when we end, however that happens.

    On Linux only; elsewhere nothing, and our next start looks for what was left. It is bound to the thread that starts the
    process, which is the event loop's and lives as long as we do.
    """
    if sys.platform != "linux" or not sys.executable:
        return ()
    return (sys.executable, "-I", "-S", os.path.abspath(__file__), str(os.getpid()))  # noqa: PTH100  # as above


def main(parent: int, words: list[str]) -> int:
    """Run the words until they end and return their exit code; a signal that ended them ends us."""
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(
            number, signal.SIG_DFL
        )  # Python changes these, and what is ignored would be ignored by the agent too
    offspring.adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    offspring.on_death_of_parent(DIED)
    if os.getppid() != parent:  # it died before we could ask to be told
        return 1
    child = _begin(words)
    _let_go_of_the_pipes()
    while True:
        match signal.sigwait(HEARD):
            case signal.SIGTERM:
                os.kill(child, signal.SIGTERM)
            case signal.SIGCHLD:
                if (status := offspring.reaped().get(child)) is None:
                    continue
                if _nobody_listens():
                    offspring.end_all(offspring.reaped, END_WITHIN)
                return _as_it_ended(status)
            case _:
                os.kill(child, signal.SIGKILL)  # first of all: it may be about to act on the end of its input
                offspring.end_all(offspring.reaped, END_WITHIN)
                return 1


def _begin(words: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        offspring.on_death_of_parent(signal.SIGKILL)  # should we be killed ourselves
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


def _as_it_ended(status: int) -> int:
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one dump is enough
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {os.WTERMSIG(status)})
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
