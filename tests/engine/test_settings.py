"""Each person's own language, clock and measure of what is shown: remembered, and kept to everywhere."""

import json
from datetime import timedelta

import pytest

from phonework import texts
from phonework.commands import (
    Command,
    SetLanguage,
    SetQuietHours,
    SetTimezone,
    Settings,
    SetVerbosity,
    Wrong,
    parse_command,
)
from phonework.testing.playbook import ADA, BOB, MALLORY, Playbook, private_chat
from phonework.views import Verbosity


def last(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("/lang zh", SetLanguage(language="zh")),
        ("/lang 中文", SetLanguage(language="zh")),
        ("/语言 英文。", SetLanguage(language="en")),
        ("/LANG English", SetLanguage(language="en")),
        ("/lang auto", SetLanguage(language="")),
        ("/lang", Settings()),
        ("/verbose quiet", SetVerbosity(verbosity=Verbosity.QUIET)),
        ("/详略 详细", SetVerbosity(verbosity=Verbosity.VERBOSE)),
        ("/verbose", Settings()),
        ("/quiet off", SetQuietHours(hours=None)),
        ("/免打扰 关闭", SetQuietHours(hours=None)),
        ("/quiet", Settings()),
        ("/timezone Asia/Shanghai", SetTimezone(name="Asia/Shanghai")),
        ("/timezone asia/shanghai", SetTimezone(name="Asia/Shanghai")),
        ("/timezone new york", SetTimezone(name="America/New_York")),
        ("/时区 北京", SetTimezone(name="Asia/Shanghai")),
        ("/timezone utc", SetTimezone(name="UTC")),
        ("/timezone default", SetTimezone(name="")),
        ("/timezone", Settings()),
    ],
)
def test_a_setting_is_read_however_it_is_typed(typed: str, command: Command) -> None:
    assert parse_command(typed) == command


@pytest.mark.parametrize(
    "typed",
    [
        "/lang klingon",
        "/verbose loud",
        "/quiet 8-8",
        "/quiet tonight",
        "/timezone ../etc/passwd",
        "/timezone Mars/Base",
    ],
)
def test_what_cannot_be_set_is_answered_with_what_can(typed: str) -> None:
    wrong = parse_command(typed)
    assert isinstance(wrong, Wrong)
    assert wrong.usage.startswith("usage.")


async def test_the_chosen_language_is_spoken_from_the_answer_on(play: Playbook) -> None:
    """C9: words, cards, toasts."""
    session = await play.begin("go")
    request = await play.asks(session)
    await play.say("/lang zh")
    assert last(play).startswith("✅ 现在的语言：中文\n")
    reply = await play.click(play.button(f"request:{request}", "answer", "allow"))

    assert reply.toast is not None
    assert reply.toast.text == texts.text("zh", "toast.recorded")
    assert "允许" in json.dumps(reply.card, ensure_ascii=False)
    again = await play.click(play.button(f"turn:{session}:1", "stop"))
    assert again.toast is not None
    assert again.toast.text == texts.text("zh", "toast.stopping")
    await play.say("/new nowhere")
    assert texts.text("zh", "say.dir_missing", dir="nowhere") in last(play)


async def test_the_client_s_language_counts_where_nothing_was_chosen(play: Playbook) -> None:
    await play.say("/switch", language="zh")
    assert last(play) == texts.text("zh", "say.missing_argument", command="switch", usage="/switch 序号")
    await play.say("/switch")
    assert "序号" in last(play), "a tap or an old message does not say it, and it is remembered"
    await play.say("/lang en", language="zh")
    await play.say("/switch", language="zh")
    assert "needs more" in last(play)
    await play.say("/lang auto", language="zh")
    assert "跟随飞书" in last(play)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("/lang en", "✅ Your language is now: English"),
        ("/lang zh", "✅ 现在的语言：中文"),
        ("/verbose verbose", "✅ A turn at work is now shown: verbose: every step, and what came of it"),
        ("/quiet 22:00-08:00", "✅ Your quiet hours are now: 22:00-08:00"),
        ("/quiet off", "✅ Your quiet hours are now: none"),
        ("/timezone Asia/Shanghai", "✅ Your time zone is now: Asia/Shanghai"),
    ],
)
async def test_what_was_set_is_said_first_and_then_the_rest(play: Playbook, typed: str, first: str) -> None:
    await play.say(typed)
    now, *rest = last(play).replace("\\", "").splitlines()

    assert now == first
    assert len([line for line in rest if "`/" in line]) == 3
    await play.say("/lang")
    assert len(last(play).splitlines()) == 4
    assert "✅" not in last(play)


async def test_one_person_s_language_is_not_another_s(play: Playbook) -> None:
    await play.say("/lang zh")
    await play.say("/cost", user=BOB)

    assert "Usage and cost" in last(play)


async def test_a_stranger_is_told_in_the_language_of_their_client(play: Playbook) -> None:
    await play.say("hello", user=MALLORY, language="zh")

    assert texts.text("zh", "say.not_allowed", open_id=MALLORY) in last(play).replace("\\", "")
    reply = await play.click({}, user=MALLORY)
    assert reply.toast is not None
    assert reply.toast.text == texts.text("zh", "reason.not_allowed")


async def test_an_event_that_cannot_be_decided_is_regretted_in_their_language(
    play: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.say("/lang zh")

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("phonework.node.take", broken)
    reply = await play.click({})
    assert reply.toast is not None
    assert reply.toast.text == texts.text("zh", "reason.error")


async def test_times_are_shown_by_the_person_s_own_clock(play: Playbook) -> None:
    await play.say("/timezone Asia/Tokyo")
    session = await play.begin("go")
    request = await play.asks(session)

    assert "asked 18:00" in play.channel.shown(f"request:{request}").words


async def test_settings_survive_a_restart_and_are_one_s_own(play: Playbook) -> None:
    for setting in ("/lang en", "/verbose verbose", "/quiet 22-8", "/timezone Asia/Tokyo"):
        await play.say(setting)
    await play.crash()
    await play.say("/lang")

    assert "verbose: every step" in last(play)
    assert "22:00-08:00" in last(play)
    assert "Asia/Tokyo" in last(play)
    assert play.rows("SELECT quiet_hours, timezone FROM user WHERE user_id = ?", BOB) in ([], [("", "")])


async def test_a_setting_delivered_twice_is_set_once_and_said_once(play: Playbook) -> None:
    said = await play.say("/verbose quiet")
    await play.say("/verbose normal")
    before = len(play.channel.posts)
    await play.deliver(said)

    assert play.one("SELECT verbosity FROM user") == "normal"
    assert len(play.channel.posts) == before


async def test_a_setting_that_comes_late_is_not_made(play: Playbook) -> None:
    """F13."""
    await play.say("/lang zh", sent_at=play.clock.now() - timedelta(minutes=11))

    assert play.one("SELECT chosen_language FROM user WHERE user_id = ?", ADA) == ""


async def test_healing_speaks_their_language_and_keeps_their_quiet(play: Playbook) -> None:
    from phonework.healing import Healer

    await play.say("/lang zh")
    await play.say("/quiet 9:30-17:00")
    await play.advance(timedelta(hours=1))
    healer = Healer(writer=play.writer, clock=play.clock, channel=_Past(), submit=play.core.router.submit)
    now = play.clock.now()
    before = len(play.channel.posts)
    await healer.on_gap(now - timedelta(minutes=5), now)
    await play.settled()
    assert len(play.channel.posts) == before
    await play.advance(timedelta(hours=7))

    assert "没连上飞书" in last(play)


class _Past:
    """A channel in whose history nothing was missed."""

    name = private_chat(ADA).channel

    async def heal(self, chat_id: str, since: object, *, private: bool = True) -> list[object]:
        return []

    async def heal_topic(self, root: str, since: object) -> list[object]:
        return []
