"""The assistant's reminders: set in the person's words, listed, deleted when that is plainly meant; never twice."""

from datetime import timedelta
from typing import Any

from phonework.testing.fake_openai import call, say
from phonework.testing.playbook import BOB


def results(scene: Any) -> list[str]:
    """What the tools told the model so far in the newest request."""
    return [one["content"] for one in scene.api.requests[-1].messages if one["role"] == "tool"]


def rows(scene: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = scene.play.rows("SELECT body, status, fired FROM reminder ORDER BY created_at_ms")
    return found


async def remind(scene: Any, when: str, about: str) -> str:
    """The id of a reminder set by the assistant."""
    await scene.ask("remind me", [call("reminder_create", {"when": when, "about": about})], say("Set."))
    return str(scene.play.rows("SELECT reminder_id FROM reminder ORDER BY created_at_ms DESC")[0][0])


async def test_it_is_set_in_the_persons_words_and_shown_with_a_way_back(scene: Any) -> None:
    """A7."""
    reminder = await remind(scene, "in 10 minutes", "check the build")
    assert "today 9:10 · check the build" in results(scene)[0]
    shown = scene.play.channel.shown(f"reminder:{reminder}:0")
    assert "check the build" in shown.words
    await scene.play.advance(timedelta(minutes=10))

    assert "check the build" in scene.play.channel.shown(f"reminder:{reminder}:1").words
    assert rows(scene) == [("check the build", "done", 1)]


async def test_what_makes_no_time_is_told_to_the_model_and_nothing_is_set(scene: Any) -> None:
    await scene.ask("remind me", [call("reminder_create", {"when": "soon", "about": "tea"})], say("When?"))

    assert "No reminder was set. When?" in results(scene)[0]
    assert rows(scene) == []


async def test_the_list_has_only_the_persons_own(scene: Any) -> None:
    await scene.play.say("/remind 10m not yours", user=BOB)
    await scene.ask("which?", [call("reminder_list", {})], say("None."))
    assert results(scene) == ["No reminder is to come."]
    reminder = await remind(scene, "every day at 10:00", "water the plants")
    await scene.ask("which?", [call("reminder_list", {})], say("One."))

    assert results(scene)[-1] == f"1. every day at 10:00; Next: today 10:00 · water the plants (id: {reminder})"


async def test_one_that_is_named_is_deleted_at_once(scene: Any) -> None:
    reminder = await remind(scene, "every day at 10:00", "water the plants")
    await scene.ask(
        "forget about having to water the plants, please",
        [call("reminder_delete", {"reminder": reminder})],
        say("Gone."),
    )

    assert rows(scene) == [("water the plants", "deleted", 0)]
    await scene.ask(
        f"delete reminder {reminder}", [call("reminder_delete", {"reminder": reminder})], say("It is gone.")
    )
    assert "“water the plants” is deleted already" in results(scene)[-1]
    assert not [post.words for post in scene.play.channel.posts.values() if f"the reminder {reminder}" in post.words]


async def test_a_guess_asks_first_and_a_no_deletes_nothing(scene: Any) -> None:
    reminder = await remind(scene, "every day at 10:00", "water the plants")
    scene.api.will([call("reminder_delete", {"reminder": reminder})], say("As you wish."))
    await scene.play.say("what is all this nagging?")
    request_id, prompt = await scene.request()
    assert "water the plants" in prompt
    await scene.tap(request_id, "answer", "deny")
    await scene.ended(2)

    assert rows(scene) == [("water the plants", "waiting", 0)]


async def test_anothers_reminder_is_as_good_as_none(scene: Any) -> None:
    await scene.play.say("/remind 10m not yours", user=BOB)
    theirs = scene.play.one("SELECT reminder_id FROM reminder")
    await scene.ask(f"delete {theirs}", [call("reminder_delete", {"reminder": theirs})], say("No."))

    assert "There is no such reminder" in results(scene)[0]
    assert rows(scene) == [("not yours", "waiting", 0)]
