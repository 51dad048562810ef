"""Codex behind the backend port: one app-server for all sessions, one of its conversations for each."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import structlog

from phonework.backends.base import (
    About,
    Accepted,
    Capabilities,
    DeskSession,
    Liveness,
    Rule,
    Sink,
    SkillPlaces,
    TurnStart,
)
from phonework.backends.codex import failures, inputs, modes, program
from phonework.backends.codex import messages as told
from phonework.backends.codex import rules as kept_rules
from phonework.backends.codex.frames import Call, Note
from phonework.backends.codex.journal import Begun, Journal
from phonework.backends.codex.settings import CodexSettings
from phonework.errors import BackendError, RequestGoneError, SandboxError
from phonework.fsm.types import Answer, Ask, Prompt, RequestKind, SessionId

if TYPE_CHECKING:
    from phonework.backends.codex.server import AppServer
    from phonework.backends.codex.thread import LiveThread
    from phonework.backends.codex.turn import Turn

log = structlog.get_logger(__name__)

INSTALL: Final = "`pip install 'phonework[codex]'`"
SMOKE_PROMPT: Final = "Reply with the single word OK."
SMOKE_WITHIN: Final = 60.0  # seconds
RULES: Final = "rules"
"""Where below its own directory Codex keeps the rules it was told to keep for good."""


class CodexBackend:
    """The real Codex. The owner's config.toml, rules and login count as at the desk; what is set here goes over it."""

    name = "codex"
    about = About(
        title="Codex",
        install=INSTALL,
        variables=("CODEX_",),
        skills=SkillPlaces(own=lambda: Path.home() / ".agents" / "skills", project=".agents/skills"),
    )
    Settings = CodexSettings
    capabilities = Capabilities(
        can_resume=True,
        can_steer=True,
        asks=frozenset({RequestKind.CONFIRM, RequestKind.CHOICE, RequestKind.INPUT}),
        modes=modes.MODES,
        desk=True,
    )

    def __init__(self, *, sink: Sink, settings: Mapping[str, object], data_dir: Path) -> None:
        """Raises BackendError when no Codex is installed. A program that is configured and missing is told at the first turn."""
        own = {key: value for key, value in settings.items() if key in CodexSettings.model_fields and value is not None}
        self._settings = CodexSettings.model_validate(own)
        if not self._settings.cli_path:
            program.find("")
        self._confined = settings.get("sandbox") is not None
        self._sink, self._data_dir = sink, data_dir.resolve()
        self._journal = Journal(self._data_dir / "threads")
        self._own_server: AppServer | None = None
        self._live: dict[SessionId, LiveThread] = {}
        self._by_thread: dict[str, LiveThread] = {}
        self._locks: dict[SessionId, asyncio.Lock] = {}
        self._waited_for: dict[str, asyncio.Queue[told.Fact]] = {}  # conversations of the self-test

    @property
    def _server(self) -> "AppServer":
        """Made when first needed, because what it is made of is slow to import."""
        if self._own_server is None:
            from phonework.backends.codex.server import AppServer

            self._own_server = AppServer(self._settings, self._data_dir, self)
        return self._own_server

    # Turns

    async def start_turn(self, start: TurnStart) -> None:
        async with self._locks.setdefault(start.session_id, asyncio.Lock()):
            self._check_sandbox()
            given = await asyncio.to_thread(inputs.of, start.prompts, start.images)
            if not given:
                raise BackendError("codex.nothing")
            if not await asyncio.to_thread(Path(start.cwd).is_dir):
                raise BackendError("agent.no_directory", directory=start.cwd)
            thread = await self._connected(start)
            policy = modes.policy(start.mode, self._settings)
            turn = self._turn(start, dangerous=policy.dangerous)
            await thread.run(turn, {"input": given, **self._params(start, thread, policy)})

    def _turn(self, start: TurnStart, *, dangerous: bool) -> "Turn":
        from phonework.backends.codex.turn import Turn

        own = frozenset(str(prompt.prompt_id) for prompt in start.prompts)
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        return Turn(start.turn, own, dangerous, started)

    def _params(self, start: TurnStart, thread: "LiveThread", policy: modes.Policy) -> dict[str, Any]:
        params: dict[str, Any] = {"clientUserMessageId": start.prompts[0].prompt_id}
        params |= modes.of_turn(policy, thread.workspace)
        model = start.model or self._settings.model or thread.usual_model
        if model != thread.model:
            params["model"] = thread.model = model
        if policy.plan or thread.plan:
            params |= modes.collaboration(plan=policy.plan, model=model, effort=thread.effort)
            thread.plan = policy.plan
        return params

    async def _connected(self, start: TurnStart) -> "LiveThread":
        """The session's conversation, loaded by the server; our own note of it is kept before anything is begun there."""
        thread = self._live.get(start.session_id)
        if thread is not None and thread.turn is not None:
            raise BackendError("agent.busy")
        if thread is not None and start.agent_session_id not in ("", thread.thread_id):
            await thread.kill()
            thread = None
        try:
            await self._server.connected()
            ours = thread is not None or not start.agent_session_id or await self._is_ours(start)
            if thread is None or thread.gone:
                thread = await self._loaded(start)
        except self._refusals() as error:
            raise failures.of_refusal(error) from error
        note = Begun(thread_id=thread.thread_id, prompt_id=start.prompts[0].prompt_id, ours=ours)
        await asyncio.to_thread(self._journal.write, start.session_id, note)
        return thread

    async def _is_ours(self, start: TurnStart) -> bool:
        known = await asyncio.to_thread(self._journal.read, start.session_id)
        return known is not None and known.thread_id == start.agent_session_id and known.ours

    @staticmethod
    def _refusals() -> tuple[type[Exception], ...]:
        from phonework.backends.codex.rpc import DisconnectedError, RpcError

        return RpcError, DisconnectedError

    async def _loaded(self, start: TurnStart) -> "LiveThread":
        """A conversation that is begun, copied or taken up again."""
        place = self._place(start.cwd)
        thread_id, found = start.agent_session_id, None
        if not thread_id and start.fork_of:
            thread_id = await self._copied(start.fork_of, place)
        elif not thread_id:
            found = await self._server.request("thread/start", {**place, "approvalsReviewer": "user"})
            thread_id = _text(_part(found, "thread"), "id")
        thread = self._kept(start.session_id, thread_id)
        try:
            if found is None:
                found = await self._resumed(thread_id, place)
            await self._know(thread, found, start)
        except BaseException:
            await thread.let_go()
            raise
        return thread

    def _kept(self, session_id: SessionId, thread_id: str) -> "LiveThread":
        from phonework.backends.codex.thread import LiveThread

        if not thread_id:
            raise BackendError("codex.refused", said="a conversation without an id")
        thread = LiveThread(
            session_id,
            thread_id,
            server=self._server,
            sink=self._sink,
            kept_in=str(self._home / RULES / kept_rules.WRITTEN),
            on_end=self._forget,
        )
        self._live[session_id] = self._by_thread[thread_id] = thread
        return thread

    async def _resumed(self, thread_id: str, place: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the server says of a conversation that it loads again; one that was put away is fetched back."""
        from phonework.backends.codex.rpc import RpcError

        asked = {"threadId": thread_id, "excludeTurns": True, **place}
        try:
            return await self._server.request("thread/resume", asked)
        except RpcError as error:
            if "archived" not in str(error):
                raise
        await self._server.request("thread/unarchive", {"threadId": thread_id})
        return await self._server.request("thread/resume", asked)

    def _place(self, cwd: str) -> dict[str, str]:
        """Where a conversation goes on, and with whose model."""
        return {"cwd": cwd} | ({"modelProvider": self._settings.provider} if self._settings.provider else {})

    async def _copied(self, origin: str, place: Mapping[str, Any]) -> str:
        """The id of a copy of the conversation, which stays as it is; one that was put away is put back again."""
        from phonework.backends.codex.rpc import RpcError

        asked = {"threadId": origin, "excludeTurns": True, **place}
        try:
            return _text(_part(await self._server.request("thread/fork", asked), "thread"), "id")
        except RpcError as error:
            if "archived" not in str(error):
                raise
        await self._server.request("thread/unarchive", {"threadId": origin})
        try:
            return _text(_part(await self._server.request("thread/fork", asked), "thread"), "id")
        finally:
            await self._server.request("thread/archive", {"threadId": origin})

    async def _know(self, thread: "LiveThread", found: Mapping[str, Any], start: TurnStart) -> None:
        """Take in what holds for the conversation. Raises BackendError when it is not what is configured."""
        provider, wanted = _text(found, "modelProvider"), self._settings.provider
        if wanted and provider != wanted:
            raise BackendError("codex.other_provider", wanted=wanted, provider=provider)
        if _part(_part(found, "thread"), "status").get("type") == "active":
            raise BackendError("agent.busy")
        thread.model = thread.usual_model = _text(found, "model")
        thread.effort = found.get("reasoningEffort")
        thread.plan = _part(found, "collaborationMode").get("mode") == "plan"
        config = _part(await self._server.request("config/read", {"cwd": start.cwd}), "config")
        thread.workspace = _part(config, "sandbox_workspace_write")

    def _forget(self, thread: "LiveThread") -> None:
        if self._live.get(thread.session_id) is thread:
            del self._live[thread.session_id]
        if self._by_thread.get(thread.thread_id) is thread:
            del self._by_thread[thread.thread_id]

    def _check_sandbox(self) -> None:
        """One server works for all sessions, so it cannot be confined to the directory of each."""
        if self._confined:
            raise SandboxError("codex.no_outer_sandbox")

    async def steer(self, session_id: SessionId, turn: int, prompt: Prompt, images: tuple[str, ...]) -> None:
        thread = self._live.get(session_id)
        if thread is None:
            raise BackendError("agent.turn_over")
        given = await asyncio.to_thread(inputs.of, [prompt], {prompt.prompt_id: images})
        await thread.steer(turn, given, prompt.prompt_id)

    async def answer(self, session_id: SessionId, ask: Ask, answer: Answer) -> None:
        thread = self._live.get(session_id)
        if thread is None:
            raise RequestGoneError("The Codex that asked this has ended.")
        await thread.answer(ask, answer)

    async def set_mode(self, session_id: SessionId, mode: str) -> None:
        """A turn goes on as it was begun (0.163.0), so one in which nothing is asked is ended when that is to be over."""
        thread = self._live.get(session_id)
        turn = thread.turn if thread is not None else None
        over = turn is not None and turn.dangerous and not modes.policy(mode, self._settings).dangerous
        if thread is not None and over:
            await thread.fail(BackendError("codex.access_over"))

    async def rules(self, session_id: SessionId, cwd: str) -> tuple[Rule, ...]:
        """Those that hold everywhere, and what was allowed for this session."""
        kept = await asyncio.to_thread(kept_rules.rules_of, self._home / RULES)
        thread = self._live.get(session_id)
        fleeting = thread.session_rules if thread is not None else {}
        return (*kept, *(Rule(rule_id="", text=text, removable=False) for text in fleeting))

    async def remove_rule(self, session_id: SessionId, cwd: str, rule_id: str) -> Rule | None:
        return await asyncio.to_thread(kept_rules.remove, self._home / RULES, rule_id)

    # Ends

    async def interrupt(self, session_id: SessionId, turn: int) -> None:
        if thread := self._live.get(session_id):
            await thread.interrupt(turn)

    async def kill(self, session_id: SessionId) -> None:
        if thread := self._live.get(session_id):
            await thread.kill()

    async def close(self, session_id: SessionId) -> None:
        """What began here is put away in Codex's archive; what began at the desk stays where it is."""
        known = await asyncio.to_thread(self._journal.read, session_id)
        thread = self._live.get(session_id)
        if thread is not None:
            await thread.kill()
        if known is not None and known.ours and self._own_server is not None and self._own_server.alive:
            with contextlib.suppress(BackendError, *self._refusals()):
                await self._server.request("thread/archive", {"threadId": known.thread_id})
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._journal.forget, session_id)
        if (lock := self._locks.get(session_id)) and not lock.locked():
            del self._locks[session_id]

    async def aclose(self) -> None:
        """End the server. Running turns are not reported: what became of them is looked up at the next start."""
        for thread in self._live.values():
            thread.reporter.silent = True
        if self._own_server is not None:
            await self._own_server.aclose()
        for thread in list(self._live.values()):
            await thread.let_go()

    # Conversations begun at the desk

    async def transcripts(self, under: Path, limit: int) -> tuple[DeskSession, ...]:
        from phonework.backends.codex import desk

        with self._told():
            return await desk.listed(self._server, self._home, self._server.mark, under, limit)

    async def transcript(self, agent_session_id: str) -> DeskSession | None:
        from phonework.backends.codex import desk

        with self._told():
            return await desk.found(self._server, self._home, self._server.mark, agent_session_id)

    async def end_at_desk(self, agent_session_id: str, key: str) -> None:
        from phonework.backends.codex import desk

        await asyncio.to_thread(desk.end, self._home, self._server.mark, agent_session_id, key)

    @property
    def _home(self) -> Path:
        return program.home(program.environment(self._settings, ""))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What the server refuses is said in a sentence."""
        try:
            yield
        except self._refusals() as error:
            raise failures.of_refusal(error) from error

    # What the server tells

    async def frame(self, frame: Call | Note) -> None:
        thread_id = told.thread_of(frame.params)
        if thread := self._by_thread.get(thread_id):
            await thread.take(frame)
        elif isinstance(frame, Call):
            log.warning("Codex asked something of nobody", what=frame.method)
            if self._server.connection is not None:
                with contextlib.suppress(*self._refusals()):
                    await self._server.connection.refuse(frame.id, "PhoneWork does not know this conversation.")
        elif (queue := self._waited_for.get(thread_id)) is not None and (fact := told.fact(frame)) is not None:
            queue.put_nowait(fact)

    async def died(self, reason: BackendError) -> None:
        for queue in self._waited_for.values():
            queue.put_nowait(told.TurnOver(turn_id="", status="failed", error={"message": str(reason)}))
        await asyncio.gather(*(thread.die(reason) for thread in list(self._live.values())))

    async def again(self) -> None:
        await asyncio.gather(*(thread.resume() for thread in list(self._live.values())))

    # Questions about it

    async def liveness(self, session_id: SessionId) -> Liveness:
        """What runs in a server we cannot reach at the moment is not known; what an earlier one left is ended here."""
        thread = self._live.get(session_id)
        if thread is not None and self._server.alive:
            connection = self._server.connection
            return Liveness.ALIVE if connection is not None and not connection.closed.is_set() else Liveness.UNKNOWN
        await asyncio.to_thread(self._server.end_left)
        return Liveness.DEAD

    async def accepted(self, start: TurnStart) -> Accepted:
        """Looked up among the conversation's turns, under the prompts' ids."""
        return Accepted.YES if await self._recorded(start) is not None else Accepted.NO

    async def said(self, start: TurnStart) -> str:
        turn = await self._recorded(start)
        return told.said_in(turn) if turn is not None else ""

    async def _recorded(self, start: TurnStart) -> Mapping[str, Any] | None:
        """The turn in Codex's own record; None when it is not there. Raises BackendError when that cannot be known."""
        from phonework.backends.codex.thread import turns

        thread_id = await self._thread_of(start)
        if not thread_id:
            return None
        prompts = {str(prompt.prompt_id) for prompt in start.prompts}
        try:
            listed = await turns(self._server, thread_id)
        except self._refusals() as error:
            if failures.is_unknown(error):
                return None
            raise failures.of_refusal(error) from error
        return next((one for one in listed if prompts & told.prompts_in(one)), None)

    async def _thread_of(self, start: TurnStart) -> str:
        """The conversation the turn was begun in; empty when it was not begun in any."""
        if start.agent_session_id:
            return start.agent_session_id
        known = await asyncio.to_thread(self._journal.read, start.session_id)
        first = start.prompts[0].prompt_id if start.prompts else ""
        return known.thread_id if known is not None and known.prompt_id == first else ""

    async def ping(self, *, smoke: bool = False) -> str:
        cli = program.find(self._settings.cli_path)
        env = program.environment(self._settings, f"{self._data_dir}:ping")
        code, said = await program.line([cli, "--version"], env)
        if code:
            raise BackendError("codex.not_started", problem=program.detail(said))
        self._check_sandbox()
        version = f"Codex {said.split()[-1]}" if said else "Codex of an unknown version"
        if smoke:
            begun = monotonic()
            await self._smoke()
            return f"{version}, answered in {monotonic() - begun:.1f} s"
        _, login = await program.line([cli, "login", "status"], env)
        return f"{version}, {program.detail(login)[:80]}" if login else version

    async def _smoke(self) -> None:
        """A conversation that is not kept, and one turn in it. Raises BackendError with the reason when it does not answer."""
        directory = self._data_dir / "ping"
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        thread_id, model = "", {"model": self._settings.model} if self._settings.model else {}
        try:
            begun = await self._server.request(
                "thread/start", {**self._place(str(directory)), **model, "ephemeral": True}
            )
            thread_id = _text(_part(begun, "thread"), "id")
            queue = self._waited_for[thread_id] = asyncio.Queue()
            asked = {"threadId": thread_id, "input": [{"type": "text", "text": SMOKE_PROMPT}]}
            policy = modes.of_turn(modes.policy("read-only", self._settings), {})
            await self._server.request("turn/start", {**asked, **policy})
            async with asyncio.timeout(SMOKE_WITHIN):
                while not isinstance(fact := await queue.get(), told.TurnOver):
                    pass
        except self._refusals() as error:
            raise failures.of_refusal(error) from error
        except TimeoutError:
            raise BackendError("codex.silent", seconds=f"{SMOKE_WITHIN:.0f}") from None
        finally:
            self._waited_for.pop(thread_id, None)
        if fact.status != "completed":
            raise failures.of_turn(fact.error)


def _part(whole: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = whole.get(key)
    return found if isinstance(found, dict) else {}


def _text(whole: Mapping[str, Any], key: str) -> str:
    found = whole.get(key)
    return found if isinstance(found, str) else ""
