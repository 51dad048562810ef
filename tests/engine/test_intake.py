"""From words and taps to events: commands, replies, refusals, and text of every kind."""

import json
import uuid
from datetime import timedelta

import pytest

from phonework import texts
from phonework.channels.base import Clicked
from phonework.fsm.types import Option, Question, RequestKind, SessionId
from phonework.testing.backend import Deed
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

OLD = timedelta(minutes=11)
MISSING = "f" * 32


def last_words(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


async def test_new_makes_a_session_with_a_readable_name_and_runs_its_message(play: Playbook) -> None:
    """K1, S7."""
    await play.say("/new api --timeout 5m --idle 1h fix the test")

    assert play.script.starts[0].cwd == str(play.work / "api")
    assert "fizz-1" in play.channel.texts()[0]
    turn = play.one("SELECT due_at_ms FROM timer WHERE name = 'turn'")
    assert turn == (play.clock.now() + timedelta(minutes=5)).timestamp() * 1000


async def test_new_makes_the_directory_when_asked_to(play: Playbook) -> None:
    """K1."""
    await play.say("/new --create fresh/one go")

    assert (play.work / "fresh" / "one").is_dir()
    assert play.script.starts[0].cwd == str(play.work / "fresh" / "one")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/new missing", "There is no directory `missing`"),
        ("/new ../outside", "outside the working root"),
        ("/new /etc", "outside the working root"),
        ("/new away", "outside the working root"),
        ("/new file.txt", "is a file"),
        ("/new", "needs more"),
        ("/new api --backend nobody", "There is no agent called nobody"),
        ("/new api --timeout soon go", "is not good for"),
        ("/new a\x00b", "is no good name for a directory"),
    ],
)
async def test_a_session_that_cannot_be_is_refused_in_words(play: Playbook, command: str, words: str) -> None:
    """S10, K1."""
    (play.work / "file.txt").write_text("x")
    (play.work / "away").symlink_to("/etc")
    await play.say(command)

    assert words in last_words(play)
    assert play.rows("SELECT * FROM session") == []


async def test_an_unused_session_is_closed_after_its_idle_time(play: Playbook) -> None:
    """F5, S7: also one that never got a message."""
    session = await play.begin()
    await play.advance(timedelta(minutes=30))

    assert play.state(session) == "closed"
    assert "Nobody used this session" in last_words(play)


async def test_switch_and_close_take_a_number_or_a_name(play: Playbook) -> None:
    """K2."""
    first, second = await play.begin(), await play.begin()
    await play.say("/switch 1")
    await play.say("to the first")
    await play.say(f"/close {second}")

    assert [start.session_id for start in play.script.starts] == [first]
    assert (play.state(first), play.state(second)) == ("executing", "closed")


async def test_another_person_s_session_is_as_good_as_none(play: Playbook) -> None:
    """S7: the two answers differ in nothing but the name that was typed."""
    theirs = await play.begin(user=BOB)
    answers = []
    for target in (theirs, SessionId("fizz-9")):
        for command in ("/switch", "/close"):
            await play.say(f"{command} {target}")
            answers.append(last_words(play).replace(target, "X"))

    assert answers[:2] == answers[2:]
    assert play.state(theirs) == "idle"


async def test_status_shows_one_s_own_sessions_and_disturbs_nothing(play: Playbook) -> None:
    """K2, C7, F6."""
    mine, theirs = await play.begin("go"), await play.begin(user=BOB)
    request = await play.asks(mine)
    await play.say("/status")

    assert mine in last_words(play)
    assert theirs not in last_words(play)
    assert play.request_status(request) == "open"


@pytest.mark.parametrize(("command", "state"), [("/stop", "stopping"), ("/close", "closed"), ("/retry", "stopping")])
async def test_a_command_that_acts_cancels_the_wait_first(play: Playbook, command: str, state: str) -> None:
    """F6: and never counts as an answer."""
    session = await play.begin("go")
    request = await play.asks(session)
    await play.say(command)

    assert play.state(session) == state
    assert play.request_status(request) == "refused"
    assert all(answer.verdict == "deny" for _, _, answer in play.script.answers)


async def test_retry_runs_the_last_message_again(play: Playbook) -> None:
    """K3."""
    session = await play.begin("fix it")
    await play.finishes(session)
    await play.say("/retry")

    assert [start.prompts[0].text for start in play.script.starts] == ["fix it", "fix it"]


async def test_retry_says_what_becomes_of_the_question_that_is_open(play: Playbook) -> None:
    session = await play.begin("fix it")
    await play.started(session)
    request = await play.asks(session)
    await play.say("/retry", reply_to=play.channel.shown(f"request:{request}").message_id)

    assert play.request_status(request) == "refused"
    assert "refused and not run" in play.channel.texts()[-1]
    await play.say("again?")
    await play.finishes(session)
    told = len(play.channel.texts())
    await play.say("/retry")
    assert all("refused" not in one for one in play.channel.texts()[told:]), "of a turn that asks nothing"


@pytest.mark.parametrize("word", ["yes", "No", "可以"])
async def test_a_bare_yes_after_switching_away_is_no_work_and_approves_nothing(play: Playbook, word: str) -> None:
    asking = await play.begin("go")
    await play.started(asking)
    request = await play.asks(asking)
    other = await play.begin()
    await play.say(word)

    assert play.request_status(request) == "open"
    assert play.state(other) == "idle"
    assert f"Did you mean the question of api ({asking})" in last_words(play)
    assert play.script.answers == []
    await play.say(word, reply_to=play.channel.shown(f"request:{request}").message_id)
    assert play.request_status(request) == "delivered"


async def test_more_than_a_bare_yes_is_work_though_a_question_is_open_elsewhere(play: Playbook) -> None:
    asking = await play.begin("go")
    await play.started(asking)
    request = await play.asks(asking)
    other = await play.begin()
    await play.say("yes, and then run the tests")
    assert play.state(other) == "executing"
    assert play.request_status(request) == "open"


async def test_a_reply_goes_to_the_session_it_replies_to(play: Playbook) -> None:
    first, second = await play.begin("one"), await play.begin("two")
    await play.finishes(first)
    card = play.channel.shown(f"turn:{first}:1").message_id
    await play.say("more", reply_to=card)

    assert play.script.starts[-1].session_id == first
    assert play.one("SELECT active_session FROM user WHERE user_id = ?", ADA) == second


async def test_a_reply_to_a_closed_session_is_not_run_in_another(play: Playbook) -> None:
    first, second = await play.begin("one"), await play.begin()
    await play.say(f"/close {first}")
    said = await play.say("delete it", reply_to=play.channel.shown(f"turn:{first}:1").message_id)

    assert play.reason(said.key) == "session_closed"
    assert "is closed" in last_words(play)
    assert play.state(second) == "idle"


async def test_a_reply_to_another_person_s_message_goes_to_one_s_own_session(play: Playbook) -> None:
    """S7."""
    theirs, mine = await play.begin("one", user=BOB), await play.begin()
    await play.say("hello", reply_to=play.channel.shown(f"turn:{theirs}:1").message_id)

    assert play.script.starts[-1].session_id == mine


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "```\nunbalanced",
        "😀" * 500,
        "@/etc/passwd",
        "!rm -rf /",
        "/etc/hosts is wrong",
        "tab\tand\nline",
        "% {name} {0}",
    ],
)
async def test_text_reaches_the_agent_as_it_was_meant(play: Playbook, text: str) -> None:
    """Never as a file to inline or a shell command."""
    await play.begin()
    await play.say(text)

    (prompt,) = play.script.starts[0].prompts
    assert prompt.text == text
    assert prompt.verbatim


async def test_what_no_keyboard_types_is_left_out(play: Playbook) -> None:
    await play.begin()
    await play.say("a\x00b\x1b[31mc\x07")

    assert play.script.starts[0].prompts[0].text == "ab[31mc"


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), (" \n\t ", "empty"), ("x" * 200_001, "too long")], ids=["none", "blank", "huge"]
)
async def test_what_cannot_be_run_is_answered_in_words(play: Playbook, text: str, words: str) -> None:
    await play.begin()
    await play.say(text)

    assert words in last_words(play)
    assert play.script.starts == []


async def test_a_message_that_cannot_be_read_is_answered_in_words(play: Playbook) -> None:
    """C3."""
    await play.begin()
    await play.say("", problem="unsupported_message")

    assert "cannot read this kind" in last_words(play)


async def test_the_agent_s_own_commands_are_passed_on(play: Playbook) -> None:
    """K8."""
    await play.begin()
    await play.say("/compact now")

    assert [(one.text, one.verbatim) for one in play.script.starts[0].prompts] == [("/compact now", False)]


def meant_card(play: Playbook) -> str:
    """The key of the card that asks what was meant."""
    return next(key for post in play.channel.posts.values() if (key := post.delivery.card_key).startswith("meant:"))


async def test_one_slip_from_a_command_of_ours_is_asked_about_and_not_sent(play: Playbook) -> None:
    """K8."""
    await play.begin()
    await play.say("/statsu")

    assert play.script.starts == []
    assert "There is no `/statsu` here. Did you mean `/status`?" in play.channel.shown(meant_card(play)).words
    await play.click(play.button(meant_card(play), "meant"))
    assert "My sessions" in last_words(play)
    reply = await play.click(play.button(meant_card(play), "meant"))
    assert reply.toast is not None
    assert reply.toast.text == texts.text("en", "reason.duplicate")
    assert sum("My sessions" in post.words for post in play.channel.posts.values()) == 1


async def test_what_was_asked_about_can_be_sent_to_the_agent_once(play: Playbook) -> None:
    await play.begin()
    await play.say("/lists of all  the things\nplease")
    for _ in range(2):
        await play.click(play.button(meant_card(play), "as_is"))

    assert [[(one.text, one.verbatim) for one in start.prompts] for start in play.script.starts] == [
        [("/lists of all  the things\nplease", False)]
    ]


async def test_the_rest_of_a_mistyped_command_is_kept(play: Playbook) -> None:
    await play.begin()
    (play.work / "web").mkdir()
    await play.say("/nwe web fix it")
    await play.click(play.button(meant_card(play), "meant"))

    (start,) = play.script.starts
    assert (start.cwd, [one.text for one in start.prompts]) == (str(play.work / "web"), ["fix it"])


async def test_what_the_agent_is_known_to_run_is_not_asked_about(play: Playbook) -> None:
    await play.begin()
    await play.say("/stats")

    assert [one.text for one in play.script.starts[0].prompts] == ["/stats"]


async def test_what_the_agent_itself_says_it_runs_is_not_asked_about(play: Playbook) -> None:
    """Each project has commands of its own, and what was only usual is asked about once the agent has told."""
    first, second = await play.begin(), await play.begin()
    play.script.commands = {first: frozenset({"statsu"}), second: frozenset({"compact"})}
    await play.say("/Statsu")
    assert play.script.starts == []
    await play.say("/stats")
    assert play.script.starts == []
    await play.say(f"/switch {first}")
    await play.say("/Statsu")

    assert [(one.session_id, one.prompts[0].text) for one in play.script.starts] == [(first, "/Statsu")]


async def test_a_mistyped_command_is_asked_about_in_the_persons_language(play: Playbook) -> None:
    await play.begin()
    await play.say("/lang zh")
    await play.say("/statsu")

    assert "你是想发 `/status` 吗" in play.channel.shown(meant_card(play)).words


async def test_a_mistyped_command_is_not_run_in_a_session_gone_to_since(play: Playbook) -> None:
    """What a card asks is about the session it was asked in."""
    first, second = await play.begin(), await play.begin()
    await play.say("/clsoe")
    await play.say(f"/switch {first}")
    reply = await play.click(play.button(meant_card(play), "meant"))

    assert reply.toast is not None
    assert reply.toast.text == texts.text("en", "reason.gone_elsewhere")
    await play.say("/status")
    assert all(one in last_words(play) for one in (first, second))


async def test_a_mistyped_command_in_a_reply_is_about_the_session_replied_to(play: Playbook) -> None:
    first = await play.begin("go")
    await play.started(first)
    second = await play.begin("go")
    await play.started(second)
    await play.say("/stpo", reply_to=play.channel.shown(f"turn:{first}:1").message_id)
    await play.click(play.button(meant_card(play), "meant"))

    assert [one[0] for one in play.script.interrupts] == [first]


@pytest.mark.parametrize("op", ["meant", "as_is"])
async def test_another_persons_tap_on_it_does_nothing(play: Playbook, op: str) -> None:
    await play.begin()
    await play.say("/statsu")
    before = len(play.channel.posts)
    await play.click(play.button(meant_card(play), op), user=BOB)

    assert play.script.starts == []
    assert len(play.channel.posts) == before


@pytest.mark.parametrize("text", ["delete everything", "/compact"])
async def test_a_forged_tap_runs_no_words_as_a_command(play: Playbook, text: str) -> None:
    session = await play.begin()
    forged = {
        "v": 1,
        "op": "meant",
        "id": session,
        "asked": "0" * 32,
        "text": text,
        "in": session,
        "re": "",
    }
    await play.click(forged)

    assert play.script.starts == []


async def test_an_unknown_command_without_a_session_names_the_nearest(play: Playbook) -> None:
    """K8."""
    await play.say("/statsu")

    assert "Did you mean `/status`" in last_words(play)


@pytest.mark.parametrize("command", ["/stop", "/close", "/retry", "/new api go", "/switch 1"])
async def test_a_command_that_comes_late_is_not_run(play: Playbook, command: str) -> None:
    """F13."""
    session = await play.begin("go")
    await play.say(command, sent_at=play.clock.now() - OLD)

    assert play.state(session) == "executing"
    assert "long after you sent it" in last_words(play)
    assert play.one("SELECT count(*) FROM session") == 1


async def test_a_new_session_that_is_asked_for_too_late_leaves_no_directory(play: Playbook) -> None:
    """F13: the directory is made before the commit."""
    await play.say("/new --create fresh", sent_at=play.clock.now() - OLD)

    assert not (play.work / "fresh").exists()


async def test_a_message_that_comes_late_is_shown_with_run_and_drop(play: Playbook) -> None:
    """F13."""
    session = await play.begin()
    said = await play.say("delete everything", sent_at=play.clock.now() - OLD)
    assert play.state(session) == "idle"
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'held'")[0]
    assert play.button(f"prompt:{prompt}", "drop")
    await play.click(play.button(f"prompt:{prompt}", "send_now"))

    assert [start.prompts[0].text for start in play.script.starts] == [said.text]


async def test_late_messages_are_held_even_when_there_is_no_room_for_more(play: Playbook) -> None:
    """F13: the fifty-first is refused in words, and not run."""
    await play.begin()
    for number in range(51):
        await play.say(f"late {number}", sent_at=play.clock.now() - OLD)

    assert play.script.starts == []
    assert play.one("SELECT count(*) FROM prompt WHERE status = 'held'") == 50
    assert "Too many messages" in last_words(play)


async def test_a_yes_sent_before_the_question_answers_nothing(play: Playbook) -> None:
    """F13."""
    session = await play.begin("go")
    sent_at = play.clock.now()
    play.clock.advance(timedelta(seconds=5))
    request = await play.asks(session)
    await play.say("yes", sent_at=sent_at)

    assert play.request_status(request) == "open"
    assert play.one("SELECT count(*) FROM prompt WHERE status = 'queued'") == 1


@pytest.mark.parametrize(
    ("kind", "typed", "verdict"),
    [
        (RequestKind.CONFIRM, "yes", "allow"),
        (RequestKind.CONFIRM, "可以", "allow"),
        (RequestKind.CONFIRM, "use the other file", "deny"),
        (RequestKind.CONFIRM, "ok?", "deny"),
        (RequestKind.PLAN, "auto", "allow_edits"),
        (RequestKind.PLAN, "first the tests", "deny"),
        (RequestKind.CHOICE, "2", "answer"),
        (RequestKind.INPUT, "yes", "answer"),
    ],
)
async def test_a_typed_answer_counts_as_what_it_says(
    play: Playbook, kind: RequestKind, typed: str, verdict: str
) -> None:
    """F3."""
    session = await play.begin("go")
    question = Question(text="Which?", options=(Option(label="red"), Option(label="blue")))
    await play.asks(session, kind=kind, questions=(question,) if kind is RequestKind.CHOICE else ())
    await play.say(typed)

    ((_, _, answer),) = play.script.answers
    assert answer.verdict == verdict
    assert answer.text == (typed if verdict == "deny" or kind is RequestKind.INPUT else "")


async def test_a_message_to_a_running_turn_waits_in_line_and_can_be_dropped(play: Playbook) -> None:
    """F8."""
    session = await play.begin("go")
    await play.say("then this")
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'queued'")[0]
    await play.click(play.button(f"prompt:{prompt}", "drop"))
    await play.finishes(session)

    assert play.state(session) == "idle"
    assert len(play.script.starts) == 1


async def test_send_now_steers_where_the_agent_can_and_interrupts_where_it_cannot(play: Playbook) -> None:
    """F8."""
    steering, plain = await play.begin("go", backend="steering"), await play.begin("go", user=BOB)
    for user in (ADA, BOB):
        await play.say("now this", user=user)
        prompt = play.one("SELECT prompt_id FROM prompt WHERE status = 'queued'")
        await play.click(play.button(f"prompt:{prompt}", "send_now"), user=user)

    assert [(session, prompt.text) for session, _, prompt in play.script.steers] == [(steering, "now this")]
    assert [session for session, _ in play.script.interrupts] == [plain]
    assert (play.state(steering), play.state(plain)) == ("executing", "stopping")


async def test_a_message_taken_back_while_it_waits_is_dropped_once(play: Playbook) -> None:
    session = await play.begin("go")
    await play.started(session)
    said = await play.say("and delete it all")
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'queued'")[0]
    await play.recall(said.key)
    await play.recall(said.key)

    assert play.one("SELECT status FROM prompt WHERE prompt_id = ?", prompt) == "dropped"
    assert play.one("SELECT count(*) FROM event WHERE kind = 'MessageTakenBack'") == 1
    assert "Dropped" in play.channel.shown(f"prompt:{prompt}").words
    await play.finishes(session)
    assert play.state(session) == "idle"
    assert len(play.script.starts) == 1


async def test_a_message_taken_back_that_was_held_is_dropped(play: Playbook) -> None:
    await play.begin()
    said = await play.say("go", sent_at=play.clock.now() - timedelta(hours=1))
    assert play.one("SELECT count(*) FROM prompt WHERE status = 'held'") == 1
    await play.recall(said.key)
    assert play.one("SELECT count(*) FROM prompt WHERE status = 'held'") == 0


async def test_a_message_taken_back_before_it_came_is_not_run(play: Playbook) -> None:
    session = await play.begin()
    await play.recall("om_late")
    await play.say("go", key="om_late")
    assert play.state(session) == "idle"
    assert play.rows("SELECT 1 FROM prompt") == []


async def test_a_message_the_running_turn_could_not_take_is_shown_with_run_and_drop(play: Playbook) -> None:
    await play.begin("go", backend="steering")
    await play.say("now this")
    (prompt,) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'queued'")[0]
    play.script.deeds.append(Deed.ERROR)
    await play.click(play.button(f"prompt:{prompt}", "send_now"))

    assert play.one("SELECT status FROM prompt WHERE prompt_id = ?", prompt) == "held"
    assert play.button(f"prompt:{prompt}", "send_now")


async def test_a_second_tap_changes_nothing_and_shows_the_card_as_it_is(play: Playbook) -> None:
    """F7, F4."""
    session = await play.begin("go")
    request = await play.asks(session)
    allow, deny = (play.button(f"request:{request}", "answer", choice) for choice in ("allow", "deny"))
    await play.click(allow)
    reply = await play.click(deny)

    assert reply.toast is not None
    assert "answered already" in reply.toast.text
    assert reply.card is not None
    assert [answer.verdict for _, _, answer in play.script.answers] == ["allow"]


async def test_an_old_card_of_a_request_shown_anew_changes_nothing(play: Playbook) -> None:
    """F7."""
    session = await play.begin("go")
    request = await play.asks(session)
    value = play.button(f"request:{request}", "answer", "allow")
    reply = await play.click({**value, "g": 0})

    assert reply.toast is not None
    assert "earlier question" in reply.toast.text
    assert play.request_status(request) == "open"


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"v": 1},
        {"v": 2, "op": "answer", "id": MISSING, "g": 1, "c": "allow"},
        {"v": 1, "op": "answer", "id": MISSING, "g": 1, "c": "allow"},
        {"v": 1, "op": "answer", "id": "x" * 10_000, "g": 1, "c": "allow"},
        {"v": 1, "op": "stop", "id": "nobody", "g": 10**30},
        {"v": 1, "op": "stop", "id": "nobody", "g": 1},
        {"v": 1, "op": "drop", "id": str(uuid.UUID(int=7))},
        {"v": 1, "op": "switch", "id": "nobody"},
        {"v": 1, "op": ["stop"], "id": {"a": [None] * 100}},
    ],
)
async def test_a_forged_tap_changes_nothing_and_says_so(play: Playbook, value: dict[str, object]) -> None:
    """F7."""
    session = await play.begin("go")
    request = await play.asks(session)
    reply = await play.click(value)

    assert reply.toast is not None
    assert reply.toast.kind == "warning"
    assert play.request_status(request) == "open"
    assert play.rows("SELECT status, reason IS NULL FROM event WHERE source = 'click'") == [("ignored", 0)]


async def test_a_tap_that_is_no_answer_to_the_question_leaves_it_open(play: Playbook) -> None:
    session = await play.begin("go")
    request = await play.asks(session)
    value = play.button(f"request:{request}", "answer", "allow")
    reply = await play.click({**value, "c": "allow_rule"})

    assert reply.toast is not None
    assert play.request_status(request) == "open"


async def test_the_same_tap_delivered_twice_is_one(play: Playbook) -> None:
    session = await play.begin("go")
    request = await play.asks(session)
    clicked = Clicked(
        key="ev_same",
        user=ADA,
        chat=private_chat(ADA),
        message_id="om_card",
        value=play.button(f"request:{request}", "answer", "allow"),
        clicked_at=play.clock.now(),
    )
    for _ in range(2):
        await play.deliver(clicked)

    assert len(play.script.answers) == 1
    assert play.one("SELECT count(*) FROM event WHERE dedupe_key = 'ev_same'") == 1


async def test_a_question_nobody_answers_is_refused_and_can_be_answered_later(play: Playbook) -> None:
    """F5, F12."""
    session = await play.begin("go")
    request = await play.asks(session)
    await play.advance(timedelta(minutes=4, seconds=1))
    assert "Still waiting for you" in last_words(play)
    await play.advance(timedelta(minutes=1))

    assert play.state(session) == "stopping"
    assert play.request_status(request) == "expired"
    assert [answer.verdict for _, _, answer in play.script.answers] == ["deny"]
    await play.finishes(session, interrupted=True)
    told = [post.words for post in play.channel.posts.values()]
    assert any("because no answer of yours came" in words for words in told), "nobody asked it to stop"
    await play.click(play.button(f"request:{request}", "late", "allow"))
    assert play.request_status(await play.asks(session, turn=2)) == "delivered"
    assert "You asked me for permission before" in play.script.starts[-1].prompts[0].text
    assert "You answered late: Allow" in play.channel.shown(f"turn:{session}:2").words
    await play.finishes(session, turn=2)
    await play.say("/retry")
    for turn in (2, 3):
        card = play.channel.shown(f"turn:{session}:{turn}").words
        assert "You answered late: Allow" in card, "also when it is run again"
        assert "permission" not in card, "what the agent is told is not what the person said"


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({"q0": "0"}, "question 2 has no answer yet: Which size?"),
        ({"t1": "small"}, "question 1 has no answer yet: Which colour?"),
        ({}, "question 1 has no answer yet: Which colour? (1 more, too)"),
    ],
)
async def test_a_half_filled_form_is_not_sent_and_the_question_left_out_is_named(
    play: Playbook, form: dict[str, str], missing: str
) -> None:
    options = (Option(label="red"), Option(label="blue"))
    questions = (Question(text="Which colour?", options=options), Question(text="Which size?"))
    request = await play.asks(await play.begin("go"), kind=RequestKind.CHOICE, questions=questions)

    reply = await play.click(play.button(f"request:{request}", "answer", "form"), form=form)

    assert reply.toast is not None
    assert missing in reply.toast.text
    somebody_else = await play.click(play.button(f"request:{request}", "answer", "form"), form=form, user=BOB)
    assert "Which" not in str(somebody_else.toast), "what is asked of one person is not told to another"
    assert play.request_status(request) == "open"
    assert play.script.answers == []


async def test_an_agent_that_does_not_stop_is_killed(play: Playbook) -> None:
    """F5."""
    session = await play.begin("go")
    await play.advance(timedelta(minutes=30))
    await play.advance(timedelta(seconds=20))

    assert play.script.kills == [session]
    assert play.state(session) == "idle"


async def test_an_older_turn_s_card_loses_its_buttons_when_pressed(play: Playbook) -> None:
    """F7: the card becomes its true form."""
    session = await play.begin("one")
    await play.finishes(session)
    older = play.button(f"turn:{session}:1", "retry")
    await play.say("two")
    await play.finishes(session)

    reply = await play.click(older)

    assert reply.toast is not None
    assert reply.toast.kind == "warning"
    assert reply.card is not None
    assert "behaviors" not in json.dumps(reply.card)


@pytest.mark.parametrize(
    ("kind", "reminded", "ended"),
    [
        (RequestKind.CONFIRM, "counts as a no", "it was refused and the turn stopped"),
        (RequestKind.CHOICE, "Without a choice the turn is stopped", "Nobody chose in time"),
        (RequestKind.INPUT, "waiting for your answer. Without one", "No answer came in time"),
        (RequestKind.PLAN, "The plan still waits for you", "the plan was not approved"),
    ],
)
async def test_the_end_of_a_wait_is_told_in_words_for_what_was_asked(
    play: Playbook, kind: RequestKind, reminded: str, ended: str
) -> None:
    session = await play.begin("go")
    await play.started(session)
    await play.asks(session, kind=kind, questions=(Question(text="Which?", options=(Option(label="a"),)),))
    await play.advance(timedelta(minutes=4, seconds=1))
    assert reminded in last_words(play)
    await play.advance(timedelta(minutes=1))
    assert any(ended in words for words in play.channel.texts())


@pytest.mark.parametrize(
    ("words", "reads"), [("", "The plan still waits for you."), ("/lang zh", "计划还在等你的回答")]
)
async def test_a_plan_that_waits_is_remembered_in_the_persons_language(play: Playbook, words: str, reads: str) -> None:
    if words:
        await play.say(words)
    session = await play.begin("go")
    await play.started(session)
    await play.asks(session, kind=RequestKind.PLAN, plan="# Steps")
    await play.advance(timedelta(minutes=4, seconds=1))

    assert reads in last_words(play)
    assert "May I?" not in last_words(play)
