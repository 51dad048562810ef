"""How Claude Code is started: which program, with which flags, in which environment, and so that it dies with us."""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonework import sandboxing
from phonework.backends import containers, programs
from phonework.backends.containers import Container
from phonework.backends.hook_client import MARK as MARK
from phonework.backends.keeper import dies_with_us as dies_with_us
from phonework.errors import BackendError, SandboxError
from phonework.sandbox import Sandbox, check

# In plan mode calls are otherwise judged by the vendor's server, which a gateway does not have; then nobody is asked.
SETTINGS = json.dumps({"useAutoModeDuringPlan": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The `[claude]` section. env: goes over the environment of this process. max_live: connected agents at most.

    sandbox: what agents are confined to; None: they may do what we may. image, container_options: for those in containers.
    """

    cli_path: str = ""
    model: str = ""
    permission_mode: str = ""
    env: Mapping[str, str]
    max_live: int = 8
    sandbox: Sandbox | None = None
    image: str = ""
    container_options: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: Mapping[str, object]) -> "Settings":
        """The settings of a validated section; what is missing or None has its default.

        Raises TypeError for a sandbox that is none: a mistake there must not let agents run without.
        """
        sandbox = raw.get("sandbox")
        if sandbox is not None and not isinstance(sandbox, Sandbox):
            raise TypeError(f"sandbox is {type(sandbox).__name__}, not Sandbox")
        env = raw.get("env")
        live, options = raw.get("max_live"), raw.get("container_options")
        return cls(
            cli_path=str(raw.get("cli_path") or ""),
            model=str(raw.get("model") or ""),
            permission_mode=str(raw.get("permission_mode") or ""),
            env={str(key): str(value) for key, value in env.items()} if isinstance(env, Mapping) else {},
            max_live=live if isinstance(live, int) and live > 0 else 8,
            sandbox=sandbox,
            image=str(raw.get("image") or ""),
            container_options=tuple(str(word) for word in options) if isinstance(options, list | tuple) else (),
        )


def find_cli(wanted: str) -> str:
    """The program to run; usually the one that the SDK brings. Raises BackendError when there is none."""
    found = programs.find("claude", wanted, _bundled)
    if not found:
        raise BackendError("claude.not_there", path=wanted) if wanted else BackendError("claude.not_installed")
    return found


def _bundled() -> str:
    try:
        import claude_agent_sdk
    except ImportError:
        return ""
    path = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
    return str(path) if path.is_file() else ""


def may_bypass(env: Mapping[str, str]) -> bool:
    """Whether Claude Code lets itself be run without asking: as root only where it is told of a sandbox (2.1.329)."""
    return os.geteuid() != 0 or env.get("IS_SANDBOX") == "1"


def command(
    cli: str,
    *,
    session_id: str = "",
    resume: str = "",
    fork: bool = False,
    model: str = "",
    mode: str = "",
    switchable: bool = False,
    inside: Sequence[str] = (),
) -> list[str]:
    """The words of a streaming session; `--flag=value` where a value could be taken for a flag. inside: see `confined`.

    fork: begin as a copy of the conversation `resume`, under the id `session_id`.
    switchable: we may let it ask nothing later on, for a limited time; it does not begin so.
    """
    words = [*dies_with_us(), *inside, cli]
    words += ["--output-format", "stream-json", "--input-format", "stream-json", "--verbose"]
    words += ["--include-partial-messages", "--permission-prompt-tool", "stdio", "--settings", SETTINGS]
    words += [f"--resume={resume}"] if resume else []
    words += ["--fork-session"] if fork else []
    words += [f"--session-id={session_id}"] if fork or not resume else []
    words += [f"--model={model}"] if model else []
    words += [f"--permission-mode={mode}"] if mode else []
    words += ["--allow-dangerously-skip-permissions"] if switchable else []
    return words


def environment(settings: Settings, mark: str) -> dict[str, str]:
    """The environment of the agent: ours, the configured one over it, and the mark that finds its processes again.

    The owner's ANTHROPIC_* and CLAUDE_* reach the agent. CLAUDECODE does not, or it would think itself inside another one,
    and PHONEWORK_* does not: our secrets are not for it and its tools.
    """
    inherited = {
        key: value for key, value in os.environ.items() if key != "CLAUDECODE" and not key.startswith("PHONEWORK_")
    }
    return {
        **inherited,
        "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
        "CLAUDE_CODE_SDK_READS_SESSION_STATE": "1",
        **settings.env,
        MARK: mark,
    }


def config_dir(env: Mapping[str, str]) -> Path:
    """Where Claude Code keeps its transcripts, for an agent with this environment."""
    if named := env.get("CLAUDE_CONFIG_DIR"):
        return Path(named)
    return Path(env.get("HOME") or Path.home()) / ".claude"


async def confined(
    settings: Settings, env: Mapping[str, str], *, cli: str = "", cwd: str = "", hide: Sequence[str] = ()
) -> list[str]:
    """The words that put the CLI into the sandbox, none when it is off.

    cli: the program. cwd: where it works; empty: in a /tmp of its own, and nothing is made for it here. hide: what it
    must not see, beside what the settings say.
    Raises SandboxError with the remedy when the sandbox does not work here: then it must not be run.
    """
    if settings.sandbox is None:
        return []
    try:
        own = await asyncio.to_thread(_own_places, env, cwd)
    except OSError as error:
        raise SandboxError("claude.no_own_directory", problem=error.strerror or str(error)) from error
    return await sandboxing.words(settings.sandbox, directory=cwd, own=own, hide=hide, program=cli)


def _own_places(env: Mapping[str, str], cwd: str) -> list[str]:
    """Where Claude Code keeps what is its own. Made for a session if need be: inside the sandbox it could not."""
    config = Path(cwd or "/", config_dir(env))
    places = [config] if env.get("CLAUDE_CONFIG_DIR") else [config, config.with_name(".claude.json")]
    if not cwd:
        return [str(place) for place in places if place.exists()]
    config.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in places[1:]:
        with contextlib.suppress(FileExistsError):
            # An empty file would be taken for a damaged one. It is written in place where it cannot be replaced (2.1.329).
            file.touch(mode=0o600, exist_ok=False)
            file.write_text("{}\n", encoding="utf-8")
    return [str(place) for place in places]


# What else of our environment an agent in a container gets: what it is not to tell (DISABLE_TELEMETRY), the proxies, and how people here write and count time.
_PASSED = ("ANTHROPIC_", "CLAUDE_", "DISABLE_", "LC_")
_PASSED_NAMES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "LANG", "TZ"})


def contained(settings: Settings, env: Mapping[str, str], *, engine: str, cwd: str, data_dir: Path, session_id: str) -> Container:  # fmt: skip
    """The container for the CLI: it sees the directory and the CLI's own places, nothing else of this machine.

    Raises SandboxError when these are not what they seem, BackendError when there is no such engine. Looks at the disk.
    """
    try:
        own = tuple(_own_places(env, cwd))
    except OSError as error:
        raise SandboxError("claude.no_own_directory", problem=error.strerror or str(error)) from error
    places = sandboxing.look(settings.sandbox or Sandbox(), cwd, own, (str(data_dir),))
    check(places)
    # Its own may be links, which are not there inside: it finds them under the names it looks for.
    named = dict(zip(own, places.writable[-len(own) :], strict=True))
    # What of them is only ours is for the engine: our PATH is not the image's.
    heeded = {name: value for name, value in settings.env.items() if containers.heeds(name)}
    return Container(
        engine=engine,
        image=settings.image,
        name=containers.name_of(data_dir, session_id),
        home=containers.home_of(data_dir),
        directory=cwd,
        places={**{place: place for place in places.lent}, **named},
        variables=[name for name in env if _is_passed(name) or name in settings.env or name == MARK],
        told={**heeded, "HOME": env.get("HOME") or str(Path.home()), "IS_SANDBOX": "1"},
        options=settings.container_options,
    )


def _is_passed(name: str) -> bool:
    return name.startswith(_PASSED) or name.upper() in _PASSED_NAMES


def engine_environment(env: Mapping[str, str]) -> dict[str, str]:
    """That of the engine's program which runs the agent: the agent's, but with ours the engine that we ask and end it with."""
    agents = {name: value for name, value in env.items() if not containers.heeds(name)}
    return {**agents, **{name: value for name, value in containers.environment().items() if containers.heeds(name)}}
