"""What programs do with sessions: by the same events as their person, once under each key, and only with their own."""

import asyncio
from datetime import timedelta

import pytest

from phonework.audit.lines import Row, entries_of
from phonework.backends.base import DeskSession
from phonework.channels.cards.clicks import DeskOp
from phonework.channels.cards.values import desk_value
from phonework.fsm.types import Option, Question, RequestKind, Scope, State
from phonework.testing.playbook import ADA, BOB, MOMENT, Playbook, private_chat

from .conftest import Program, made, refused

ANY = "%"


async def test_a_session_begins_and_works(play: Playbook, program: Program) -> None:
    session = await program.create(name="build", group="night", text="fix the build", model="opus")

    assert (session.name, session.group, session.model, session.state) == ("build", "night", "opus", State.EXECUTING)
    assert session.cwd == str(play.work / "api")
    assert [one.prompts[0].text for one in play.script.starts] == ["fix the build"]
    assert (await program.look("build")).id == session.id
    await play.started(play.script.starts[0].session_id)
    await play.finishes(play.script.starts[0].session_id, text="All green.")

    last = (await program.look(session.id)).last
    assert last is not None
    assert (last.text, last.error, last.status) == ("All green.", "", "done")
    turns = (await program.client.get("/v1/sessions/build/turns")).json()["turns"]
    assert [(one["prompts"], one["text"]) for one in turns] == [(["fix the build"], "All green.")]


async def test_an_agent_is_run_in_the_container_engine_that_was_asked_for_in_every_turn(
    play: Playbook, program: Program
) -> None:
    session = await program.create(container="podman", text="one")
    await play.finishes(play.script.starts[0].session_id)
    await program.act(session.id, "prompts", {"text": "two"})

    assert session.container == "podman"
    assert [one.container for one in play.script.starts] == ["podman", "podman"]


@pytest.mark.parametrize("op", [DeskOp.CONTINUE, DeskOp.FORK])
async def test_what_ran_in_a_container_does_not_go_on_outside_of_it(
    play: Playbook, program: Program, op: DeskOp
) -> None:
    session = await program.create(container="podman", text="one")
    await play.started(play.script.starts[0].session_id)
    await play.finishes(play.script.starts[0].session_id)
    await program.act(session.id, "close")
    agent = play.one("SELECT agent_session_id FROM session")
    play.script.desk[agent] = DeskSession(
        agent_session_id=agent, cwd=session.cwd, first="one", active_at=play.clock.now()
    )
    await play.click(desk_value(op, "demo", agent, ""))
    await play.say("two")

    assert [one.container for one in play.script.starts] == ["podman", "podman"]
    assert play.script.starts[1].agent_session_id == (agent if op is DeskOp.CONTINUE else "")


async def test_it_is_shown_nowhere_and_the_phone_goes_on_where_it_was(play: Playbook, program: Program) -> None:
    before = await play.begin()
    posts = len(play.channel.posts)
    await program.at_work()

    assert len(play.channel.posts) == posts
    assert play.one("SELECT active_session FROM user WHERE user_id = ?", ADA) == before


async def test_the_same_key_begins_one_session(play: Playbook, program: Program) -> None:
    first = await program.create(key="k1", text="fix it")
    await play.finishes(play.script.starts[0].session_id)
    again = await program.create(key="k1", text="fix it")

    assert again.id == first.id
    assert again.state is State.IDLE
    assert len(play.script.starts) == 1
    assert play.one("SELECT count(*) FROM session") == 1


async def test_the_key_holds_after_a_crash(play: Playbook, program: Program) -> None:
    session = await program.create(key="k1")
    sent = await program.act(session.id, "prompts", {"text": "one"}, key="k2")
    await play.crash()
    from .conftest import program_of

    async with program_of(play) as later:
        assert (await later.create(key="k1")).id == session.id
        again = await later.act(session.id, "prompts", {"text": "one"}, key="k2")

    assert again.json()["prompt_id"] == sent.json()["prompt_id"]
    assert play.one("SELECT count(*) FROM prompt") == 1


async def test_a_key_stands_for_one_request_alone(play: Playbook, program: Program) -> None:
    session = await program.create(key="k1")
    sent = await program.act(session.id, "prompts", {"text": "one"}, key="k2")
    assert sent.status_code == 202
    other = await program.create()

    for answer in (
        await program.act(session.id, "prompts", {"text": "two"}, key="k2"),
        await program.act(session.id, "prompts", {"text": "one", "how": "steer"}, key="k2"),
        await program.act(other.id, "prompts", {"text": "one"}, key="k2"),
        await program.act(session.id, "stop", key="k2"),
        await program.post("sessions", {"cwd": "web"}, key="k1"),
    ):
        assert refused(answer) == (422, "key_reused")
    assert play.one("SELECT count(*) FROM prompt") == 1
    assert play.one("SELECT count(*) FROM session") == 2


async def test_what_was_refused_leaves_its_key_free(program: Program) -> None:
    await program.create(name="other")
    session = await program.create()

    assert refused(await program.act(session.id, "rename", {"name": "other"}, key="k")) == (409, "name_taken")
    assert made(await program.act(session.id, "rename", {"name": "build"}, key="k")).name == "build"


async def test_no_key_meets_those_that_follow_from_another(play: Playbook, program: Program) -> None:
    session = await program.create(text="fix it", key="C")
    await play.started(play.script.starts[0].session_id)
    await program.act(session.id, "prompts", {"text": "at once", "how": "interrupt"}, key="K")
    for number in range(3):
        sent = await program.act(session.id, "prompts", {"text": f"more {number}"}, key=f"K:{number}")
        assert sent.status_code == 202
    again = await program.create(text="fix it", key="C:first")

    assert again.id != session.id
    assert play.one("SELECT count(*) FROM prompt") == 6


async def test_two_that_begin_at_once_never_share_a_name(play: Playbook, program: Program) -> None:
    answers = await asyncio.gather(*(program.post("sessions", {"cwd": "api", "name": "build"}) for _ in range(8)))

    assert sorted(one.status_code for one in answers) == [201, *[409] * 7]
    assert {refused(one)[1] for one in answers if one.status_code == 409} == {"name_taken"}


async def test_no_directory_is_made_for_what_cannot_begin(play: Playbook, program: Program) -> None:
    await program.create(name="build")
    answer = await program.post("sessions", {"cwd": "new", "create": True, "name": "build"})

    assert refused(answer) == (409, "name_taken")
    assert not (play.work / "new").exists()


async def test_a_closed_session_gives_its_name_back(program: Program) -> None:
    first = await program.create(name="build")
    await program.act("build", "close")
    second = await program.create(name="build")

    assert (await program.look("build")).id == second.id != first.id
    assert refused(await program.post("sessions", {"cwd": "api", "name": first.id})) == (409, "name_taken")


@pytest.mark.parametrize("name", ["Build", "a b", "-a", "12", "é", "a\n", "x" * 65, "../a", "a_b"])
async def test_what_is_no_name_is_refused(play: Playbook, program: Program, name: str) -> None:
    status, code = refused(await program.post("sessions", {"cwd": "api", "name": name}))

    assert (status, code) in [(400, "bad_request"), (400, "bad_name")]
    assert play.one("SELECT count(*) FROM session") == 0


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"cwd": "/etc"}, 422, "dir_outside_root"),
        ({"cwd": "../.."}, 422, "dir_outside_root"),
        ({"cwd": "nothing-here"}, 422, "dir_missing"),
        ({"cwd": "\x00"}, 422, "dir_bad_name"),
        ({"cwd": ""}, 400, "bad_request"),
        ({"cwd": "api", "backend": "cobol"}, 422, "backend_unknown"),
        ({"cwd": "api", "backend": "shell"}, 422, "backend_unknown"),
        ({"cwd": "api", "mode": "bypassPermissions"}, 422, ANY),
        ({"cwd": "api", "container": "lxc"}, 422, "container_unknown"),
        ({"cwd": "api", "container": "podman", "backend": "steering"}, 422, "no_containers"),
        ({"cwd": "api", "unknown": 1}, 400, "bad_request"),
        ({"cwd": "api", "timeout": -1}, 400, "bad_request"),
        ({"cwd": "api", "timeout": 1e300}, 400, "bad_request"),
        ({"backend": "demo"}, 400, "bad_request"),
        ([], 400, "bad_request"),
    ],
)
async def test_what_cannot_begin_says_why(
    play: Playbook, program: Program, wanted: object, status: int, code: str
) -> None:
    found = refused(await program.post("sessions", wanted))

    assert found[0] == status
    assert code in (found[1], ANY)
    assert play.one("SELECT count(*) FROM session") == 0


async def test_whose_it_would_be_is_not_guessed(tmp_path: "pytest.TempPathFactory") -> None:
    from .conftest import program_of

    async with Playbook.opened(tmp_path, allow=[ADA, BOB]) as play, program_of(play) as program:  # type: ignore[arg-type]
        assert refused(await program.post("sessions", {"cwd": "api"})) == (409, "owner_unclear")
        assert refused(await program.client.get("/v1/sessions")) == (409, "owner_unclear")


# Talking


async def test_messages_wait_for_their_turn(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    sent = await program.act(session_id, "prompts", {"text": "then this"})

    assert sent.status_code == 202
    assert sent.json()["session"]["queue"] == 1
    await play.started(session_id)
    await play.finishes(session_id)
    assert [one.prompts[0].text for one in play.script.starts] == ["fix the build", "then this"]
    assert play.script.starts[1].prompts[0].prompt_id == sent.json()["prompt_id"]


async def test_a_message_never_answers_what_is_asked(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    await play.asks(session_id)
    play.clock.advance(MOMENT)
    for how in ("queue", "steer"):
        sent = await program.act(session_id, "prompts", {"text": "yes", "how": how})
        assert sent.status_code == 202

    assert play.state(session_id) == "waiting_confirm"
    assert play.script.answers == []


async def test_an_interruption_runs_next(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    await program.act(session_id, "prompts", {"text": "later"})
    await program.act(session_id, "prompts", {"text": "at once", "how": "interrupt"})

    assert play.state(session_id) == "stopping"
    await play.finishes(session_id, interrupted=True)
    assert [one.prompts[0].text for one in play.script.starts] == ["fix the build", "at once"]


async def test_only_who_can_is_steered(play: Playbook, program: Program) -> None:
    plain, steered = await program.at_work(), await program.at_work(backend="steering")
    for session_id in (plain, steered):
        await play.started(session_id)

    assert refused(await program.act(plain, "prompts", {"text": "left", "how": "steer"})) == (409, "cannot_steer")
    await program.act(steered, "prompts", {"text": "left", "how": "steer"})
    assert [(one, prompt.text) for one, _, prompt in play.script.steers] == [(steered, "left")]


async def test_words_to_a_session_on_the_phone_leave_it_there(play: Playbook, program: Program) -> None:
    session_id = await play.begin()
    await program.act(session_id, "prompts", {"text": "from the shell"})
    await play.started(session_id)
    await play.finishes(session_id, text="Both see it.")

    assert any("Both see it." in str(one) for one in play.channel.posts.values())


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00"])
async def test_a_message_has_words(play: Playbook, program: Program, text: str) -> None:
    session = await program.create()
    answer = await program.act(session.id, "prompts", {"text": text})

    assert refused(answer)[0] == 400
    assert play.one("SELECT count(*) FROM prompt") == 0


# Deciding


async def test_the_answer_of_a_program_reaches_the_agent_and_the_phone_hears_that_it_is_late(
    play: Playbook, program: Program
) -> None:
    await play.say("/help")
    session_id = await program.at_work()
    await play.started(session_id)
    request_id = await play.asks(session_id, fingerprint="make test")
    shown = (await program.look(session_id)).request
    assert shown is not None
    assert (shown.id, shown.command, shown.kind) == (request_id, "make test", RequestKind.CONFIRM)
    button = play.button(f"request:{request_id}", "answer", "deny")

    done = made(await program.act(session_id, "answer", {"verdict": "allow", "request_id": request_id}))
    assert done.request is None
    reply = await play.click(button)

    assert [one.verdict for _, _, one in play.script.answers] == ["allow"]
    assert reply.toast is not None
    assert reply.toast.kind == "warning"


async def test_the_program_hears_that_the_phone_was_first(play: Playbook, program: Program) -> None:
    await play.say("/help")
    session_id = await program.at_work()
    await play.started(session_id)
    request_id = await play.asks(session_id)
    await play.click(play.button(f"request:{request_id}", "answer", "deny"))

    late = {"verdict": "allow", "request_id": request_id}
    assert refused(await program.act(session_id, "answer", late, key="k")) == (409, "already_answered")
    assert refused(await program.act(session_id, "answer", late, key="k")) == (409, "already_answered")
    assert refused(await program.act(session_id, "answer", {"verdict": "allow"})) == (400, "bad_request")
    assert [one.verdict for _, _, one in play.script.answers] == ["deny"]


@pytest.mark.parametrize(
    "given",
    [
        {"verdict": "allow_rule"},
        {"verdict": "allow_session"},
        {"verdict": "allow_edits"},
        {"verdict": "answer", "text": "yes"},
        {"verdict": "allow", "picks": [["a"]]},
        {"verdict": "allow", "text": "but carefully"},
    ],
)
async def test_nothing_but_a_plain_decision_is_one(play: Playbook, program: Program, given: dict[str, object]) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    request_id = await play.asks(session_id)

    given = {**given, "request_id": request_id}
    assert refused(await program.act(session_id, "answer", given)) == (422, "not_an_answer")
    assert play.state(session_id) == "waiting_confirm"
    assert play.script.answers == []


async def test_a_rule_that_is_offered_can_be_agreed_to(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    asked = {"request_id": await play.asks(session_id, rule="Bash(make:*)", scopes=(Scope.SESSION,))}

    assert refused(await program.act(session_id, "answer", {"verdict": "allow_rule", **asked})) == (
        422,
        "not_an_answer",
    )
    made(await program.act(session_id, "answer", {"verdict": "allow_session", **asked}))
    assert [one.verdict for _, _, one in play.script.answers] == ["allow_session"]


QUESTIONS = (
    Question(text="Colour?", options=(Option(label="red"), Option(label="blue")), free_text=False),
    Question(text="Sizes?", options=(Option(label="S"), Option(label="M")), multiple=True),
)


@pytest.mark.parametrize(
    ("picks", "taken"),
    [
        ([["red"], ["S", "M"]], True),
        ([["red"], ["my own"]], True),
        ([["green"], ["S"]], False),
        ([["red", "blue"], ["S"]], False),
        ([["red"], []], False),
        ([["red"]], False),
        ([], False),
    ],
)
async def test_each_question_wants_its_answer(
    play: Playbook, program: Program, picks: list[list[str]], taken: bool
) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    request_id = await play.asks(session_id, kind=RequestKind.CHOICE, questions=QUESTIONS)
    answer = await program.act(session_id, "answer", {"verdict": "answer", "picks": picks, "request_id": request_id})

    assert answer.status_code == (200 if taken else 422)
    found = [one.picks for _, _, one in play.script.answers]
    assert found == ([tuple(tuple(one) for one in picks)] if taken else [])


async def test_words_answer_a_question_for_words(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    asked = {"request_id": await play.asks(session_id, kind=RequestKind.INPUT)}

    assert refused(await program.act(session_id, "answer", {"verdict": "allow", **asked})) == (422, "not_an_answer")
    made(await program.act(session_id, "answer", {"verdict": "answer", "text": "port 80", **asked}))
    assert [one.text for _, _, one in play.script.answers] == ["port 80"]


async def test_what_was_not_seen_is_not_decided(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    first = await play.asks(session_id)
    await play.say("/help")
    made(await program.act(session_id, "answer", {"verdict": "deny", "request_id": first}))
    second = await play.asks(session_id)

    assert refused(await program.act(session_id, "answer", {"verdict": "allow"})) == (400, "bad_request")
    assert refused(await program.act(session_id, "answer", {"verdict": "allow", "request_id": ""}))[0] == 400
    assert refused(await program.act(session_id, "answer", {"verdict": "allow", "request_id": first}))[0] == 409
    assert [one.verdict for _, _, one in play.script.answers] == ["deny"]
    assert play.request_status(second) == "open"


async def test_an_agent_does_not_decide_about_its_own_question_and_is_named_where_it_decides(
    play: Playbook, program: Program
) -> None:
    asking, other = await program.at_work(), await program.create(name="server")
    await play.started(asking)
    given = {"verdict": "allow", "request_id": await play.asks(asking)}
    for agent in (asking, "server", "nobody"):
        answer = await program.act(asking, "answer", {**given, "agent": agent})
        assert refused(answer) == (403, "own_question")
    assert play.script.answers == []

    made(await program.act(asking, "answer", {**given, "agent": other.id}))
    payload = str(play.one("SELECT payload FROM event WHERE kind = 'CardAnswered'"))
    row = Row(1, "shell", "CardAnswered", asking, ADA, 0, 0, "applied", None, None, None, None, payload)
    assert [line.detail["agent"] for line in entries_of(row)] == [other.id]


# Ending


async def test_stop_retry_and_close(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    assert made(await program.act(session_id, "stop")).state is State.STOPPING
    await play.finishes(session_id, interrupted=True)
    assert refused(await program.act(session_id, "stop")) == (409, "nothing_running")
    assert made(await program.act(session_id, "retry")).state is State.EXECUTING
    assert made(await program.act(session_id, "close")).state is State.CLOSED
    assert refused(await program.act(session_id, "prompts", {"text": "more"})) == (409, "session_closed")


async def test_killing_ends_the_agent_and_the_turn_and_runs_nothing_more(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    request_id = await play.asks(session_id)
    await program.act(session_id, "prompts", {"text": "then this"})
    killed = made(await program.act(session_id, "kill"))

    assert killed.state is State.IDLE
    assert killed.request is None
    assert killed.last is not None
    assert killed.last.status == "stopped"
    assert play.script.kills == [session_id]
    assert play.request_status(request_id) == "refused"
    assert play.one("SELECT status FROM prompt WHERE turn = 0") == "held"
    assert len(play.script.starts) == 1
    made(await program.act(session_id, "kill"))
    assert play.script.kills == [session_id, session_id], "an agent at rest is ended too"


async def test_it_is_called_something_else(play: Playbook, program: Program) -> None:
    await program.create(name="other")
    session = await program.create(name="build")

    assert refused(await program.act("build", "rename", {"name": "other"})) == (409, "name_taken")
    assert made(await program.act("build", "rename", {"name": "bake"}, key="r")).name == "bake"
    assert made(await program.act(session.id, "rename", {"name": "bake"}, key="r")).name == "bake"
    assert made(await program.act("bake", "rename", {"name": "bake"})).id == session.id
    assert refused(await program.client.get("/v1/sessions/build")) == (404, "not_found")
    assert made(await program.act("bake", "rename", {"name": ""})).name == ""


async def test_what_nobody_uses_is_closed(play: Playbook, program: Program) -> None:
    old, busy = await program.create(idle=0), await program.at_work(idle=0, timeout=0)
    await play.advance(timedelta(hours=3))
    fresh = await program.create()
    closed = (await program.post("cleanup", {"older_than_hours": 2}, key="c")).json()

    assert closed == {"closed": [old.id]}
    assert (await program.post("cleanup", {"older_than_hours": 2}, key="c")).json() == closed
    assert refused(await program.post("cleanup", {"older_than_hours": 1}, key="c")) == (422, "key_reused")
    assert {play.state(one) for one in (busy, fresh.id)} == {"executing", "idle"}  # type: ignore[arg-type]


# Whose


async def test_anothers_session_might_as_well_not_exist(play: Playbook, program: Program) -> None:
    theirs = await program.at_work(name="theirs")
    play.writer.submit(lambda connection, _now: connection.execute("INSERT INTO user (user_id, created_at_ms) VALUES ('ou_bob', 0)")).result()  # fmt: skip
    play.writer.submit(lambda connection, _now: connection.execute("UPDATE session SET user_id = 'ou_bob'")).result()
    events = play.one("SELECT count(*) FROM event")
    for name in (theirs, "theirs", "never-was"):
        for act, body in (
            ("prompts", {"text": "hello"}),
            ("answer", {"verdict": "deny", "request_id": "r"}),
            ("rename", {"name": "mine"}),
            *((one, None) for one in ("stop", "retry", "kill", "close")),
        ):
            assert refused(await program.act(name, act, body)) == (404, "not_found")
        for look in ("", "/turns"):
            assert refused(await program.client.get(f"/v1/sessions/{name}{look}")) == (404, "not_found")
        assert refused(await program.client.get(f"/v1/events?session={name}")) == (404, "not_found")

    assert (await program.client.get("/v1/sessions?closed=true")).json() == {"sessions": [], "next": ""}
    assert play.one("SELECT count(*) FROM event") == events
    assert (await program.create(name="theirs")).name == "theirs"


async def test_another_sessions_question_is_none_of_this_ones(play: Playbook, program: Program) -> None:
    first, second = await program.at_work(), await program.at_work()
    await play.started(first)
    request_id = await play.asks(first)

    given = {"verdict": "allow", "request_id": request_id}
    assert refused(await program.act(second, "answer", given)) == (404, "no_such_request")
    assert play.script.answers == []


# The phone


async def test_the_phone_knows_it_by_its_name(play: Playbook, program: Program) -> None:
    session_id = await program.at_work(name="build")
    await play.started(session_id)
    await play.say("/list")
    assert any("build" in str(one) for one in play.channel.posts.values())
    await play.say("/switch build")
    await play.finishes(session_id, text="Shown now.")

    assert any("Shown now." in str(one) and one.chat == private_chat(ADA) for one in play.channel.posts.values())
    await play.say("/close Build")
    assert play.state(session_id) == "closed"


async def test_going_to_it_by_its_button_shows_it_too(play: Playbook, program: Program) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    await play.say("/list")
    await play.click({"v": 1, "op": "switch", "id": session_id})
    await play.finishes(session_id, text="Shown now.")

    assert any("Shown now." in str(one) for one in play.channel.posts.values())


# The list


async def test_it_is_listed_page_by_page(program: Program) -> None:
    made_ids = [(await program.create(group="night" if number % 2 else "")).id for number in range(5)]
    await program.act(made_ids[0], "close")

    async def listed(query: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = (await program.client.get(f"/v1/sessions?{query}&cursor={cursor}")).json()
            found += [one["id"] for one in page["sessions"]]
            cursor = page["next"]
            if not cursor:
                return found

    assert await listed("limit=2") == made_ids[1:]
    assert await listed("closed=true&limit=1") == made_ids
    assert await listed("group=night") == [made_ids[1], made_ids[3]]
    assert await listed("state=closed") == [made_ids[0]]
    assert await listed("state=executing,closed") == [made_ids[0]]
    assert await listed("backend=cobol") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=9999", "limit=x", "state=asleep", "cursor=%%%", "cursor=abc", "what=1", "name=A"]
)
async def test_what_cannot_be_listed_says_so(program: Program, query: str) -> None:
    assert refused(await program.client.get(f"/v1/sessions?{query}"))[0] == 400
