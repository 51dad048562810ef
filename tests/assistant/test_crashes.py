"""kill -9 at any moment of a turn: nothing that was committed is lost, nothing is done twice, and one answer comes."""

import asyncio
from typing import Any

from phonework.testing.fake_openai import call, say


async def test_before_the_first_word_the_turn_runs_again(scene: Any) -> None:
    scene.api.will([{"hang": True}], say("Here I am."))
    await scene.play.say("hello?")
    await scene.api.requested(1)
    await scene.play.crash()
    assert (await scene.ended())["text"] == "Here I am."
    assert scene.dialogue() == [(1, "user", "hello?"), (1, "assistant", "Here I am.")]
    assert [one.said for one in scene.api.requests] == ["hello?", "hello?"]
    answers = [one for one in scene.play.channel.posts.values() if "Here I am." in one.words]
    assert len(answers) == 1


async def test_what_was_called_before_is_not_called_again(scene: Any) -> None:
    session = await scene.quiet_session()
    scene.api.will([call("send_to_session", {"session": session, "message": "run"})], [{"hang": True}], say("Sent."))
    await scene.play.say("have fizz-1 run please, whenever it can")
    await scene.api.requested(2)
    await scene.play.crash()
    assert (await scene.ended())["text"] == "Sent."
    assert scene.calls() == [("send_to_session", "done")]
    assert scene.play.one("SELECT count(*) FROM prompt WHERE session_id = ?", session) == 1
    assert [role for _turn, role, _text in scene.dialogue()] == ["user", "assistant", "tool", "assistant"]


async def test_a_call_that_was_begun_is_not_repeated_and_the_person_is_told(scene: Any, hanging: Any) -> None:
    scene.api.will([call("hang", {"what": "a"})])
    await scene.play.say("hello?")
    await scene.play.until(lambda: scene.calls() == [("hang", "claimed")])
    await scene.play.crash()
    assert (await scene.ended())["status"] == "lost"
    assert len(scene.api.requests) == 1, "nothing was asked anew"
    assert any("interrupted in the middle" in one for one in scene.play.channel.texts())
    turn = await scene.ask("/retry", say("Was it done? I cannot tell."))
    assert turn["text"] == "Was it done? I cannot tell."
    results = [one["content"] for one in scene.api.requests[-1].messages if one["role"] == "tool"]
    assert len(results) == 1
    assert "not known" in results[0]
    assert scene.calls() == [("hang", "unknown")]


async def test_a_question_that_was_open_can_still_be_answered(scene: Any) -> None:
    session = await scene.quiet_session()
    scene.api.will([call("close_session", {"session": session})])
    await scene.play.say("is that enough?")
    request_id, _prompt = await scene.request()
    await scene.play.crash()
    assert (await scene.ended())["status"] == "lost"
    assert scene.play.state(session) == "idle"
    scene.api.will(say("It is closed."))
    await scene.tap(request_id, "late", "allow")
    assert (await scene.ended(2))["text"] == "It is closed."
    assert scene.play.state(session) == "closed"
    assert scene.calls() == [("close_session", "done")]


async def test_a_late_no_closes_nothing(scene: Any) -> None:
    session = await scene.quiet_session()
    scene.api.will([call("close_session", {"session": session})])
    await scene.play.say("is that enough?")
    request_id, _prompt = await scene.request()
    await scene.play.crash()
    scene.api.will(say("It stays."))
    await scene.tap(request_id, "late", "deny")
    assert (await scene.ended(2))["text"] == "It stays."
    assert scene.play.state(session) == "idle"


async def test_a_turn_that_dies_with_every_start_is_given_up(scene: Any) -> None:
    scene.api.usual = [{"hang": True}]
    await scene.play.say("hello?")
    for life in range(1, 4):
        await scene.api.requested(life)
        await scene.play.crash()
    assert (await scene.ended())["status"] == "lost"
    assert len(scene.api.requests) == 3


async def test_stopping_the_program_leaves_the_turn_to_the_next_start(scene: Any) -> None:
    scene.api.will([{"hang": True}], say("Here I am."))
    await scene.play.say("hello?")
    await scene.api.requested(1)
    await scene.play.stop()
    await scene.play.start()
    assert (await scene.ended())["text"] == "Here I am."


async def test_mode_and_memory_survive(scene: Any) -> None:
    await scene.ask("my name is Ada", say("Hello Ada."))
    session = await scene.quiet_session()
    await scene.play.say("/direct")
    await scene.play.crash()
    await scene.play.say("what is my name?")
    assert scene.play.one("SELECT count(*) FROM prompt WHERE session_id = ?", session) == 1
    await scene.ask("/smart what is my name?", say("Ada."))
    assert "my name is Ada" in [one["content"] for one in scene.api.requests[-1].messages]


async def test_the_dead_say_nothing(scene: Any) -> None:
    """What the old life still hears from its model changes nothing."""
    scene.api.will([{"gate": "late"}, {"text": "Too late."}], say("In time."))
    await scene.play.say("hello?")
    await scene.api.reached("late")
    await scene.play.crash()
    scene.api.open("late")
    assert (await scene.ended())["text"] == "In time."
    await asyncio.sleep(0)
    assert "Too late." not in " ".join(one.words for one in scene.play.channel.posts.values())
