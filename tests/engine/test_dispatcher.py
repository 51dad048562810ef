"""The dispatcher: what a commit owes is carried out, in order, at most as often as it may be."""

from phonework.testing.playbook import Playbook


async def test_a_message_becomes_a_turn_and_its_end_a_result(play: Playbook) -> None:
    """F1."""
    session = await play.begin("fix the test")
    await play.started(session)
    await play.finishes(session, text="All **green**.")

    assert [start.prompts[0].text for start in play.script.starts] == ["fix the test"]
    assert play.state(session) == "idle"
    assert "All **green**." in play.channel.texts()
