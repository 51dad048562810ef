"""Puts an agent into a container of Docker or Podman, and ends what is left of one: by its name, or by our label.

Words and options are those that both engines know: docker-run(1), podman-run(1); tried with Podman 4.3.1. A container's end by
`--rm` is the work of processes that die with us if we are killed, so what is left over is looked for when the server begins.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from phonework.errors import BackendError

log = structlog.get_logger(__name__)

ENGINES: Final = ("docker", "podman")
LABEL: Final = "phonework.home"
ASK_SECONDS: Final = 8.0
END_SECONDS: Final = 3.0
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")
# Variables by which an engine's program finds its engine, containers and files: docker(1), podman(1), containers.conf(5).
_HEEDED: Final = frozenset(
    {
        *("HOME", "PATH", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
        *("DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK"),
        *("DOCKER_API_VERSION", "DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_DEFAULT_PLATFORM"),
        *("DOCKER_HOST", "DOCKER_TLS", "DOCKER_TLS_VERIFY"),
        *("CONTAINER_CONNECTION", "CONTAINER_HOST", "CONTAINER_SSHKEY"),
        *("CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF"),
        *("PODMAN_USERNS", "STORAGE_DRIVER", "STORAGE_OPTS"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One to be run. name: its own; home: what all of this server are found by, see `home_of`.

    directory: where the agent works; places: files and directories it sees, and may write: what it calls them, and what
    they are outside.
    variables: names of those it gets from the engine's own environment; told: those it gets by value, which are no secrets.
    options: the owner's further words for `run`.
    """

    engine: str
    image: str
    name: str
    home: str
    directory: str
    places: Mapping[str, str]
    variables: Iterable[str]
    told: Mapping[str, str]
    options: Sequence[str] = ()


def home_of(data_dir: Path) -> str:
    return hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]


def name_of(data_dir: Path, session_id: str) -> str:
    return f"phonework-{_NOT_IN_A_NAME.sub('-', session_id)}-{home_of(data_dir)[:8]}"


def heeds(name: str) -> bool:
    """Whether an engine's program heeds this variable itself: then it gets the server's, and a container gets its own by value."""
    return name in _HEEDED


def environment() -> dict[str, str]:
    """The one environment of an engine's program, whatever it is to do: the server's, without its own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PHONEWORK_")}


def words(program: str, container: Container, *, uid: int, gid: int) -> list[str]:
    """The words before the agent's own. uid, gid: whose files the places are. An image is never fetched: that takes minutes."""
    return [
        program, "run", "--rm", "--interactive", "--init", "--pull=never", "--security-opt=label=disable",
        "--log-driver=none",  # the engine would keep all that is said
        f"--name={container.name}", f"--label={LABEL}={container.home}", f"--workdir={container.directory}",
        *_as_user(container.engine, uid, gid),
        *(f"--mount={_mount(source, name)}" for name, source in sorted(container.places.items())),
        *(f"--env={name}" for name in sorted(set(container.variables) - set(container.told))),
        *(f"--env={name}={value}" for name, value in sorted(container.told.items())),
        *container.options, container.image,
    ]  # fmt: skip


def _as_user(engine: str, uid: int, gid: int) -> list[str]:
    """What it writes outside is to be the owner's, whoever the image's own user is."""
    return ["--userns=keep-id"] if uid and engine == "podman" else [f"--user={uid}:{gid}"]


def _mount(source: str, name: str) -> str:
    """The value is a line of CSV; that of `--volume` could not name a path with a colon in it."""
    fields = ("type=bind", f"source={source}", f"target={name}")
    return ",".join('"' + one.replace('"', '""') + '"' if set(one) & set(',"\r\n') else one for one in fields)


def program_of(engine: str) -> str:
    """The engine's program. Raises BackendError with the remedy."""
    if engine not in ENGINES:
        raise BackendError("container.unknown", engine=engine[:40], known=", ".join(ENGINES))
    found = shutil.which(engine)
    if not found:
        raise BackendError("container.no_engine", engine=engine)
    return str(Path(found).absolute())


async def check(program: str, engine: str, image: str) -> None:
    """Raises BackendError with the remedy when the engine does not work, or does not have the image."""
    if not image:
        raise BackendError("container.no_image")
    code, _ = await _ask(program, "image", "inspect", image)
    if code == 0:
        return
    code, said = await _ask(program, "ps", "--quiet")
    if code != 0:
        raise BackendError("container.engine_dead", engine=engine, said=" ".join(said.split())[:300])
    raise BackendError("container.image_missing", engine=engine, image=image[:200])


async def end(program: str, *names: str) -> None:
    """End containers at once, and forget them; nothing happens when there are none. What stays is ended at the next start."""
    if names:
        # Podman's `rm --force` alone would wait ten seconds for a program that does not heed SIGTERM.
        for verb in (("kill",), ("rm", "--force")):
            await _ask(program, *verb, *names, seconds=max(END_SECONDS, len(names)))


class Left:
    """Which engines this server has ever used, on disk: only these are asked at the next start what is left."""

    def __init__(self, data_dir: Path) -> None:
        self._directory, self._home = data_dir / "containers", home_of(data_dir)

    def note(self, engine: str) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / engine).touch()

    async def end(self) -> None:
        """End every container of an earlier life of this server."""
        for engine in ENGINES:
            if (self._directory / engine).exists() and (program := shutil.which(engine)):
                await self._end(engine, program)

    async def _end(self, engine: str, program: str) -> None:
        found = await self._find(engine, program)
        if not found:
            return
        await end(program, *found)
        still = await self._find(engine, program)
        if still is None:
            return  # it was logged that nobody knows
        if there := set(found) & set(still):
            log.warning("containers of an earlier life are still there", engine=engine, count=len(there))
        if ended := set(found) - set(still):
            log.warning("containers of an earlier life were ended", engine=engine, count=len(ended))

    async def _find(self, engine: str, program: str) -> list[str] | None:
        """The ids of our containers; None when the engine does not tell, which is logged."""
        code, said = await _ask(program, "ps", "--all", "--quiet", f"--filter=label={LABEL}={self._home}")
        if code == 0:
            return said.split()
        log.warning("containers that are left cannot be looked for", engine=engine, why=said[:300])
        return None


async def _ask(program: str, *arguments: str, seconds: float = ASK_SECONDS) -> tuple[int, str]:
    """Run the engine. Returns its exit code and what it said, on either output; 1 when it took too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            program, *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment(),
        )  # fmt: skip
    except OSError as error:
        return 1, error.strerror or str(error)
    try:
        async with asyncio.timeout(seconds):
            out, problem = await process.communicate()
    except TimeoutError:
        return 1, f"no answer within {seconds:.0f} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    said = out if process.returncode == 0 else problem or out
    return process.returncode or 0, said.decode("utf-8", "replace").strip()
