"""Several permissions at once: shown on one card, answered by one tap, each exactly once (F4)."""

from phonework.fsm.types import RequestId, RequestKind, SessionId, Verdict
from phonework.testing.playbook import BOB, Playbook


async def asked(play: Playbook, *commands: str) -> tuple[SessionId, list[RequestId]]:
    session_id = await play.begin("hello")
    return session_id, [await play.asks(session_id, fingerprint=command) for command in commands]


def decided(play: Playbook) -> list[tuple[str, str]]:
    """What the agent heard, in order."""
    return [(ask.command, answer.verdict.value) for _, ask, answer in play.script.answers]


async def test_one_tap_allows_all_that_the_card_shows(play: Playbook) -> None:
    session_id, requests = await asked(play, "touch 1", "touch 2", "touch 3")
    card = f"request:{requests[0]}"
    assert [command in play.channel.shown(card).words for command in ("touch 1", "touch 2", "touch 3")] == [True] * 3

    await play.click(play.button(card, "answer", "allow", also=True))

    assert decided(play) == [("touch 1", "allow"), ("touch 2", "allow"), ("touch 3", "allow")]
    assert [play.request_status(one) for one in requests] == ["delivered"] * 3
    assert play.state(session_id) == "executing"
    assert "touch 3: allowed" in play.channel.shown(card).words
    assert len([post for post in play.channel.posts.values() if post.delivery.card_key.startswith("request:")]) == 1


async def test_one_tap_denies_all(play: Playbook) -> None:
    _, _requests = await asked(play, "touch 1", "touch 2")
    await play.click(play.button(f"request:{_requests[0]}", "answer", "deny", also=True))
    assert [verdict for _, verdict in decided(play)] == ["deny", "deny"]


async def test_the_single_buttons_answer_one_and_the_next_is_asked(play: Playbook) -> None:
    _, requests = await asked(play, "touch 1", "touch 2", "touch 3")

    await play.click(play.button(f"request:{requests[0]}", "answer", "allow"))

    assert decided(play) == [("touch 1", "allow")]
    assert [play.request_status(one) for one in requests] == ["delivered", "open", "queued"]
    assert "touch 3" in play.channel.shown(f"request:{requests[1]}").words


async def test_a_tap_on_an_old_form_answers_only_what_it_showed(play: Playbook) -> None:
    session_id, requests = await asked(play, "touch 1", "touch 2")
    old = play.button(f"request:{requests[0]}", "answer", "allow", also=True)
    requests.append(await play.asks(session_id, fingerprint="rm -rf 3"))
    assert "rm -rf 3" in play.channel.shown(f"request:{requests[0]}").words, "the card is brought up to date"

    await play.click(old)

    assert decided(play) == [("touch 1", "allow"), ("touch 2", "allow")]
    assert [play.request_status(one) for one in requests] == ["delivered", "delivered", "open"]


async def test_what_was_not_shown_is_not_answered_whatever_a_tap_says(play: Playbook) -> None:
    """Too long for another's card, another kind, another session, nonsense."""
    session_id, requests = await asked(play, "touch 1", "x" * 20_000)
    requests.append(await play.asks(session_id, kind=RequestKind.INPUT))
    other = await play.begin("there too")
    requests.append(await play.asks(other, fingerprint="rm other"))
    value = play.button(f"request:{requests[0]}", "answer", "allow")

    await play.click({**value, "also": [*requests[1:], "f" * 32]})

    assert decided(play) == [("touch 1", "allow")]
    assert [play.request_status(one) for one in requests] == ["delivered", "open", "queued", "open"]


async def test_what_is_withdrawn_meanwhile_is_left_alone(play: Playbook) -> None:
    session_id, requests = await asked(play, "touch 1", "touch 2", "touch 3")
    value = play.button(f"request:{requests[0]}", "answer", "allow", also=True)
    await play.withdraws(session_id, requests[1])
    assert "touch 2" not in play.channel.shown(f"request:{requests[0]}").words

    await play.click(value)

    assert decided(play) == [("touch 1", "allow"), ("touch 3", "allow")]
    assert play.request_status(requests[1]) == "withdrawn"


async def test_a_second_tap_and_somebody_elses_change_nothing(play: Playbook) -> None:
    _, requests = await asked(play, "touch 1", "touch 2")
    value = play.button(f"request:{requests[0]}", "answer", "allow", also=True)

    await play.click(value, user=BOB)
    assert decided(play) == []
    await play.click(value)
    await play.click(value)

    assert len(decided(play)) == 2


async def test_no_rule_is_made_for_several_at_once(play: Playbook) -> None:
    session_id = await play.begin("hello")
    requests = [await play.asks(session_id, fingerprint=one, rule=f"Bash({one})") for one in ("touch 1", "touch 2")]
    value = play.button(f"request:{requests[0]}", "answer", "allow_rule")

    await play.click({**value, "also": [requests[1]]})

    assert [answer.verdict for _, _, answer in play.script.answers] == [Verdict.ALLOW_RULE]
    assert play.request_status(requests[1]) == "open"


async def test_all_of_them_survive_a_crash_once(play: Playbook) -> None:
    _, requests = await asked(play, "touch 1", "touch 2", "touch 3")
    value = play.button(f"request:{requests[0]}", "answer", "allow", also=True)
    clicked = play.tap(value)

    await play.crash_unacknowledged(clicked)
    await play.deliver(clicked)

    assert len(decided(play)) == len(set(decided(play)))
    assert {play.request_status(one) for one in requests} <= {"delivered", "void"}
