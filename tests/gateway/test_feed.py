"""Who waits hears of every change once, at once, and nothing is done while there is none."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from phonework.fsm.types import SessionId, State, UserId
from phonework.gateway import feed as feeds
from phonework.gateway.feed import Feed, News, Subscription
from phonework.gateway.refusals import GatewayError
from phonework.gateway.sse import Parser
from phonework.store.listing import Listed
from phonework.testing.playbook import ADA, BOB, Playbook

from .conftest import Program, program_of


def told(news: tuple[News, ...]) -> list[tuple[int, str, dict[str, Any]]]:
    """Number, kind and session of each."""
    found = []
    for one in news:
        lines = dict(line.split(": ", 1) for line in one.wire.decode().strip().split("\n"))
        assert int(lines["id"]) == one.seq
        found.append((one.seq, lines["event"], json.loads(lines["data"])))
    return found


async def until(feed: Feed, one: Subscription, state: str) -> list[tuple[int, str, dict[str, Any]]]:
    """What is told until a session is in this state."""
    found: list[tuple[int, str, dict[str, Any]]] = []
    while not found or found[-1][2]["state"] != state:
        news = await asyncio.wait_for(feed.next(one), 30)
        assert news, "let go"
        found += told(news)
    return found


async def looked(feed: Feed) -> None:
    """Return when it does nothing."""
    await asyncio.sleep(0)
    if feed._task is not None:
        await feed._task


@pytest.fixture
def feed(play: Playbook) -> Feed:
    return play.core.gateway.gateway.feed


async def test_first_it_is_told_how_things_are_and_then_what_changes(
    play: Playbook, program: Program, feed: Feed
) -> None:
    session_id = await program.at_work(name="build")
    one, news = await feed.begin(["build"], "", None)

    ((first, kind, session),) = told(news)
    assert (kind, session["id"], session["state"]) == ("state", session_id, "executing")
    await play.started(session_id)
    await play.asks(session_id)
    asked = (await until(feed, one, "waiting_confirm"))[-1]
    assert asked[1] == "session"
    assert asked[2]["request"]["command"] == "rm"
    assert asked[0] > first
    await program.act("build", "rename", {"name": "bake"})
    (*_, renamed) = told(await feed.next(one))
    assert renamed[2]["name"] == "bake"


async def test_who_loses_the_stream_among_the_first_is_told_all_of_them_again(program: Program, feed: Feed) -> None:
    for name in ("one", "two", "three"):
        await program.create(name=name)
    one, news = await feed.begin([], "", None)
    feed.leave(one)
    parser = Parser()
    seen = [[event.id for event in parser.feed(each.wire)] for each in news]

    assert seen == [[""], [""], [str(news[-1].seq)]]


async def test_only_what_is_wanted_is_told(play: Playbook, program: Program, feed: Feed) -> None:
    alone = await program.at_work()
    by_id, _ = await feed.begin([alone], "", None)
    by_group, before = await feed.begin([], "night", None)
    everything, _ = await feed.begin([], "", None)
    later = await program.create(group="night")
    await program.act(alone, "stop")

    assert before == ()
    assert {each[2]["id"] for each in await until(feed, by_id, "stopping")} == {alone}
    assert {each[2]["id"] for each in await until(feed, by_group, "idle")} == {later.id}
    assert {each[2]["id"] for each in await until(feed, everything, "stopping")} == {alone, later.id}


async def test_helpers_of_a_person_are_not_told_of(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA], shell={"enabled": True}) as play:
        feed = play.core.gateway.gateway.feed
        one, news = await feed.begin([], "", None)
        await play.say("/shell true")
        await play.begin()

        assert news == ()
        assert {each[2]["backend"] for each in await until(feed, one, "idle")} == {"demo"}


async def test_who_comes_again_is_told_what_changed_since(play: Playbook, program: Program, feed: Feed) -> None:
    first, second = await program.at_work(), await program.at_work()
    one, news = await feed.begin([], "", None)
    seq = news[-1].seq
    feed.leave(one)
    await program.act(first, "stop")
    again, missed = await feed.begin([first, second], "", seq)

    assert [(kind, each["id"], each["state"]) for _, kind, each in told(missed)] == [("session", first, "stopping")]
    feed.leave(again)
    _, nothing = await feed.begin([first, second], "", missed[-1].seq)
    assert nothing == ()


@pytest.mark.parametrize("after", [None, 10**9])
async def test_a_number_that_was_never_given_is_as_good_as_none(
    program: Program, feed: Feed, after: int | None
) -> None:
    session = await program.create()
    _, news = await feed.begin([], "", after)

    assert [(kind, each["id"]) for _, kind, each in told(news)] == [("state", session.id)]


async def test_the_number_holds_after_a_crash(play: Playbook, program: Program, feed: Feed) -> None:
    session_id = await program.at_work()
    await play.started(session_id)
    _, news = await feed.begin([session_id], "", None)
    await play.crash()
    later = play.core.gateway.gateway.feed
    _, missed = await later.begin([session_id], "", news[-1].seq)

    ((_, kind, session),) = told(missed)
    assert (kind, session["state"], session["last"]["status"]) == ("session", "idle", "lost")


async def test_nothing_is_read_while_nobody_waits_or_nothing_happens(
    play: Playbook, program: Program, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    run = feed._reader.run

    async def counted(query: Any) -> Any:
        reads.append(query)
        return await run(query)

    monkeypatch.setattr(feed._reader, "run", counted)
    session_id = SessionId((await program.create()).id)
    reads.clear()
    await program.act(session_id, "prompts", {"text": "go"})
    assert reads == [], "nobody waits"

    waiting = [(await feed.begin([], "", None))[0] for _ in range(100)]
    await looked(feed)
    reads.clear()
    await play.writer.run(lambda _connection, _now: None)
    await looked(feed)
    assert len(reads) == 1, "a commit is looked at once, for all of them"
    reads.clear()
    await play.started(session_id)
    for one in waiting:
        await asyncio.wait_for(feed.next(one), 30)
    assert len(reads) < 10, "not once for each of them"
    for one in waiting:
        feed.leave(one)
    assert feed.waiting == 0


async def test_who_does_not_read_is_let_go_and_the_others_are_not(
    play: Playbook, program: Program, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "BEHIND", 3)
    session = await program.create()
    slow, _ = await feed.begin([], "", None)
    quick, _ = await feed.begin([], "", None)
    for number in range(8):
        await program.act(session.id, "rename", {"name": f"n{number}"})
        while told(await feed.next(quick))[-1][2]["name"] != f"n{number}":
            pass

    assert len(await feed.next(slow)) == 3
    assert await feed.next(slow) == ()
    assert not quick.gone


async def test_at_the_stop_everybody_is_let_go_and_nobody_is_taken(feed: Feed) -> None:
    one, _ = await feed.begin([], "", None)
    waiting = asyncio.create_task(feed.next(one))
    await asyncio.sleep(0)
    feed.stop()

    assert await waiting == ()
    with pytest.raises(GatewayError, match="stopping"):
        await feed.begin([], "", None)


async def test_more_than_can_be_held_are_refused(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST", 2)
    for _ in range(2):
        await feed.begin([], "", None)
    with pytest.raises(GatewayError, match="wait already"):
        await feed.begin([], "", None)


async def test_not_everybody_can_be_named(feed: Feed) -> None:
    with pytest.raises(GatewayError, match="name"):
        await feed.begin([f"s{number}" for number in range(1001)], "", None)


async def test_who_begins_in_the_middle_of_things_misses_nothing(tmp_path: Path) -> None:
    """However beginnings and changes fall together, the last thing told is how it is."""
    async with Playbook.opened(tmp_path, allow=[ADA]) as play, program_of(play) as program:
        feed, session = play.core.gateway.gateway.feed, await program.create()

        async def rename() -> None:
            for number in range(30):
                await program.client.post(f"/v1/sessions/{session.id}/rename", json={"name": f"n{number}"})

        async def follow(turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            one, news = await feed.begin([session.id], "", None)
            seen = told(news)
            while seen[-1][2]["name"] != "n29":
                seen += told(await asyncio.wait_for(feed.next(one), 30))
            feed.leave(one)
            assert [seq for seq, _, _ in seen] == sorted({seq for seq, _, _ in seen}), "in order, and once"

        await asyncio.gather(rename(), *(follow(turns * 7) for turns in range(40)))
        assert feed.waiting == 0


@pytest.mark.parametrize(("ids", "group"), [((), ""), (("fizz-top",), ""), ((), "night")])
def test_what_happens_in_somebody_elses_session_is_not_wanted(ids: tuple[str, ...], group: str) -> None:
    """Also where their id or group is the one that was asked for."""
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    found = Listed(
        session_id=SessionId("fizz-top"), user_id=UserId(ADA), name="build", group="night", backend="demo", cwd="/work", state=State.IDLE,
        turn=0, since=now, active_at=now, created_at=now, model="", mode="", container="", queued=0, request=None, last=None,
    )  # fmt: skip
    waiting = [Subscription(user_id=UserId(who), ids=frozenset(map(SessionId, ids)), group=group) for who in (ADA, BOB)]

    assert [one.wants(found) for one in waiting] == [True, False]
