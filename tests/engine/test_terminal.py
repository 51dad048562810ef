"""Agents met at a terminal of the machine: sessions of whoever works there, of which a phone is shown what is asked."""

from pathlib import Path

import pytest

from phonework.backends.base import Arrival
from phonework.carriers.agents import LOOKED_FOR
from phonework.errors import RefusedError
from phonework.fsm.events import TurnFinished
from phonework.fsm.types import Prompt, PromptId, SessionId
from phonework.testing.playbook import ADA, BOB, MOMENT, Playbook, private_chat

ARRIVAL = Arrival(agent_session_id="7b1f", cwd="/srv/api")


async def typed(play: Playbook, session_id: SessionId, number: int = 1) -> int:
    prompt = Prompt(prompt_id=PromptId(f"typed-{number}"), text="fix the build", sent_at=play.clock.advance(MOMENT))
    turn = await play.core.node.began(session_id, prompt, key=f"typed:{number}")
    await play.settled()
    return turn


async def met(play: Playbook) -> SessionId:
    return await play.core.node.adopt("demo", ARRIVAL)


async def test_it_is_met_once(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA]) as play:
        session_id = await met(play)

        assert await met(play) == session_id
        assert play.one("SELECT user_id FROM session") == ADA
        assert await typed(play, session_id) == 1
        assert play.state(session_id) == "executing"
        assert await typed(play, session_id) == 1, "the same words again begin nothing"
        assert await typed(play, session_id, 2) == 0, "one turn at a time"


async def test_only_what_it_asks_is_shown_in_the_private_chat_and_the_answer_reaches_it(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA], timeouts={"wait": 60, "turn": 60}) as play:
        await play.say("/help")
        before = len(play.channel.posts)
        session_id = await met(play)
        turn = await typed(play, session_id)
        request_id = await play.asks(session_id, turn)

        (card,) = list(play.channel.posts.values())[before:]
        assert card.chat == private_chat(ADA)
        await play.advance(MOMENT * 3600)
        assert play.state(session_id) == "waiting_confirm", "nobody answering here is no answer"
        await play.click(play.button(f"request:{request_id}", "answer", "allow"))
        assert [one.verdict for _, _, one in play.script.answers] == ["allow"]
        assert play.script.starts == []
        await play.agent(session_id, TurnFinished(turn=turn, text="Done."))
        assert play.state(session_id) == "idle"
        assert len(play.channel.posts) == before + 1


async def test_once_gone_to_it_is_shown_like_any_other(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA]) as play:
        session_id = await met(play)
        await play.say("/switch 1")
        turn = await typed(play, session_id)
        await play.finishes(session_id, turn, "All green.")

        assert any("All green." in str(one) for one in play.channel.posts.values())


async def test_without_a_chat_it_waits_for_an_answer_from_elsewhere(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA]) as play:
        session_id = await met(play)
        await play.asks(session_id, await typed(play, session_id))

        assert play.state(session_id) == "waiting_confirm"
        assert play.channel.posts == {}
        assert play.one("SELECT count(*) FROM effect WHERE lane LIKE 'chat:%'") == 0


@pytest.mark.parametrize(("allow", "why"), [([], "owner_unknown"), ([ADA, BOB], "owner_unclear")])
async def test_whose_it_would_be_is_not_guessed(tmp_path: Path, allow: list[str], why: str) -> None:
    async with Playbook.opened(tmp_path, allow=allow) as play:
        with pytest.raises(RefusedError, match=why):
            await met(play)


async def test_its_turn_survives_a_crash_of_ours_as_far_as_its_agent_does(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA]) as play:
        session_id = await met(play)
        await typed(play, session_id)
        await play.crash()

        assert play.state(session_id) == "idle"
        assert play.one("SELECT status FROM turn") == "lost"
        assert await met(play) == session_id


@pytest.mark.parametrize("inside", [True, False])
async def test_outside_the_working_root_it_takes_no_words_from_a_phone_but_answers(
    tmp_path: Path, inside: bool
) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA]) as play:
        (outside := tmp_path / "elsewhere").mkdir()
        (link := play.work / "link").symlink_to(outside)
        cwd = str(play.work if inside else link)
        session_id = await play.core.node.adopt("demo", Arrival(agent_session_id="7b1f", cwd=cwd))
        await play.say("/switch 1")
        await play.say("fix the build")
        await play.settled()

        assert [one.cwd for one in play.script.starts] == ([cwd] if inside else [])
        if inside:
            return
        assert play.state(session_id) == "idle"
        assert any("outside of the working root" in str(one) for one in play.channel.posts.values())
        request_id = await play.asks(session_id, await typed(play, session_id))
        await play.click(play.button(f"request:{request_id}", "answer", "allow"))
        assert [one.verdict for _, _, one in play.script.answers] == ["allow"]


async def test_a_directory_that_is_led_out_of_the_working_root_takes_no_further_words(tmp_path: Path) -> None:
    async with Playbook.opened(tmp_path, allow=[ADA]) as play:
        (directory := play.work / "led").mkdir()
        session_id = await play.core.node.adopt("demo", Arrival(agent_session_id="7b1f", cwd=str(directory)))
        await play.say("/switch 1")
        await play.say("fix the build")
        await play.finishes(session_id)
        directory.rename(tmp_path / "elsewhere")
        directory.symlink_to(tmp_path / "elsewhere")
        await play.advance(LOOKED_FOR)
        await play.say("and now the rest")
        await play.settled()

        assert len(play.script.starts) == 1
        assert play.state(session_id) == "idle"
