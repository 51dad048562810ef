"""Whether bubblewrap can work on the machine the tests run on; told without any code of ours."""

import shutil
import subprocess
import sys
from functools import cache

BARE = ("--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "true")


@cache
def why_not() -> str:
    """Why it cannot; empty when it can."""
    if sys.platform != "linux":
        return "bubblewrap is for Linux only"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed: apt-get install bubblewrap"
    tried = subprocess.run(["bwrap", *BARE], capture_output=True, check=False, timeout=20)
    return "" if tried.returncode == 0 else f"bwrap cannot work here: {tried.stderr.decode(errors='replace').strip()}"
