"""The checks of `phonework doctor`. Each looks at one thing, changes nothing, and never raises."""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from phonework import sandboxing
from phonework.backends.base import Progress
from phonework.cli.options import start_logging
from phonework.config import Config, load
from phonework.errors import ChannelError, ConfigError, PhoneWorkError, SandboxError, StoreError
from phonework.fsm.events import AgentEvent
from phonework.fsm.types import SessionId
from phonework.store import inspection
from phonework.store.connect import open_reader
from phonework.store.lock import holder, refuse_network
from phonework.store.migrate import check as examine

LOW_BYTES: Final = 1_000_000_000
TOO_LOW_BYTES: Final = 100_000_000
SKEW_SECONDS: Final = 60
ASK_SECONDS: Final = 30.0
WAL_BUG_FIXED: Final = (3, 51, 3)


class Verdict(StrEnum):
    """note: works, but worth knowing."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


async def all_checks(config_path: Path | None, data_dir: Path | None) -> list[Check]:
    """Everything; with settings that do not load, what can be said without them."""
    overrides = {"server.data_dir": str(data_dir) if data_dir else None}
    try:
        config = load(config_path, overrides)
    except ConfigError as error:
        return [*(_bad("settings", line) for line in error.problems), *_program()]
    start_logging(config, level="error")  # what is wrong is said by the checks
    found = [_ok("settings", f"read from {config.path or 'the environment and defaults: there is no config.toml'}")]
    found += _program()
    found += [*_feishu_settings(config), *(await _feishu(config))]
    found += [await _sandbox(config)]
    found += await asyncio.gather(*(check_agent(config, entry) for entry in backends()))
    found += [*_directory(config), *_disk(config), *(await asyncio.to_thread(_database, config))]
    return found


def _ok(name: str, found: str) -> Check:
    return Check(name, Verdict.OK, found)


def _note(name: str, found: str, remedy: str = "") -> Check:
    return Check(name, Verdict.NOTE, found, remedy)


def _bad(name: str, found: str, remedy: str = "") -> Check:
    return Check(name, Verdict.BAD, found, remedy)


def _program() -> list[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    sqlite = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info >= WAL_BUG_FIXED:
        return [_ok("python", version), _ok("sqlite", sqlite)]
    return [
        _ok("python", version),
        _note("sqlite", f"{sqlite}: two programs writing one file could lose pages (mended in 3.51.3)",
              "PhoneWork writes through one connection only and is safe; let no other program write to its database"),
    ]  # fmt: skip


def _feishu_settings(config: Config) -> list[Check]:
    found = []
    if not config.access.allow:
        found.append(
            _note(
                "access",
                "nobody is allowed yet",
                "start `phonework serve`; the first person in pairs with the code it shows",
            )
        )
    elif "*" in config.access.allow:
        found.append(
            _note("access", "everybody who finds the bot may use it", "list the people in [access] allow instead")
        )
    else:
        found.append(_ok("access", f"{len(config.access.allow)} allowed"))
    return found


async def _feishu(config: Config) -> list[Check]:
    """The credentials, the bot behind them, and the clock, with one call."""
    secret = config.feishu.app_secret
    if not config.feishu.app_id or not secret.get_secret_value():
        return [_bad("feishu", "no app_id or app_secret", "docs/feishu-setup.md says where to find them")]
    from phonework.channels.feishu.api import Api, Call
    from phonework.channels.feishu.untrusted import mapping, parse, string

    api = Api(config.feishu.app_id, secret, config.feishu.domain)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            answer = await api.raw(Call(method="GET", path="/open-apis/bot/v3/info", changes=False))
    except TimeoutError:
        return [_bad("feishu", f"{config.feishu.domain} does not answer", "check the network and [feishu] domain")]
    except ChannelError as error:
        remedy = (
            error.hint or "compare [feishu] app_id and app_secret with the developer console; see docs/feishu-setup.md"
        )
        return [_bad("feishu", str(error), remedy)]
    bot = mapping(parse(answer.content).get("bot"))
    name = string(bot.get("app_name"))
    found = [_ok("feishu", f"credentials accepted; the bot is {name or 'nameless'} ({string(bot.get('open_id'))})")]
    return [*found, *_skew(next((value for name, value in answer.headers.items() if name.lower() == "date"), ""))]


def _skew(date: str) -> list[Check]:
    """The server's clock against ours; its header has whole seconds."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return [_note("clock", "the server does not tell its time")]
    seconds = (datetime.now(UTC) - theirs).total_seconds()
    if abs(seconds) <= SKEW_SECONDS:
        return [_ok("clock", "agrees with the server's to the minute")]
    way = "ahead" if seconds > 0 else "behind"
    return [
        _bad("clock", f"{abs(seconds):.0f} s {way} of the server's: messages would seem too old or answers too early",
             "set the clock, for example with `timedatectl set-ntp true`")
    ]  # fmt: skip


async def _sandbox(config: Config) -> Check:
    """Whether what agents are to run in works here, with the places that are configured."""
    wanted = config.sandbox_of_agents()
    if wanted is None:
        return _ok("sandbox", "off: agents may write wherever you may")
    try:
        await sandboxing.words(wanted)
    except SandboxError as error:
        return _bad("sandbox", str(error), error.hint)
    return _ok("sandbox", "bwrap works: Claude Code writes in its session's directory and its own only")


def backends() -> Iterable[EntryPoint]:
    return sorted(entry_points(group="phonework.backends"), key=lambda entry: entry.name)


async def check_agent(config: Config, entry: EntryPoint) -> Check:
    """One backend's own word; only the default one has to work."""
    name, needed = f"agent {entry.name}", entry.name == config.agent.default
    settings = config.agent_settings(entry.name)
    try:
        with tempfile.TemporaryDirectory(prefix="phonework-doctor-") as place:
            backend = entry.load()(sink=_Nobody(), settings=settings, data_dir=Path(place))
            async with asyncio.timeout(ASK_SECONDS):
                said = await backend.ping()
                await backend.aclose()
    except (PhoneWorkError, ImportError, OSError, TimeoutError) as error:
        remedy = getattr(error, "hint", "") or f"`pip install 'phonework[{entry.name}]'`, or another [agent] default"
        why = str(error) or type(error).__name__
        return _bad(name, why, remedy) if needed else _note(name, why, f"only if you want it: {remedy}")
    return _ok(name, said)


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
            _bad("data", f"{parent} may not be written to", "choose another [server] data_dir, or mend its permissions")
        ]
    try:
        refuse_network(parent)
    except StoreError as error:
        return [_bad("data", str(error), error.hint)]
    if place.exists() and place.stat().st_mode & 0o077:
        return [_note("data", f"{place} can be read by others", f"chmod 700 {place}")]
    owner = holder(place)
    return [_ok("data", f"{place}, {f'in use by {owner}' if owner else 'no server runs on it'}"), *_root(config)]


def _root(config: Config) -> list[Check]:
    root = config.work.root
    if root.exists() and not (root.is_dir() and os.access(root, os.W_OK | os.X_OK)):
        return [_bad("work", f"{root} is no directory that can be worked in", "choose another [work] root")]
    return [_ok("work", f"{root}{'' if root.exists() else ', made at the first start'}")]


def _disk(config: Config) -> list[Check]:
    place = next(parent for parent in (config.server.data_dir, *config.server.data_dir.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free"
    if free < TOO_LOW_BYTES:
        return [_bad("disk", found, "free some space; without it nothing can be kept, and the bot stops")]
    return [_note("disk", found, "free some space soon") if free < LOW_BYTES else _ok("disk", found)]


def _database(config: Config) -> list[Check]:
    if not config.database.exists():
        return [_note("database", "there is none yet", "`phonework serve` makes it")]
    try:
        health = examine(config.database)
        if health.problems:
            remedy = f"`phonework db check`; copies are in {config.server.data_dir / 'backups'}"
            return [_bad("database", problem, remedy) for problem in health.problems]
        with closing(open_reader(config.database)) as connection:
            return [*_contents(connection, health.version)]
    except (StoreError, sqlite3.Error) as error:
        return [_bad("database", str(error), getattr(error, "hint", ""))]


def _contents(connection: sqlite3.Connection, version: int) -> Iterable[Check]:
    """The state of each session against its history, and what could not be done."""
    wrong = inspection.disagreements(connection)
    if wrong:
        for line in wrong:
            yield _bad("history", line, "report this with the output of `phonework inspect`; the state is what counts")
    else:
        yield _ok("database", f"version {version}, in order; every session's state agrees with its history")
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
            yield _note("history", f"{number} {what}", remedy)
