"""A real Podman of its own for tests: nothing of the machine's containers and images is seen or touched, nothing is fetched.

Its image is empty but for directories; all programs come from this machine's /usr, which is mounted for reading.
"""

import io
import os
import resource
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

IMAGE: Final = "localhost/phonework-test:latest"
RUNTIMES: Final = ("crun", "runc")
WITHIN: Final = 60.0
ENOUGH: Final = 4096  # files, and processes
_DIRECTORIES: Final = ("etc", "dev", "proc", "root", "run", "sys", "tmp", "usr", "var/tmp")
_LINKS: Final = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Podman:
    """directory: a short path; sockets lie below it. environment: what makes every `podman` use it."""

    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CONTAINERS_CONF": str(self.directory / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf"),
        }

    def options(self, *programs: Path) -> list[str]:
        """Words for `run`: the machine's programs, and further ones in a directory of the PATH."""
        mounts = [f"--volume={program}:/programs/{program.name}:ro" for program in programs]
        return ["--volume=/usr:/usr:ro", *mounts, "--env=PATH=/programs:/usr/bin:/bin"]

    def run(self, *words: str, stdin: bytes = b"") -> str:
        """What it prints. Raises RuntimeError with what it says when it fails."""
        done = subprocess.run(
            ["podman", *words], input=stdin, capture_output=True, check=False, timeout=WITHIN, env={**os.environ, **self.environment}
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout.decode("utf-8", "replace").strip()

    def containers(self) -> list[str]:
        """The names of all there are, running or not."""
        return self.run("ps", "--all", "--format", "{{.Names}}").split()

    def clear(self) -> None:
        """End all of them at once."""
        self.run("kill", "--all")
        self.run("rm", "--all", "--force")

    def close(self) -> None:
        self.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


def begin(directory: Path) -> tuple[Podman | None, str]:
    """One that works, with the image in it; or why there is none."""
    if not shutil.which("podman"):
        return None, "podman is not installed: apt-get install podman crun catatonit"
    podman, why = Podman(directory=directory), "no runtime is installed: apt-get install crun"
    for runtime in filter(shutil.which, RUNTIMES):
        try:
            _configure(directory, runtime)
            podman.run("import", "-", IMAGE, stdin=_image())
            podman.run("run", "--rm", "--init", *podman.options(), IMAGE, "true")
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            why = f"podman cannot work here: {error}"
        else:
            return podman, ""
    return None, why


def _configure(directory: Path, runtime: str) -> None:
    limits = [f'"{name}={_limit(number)}"' for name, number in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))]  # fmt: skip
    lines = ["[containers]", 'netns = "host"', f"default_ulimits = [{', '.join(limits)}]"]
    lines += ["[engine]", f'runtime = "{runtime}"', f'tmp_dir = "{directory}/t"', 'cgroup_manager = "cgroupfs"', 'events_logger = "none"']  # fmt: skip
    (directory / "containers.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    storage = ["[storage]", 'driver = "vfs"', f'graphroot = "{directory}/g"', f'runroot = "{directory}/r"']
    (directory / "storage.conf").write_text("\n".join(storage) + "\n", encoding="utf-8")


def _limit(number: int) -> str:
    """Low enough for everybody: raising one takes a capability that may be missing."""
    _, hard = resource.getrlimit(number)
    limit = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    return f"{limit}:{limit}"


def _image() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in _DIRECTORIES:
            _add(archive, name, tarfile.DIRTYPE, mode=0o1777 if name.endswith("tmp") else 0o755)
        for name, target in _LINKS.items():
            _add(archive, name, tarfile.SYMTYPE, link=target)
        for name in ("passwd", "group"):
            text = f"root:x:0:{'0:root:/root:/bin/sh' if name == 'passwd' else ''}\n".encode()
            _add(archive, f"etc/{name}", tarfile.REGTYPE, content=text)
    return made.getvalue()


def _add(archive: tarfile.TarFile, name: str, kind: bytes, *, mode: int = 0o755, link: str = "", content: bytes = b"") -> None:  # fmt: skip
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname, entry.size = kind, mode, link, len(content)
    archive.addfile(entry, io.BytesIO(content))
