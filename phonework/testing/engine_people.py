"""What the people of the machine do: write, command, tap; and what Feishu delivers again."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from phonework.backends.base import Accepted, Liveness
from phonework.channels.base import Recalled, Said
from phonework.channels.cards import clicks, values
from phonework.fsm.types import SessionId
from phonework.testing.backend import Deed
from phonework.testing.engine_stage import OLD, RARELY, WHICH, Stage, any_sessions, message_of
from phonework.testing.expected import IDLE, Expected, Mode
from phonework.testing.expected import Question as Asked
from phonework.testing.playbook import ADA, BOB

BYPASS: Final = "bypassPermissions"
ANSWERABLE: Final = ["open", "expired", "void"]
WORDS: Final = st.sampled_from(["please", "yes", "no", "1"])
AGES: Final = st.sampled_from(["fresh", "fresh", "earlier", "stale"])
PEOPLE: Final = st.sampled_from([ADA, ADA, BOB])
OUTCOMES: Final = st.sampled_from([*[Deed.OK] * 6, *Deed])
OWNER: Final = st.sampled_from([True, True, True, True, False])


class People(Stage):
    """Two people at their phones."""

    @initialize(steers=st.booleans())
    def ada_has_a_session(self, steers: bool) -> None:
        self.begin(ADA, steers, True)

    @precondition(lambda self: sum(one.mode is not Mode.CLOSED for one in self.sessions.values()) < 3)
    @rule(user=PEOPLE, steers=st.booleans(), at_once=st.booleans())
    def begin(self, user: str, steers: bool, at_once: bool) -> None:
        self.tick()
        said = self.said(user, f"/new api --backend {'steering' if steers else 'demo'} {'please' if at_once else ''}")
        session_id = SessionId(f"fizz-{len(self.sessions) + 1}")
        one = self.sessions[session_id] = Expected(owner=user, steers=steers, asleep_until=self.asleep(user))
        one.deadlines["idle"] = (self.now + IDLE, 0)
        self.active[user] = session_id
        if at_once:
            one.write(message_of("message", said.key), "please", said.sent_at, False, self.now)
        self.deliver(said)

    @precondition(any_sessions)
    @rule(which=WHICH, asks=OWNER, kind=st.sampled_from(["confirm", "input"]), back=st.booleans())
    def a_person_goes_to_bed(self, which: int, asks: bool, kind: str, back: bool) -> None:
        """And sleeps nearly the whole day. asks: their agent asks something then. back: they get up again."""
        self.please(which)
        session_id, one = self.session(which)
        self.sleep(one.owner)
        self.pass_time(timedelta(minutes=16))
        if asks and one.mode is Mode.WORKING:
            self.report(session_id, self.ask(one, one.turn, kind, "rm"))
        if back:
            self.deliver(self.said(one.owner, "/status"))

    def sleep(self, user: str, *, soundly: bool = True) -> None:
        """Choose quiet hours, or none."""
        said = self.said(user, "/quiet 9:00-8:58" if soundly else "/quiet off")
        self.nights[user] = soundly
        self.deliver(said)

    @precondition(any_sessions)
    @rule(which=WHICH, words=WORDS, age=AGES, dies=RARELY, accepted=st.sampled_from([None, Accepted.UNKNOWN]))
    def write(self, which: int, words: str, age: str, dies: bool, accepted: Accepted | None) -> None:
        """dies: the program is killed between the commit and its acknowledgement, and Feishu delivers it again."""
        self.tick()
        user = self.turn_to(which)
        said = self.said(user, words, self.sent(user, age))
        self.expect_message(said)
        if dies:
            if (one := self.active_of(user)) is not None:
                one.committed()
            self.falls(accepted, Liveness.DEAD)
            self.do(self.play.crash_unacknowledged(said))
            self.listen()
        self.deliver(replace(said, text=str(said.text)))

    @precondition(any_sessions)
    @rule(which=WHICH, kind=st.sampled_from(["image", "audio"]), count=st.sampled_from([1, 2, 12]), age=AGES)
    def send_files(self, which: int, kind: str, count: int, age: str) -> None:
        """Pictures without a word, or a voice message."""
        self.tick()
        user = self.turn_to(which)
        said = self.said(user, "", self.sent(user, age), files=1 if kind == "audio" else count, kind=kind)
        self.expect_message(said)
        self.deliver(said)

    @precondition(any_sessions)
    @rule(
        which=WHICH,
        command=st.sampled_from(
            ["/stop", "/stop", "/close", "/retry", "/retry", "/status", "/model swift", "/model default"]
        ),
        late=RARELY,
    )
    def command(self, which: int, command: str, late: bool) -> None:
        self.tick()
        user = self.turn_to(which)
        said = self.said(user, command, self.now - OLD if late else self.now)
        one = self.active_of(user)
        if one is not None and not late:
            match command:
                case "/stop":
                    one.stop(self.now)
                case "/close":
                    one.close()
                case "/retry":
                    one.retry(message_of("retry", said.key), self.now)
                case "/model swift" | "/model default":
                    one.choose("swift" if command == "/model swift" else "")
                case _:  # it only looks
                    pass
        self.deliver(said)

    @precondition(lambda self: any(one.questions for one in self.sessions.values()))
    @rule(
        which=WHICH,
        owner=OWNER,
        yes=st.booleans(),
        odd=RARELY,
        how=st.sampled_from(["as shown", "as shown", "as shown", "as shown", "older", "forged"]),
        outcome=OUTCOMES,
        for_all=st.booleans(),
    )
    def click(self, which: int, owner: bool, yes: bool, odd: bool, how: str, outcome: Deed, for_all: bool) -> None:
        """odd: with the button that the card does not have any more, or not yet. for_all: and names whatever waits behind."""
        self.tick()
        asked = [(one, question) for one in self.sessions.values() for question in one.questions.values()]
        asked.sort(key=lambda pair: ANSWERABLE.index(pair[1].status) if pair[1].status in ANSWERABLE else 9)
        one, question = asked[which % len(asked)]
        user, late = self.someone(one, owner), (question.status in ANSWERABLE[1:]) is not odd
        request_id = "f" * 32 if how == "forged" else question.request_id
        generation = max(0, question.generation - (how == "older"))
        yes = yes or question.kind != "confirm"  # the other kinds have no no
        choice, form = _press(question.kind, yes)
        also = [*one.behind, *([f"{0:032x}"] if odd else [])] if for_all else []
        clicked = self.tap(values.answer_value(request_id, generation, choice, late=late, also=also), user, form)
        if late:
            one.late(request_id, generation, yes, user, message_of("late", clicked.key), self.now)
        else:
            one.click(request_id, generation, yes, user, self.now, also)
        self.goes(outcome)
        self.deliver(clicked)

    @precondition(any_sessions)
    @rule(
        which=WHICH, owner=OWNER, mode=st.sampled_from(["plan", "default", BYPASS, BYPASS]), again=RARELY, taken=OWNER
    )
    def choose_mode(self, which: int, owner: bool, mode: str, again: bool, taken: bool) -> None:
        """By a tap that the agent hears of at once. again: the same card, tapped once more. taken: it does not refuse."""
        self.tick()
        session_id, one = self.session(which)
        if one.hangs:
            return
        self.play.script.deeds.clear()
        user, limit = self.someone(one, owner), timedelta(minutes=15) if mode == BYPASS else None
        asked = {"minutes": 15, "offer": self.name("offer"), "offered_at": int(self.now.timestamp())} if limit else {}
        value = values.mode_value(session_id, mode, **asked)  # type: ignore[arg-type]  # numbers and a name
        if user == one.owner:
            one.ask_as(mode, limit, self.now, taken=taken)
        if not taken:
            self.play.script.deeds.append(Deed.ERROR)
        for _ in range(1 + (again and limit is not None)):
            self.deliver(self.tap(value, user))
            self.play.script.deeds.clear()

    @precondition(lambda self: bool(self.resumable()))
    @rule(which=WHICH, yes=st.booleans(), same=OWNER, times=st.integers(0, 2))
    def answer_late_and_ask_again(self, which: int, yes: bool, same: bool, times: int) -> None:
        """The decision answers the very same call, once."""
        self.tick()
        if not (found := self.resumable()):
            return
        session_id, one, question = found[which % len(found)]
        yes = yes or question.kind != "confirm"
        choice, form = _press(question.kind, yes)
        clicked = self.tap(
            values.answer_value(question.request_id, question.generation, choice, late=True), one.owner, form
        )
        one.late(question.request_id, question.generation, yes, one.owner, message_of("late", clicked.key), self.now)
        self.deliver(clicked)
        for _ in range(times):
            fingerprint = question.fingerprint if same else "another"
            self.report(session_id, self.ask(one, one.turn, question.kind, fingerprint))

    def resumable(self) -> list[tuple[SessionId, Expected, Asked]]:
        return [
            (key, one, question)
            for key, one in self.sessions.items()
            if one.mode is Mode.REST
            for question in one.questions.values()
            if question.status in ANSWERABLE[1:]
        ]

    @precondition(any_sessions)
    @rule(which=WHICH, owner=OWNER, op=st.sampled_from([*clicks.TurnOp, "nonsense"]), old=RARELY)
    def click_turn(self, which: int, owner: bool, op: str, old: bool) -> None:
        self.tick()
        session_id, one = self.session(which)
        user = self.someone(one, owner)
        turn = max(1, one.turn - old)
        clicked = self.tap({**values.turn_value(clicks.TurnOp.STOP, session_id, turn), "op": str(op)}, user)
        if user == one.owner and (turn == one.turn or op == "close"):
            match op:
                case "stop":
                    one.stop(self.now)
                case "close":
                    one.close()
                case "retry":
                    one.retry(message_of("retry", clicked.key), self.now, turn)
                case "continue":
                    one.go_on(message_of("continue", clicked.key), turn, self.now)
                case _:  # nonsense
                    pass
        self.deliver(clicked)

    @precondition(lambda self: any(one.busy or one.held for one in self.sessions.values()))
    @rule(which=WHICH, owner=OWNER, op=st.sampled_from(list(clicks.PromptOp)), outcome=OUTCOMES)
    def click_message(self, which: int, owner: bool, op: clicks.PromptOp, outcome: Deed) -> None:
        """One that waits; if there is none, one is written first, and it may come to something else."""
        self.tick()
        if not self.waiting():
            self.please(which)
        if not (waiting := self.waiting()):
            return
        waiting.sort(key=lambda pair: pair[0].mode is not Mode.WORKING)
        one, message = waiting[which % len(waiting)]
        user = self.someone(one, owner)
        clicked = self.tap(values.prompt_value(op, message), user)
        if user == one.owner and op is clicks.PromptOp.SEND_NOW:
            one.send_now(message, self.now)
        elif user == one.owner:
            one.drop(message)
        self.goes(outcome)
        self.deliver(clicked)

    @precondition(lambda self: any(isinstance(one, Said) and one.text for one in self.acts))
    @rule(which=st.integers(0, 20))
    def take_back(self, which: int) -> None:
        """Words that wait are dropped, with what went along with them; what the agent has goes on."""
        self.tick()
        said = [one for one in self.acts if isinstance(one, Said) and one.text]
        taken_back = said[-1 - which % len(said)]
        message = message_of("message", taken_back.key)
        if any(one.hangs for one in self.sessions.values() if message in one.last):
            return  # nobody can tell from outside whether the agent has it
        for one in self.sessions.values():
            one.drop(message)
        self.do(self.play.deliver(Recalled(key=taken_back.key, recalled_at=self.now)))
        self.listen()

    def waiting(self) -> list[tuple[Expected, str]]:
        return [(one, message) for one in self.sessions.values() for message in (*one.queue, *one.held)]

    def goes(self, outcome: Deed) -> None:
        """What comes of the next order to an agent."""
        if outcome is not Deed.OK:
            self.play.script.deeds.appendleft(outcome)

    @precondition(lambda self: bool(self.acts))
    @rule(which=st.integers(0, 40))
    def deliver_again(self, which: int) -> None:
        """Feishu's own redelivery, after 15 s or 6 h or a restart: the same key in another object."""
        act = self.acts[-1 - which % len(self.acts)]
        self.do(self.play.deliver(replace(act, user=str(act.user))))
        self.listen()


def _press(kind: str, yes: bool) -> tuple[str, dict[str, object]]:
    match kind:
        case "input":
            return clicks.Press.FORM, {"text": "blue"}
        case "choice":
            return values.pick(0, 1), {}
        case _:
            return (clicks.Press.ALLOW if yes else clicks.Press.DENY), {}
