"""The parts of one process and how they are joined; without connections to the outside, so that tests drive it too."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from phonework import boot
from phonework.alarm import Alarm
from phonework.answers import HealthAnswer
from phonework.assistant.assembly import assistant, hearing
from phonework.assistant.backend import NAME
from phonework.assistant.tally import Tally
from phonework.assistant.tools.office import Office
from phonework.assistant.wellbeing import AssistantHealth
from phonework.audit.auditor import Auditor
from phonework.audit.writer import AuditWriter
from phonework.backends import registry
from phonework.backends.base import Backend, Capabilities, CommandLister
from phonework.carriers.agents import AgentCarrier, Hear
from phonework.carriers.beginnings import Beginnings
from phonework.carriers.chats import ChatCarrier
from phonework.carriers.retry import Retry
from phonework.changes.bases import Bases
from phonework.channels.base import Channel
from phonework.clock import Clock
from phonework.config import Config
from phonework.desks import Desks
from phonework.dispatcher import Dispatcher, Pause
from phonework.files.place import Root
from phonework.fsm.types import SessionId
from phonework.gateway.routes import GatewayRoutes
from phonework.gateway.service import Gateway
from phonework.intake import Desk
from phonework.link.local import LocalLink
from phonework.names import SessionNames
from phonework.node import Node
from phonework.owner import Owner
from phonework.redact import Redactor
from phonework.reports.registry import reporters
from phonework.router.authorise import Gate
from phonework.router.router import Router
from phonework.router.routes import Routes
from phonework.shell import backend as shell
from phonework.shell.runner import Runner
from phonework.store.reader import Reader
from phonework.store.writer import Writer
from phonework.views import Wishes
from phonework.web.service import web_of

MakeBackends = Callable[[Node, Config], dict[str, Backend]]


@dataclass(slots=True, kw_only=True)
class Core:
    """The parts of one process, without its channels' connections: what tests drive and `serve` runs."""

    writer: Writer
    reader: Reader
    node: Node
    router: Router
    dispatcher: Dispatcher
    chats: ChatCarrier
    backends: dict[str, Backend]
    alarm: Alarm
    auditor: Auditor
    link: LocalLink
    gateway: GatewayRoutes

    async def start(self, left: boot.Left) -> None:
        """Settle the past, then begin to carry out what is owed and to watch the clock."""
        owed = await boot.recover(self.writer, self.backends, left)
        self.dispatcher.start(owed)
        self.alarm.start()
        await self.alarm.ring()

    async def stop(self) -> None:
        """Nothing new is begun, agents end cleanly, what is committed stays."""
        self.alarm.stop()
        self.gateway.stop()
        await self.chats.close()
        await self.dispatcher.stop()
        await asyncio.gather(*(backend.aclose() for backend in self.backends.values()), return_exceptions=True)
        await self.reader.close()


def assemble(
    *,
    writer: Writer,
    clock: Clock,
    config: Config,
    channels: dict[str, Channel],
    gate: Gate,
    link: LocalLink | None = None,
    make_backends: MakeBackends | None = None,
    new_id: Callable[[], str] | None = None,
    pause: Pause = asyncio.sleep,
    hear: Hear | None = None,
) -> Core:
    """Join the parts around one writer. pause: how a lane waits before it tries again. hear: instead of the configured model."""
    owner = Owner(named=config.gateway.user, listed=config.access.people)
    link, language = link or LocalLink(), config.ui.language
    house = Wishes(language=language, zone=config.ui.zone)
    retry, reader = Retry(writer, chance=random.Random()), Reader(config.database)
    capabilities: dict[str, Capabilities] = {}  # filled below
    agents_by_name: dict[str, Backend] = {}  # the same
    bases, desks = Bases(config.server.data_dir / "changes"), Desks(root=config.work.root, reader=reader)
    files = Root(path=config.work.root, hidden=config.own_places())
    chats = ChatCarrier(
        writer=writer,
        outlet=link,
        retry=retry,
        clock=clock,
        house=house,
        max_parts=config.ui.max_parts,
        reporters=reporters(
            reader=reader,
            agents=agents_by_name,
            backends=capabilities,
            bases=bases,
            desks=desks,
            files=files,
            web=web_of(config.web),
        ),
        backends=capabilities,
        smart=config.assistant.mode == "smart",
    )
    hear = hear or hearing(config)
    desk = Desk(
        backends=capabilities,
        default_backend=config.agent.default,
        new_id=new_id or SessionNames(),
        root=config.work.root,
        timeouts=config.default_timeouts(),
        stale_after=timedelta(seconds=config.timeouts.stale) if config.timeouts.stale else timedelta.max,
        assistant=NAME if config.assistant.configured else "",
        smart=config.assistant.mode == "smart",
        shell=shell.NAME if config.shell.enabled else "",
        hears=hear is not None,
        wishes=house,
        commands_of=lambda backend, session_id: _commands_of(agents_by_name.get(backend), session_id),
    )
    alarm = Alarm()
    node = Node(writer=writer, clock=clock, desk=desk, files=files, desks=desks, chats=chats, owner=owner)
    alarm.rings(node.sweep)
    backends, tally = dict((make_backends or _backends)(node, config)), Tally()
    runner = _runner(config)
    if runner is not None:
        backends[shell.NAME] = shell.ShellBackend(sink=node, writer=writer, runner=runner, language=language)
    if config.assistant.configured:
        office = Office(writer=writer, desk=desk, root=config.work.root)
        helper = assistant(
            config=config, sink=node, office=office, clock=clock, pause=pause, tally=tally, runner=runner
        )
        backends[helper.name] = helper
    capabilities.update({name: backend.capabilities for name, backend in backends.items()})
    desks.connect(backends)
    agents_by_name.update(backends)
    router = Router(
        writer=writer, clock=clock, gate=gate, routes=Routes(), link=link, channels=channels, language=language
    )
    link.connect(node, router)
    auditor = Auditor(writer, AuditWriter(config.server.data_dir / "audit", clock, redactor=Redactor(config.secrets())))
    node.on_call(
        "health",
        HealthAnswer(writer=writer, backends=backends, auditor=auditor, assistant=AssistantHealth(desk, tally)),
    )
    beginnings = Beginnings(writer=writer, bases=bases, backends=backends)
    agents = AgentCarrier(
        writer=writer,
        backends=backends,
        outlet=link,
        retry=retry,
        beginnings=beginnings,
        clock=clock,
        root=config.work.root,
        hear=hear,
    )
    dispatcher = Dispatcher(agents=agents, chats=chats, clock=clock, pause=pause)
    writer.subscribe(dispatcher.committed)
    writer.subscribe(alarm.committed)
    gateway = Gateway(writer=writer, reader=reader, clock=clock, desk=desk, owner=owner, backends=backends)
    writer.subscribe(gateway.feed.committed)
    return Core(
        writer=writer,
        reader=reader,
        node=node,
        router=router,
        dispatcher=dispatcher,
        chats=chats,
        backends=backends,
        alarm=alarm,
        auditor=auditor,
        link=link,
        gateway=GatewayRoutes(gateway, agents_by_name),
    )


def _commands_of(backend: Backend | None, session_id: SessionId) -> frozenset[str]:
    return backend.commands(session_id) if isinstance(backend, CommandLister) else frozenset()


def _runner(config: Config) -> Runner | None:
    """What runs commands for people; None when the owner does not want that."""
    if not config.shell.enabled:
        return None
    return Runner(
        root=config.work.root,
        timeout=timedelta(seconds=config.shell.timeout),
        limit_bytes=config.shell.max_bytes,
        sandbox=config.sandbox_of_agents(),
    )


def _backends(node: Node, config: Config) -> dict[str, Backend]:
    return registry.build(node, config.agent_settings, config.server.data_dir)
