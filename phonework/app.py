"""The program: takes the data directory, builds the parts, and owns the tasks they run in."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from phonework import boot
from phonework.channels.feishu import FeishuChannel
from phonework.clock import Clock, SystemClock
from phonework.config import Config
from phonework.core import Core, assemble
from phonework.engine import Outcome
from phonework.errors import ConfigError
from phonework.gateway.token import TokenFile
from phonework.healing import Healer
from phonework.http.app import build
from phonework.http.gate import Hosts
from phonework.http.serving import serving
from phonework.naming import Names
from phonework.router.authorise import ANYBODY, Gate
from phonework.store.lock import DirectoryLock
from phonework.store.migrate import migrate
from phonework.store.prune import prune
from phonework.store.writer import Writer
from phonework.supervision import Supervisor
from phonework.wellbeing import Health

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The program once it takes messages. url: of its HTTP port."""

    url: str
    core: Core


async def serve(config: Config, *, ready: Callable[[Running], None] | None = None) -> None:
    """Run until cancelled. Raises PhoneWorkError when it cannot start or the store fails."""
    clock, supervisor = SystemClock(), Supervisor.from_environment()
    config.server.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    config.work.root.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(config.server.data_dir, clock)
    lock.acquire()
    try:
        await asyncio.to_thread(migrate, config.database, clock)
        await _run(config, clock, supervisor, ready)
    finally:
        lock.release()


async def rerun(config: Config, number: int) -> Outcome:
    """Take the poisoned event of this number in again, with no server running; the next start carries out what it owes.

    Raises KeyError when there is no such event, StoreBusyError when a server runs, and what deciding raises: the event
    then stays as it was.
    """
    clock = SystemClock()
    with DirectoryLock(config.server.data_dir, clock):
        async with Writer(config.database, clock) as writer:
            await writer.run(lambda connection, _now: boot.understand(connection))
            gate = Gate((ANYBODY,), (), lambda _code: None)
            core = assemble(writer=writer, clock=clock, config=config, channels={}, gate=gate)
            return await core.node.rerun(number)


async def _run(config: Config, clock: Clock, supervisor: Supervisor, ready: Callable[[Running], None] | None) -> None:
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    writer = Writer(config.database, clock, on_failure=failed.set_exception)
    async with writer:
        left = await boot.look(writer)
        gate = Gate(config.access.people, left.paired, _announce)
        feishu, healer = _feishu(config, clock)
        core = assemble(writer=writer, clock=clock, config=config, channels={feishu.name: feishu}, gate=gate)
        submit, zone = core.router.submit, config.ui.zone
        healer.append(Healer(writer=writer, clock=clock, channel=feishu, submit=submit, zone=zone))
        try:
            await core.start(left)
            await _until_cancelled(config, core, feishu, healer[0], failed, supervisor, ready)
        finally:
            supervisor.stopping()
            await core.stop()
            await core.auditor.catch_up()


async def _until_cancelled(
    config: Config,
    core: Core,
    feishu: FeishuChannel,
    healer: Healer,
    failed: asyncio.Future[None],
    supervisor: Supervisor,
    ready: Callable[[Running], None] | None,
) -> None:
    health = Health(link=core.link, channel=feishu)
    async with asyncio.TaskGroup() as group:
        group.create_task(_raise(failed))
        group.create_task(feishu.run(core.router.submit))
        group.create_task(healer.run())
        group.create_task(Names(writer=core.writer, directory=feishu).run())
        group.create_task(core.auditor.run())
        group.create_task(_prune(core.writer))
        tokens = TokenFile(config.server.data_dir)
        app = build(
            health,
            (config.server.token.get_secret_value(), tokens.token),
            core.gateway.all(),
            hosts=Hosts(config.server.host),
        )
        async with serving(app, config.server) as url:
            tokens.publish(url)
            log.info("phonework is running", url=url)
            supervisor.ready(f"runs at {url}")
            group.create_task(supervisor.watch(lambda: core.writer.run(lambda _connection, _now: None)))
            if ready is not None:
                ready(Running(url=url, core=core))
            try:
                await asyncio.Event().wait()
            finally:
                core.gateway.stop()
                tokens.withdraw()


async def _raise(failed: asyncio.Future[None]) -> None:
    """The store gave up: everything ends, and the supervisor starts us anew."""
    await failed


async def _prune(writer: Writer) -> None:
    while True:
        await writer.run(prune)
        await asyncio.sleep(timedelta(hours=6).total_seconds())


def _feishu(config: Config, clock: Clock) -> tuple[FeishuChannel, list[Healer]]:
    """The channel, and a place for the healer that it tells of gaps: each needs the other."""
    settings = config.feishu
    if not settings.app_id or not settings.app_secret.get_secret_value():
        raise ConfigError(
            (
                "feishu.app_id and feishu.app_secret are missing: put them into config.toml or the environment "
                "(PHONEWORK_FEISHU__APP_ID, PHONEWORK_FEISHU__APP_SECRET); docs/feishu-setup.md says where to find them",
            )
        )
    healer: list[Healer] = []

    async def on_gap(since: datetime, until: datetime) -> None:
        for one in healer:
            await one.on_gap(since, until)

    channel = FeishuChannel(
        settings.app_id,
        settings.app_secret,
        settings.domain,
        clock=clock,
        on_gap=on_gap,
        largest_bytes=config.work.max_file_bytes,
    )
    return channel, healer


def _announce(code: str) -> None:
    """At the console, and nowhere else: who reads it may enter."""
    print(f"\nPairing code: {code}\nSend it to the bot; the first to do so may use it.\n", file=sys.stderr, flush=True)
