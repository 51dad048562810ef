"""Becomes the program that a file names: `python -I -S begin.py FILE`. Only the standard library.

FILE: JSON with `words` and `environment`, read once and removed. Why a file: words and variables given to tmux could be read by
every user of the machine, in the list of processes. What tmux itself says of the terminal stays.
"""

import json
import os
import sys

OF_THE_TERMINAL = ("TERM", "TMUX", "TMUX_PANE", "COLORTERM")

if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:  # noqa: PTH123  # pathlib takes longer to import than all of this
        told = json.load(file)
    os.unlink(sys.argv[1])  # noqa: PTH108  # as above
    here = {name: os.environ[name] for name in OF_THE_TERMINAL if name in os.environ}
    os.execvpe(told["words"][0], told["words"], {**told["environment"], **here})
