"""The checks of `phonework doctor`. Each looks at one thing, changes nothing, and never raises."""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from phonework import sandboxing
from phonework.audit import files as audit_files
from phonework.backends import registry
from phonework.backends.base import Progress
from phonework.backends.registry import Kind
from phonework.cli.checking import Check, bad, note, ok
from phonework.cli.checks_feishu import by_phone, credentials
from phonework.cli.options import start_logging
from phonework.config import Config, load
from phonework.errors import BackendError, ConfigError, SandboxError, StoreError
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import SessionId
from phonework.store import inspection
from phonework.store.connect import open_reader
from phonework.store.lock import holder, refuse_network
from phonework.store.migrate import check as examine
from phonework.texts import text

LOW_BYTES: Final = 1_000_000_000
TOO_LOW_BYTES: Final = 100_000_000
ASK_SECONDS: Final = 30.0
TURN_SECONDS: Final = 90.0
PROGRAMS: Final = {"git": "`/diff` and the agents use it", "rg": "searching files is faster with it (ripgrep)"}
WAL_BUG_FIXED: Final = (3, 51, 3)


async def all_checks(
    config_path: Path | None, data_dir: Path | None, *, click_s: float | None = None, turn: bool = False
) -> list[Check]:
    """Everything; with settings that do not load, what can be said without them.

    click_s: send a card, and wait so many seconds for its tap and a message. turn: let the default agent answer a line.
    """
    overrides = {"server.data_dir": str(data_dir) if data_dir else None}
    try:
        config = load(config_path, overrides)
    except ConfigError as error:
        return [*(bad("settings", line) for line in error.problems), *_program()]
    start_logging(config, level="error")  # what is wrong is said by the checks
    found = [ok("settings", f"read from {config.path or 'the environment and defaults: there is no config.toml'}")]
    found += _program()
    found += [*_access(config), *(await credentials(config))]
    if click_s is None:
        found += [note("phone", "messages and taps were not tried", "`phonework doctor --click`, while no server runs")]
    else:
        found += await by_phone(config, click_s)
    found += [await _sandbox(config)]
    found += await asyncio.gather(
        *(check_agent(config, kind, smoke=turn and kind.name == config.agent.default) for kind in kinds())
    )
    found += [await _assistant(config), *_programs()]
    found += [*_directory(config), *_disk(config), *(await asyncio.to_thread(_database, config))]
    found += await asyncio.to_thread(_audit, config)
    return found


def _program() -> list[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    sqlite = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info >= WAL_BUG_FIXED:
        return [ok("python", version), ok("sqlite", sqlite)]
    return [
        ok("python", version),
        note("sqlite", f"{sqlite}: two programs writing one file could lose pages (mended in 3.51.3)",
              "PhoneWork writes through one connection only and is safe; let no other program write to its database"),
    ]  # fmt: skip


def _access(config: Config) -> list[Check]:
    found = []
    if not config.access.allow:
        found.append(
            note(
                "access",
                "nobody is allowed yet",
                "`phonework init`, or `phonework serve`: the first person in pairs with the code it shows",
            )
        )
    elif "*" in config.access.allow:
        found.append(
            note("access", "everybody who finds the bot may use it", "list the people in [access] allow instead")
        )
    else:
        found.append(ok("access", f"{len(config.access.allow)} allowed"))
    return found


async def _sandbox(config: Config) -> Check:
    """Whether what agents are to run in works here, with the places that are configured."""
    wanted = config.sandbox_of_agents()
    if wanted is None:
        return ok("sandbox", "off: agents may write wherever you may")
    try:
        await sandboxing.words(wanted)
    except SandboxError as error:
        return bad("sandbox", str(error), error.hint)
    return ok("sandbox", "bwrap works: an agent writes in its session's directory and its own only")


def kinds() -> Iterable[Kind]:
    """The kinds of agents there are, usable or not."""
    return registry.kinds().values()


async def check_agent(config: Config, kind: Kind, *, smoke: bool = False) -> Check:
    """One backend's own word; only the default one has to work. smoke: it answers a line, which shows its login."""
    name, needed = f"agent {kind.name}", kind.name == config.agent.default
    settings = config.agent_settings(kind.name)
    try:
        if kind.factory is None:
            raise BackendError(kind.why)
        with tempfile.TemporaryDirectory(prefix="phonework-doctor-") as place:
            backend = kind.factory(sink=_Nobody(), settings=settings, data_dir=Path(place))
            async with asyncio.timeout(TURN_SECONDS if smoke else ASK_SECONDS):
                said = await backend.ping(smoke=smoke)
                await backend.aclose()
    except Exception as error:  # a kind may be somebody else's, and raises anything
        remedy = getattr(error, "hint", "") or " or ".join(
            filter(None, (kind.about.install, "another [agent] default"))
        )
        why = str(error) or type(error).__name__
        return bad(name, why, remedy) if needed else note(name, why, f"only if you want it: {remedy}")
    return ok(name, said)


async def _assistant(config: Config) -> Check:
    """Whether the model answers: one short request."""
    chosen = config.assistant
    if not chosen.configured:
        return ok("assistant", "none: direct mode only")
    from phonework.assistant.client import OpenAIModel
    from phonework.assistant.model import Message, ModelError, Role, Watch

    key, timeout = chosen.api_key.get_secret_value(), timedelta(seconds=min(chosen.timeout, ASK_SECONDS))
    model = OpenAIModel(base_url=chosen.base_url, api_key=key, model=chosen.model, timeout=timeout, retries=0)
    hello = Message(role=Role.USER, text="Answer with the one word pong.")
    where = {"model": chosen.model, "host": urlsplit(chosen.base_url).netloc.rpartition("@")[2]}
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await model.ask("", [hello], (), Watch(text=lambda _text: None, again=lambda _error, _pause: None))
    except ModelError as error:
        why = text("en", f"assistant.{error.trouble.value}", **where, detail=error.detail)
        return bad("assistant", why, "compare [assistant] base_url, api_key and model with your provider's pages")
    except TimeoutError:
        return bad("assistant", f"{where['host']} does not answer", "check the network and [assistant] base_url")
    finally:
        await model.aclose()
    return ok("assistant", f"{where['model']} at {where['host']} answers")


def _programs() -> list[Check]:
    """What is used where it is there."""
    return [
        ok(name, found) if (found := shutil.which(name)) else note(name, "not installed", f"only if you want it: {use}")
        for name, use in PROGRAMS.items()
    ]


class _Nobody:
    """A sink for a backend that runs no turns."""

    async def emit(self, session_id: SessionId, event: AgentEvent, *, key: str) -> None:
        raise StoreError("nothing is kept here")

    def progress(self, session_id: SessionId, turn: int, progress: Progress) -> None:
        return


def _directory(config: Config) -> list[Check]:
    place = config.server.data_dir
    parent = next(parent for parent in (place, *place.parents) if parent.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        return [
            bad("data", f"{parent} may not be written to", "choose another [server] data_dir, or mend its permissions")
        ]
    try:
        refuse_network(parent)
    except StoreError as error:
        return [bad("data", str(error), error.hint)]
    if place.exists() and place.stat().st_mode & 0o077:
        return [note("data", f"{place} can be read by others", f"chmod 700 {place}")]
    owner = holder(place)
    return [ok("data", f"{place}, {f'in use by {owner}' if owner else 'no server runs on it'}"), *_root(config)]


def _root(config: Config) -> list[Check]:
    root = config.work.root
    if root.exists() and not (root.is_dir() and os.access(root, os.W_OK | os.X_OK)):
        return [bad("work", f"{root} is no directory that can be worked in", "choose another [work] root")]
    return [ok("work", f"{root}{'' if root.exists() else ', made at the first start'}")]


def _disk(config: Config) -> list[Check]:
    place = next(parent for parent in (config.server.data_dir, *config.server.data_dir.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free"
    if free < TOO_LOW_BYTES:
        return [bad("disk", found, "free some space; without it nothing can be kept, and the bot stops")]
    return [note("disk", found, "free some space soon") if free < LOW_BYTES else ok("disk", found)]


def _database(config: Config) -> list[Check]:
    if not config.database.exists():
        return [note("database", "there is none yet", "`phonework serve` makes it")]
    try:
        health = examine(config.database)
        if health.problems:
            remedy = f"`phonework db check`; copies are in {config.server.data_dir / 'backups'}"
            return [bad("database", problem, remedy) for problem in health.problems]
        with closing(open_reader(config.database)) as connection:
            return [*_contents(connection, health.version)]
    except (StoreError, sqlite3.Error) as error:
        return [bad("database", str(error), getattr(error, "hint", ""))]


def _audit(config: Config) -> list[Check]:
    """The chain of hashes in the audit's files."""
    directory = config.server.data_dir / "audit"
    try:
        names = audit_files.names(directory)
        broken = [name for name in names if audit_files.verified(directory, name).broken]
    except OSError as error:
        return [bad("audit", f"cannot be read: {error.strerror or error}", f"mend the permissions of {directory}")]
    if broken:
        shown = ", ".join(broken[:5]) + (" …" if len(broken) > 5 else "")
        return [bad("audit", f"somebody changed it: {shown}", "`phonework audit --verify` says where")]
    return [ok("audit", f"the chain of {len(names)} files holds" if names else "nothing yet")]


def _contents(connection: sqlite3.Connection, version: int) -> Iterable[Check]:
    """The state of each session against its history, and what could not be done."""
    wrong = inspection.disagreements(connection)
    if wrong:
        for line in wrong:
            yield bad("history", line, "report this with the output of `phonework inspect`; the state is what counts")
    else:
        yield ok("database", f"version {version}, in order; every session's state agrees with its history")
    looks: tuple[tuple[Callable[[sqlite3.Connection], int], str, str], ...] = (
        (inspection.count_poisoned, "events could not be decided on", "`phonework inspect --poisoned` lists them"),
        (
            partial(inspection.count_effects, status="failed"),
            "effects were given up",
            "`phonework inspect USER` shows why",
        ),
        (
            partial(inspection.count_effects, status="unknown"),
            "effects have an unknown outcome",
            "`phonework inspect USER`",
        ),
    )
    for count, what, remedy in looks:
        if number := count(connection):
            yield note("history", f"{number} {what}", remedy)
