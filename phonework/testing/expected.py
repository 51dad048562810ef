"""What a person may expect of one session: an account of its own, that shares nothing with the table.

It hears what people and the agent do, what became of orders to the agent, how time passes and when the program dies,
and says where the session must stand then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

WAIT, REMIND, TURN, IDLE, STOP, BACKGROUND = (
    timedelta(minutes=5),
    timedelta(minutes=4),
    timedelta(minutes=30),
    timedelta(minutes=30),
    timedelta(seconds=20),
    timedelta(seconds=60),
)

ROOM = 50  # messages that may wait in one session
MOST_FILES = 20  # with one message


class Mode(StrEnum):
    """What a person sees of a session."""

    REST = "idle"
    WORKING = "executing"
    ASKING = "waiting"
    ENDING = "stopping"
    CLOSED = "closed"


@dataclass(slots=True)
class Question:
    """What the agent asked. kind: confirm, choice or input. yes: whether the agent may hear a yes to it."""

    request_id: str
    kind: str
    fingerprint: str
    status: str = "queued"
    generation: int = 0
    opened_at: datetime | None = None


@dataclass(slots=True)
class Expected:
    """One session. queue, held, last: ids of messages. files: how many go with each; what was heard is none any more.
    kept: of those held, the one whose files wait for words.

    asleep_until: when its person may be disturbed again, if they may not be.
    claimed: the order to the agent that is under way, as (what, reference). owes: the one the last step led to.
    """

    owner: str
    steers: bool
    mode: Mode = Mode.REST
    turn: int = 0
    generation: int = 0
    queue: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    kept: str = ""
    voices: dict[str, int] = field(default_factory=dict)  # how many of the files are still to be heard
    questions: dict[str, Question] = field(default_factory=dict)
    open: str = ""
    agent: str = ""  # the agent's own name for the session
    model: str = ""  # as chosen
    asks_as: str = ""  # the mode of its agent, and the one that comes after it when it has an end
    asks_after: str = ""
    behind: list[str] = field(default_factory=list)
    begun: set[int] = field(default_factory=set)  # turns the agent was told of
    claimed: tuple[str, str] | None = None
    owes: tuple[str, str] | None = None
    hangs: bool = False  # the agent has been told something and has not taken it yet
    deadlines: dict[str, tuple[datetime, int]] = field(default_factory=dict)  # name → when, of which turn or question
    carry: tuple[str, bool] | None = None  # a late decision not yet used: about what, and whether it is a yes
    consents: list[str] = field(default_factory=list)  # fingerprints a yes was given for
    asleep_until: Callable[[datetime], datetime | None] = lambda _now: None
    tasks: list[int] = field(default_factory=list)  # turns that went to the background
    steered: list[str] = field(default_factory=list)  # messages a person gave to the running turn, each time they did

    @property
    def busy(self) -> bool:
        return self.mode in (Mode.WORKING, Mode.ASKING, Mode.ENDING)

    # People

    def write(
        self,
        message: str,
        words: str,
        sent_at: datetime,
        stale: bool,
        now: datetime,
        *,
        files: int = 0,
        spoken: bool = False,
        answers: bool = True,
    ) -> None:
        """words: empty when only files came. spoken: the words are in a voice message, the only file.

        answers: they may answer what is asked; a program's never do.
        """
        self.owes = None
        if self.mode is Mode.CLOSED:
            return
        self.voices[message] = int(spoken)
        along, room = self.files.get(self.kept, 0), len(self.queue) + len(self.held) < ROOM
        answer = self._typed(words, sent_at) if answers and not stale and not files else None
        if stale:
            if room:
                self.held.append(message)
                self.files[message] = files
        elif answer is not None:
            self._answer(answer, now)
        elif files + along > MOST_FILES:
            pass  # refused in words
        elif not words:
            if room:
                self._keep(message, files, now)
        elif self.mode is Mode.REST:
            self._take_along(message, files)
            self._begin(message, now)
        elif room:
            self._take_along(message, files)
            self.queue.append(message)

    def _keep(self, message: str, files: int, now: datetime) -> None:
        """All files without words wait together, under the first message that had some."""
        first = self.kept or message
        self.files[first] = self.files.get(first, 0) + files
        self._take_out(first)
        self.held.append(first)
        self.kept = first
        if self.mode is Mode.REST:
            self.deadlines["idle"] = (now + IDLE, self.turn)

    def _take_along(self, message: str, files: int) -> None:
        self.files[message] = files + self.files.get(self.kept, 0)
        self._take_out(self.kept)

    def _typed(self, words: str, sent_at: datetime) -> bool | None:
        """Whether the words are a yes (an answer too) or a no to what is asked; None: they are no answer to it."""
        question = self.questions.get(self.open)
        if question is None or question.opened_at is None or sent_at <= question.opened_at:
            return None
        match question.kind:
            case "input":
                return True
            case "choice":
                return True if words == "1" else None
            case _:
                return None if words == "1" else words == "yes"

    def click(
        self, request_id: str, generation: int, yes: bool, by: str, now: datetime, also: Sequence[str] = ()
    ) -> bool:
        """Whether the tap counts. also: the button was for these too."""
        question = self.questions.get(request_id)
        counts = question is not None and self.open == request_id and question.generation == generation
        if counts and by == self.owner:
            self._answer(yes, now, self.shown_behind(request_id, also))
            return True
        return False

    def shown_behind(self, request_id: str, also: Sequence[str]) -> list[str]:
        """Those of them that the card of this one shows: permissions like itself, that still wait."""
        confirms = self.questions[request_id].kind == "confirm"
        return [one for one in self.behind if confirms and one in also and self.questions[one].kind == "confirm"]

    def late(self, request_id: str, generation: int, yes: bool, by: str, message: str, now: datetime) -> bool:
        """Answer and resume."""
        question = self.questions.get(request_id)
        if question is None or by != self.owner or self.mode is not Mode.REST or question.generation != generation:
            return False
        if question.status not in ("expired", "void"):
            return False
        question.status = "resumed"
        if yes:
            self.consents.append(question.fingerprint)
        self._begin(message, now)
        self.carry = (question.fingerprint, yes)
        return True

    def stop(self, now: datetime) -> None:
        if self.mode in (Mode.WORKING, Mode.ASKING):
            self._end_by("refused", now)

    def kill(self, now: datetime) -> None:
        """The turn is over at once, and what was queued behind it is held."""
        self.owes = None
        if not self.busy:
            return
        self._settle("refused")
        self.held += self.queue
        self.queue.clear()
        self._next(now)

    def close(self) -> None:
        if self.mode is Mode.CLOSED:
            return
        self._settle("refused")
        self.queue.clear()
        self.held.clear()
        self.kept = ""
        self.carry = None
        if "mode" in self.deadlines:
            self.asks_as, self.asks_after = self.asks_after, ""
            self._forget("mode")
        self._go(Mode.CLOSED)

    def choose(self, model: str) -> None:
        if self.mode is not Mode.CLOSED:
            self.model = model

    def ask_as(self, mode: str, limit: timedelta | None, now: datetime, *, taken: bool) -> None:
        """It asks more or less; with a limit for so long. taken: the agent does so."""
        if self.mode is Mode.CLOSED or (mode == self.asks_as and limit is None and "mode" not in self.deadlines):
            return
        before = self.asks_after if "mode" in self.deadlines else self.asks_as
        if not taken:
            mode, limit = before, None
        self._forget("mode")
        self.asks_as, self.asks_after = mode, before if limit is not None else ""
        if limit is not None:
            self.deadlines["mode"] = (now + limit, 0)

    def retry(self, message: str, now: datetime, turn: int = 0) -> None:
        if not self.last or turn not in (0, self.turn):
            return
        for counts in (self.files, self.voices):
            counts[message] = sum(counts.get(one, 0) for one in self.last)
        if self.mode is Mode.REST:
            self._begin(message, now)
        elif self.mode in (Mode.WORKING, Mode.ASKING):
            self.queue.insert(0, message)
            self._end_by("refused", now)

    def go_on(self, message: str, turn: int, now: datetime) -> None:
        if self.mode is Mode.REST and turn in (0, self.turn):
            self._begin(message, now)

    def send_now(self, message: str, now: datetime) -> None:
        if message not in (*self.queue, *self.held):
            return
        if self.mode is Mode.REST:
            self._begin(message, now)
        elif message == self.kept:
            self._take_out(message)
            self.queue.append(message)
        elif self.mode is Mode.WORKING and self.steers:
            self._take_out(message)
            self.last.append(message)
            self.steered.append(message)
        else:
            self._take_out(message)
            self.queue.insert(0, message)
            self.stop(now)

    def drop(self, message: str) -> None:
        self._take_out(message)

    # The agent

    def asks(self, turn: int, question: Question, now: datetime) -> None:
        if self.mode is Mode.CLOSED or (self.mode in (Mode.WORKING, Mode.ASKING) and turn != self.turn):
            return
        self.questions[question.request_id] = question
        if self.mode in (Mode.REST, Mode.ENDING):
            question.status = "refused"
        elif self.carry is not None and self.carry[0] == question.fingerprint:
            question.status = "answered"
            self.carry = None
        elif self.mode is Mode.ASKING:
            self.behind.append(question.request_id)
        else:
            self._open(question, now)

    def typed(self, message: str, now: datetime) -> None:
        """Somebody wrote to the agent at its own terminal; it has the message already."""
        if self.mode is Mode.REST:
            self._begin(message, now)
            self.begun.add(self.turn)
        self.owes = None

    def withdraws(self, request_id: str, now: datetime) -> None:
        if self.mode is not Mode.ASKING or request_id not in (self.open, *self.behind):
            return
        self.questions[request_id].status = "withdrawn"
        if request_id == self.open:
            self._next_question(now)
        else:
            self.behind.remove(request_id)

    def called(self, turn: int, agent: str, *, begins: bool) -> None:
        """The agent names itself: when it takes a turn, or later in place of that name."""
        if turn == self.turn and (self.busy or not begins) and self.mode is not Mode.CLOSED:
            self.agent = agent

    def ends(self, turn: int, *, well: bool, now: datetime) -> None:
        """The turn finished, or it failed or its agent died."""
        if not self.busy or turn != self.turn:
            return
        graceful = well or self.mode is Mode.ENDING
        self._settle("withdrawn" if graceful else "void")
        if not graceful:
            self.held += self.queue
            self.queue.clear()
        self._next(now)

    # What became of orders

    def told(self, what: str, reference: str, how: str, now: datetime) -> None:
        self.hangs = how == "begun"
        self.claimed = (what, reference) if self.hangs and what in ("start", "answer", "steer") else None
        if what in ("start", "steer") and how == "begun":
            self._heard_all(self.last if what == "start" else [reference])
        match what, how:
            case "start", "begun":
                self.begun.add(int(reference))
            case "start", "failed":
                self.ends(int(reference), well=False, now=now)
            case "answer", "done" | "failed":
                self._heard(reference, how == "done")
            case "steer", "failed":
                self._not_steered(reference)
            case _:  # it takes its course
                pass

    def shown(self, request_id: str, now: datetime) -> None:
        """The person sees a question that had waited for them."""
        if self.open == request_id:
            self.questions[request_id].opened_at = now
            self._wait(now, now)
            self.deadlines["turn"] = (now + TURN, self.turn)

    def _heard_all(self, messages: list[str]) -> None:
        """The agent gets words, so voice messages were heard before."""
        for message in messages:
            self.files[message] = self.files.get(message, 0) - self.voices.pop(message, 0)

    def _heard(self, request_id: str, heard: bool) -> None:
        question = self.questions[request_id]
        if question.status == "answered":
            question.status = "delivered" if heard else "void"

    def _not_steered(self, message: str) -> None:
        if self.mode is Mode.CLOSED:
            return
        if message in self.last:
            self.last.remove(message)
        self.held.append(message)

    # Time, and the end of the program

    def passes(self, now: datetime) -> None:
        due = sorted((at, name, about) for name, (at, about) in self.deadlines.items() if at <= now)
        for at, name, about in due:
            if self.deadlines.get(name) == (at, about):  # what rang before it may have put it off
                del self.deadlines[name]
                self._ring(name, about, now)

    def _ring(self, name: str, about: int, now: datetime) -> None:
        match name:
            case "wait" if self.mode is Mode.ASKING and about == self.generation:
                self._end_by("expired", now)
            case "remind" if self.mode is Mode.ASKING and about == self.generation:
                if (morning := self.asleep_until(now)) is not None:
                    self._wait(morning, now)
            case "background" if self.mode in (Mode.WORKING, Mode.ASKING) and about == self.turn:
                self.tasks.append(self.turn)
            case "turn" if self.mode in (Mode.WORKING, Mode.ASKING) and about == self.turn:
                self._end_by("expired", now)
            case "stop" if self.mode is Mode.ENDING and about == self.turn:
                self._next(now)
            case "mode":
                self.asks_as, self.asks_after = self.asks_after, ""
            case "idle" if self.mode is Mode.REST and about == self.turn:
                self.close()
            case _:
                pass

    def committed(self) -> None:
        """What the last step led to was committed, and nobody was told of it: its order is claimed, if nothing hangs."""
        if not self.hangs:
            self.claimed = self.owes

    def died(self, *, taken: bool, alive: bool, now: datetime) -> None:
        """The program was killed and came back. taken: the agent's record has the turn. alive: its process may live."""
        turn, was_busy, claimed = self.turn, self.busy, self.claimed
        self.claimed, self.hangs = None, False
        what, reference = claimed or ("", "")
        if what == "start" and not taken:
            self.begun.discard(int(reference))
        elif what == "start":
            self.ends(int(reference), well=False, now=now)
        elif what == "answer":
            self._heard(reference, False)
        elif what == "steer":
            self._not_steered(reference)
        if was_busy and turn in self.begun and not alive:
            self.ends(turn, well=False, now=now)

    # Inside

    def _begin(self, message: str, now: datetime) -> None:
        self._take_out(message)
        self.turn += 1
        self.last = [message]
        self.carry = None
        # What came along is fetched before the order is claimed.
        self.owes = None if self.files.get(message) else ("start", str(self.turn))
        self._go(Mode.WORKING)
        self.deadlines["turn"] = (now + TURN, self.turn)
        self.deadlines["background"] = (now + BACKGROUND, self.turn)

    def _take_out(self, message: str) -> None:
        if message == self.kept:
            self.kept = ""
        for line in (self.queue, self.held):
            if message in line:
                line.remove(message)

    def _open(self, question: Question, now: datetime) -> None:
        self.generation += 1
        shown_at = self.asleep_until(now) or now
        question.status, question.generation, question.opened_at = "open", self.generation, shown_at
        self.open, self.mode = question.request_id, Mode.ASKING
        self._wait(shown_at, now)

    def _wait(self, since: datetime, now: datetime) -> None:
        self.deadlines["wait"] = (since + WAIT, self.generation)
        self.deadlines["remind"] = (since + REMIND, self.generation)
        if since > now:
            self.deadlines["turn"] = (since + TURN, self.turn)

    def _answer(self, yes: bool, now: datetime, along: Sequence[str] = ()) -> None:
        self.owes = ("answer", self.open)
        for request_id in (self.open, *along):
            question = self.questions[request_id]
            question.status = "answered"
            if yes:
                self.consents.append(question.fingerprint)
        self.behind = [one for one in self.behind if one not in along]
        self._next_question(now)

    def _next_question(self, now: datetime) -> None:
        self.open, self.mode = "", Mode.WORKING
        self._forget("wait", "remind")
        if self.behind:
            self._open(self.questions[self.behind.pop(0)], now)

    def _settle(self, status: str, behind: str = "") -> None:
        for request_id in self.behind:
            self.questions[request_id].status = behind or status
        if self.open:
            self.questions[self.open].status = status
        self.open, self.behind = "", []

    def _end_by(self, status: str, now: datetime) -> None:
        self._settle(status, "refused")
        self.mode = Mode.ENDING
        self._forget("wait", "remind", "turn", "background")
        self.deadlines["stop"] = (now + STOP, self.turn)

    def _next(self, now: datetime) -> None:
        self.carry = None
        if self.queue:
            self._begin(self.queue[0], now)
        else:
            self._go(Mode.REST)
            self.deadlines["idle"] = (now + IDLE, self.turn)

    def _go(self, mode: Mode) -> None:
        self.mode = mode
        self._forget(*self.deadlines.keys() - {"mode"})  # how it asks has an end of its own

    def _forget(self, *names: str) -> None:
        for name in names:
            self.deadlines.pop(name, None)
