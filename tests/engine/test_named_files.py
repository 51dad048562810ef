"""Files that an answer names can be fetched by a button of its card."""

from phonework.fsm.types import SessionId
from phonework.testing.playbook import BOB, Playbook


async def answered(play: Playbook, words: str) -> SessionId:
    session = await play.begin("go")
    await play.finishes(session, text=words)
    return session


def sent(play: Playbook) -> list[tuple[str, bytes]]:
    posts = [post.shows for post in play.channel.posts.values()]
    return [(shown.file_name, shown.file) for shown in posts if shown.file_name]


def fetches(play: Playbook, session: SessionId) -> list[dict[str, object]]:
    return [value for value in play.channel.values(f"turn:{session}:1") if value["op"] == "fetch"]


async def test_a_file_that_the_answer_names_is_sent_by_a_tap(play: Playbook) -> None:
    (play.work / "api" / "report.pdf").write_bytes(b"%PDF")
    session = await answered(play, "I wrote `report.pdf`; nothing.pdf is not there.")
    (value,) = fetches(play, session)
    assert "⬇ report.pdf" in play.channel.shown(f"turn:{session}:1").words

    reply = await play.click(value)
    assert reply.toast is not None
    assert reply.toast.kind == "success"
    assert sent(play) == [("report.pdf", b"%PDF")]


async def test_a_tap_that_comes_twice_sends_it_once(play: Playbook) -> None:
    (play.work / "api" / "report.pdf").write_bytes(b"%PDF")
    session = await answered(play, "See report.pdf.")
    (value,) = fetches(play, session)
    await play.click(value, key="ev_same")
    await play.click(value, key="ev_same")
    assert len(sent(play)) == 1
    await play.click(value, key="ev_other")
    assert len(sent(play)) == 2


async def test_a_file_that_is_gone_is_told_in_words(play: Playbook) -> None:
    (play.work / "api" / "report.pdf").write_bytes(b"%PDF")
    session = await answered(play, "See report.pdf.")
    (play.work / "api" / "report.pdf").unlink()
    await play.click(fetches(play, session)[0])

    assert sent(play) == []
    assert "There is no `report.pdf`." in play.channel.texts()


async def test_a_link_that_took_its_place_is_not_followed_out(play: Playbook) -> None:
    """S10."""
    place = play.work / "api" / "report.pdf"
    place.write_bytes(b"%PDF")
    session = await answered(play, "See report.pdf.")
    place.unlink()
    (play.work / "secret").write_text("key")
    place.symlink_to(play.work / "secret")
    await play.click(fetches(play, session)[0])

    assert sent(play) == []


async def test_a_number_that_the_card_does_not_have_is_nothing(play: Playbook) -> None:
    (play.work / "api" / "report.pdf").write_bytes(b"%PDF")
    session = await answered(play, "See report.pdf.")
    (value,) = fetches(play, session)
    for forged in ({**value, "n": 1}, {**value, "g": 7}, {**value, "id": "nobody"}, {**value, "n": "../x"}):
        reply = await play.click(forged)
        assert reply.toast is not None
        assert reply.toast.kind == "warning"
    assert sent(play) == []


async def test_another_person_gets_nothing(play: Playbook) -> None:
    (play.work / "api" / "report.pdf").write_bytes(b"%PDF")
    session = await answered(play, "See report.pdf.")
    await play.click(fetches(play, session)[0], user=BOB)

    assert sent(play) == []


async def test_it_can_be_fetched_when_the_session_is_closed_and_after_a_crash(play: Playbook) -> None:
    (play.work / "api" / "report.pdf").write_bytes(b"%PDF")
    session = await answered(play, "See report.pdf.")
    (value,) = fetches(play, session)
    await play.say("/close")
    await play.crash()
    await play.click(value)

    assert sent(play) == [("report.pdf", b"%PDF")]


async def test_an_answer_outlives_its_directory(play: Playbook) -> None:
    session = await play.begin("go")
    (play.work / "api").rmdir()
    await play.finishes(session, text="I removed everything, also report.pdf.")

    assert fetches(play, session) == []
    assert play.state(session) == "idle"
