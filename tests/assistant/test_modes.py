"""Smart and direct mode, and how messages find their way in the engine."""

from datetime import timedelta
from typing import Any

import pytest

from phonework.answers import HealthAnswer
from phonework.intake.routing import FRESH
from phonework.testing.fake_openai import fail, say
from phonework.testing.playbook import ADA, MOMENT, Playbook


def prompts(play: Playbook, session: str) -> list[str]:
    return [
        one
        for (one,) in play.rows(
            "SELECT json_extract(body, '$.text') FROM prompt WHERE session_id = ? ORDER BY json_extract(body, '$.sent_at')",
            session,
        )
    ]


async def test_words_that_go_on_reach_the_session_without_the_model(scene: Any) -> None:
    session = await scene.play.begin("fix the login")
    await scene.play.started(session)
    await scene.play.finishes(session)
    await scene.play.say("also update the changelog")
    await scene.play.say("fizz: 再跑一遍测试")
    assert prompts(scene.play, session) == ["fix the login", "also update the changelog", "再跑一遍测试"]
    assert scene.api.requests == []


@pytest.mark.parametrize("tapped", [False, True])
async def test_the_first_words_after_a_switch_reach_the_session_gone_to(scene: Any, tapped: bool) -> None:
    play = scene.play
    first, second = await play.begin("fix the login"), await play.begin("write the docs")
    for session in (first, second):
        await play.started(session)
        await play.finishes(session)
    await play.advance(FRESH + MOMENT)
    if tapped:
        await play.say("/status")
        await play.click(play.button(list(play.channel.posts.values())[-1].delivery.card_key, "switch"))
    else:
        await play.say("/switch 1")
    await play.say("rename the function to total")

    assert prompts(play, first) == ["fix the login", "rename the function to total"]
    assert scene.api.requests == []
    assert (await scene.ask("what is the weather?", say("Fine.")))["text"] == "Fine."


async def test_words_sent_before_a_switch_are_not_for_the_session_gone_to(scene: Any) -> None:
    play = scene.play
    first, second = await play.begin("fix the login"), await play.begin("write the docs")
    for session in (first, second):
        await play.started(session)
        await play.finishes(session)
    await play.advance(FRESH + MOMENT)
    before = play.clock.now()
    await play.advance(MOMENT)
    await play.say("/switch 1")
    await scene.ask("rename the function to total", say("Where?"), sent_at=before)

    assert prompts(play, first) == ["fix the login"]


async def test_a_typed_yes_answers_the_only_question(scene: Any) -> None:
    session = await scene.play.begin("go")
    await scene.play.started(session)
    request_id = await scene.play.asks(session)
    await scene.play.say("可以")
    assert scene.play.request_status(request_id) == "delivered"


async def test_two_questions_are_told_apart_by_the_person(scene: Any) -> None:
    asked = []
    for _ in range(2):
        session = await scene.play.begin("go")
        await scene.play.started(session)
        asked.append(await scene.play.asks(session))
    await scene.play.say("yes")
    assert [scene.play.request_status(one) for one in asked] == ["open", "open"]
    assert "Which one do you mean?" in scene.play.channel.texts()[-1]
    await scene.play.say("@1 yes")
    assert [scene.play.request_status(one) for one in asked] == ["delivered", "open"]
    assert scene.api.requests == []


async def test_a_yes_after_the_assistant_spoke_approves_nothing(scene: Any) -> None:
    session = await scene.play.begin("go")
    await scene.play.started(session)
    request_id = await scene.play.asks(session)
    await scene.ask("what is the weather?", say("Shall I search the web?"))
    await scene.play.say("yes")
    assert scene.play.request_status(request_id) == "open"
    assert "not sure these words were meant for it" in scene.play.channel.texts()[-1]
    shown = scene.play.channel.shown(f"request:{request_id}").message_id
    await scene.play.say("yes", reply_to=shown)
    assert scene.play.request_status(request_id) == "delivered"


async def test_a_reply_to_the_assistant_goes_to_it_in_either_mode(scene: Any) -> None:
    await scene.ask("hello?", say("Hello."))
    await scene.play.begin()
    await scene.play.say("/direct")
    shown = scene.play.channel.shown(f"turn:{scene.helper}:1").message_id
    turn = await scene.ask("and more?", say("More."), reply_to=shown)
    assert turn["text"] == "More."


async def test_stop_and_retry_are_for_whoever_works(scene: Any) -> None:
    await scene.play.begin()
    scene.api.will([{"hang": True}], say("Again."))
    await scene.play.say("what is the weather?")
    await scene.api.reached("hang")
    await scene.play.say("/stop")
    assert (await scene.ended())["status"] == "stopped"
    await scene.play.say("/retry")
    assert (await scene.ended(2))["text"] == "Again."


async def test_retry_is_for_the_session_gone_to_after_the_assistant(scene: Any) -> None:
    play = scene.play
    first, second = await play.begin("fix the login"), await play.begin("write the docs")
    for session in (first, second):
        await play.started(session)
        await play.finishes(session)
    await scene.ask("what is the weather?", say("Fine."))
    await play.say("/switch 1")
    await play.say("/retry")

    assert (play.state(first), play.state(second)) == ("executing", "idle")
    assert len(scene.turns()) == 1


async def test_retry_is_for_whom_the_last_words_went_to_though_they_wait(scene: Any) -> None:
    """The assistant's turn began after the session's, which then got words for later."""
    play = scene.play
    session = await play.begin("fix the login")
    await play.started(session)
    await scene.ask("what is the weather?", say("Fine."))
    await play.say("@1 and the logout")
    await play.say("/retry")
    assert play.state(session) == "stopping"
    assert len(scene.turns()) == 1


async def test_retry_is_for_the_assistant_when_it_was_spoken_to_after_the_switch(scene: Any) -> None:
    play = scene.play
    session = await play.begin("fix the login")
    await play.started(session)
    await play.finishes(session)
    await play.say("/switch 1")
    await scene.ask("what is the weather?", say("Fine."))
    scene.api.will(say("Again."))
    await play.say("/retry")
    assert (await scene.ended(2))["text"] == "Again."
    assert play.state(session) == "idle"


async def test_what_is_old_at_arrival_is_shown_and_not_run(scene: Any) -> None:
    await scene.ask("hello?", say("Hello."))
    await scene.play.say("what was that?", sent_at=scene.play.clock.now() - timedelta(hours=1))
    assert scene.play.one("SELECT count(*) FROM prompt WHERE status = 'held'") == 1
    assert len(scene.api.requests) == 1


async def test_a_message_delivered_twice_is_one(scene: Any) -> None:
    await scene.ask("hello?", say("Hello."), key="om_same")
    await scene.play.say("hello?", key="om_same")
    assert len(scene.turns()) == 1


async def test_without_an_assistant_everything_is_direct(tmp_path: Any) -> None:
    async with Playbook.opened(tmp_path) as play:
        await play.say("/smart")
        assert "There is no assistant" in play.channel.texts()[-1]
        session = await play.begin()
        await play.say("what is the weather?")
        await play.say("/clear")
        assert prompts(play, session) == ["what is the weather?", "/clear"]
        assert play.one("SELECT chosen_mode FROM user WHERE user_id = ?", ADA) == ""


async def test_health_tells_how_many_needed_the_model_and_how_it_does(scene: Any) -> None:
    await scene.ask("hello?", say("Hello."))
    session = await scene.play.begin("go")
    await scene.play.say("@1 go on")
    answer = scene.play.core.node._answers["health"]
    assert isinstance(answer, HealthAnswer)
    found = await answer({})
    assert isinstance(found, dict)
    told = found["assistant"]
    assert (told["ok"], told["facts"]["routed_by_model"], told["facts"]["routed_by_rules"]) == (True, 1, 2)
    assert told["facts"]["share_by_rules"] == 0.667
    assert (told["facts"]["requests"], told["facts"]["errors"]) == (1, 0)
    assert "assistant" not in found["backends"]
    await scene.ask("what is the weather?", fail(401))
    assert (await answer({}))["assistant"]["problem"] == "the model did not answer: unauthorised"
    assert prompts(scene.play, session) == ["go", "go on"]


async def test_a_smoke_test_asks_the_model_for_real(scene: Any) -> None:
    scene.api.will(say("pong"), fail(401, "no such key"))
    backend = scene.play.core.backends["assistant"]
    assert "pong" in await backend.ping(smoke=True)
    assert "glm-4.6 at 127.0.0.1" in await backend.ping()
    assert len(scene.api.requests) == 1


async def test_the_assistant_is_not_listed_and_begins_no_session(scene: Any) -> None:
    await scene.ask("hello?", say("Hello."))
    await scene.play.say("/status")
    await scene.play.say("/new api --backend assistant")
    assert "There is no agent called assistant" in scene.play.channel.texts()[-1]
    assert scene.play.one("SELECT count(*) FROM session WHERE companion = 0") == 0


async def test_who_chose_nothing_is_in_the_mode_the_owner_set(stage: Any) -> None:
    async with stage(assistant={"mode": "direct"}) as scene:
        session = await scene.play.begin("fix the login")
        await scene.play.started(session)
        await scene.play.finishes(session)
        await scene.play.say("what is the weather?")
        assert prompts(scene.play, session) == ["fix the login", "what is the weather?"]
        assert scene.api.requests == []
        await scene.ask("/smart what is the weather?", say("No idea."))
        assert len(prompts(scene.play, session)) == 2


async def test_the_first_words_after_a_session_began_are_for_it(scene: Any) -> None:
    """It was just said: send a message to begin."""
    await scene.play.begin("fix the login")
    await scene.ask("remind me of lunch", say("Done."))
    await scene.play.say("/new --create second")
    newest = scene.play.rows(
        "SELECT session_id FROM session WHERE companion = 0 ORDER BY created_at_ms DESC, rowid DESC"
    )[0][0]
    await scene.play.say("write the release notes")
    assert prompts(scene.play, newest) == ["write the release notes"]
    assert len(scene.api.requests) == 1


async def test_a_wish_for_the_assistant_goes_to_it_although_a_session_waits(scene: Any) -> None:
    await scene.play.say("/new --create second")
    await scene.ask("remind me of lunch", say("Done."))
    assert len(scene.api.requests) == 1
