"""`python -m phonework.cli.tether …`: a `phonework` command that ends when the end of its stdin comes.

The process that started it holds the other end of the pipe; however that one ends, this one ends too.
"""

import os
import signal
import sys
import threading
from typing import Final

GRACE_SECONDS: Final = 2.0


def main() -> None:
    threading.Thread(target=_end_with_parent, name="tether", daemon=True).start()
    from phonework.cli import main as phonework

    phonework(sys.argv[1:], prog_name="phonework")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
