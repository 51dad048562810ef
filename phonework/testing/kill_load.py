"""People who use the bot at random, and a program that is killed under their hands: what came of it is evidence."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from phonework import processes
from phonework.shell.run import MARK
from phonework.testing.kill_program import Program
from phonework.testing.kill_wishes import HELPED, TYPED, WISHES
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.testing.taps import Pressable, find_action, pressables

Json = dict[str, Any]

TRACE: Final = '''"""Leaves a line each time the project's tests are run."""

from pathlib import Path

with Path(__file__).with_name("ran.log").open("a") as log:
    log.write("ran\\n")
'''
SETTLE_S: Final = 120.0
ENDS_WITHIN_S: Final = 10.0
IN_LINE: Final = 4
"""People who see so many of their messages in line write no more."""
QUIET: Final = 7
"""People read what comes before they begin something new: a chat takes four messages a second, and no more."""


@dataclass(slots=True)
class Deeds:
    """What the people did, written down before it is sent. said: message id → text; yes: requests they allowed.

    sent: by a program, key → text; acknowledged: of those, key → the prompt it became, as the server said.
    """

    said: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    yes: set[str] = field(default_factory=set)
    taps: int = 0
    unanswered_taps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is left when all is calm. problems: what went wrong on the way already."""

    database: Path
    journals: Path
    work: Path
    deeds: Deeds
    shown: tuple[Shown, ...]
    kills: int
    starts: int
    problems: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Processes that still ran when they should not."""


class Somebody:
    """One person with a phone: writes, taps, answers late, presses old cards."""

    def __init__(
        self, phone: Phone, user: str, chat: str, deeds: Deeds, chance: random.Random, *, helped: bool = False
    ) -> None:
        """helped: in smart mode, without a session."""
        self.user, self.chat, self.helped = user, chat, helped
        self._phone, self._deeds, self._chance = phone, deeds, chance
        self._seen: dict[str, Shown] = {}
        self._old: list[tuple[str, Json]] = []
        self._revision = 0
        self._words = 0
        self._quiet = 0  # looks in a row that brought nothing new

    async def live(self, over: asyncio.Event) -> None:
        """Do something, look, do something, until it is over."""
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(0.02, 0.3)):
                    await over.wait()  # people think between two acts
            await self.look()
            await self._act()

    async def look(self, timeout_s: float = 0.0) -> None:
        self._revision, changed = await self._phone.changes(self._revision, chat=self.chat, timeout_s=timeout_s)
        heard = {shown.message_id: shown for shown in changed if shown.from_bot}
        self._seen.update(heard)
        self._quiet = 0 if heard else self._quiet + 1

    def offered(self, *wanted: str) -> list[tuple[Shown, Pressable]]:
        """What can be pressed now, newest last."""
        return [
            (shown, each)
            for shown in self._seen.values()
            if shown.msg_type == "interactive"
            for each in pressables(shown.card)
            if isinstance(each.value, dict) and each.value.get("op") in wanted and _allowed(each.value)
        ]

    async def say(self, text: str) -> None:
        message_id = await self._phone.say(text, user=self.user, chat=self.chat)
        self._deeds.said[message_id] = text

    async def press(self, shown: Shown, pressed: Pressable) -> None:
        """A tap may meet a dead program: the person sees an error, and perhaps taps again."""
        action = find_action(shown.card, pressed.element.get("name") or pressed.value, form=_filled(pressed))
        self._old.append((shown.message_id, action))
        await self._tap(shown.message_id, action)

    async def _tap(self, message_id: str, action: Json) -> None:
        value = action["value"]
        if value["op"] in ("answer", "late") and value["c"] == "allow":
            self._deeds.yes.update([value["id"], *value.get("also", [])])
        self._deeds.taps += 1
        answered = await self._phone.act(message_id, action, user=self.user)
        self._deeds.unanswered_taps += answered.error is not None

    async def _act(self) -> None:
        questions, waiting = self.offered("answer"), self.offered("send_now", "drop")
        free = self._quiet >= QUIET and len(self.offered("drop")) < IN_LINE
        wishing = free and not (self.helped and questions)  # to a helper that asks, a wish would be a no
        may: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (8.0 if questions else 0, lambda: self.press(*self._choice(questions))),
            (2.0 if questions else 0, lambda: self.say(self._worded(self._chance.choice(TYPED)))),
            (2.0 if free else 0, lambda: self._press_any(self.offered("late")[-6:])),
            (0.7 if free else 0, lambda: self._press_any(self.offered("retry", "continue")[-2:])),
            (0.3, lambda: self._press_any(self.offered("stop"))),
            (0.7, lambda: self._press_any(waiting)),
            (0.2, self._press_again),
            (
                6.0 if wishing else 0,
                lambda: self.say(self._worded(self._chance.choice(HELPED if self.helped else WISHES))),
            ),
        ]
        (act,) = self._chance.choices([act for _, act in may], [weight for weight, _ in may])
        await act()

    def _choice(self, offered: list[tuple[Shown, Pressable]]) -> tuple[Shown, Pressable]:
        """More often a yes than chance would have it: what follows from a yes is what can go wrong."""
        yes = [each for each in offered if each[1].value["c"] == "allow"]
        return self._chance.choice(yes if yes and self._chance.random() < 0.8 else offered)

    async def _press_any(self, offered: list[tuple[Shown, Pressable]]) -> None:
        if offered:
            await self.press(*self._chance.choice(offered))

    async def _press_again(self) -> None:
        if self._old:
            await self._tap(*self._chance.choice(self._old))

    def _worded(self, wish: str) -> str:
        self._words += 1
        return wish.format(word=f"w{self._words}x{self.user[3:]}")


def _allowed(value: Json) -> bool:
    """Not what would let later deeds go unasked."""
    return value.get("c") not in ("allow_session", "allow_rule", "allow_edits")


def _filled(pressed: Pressable) -> Mapping[str, Any] | None:
    """Something in each field, when the button sends a form."""
    if pressed.fields is None or "name" not in pressed.element:
        return None
    filled: Json = {}
    for name, element in pressed.fields.items():
        options = [str(each["value"]) for each in element.get("options", [])]
        match element["tag"]:
            case "multi_select_static":
                filled[name] = options[:2]
            case "select_static":
                filled[name] = options[0]
            case _:
                filled[name] = "some words"
    return filled


async def run(server: Server, phone: Phone, *, kills: int, people: int, helped: int, seed: int) -> Evidence:
    """Let people use the program while it is killed `kills` times; then let all come to rest.

    helped: so many more people are in smart mode. The first person has a script of theirs, too.
    """
    chance, deeds, problems = random.Random(seed), Deeds(), list[str]()
    crowd = [await _arrive(server, phone, number, deeds, seed) for number in range(people)]
    crowd += [await _arrive_helped(phone, number, deeds, seed) for number in range(people, people + helped)]
    program = Program(server, deeds, random.Random(f"{seed}:program"))
    await program.arrive()
    over = asyncio.Event()
    await server.kill()
    living = [asyncio.create_task(one.live(over)) for one in crowd]
    living.append(asyncio.create_task(program.live(over)))
    try:
        starts = await _kill_again_and_again(server, phone, kills, chance, problems)
    finally:
        over.set()
        await asyncio.gather(*living)
    await phone.clear_faults()
    await server.start()
    await program.finish()
    problems += program.problems
    problems += await _settle(server, phone, crowd)
    left = await asyncio.to_thread(_still_there, server.place / "home", MARK)
    await server.kill()
    left += await asyncio.to_thread(_still_there, server.place / "home", "HOME")
    return Evidence(
        database=server.data_dir / "phonework.db",
        journals=server.data_dir / "backends" / "demo" / "demo",
        work=server.work,
        deeds=deeds,
        shown=tuple(await phone.messages()),
        kills=kills + 1,
        starts=starts + 2,
        problems=tuple(problems),
        left=tuple(left),
    )


async def _arrive(server: Server, phone: Phone, number: int, deeds: Deeds, seed: int) -> Somebody:
    """A session each, its project made, and a trace in it of every run of its tests."""
    user = f"ou_p{number}"
    chat = str((await phone.add_user(user, f"Person {number}", "en"))["chat_id"])
    one = Somebody(phone, user, chat, deeds, random.Random(f"{seed}:{number}"))
    await one.say(f"/new --create p{number} confirm the beginning")
    while not one.offered("answer"):
        await one.look(10.0)
    await asyncio.to_thread((server.work / f"p{number}" / "tests" / "test_trace.py").write_text, TRACE)
    await one.press(*next(each for each in one.offered("answer") if each[1].value["c"] == "deny"))
    return one


async def _arrive_helped(phone: Phone, number: int, deeds: Deeds, seed: int) -> Somebody:
    user = f"ou_p{number}"
    chat = str((await phone.add_user(user, f"Person {number}", "en"))["chat_id"])
    one = Somebody(phone, user, chat, deeds, random.Random(f"{seed}:{number}"), helped=True)
    await one.say("/smart")
    await phone.wait_for_message("assistant", chat=chat)
    return one


def _still_there(home: Path, variable: str) -> list[str]:
    """What was started from this home, has this in its environment, and does not end within a few seconds."""
    found = [one for one in processes.marked("HOME", str(home)) if _has(one, variable)]
    return [str(one) for one in psutil.wait_procs(found, timeout=ENDS_WITHIN_S)[1]]


def _has(process: psutil.Process, variable: str) -> bool:
    with contextlib.suppress(psutil.Error):
        return variable in process.environ()
    return False  # it has ended


async def _kill_again_and_again(
    server: Server, phone: Phone, kills: int, chance: random.Random, problems: list[str]
) -> int:
    for _ in range(kills):
        await _some_fault(phone, chance)
        child, roll = server.spawn(), chance.random()
        if roll < 0.15:
            patience = chance.uniform(0, 0.4)  # while it starts
        else:
            await asyncio.to_thread(child.says, "feishu connected")
            patience = chance.uniform(0, 0.6) if roll < 0.65 else chance.uniform(0.6, 2.0)
        if await asyncio.to_thread(child.ends_within, patience):
            problems.append(f"it ended by itself with {child.returncode}: {child.tail()}")
        else:
            await server.kill()
    return kills


async def _some_fault(phone: Phone, chance: random.Random) -> None:
    """What networks and platforms do besides."""
    match chance.randrange(8):
        case 0:
            await phone.fault("event.duplicate", new_event_id=True)
        case 1:
            await phone.fault("event.lose_ack")
        case 2:
            await phone.fault("event.lose")
        case 3:
            await phone.fault("http.drop_after", match={"path": "/im/v1/messages"})
        case _:
            return


async def _settle(server: Server, phone: Phone, crowd: list[Somebody]) -> list[str]:
    """Stop what runs and drop what waits, until nothing is owed; then bring every redelivery that is still due."""
    try:
        async with asyncio.timeout(SETTLE_S):
            await asyncio.gather(*(_calm(server, one) for one in crowd))
            await phone.jump(8 * 3600)
            await phone.idle()
            await asyncio.gather(*(_calm(server, one) for one in crowd))
    except TimeoutError:
        return [f"not at rest after {SETTLE_S} s: {unrest(server)}"]
    return []


async def _calm(server: Server, one: Somebody) -> None:
    await one.look()
    while unrest(server, one.user):
        for shown, pressed in one.offered("drop", "stop"):
            await one.press(shown, pressed)
        await one.look(0.5)


def unrest(server: Server, user: str = "%") -> list[tuple[object, ...]]:
    """Sessions at work, effects still owed, messages still in line, reminders still to come."""
    found = server.rows(
        """SELECT 'session', session_id, state, '' FROM session WHERE state NOT IN ('idle', 'closed') AND user_id LIKE ?1
           UNION ALL
           SELECT 'effect', key, kind, status || ' ' || attempts || ' ' || result FROM effect
             WHERE status IN ('owed', 'claimed') AND user_id LIKE ?1
           UNION ALL
           SELECT 'prompt', prompt_id, prompt.status, prompt.session_id FROM prompt JOIN session USING (session_id)
             WHERE prompt.status IN ('queued', 'held') AND user_id LIKE ?1 AND state != 'closed'
           UNION ALL
           SELECT 'reminder', reminder_id, body, '' FROM reminder WHERE status = 'waiting' AND user_id LIKE ?1""",
        user,
    )
    return [tuple(row) for row in found]
