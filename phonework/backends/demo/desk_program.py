"""What runs at the demo's desk: it has a journal open until its input ends. Run as a file, without the package, to be up at once."""

import sys
from pathlib import Path


def main(record: str) -> None:
    with Path(record).open("rb"):
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main(sys.argv[1])
