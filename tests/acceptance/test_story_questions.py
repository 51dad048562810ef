"""What the agent asks and how a person answers it: permissions, choices, texts, plans (F4, F5)."""

from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.texts import text

PRICES, STOCK = "shop/prices.py", "shop/stock.py"


def file(server: Server, path: str = PRICES) -> str:
    return (server.work / "hello" / path).read_text()


async def test_a_file_is_changed_only_after_a_tap_on_allow(ada: Person, server: Server) -> None:
    await ada.says("please change something")
    card = await ada.question("May I change shop/prices.py?")
    before = file(server)
    answered = await ada.presses(card, "Allow")

    assert answered.toast_text == text("en", "toast.recorded")
    await ada.sees("Changed: `shop/prices.py`.")
    assert file(server) != before
    settled = await ada.sees(lambda shown: shown.message_id == card.message_id and "allowed" in shown.texts)
    assert not offers(op="answer")(settled)


async def test_a_denied_edit_is_not_made(ada: Person, server: Server) -> None:
    await ada.says("change something")
    card = await ada.question()
    before = file(server)
    await ada.presses(card, "Deny")

    await ada.sees("All right, I leave it. (No reason was given.)")
    assert file(server) == before


async def test_a_reason_for_a_no_reaches_the_agent(ada: Person, server: Server) -> None:
    await ada.says("change something")
    card = await ada.question()
    before = file(server)
    await ada.presses(card, "Deny with reason", form={"reason": "the tax is wrong"})

    await ada.sees("All right, I leave it. The reason: the tax is wrong")
    assert file(server) == before


async def test_words_that_are_no_yes_are_a_no_with_those_words(ada: Person, server: Server) -> None:
    await ada.says("change something")
    await ada.question()
    before = file(server)
    await ada.says("not before lunch, ok?")

    await ada.sees("All right, I leave it. The reason: not before lunch, ok?")
    assert file(server) == before


async def test_a_typed_yes_allows_what_is_asked(ada: Person, server: Server) -> None:
    await ada.says("confirm")
    await ada.question("May I run this command?")
    await ada.says("yes")

    await ada.sees("The command succeeded.")


async def test_a_rule_once_given_is_not_asked_for_again(ada: Person) -> None:
    await ada.says("confirm")
    await ada.presses(await ada.question(), "Always allow")
    await ada.ended_turn(1)
    await ada.says("confirm")

    await ada.ended_turn(2)
    asked = [shown for shown in await ada.phone.messages() if shown.shows("May I run this command?")]
    assert len(asked) == 1


async def test_one_of_several_options_by_a_tap(ada: Person) -> None:
    await ada.says("choose")
    await ada.presses(await ada.question("Which language"), "2. Rust")

    await ada.sees("- Language: Rust")


async def test_one_of_several_options_by_its_number(ada: Person) -> None:
    await ada.says("choose")
    await ada.question()
    await ada.says("3")

    await ada.sees("- Language: Go")


async def test_several_options_in_a_form(ada: Person) -> None:
    await ada.says("multiple")
    await ada.presses(await ada.question(), "Send", form={"q0": ["0", "2"], "t0": ""})

    await ada.sees("- Parts: Prices, Tests")


async def test_several_questions_in_one_form(ada: Person) -> None:
    await ada.says("questions")
    card = await ada.question("Question 3/3")
    await ada.presses(card, "Send", form={"q0": "0", "q1": ["1"], "t2": "next week"})

    answer = await ada.sees("You chose:")
    assert answer.shows("- Language: Python")
    assert answer.shows("next week")


async def test_a_text_in_the_cards_field_and_as_a_plain_message(ada: Person) -> None:
    await ada.says("input")
    await ada.presses(await ada.question("What should the shop be called?"), "Send", form={"text": "The Yellow Shop"})
    await ada.sees("it is called: The Yellow Shop")

    await ada.ended_turn(1)
    await ada.says("input")
    await ada.question()
    await ada.says("The Other Shop")
    await ada.sees("it is called: The Other Shop")


async def test_a_plan_sent_back_is_revised_and_then_approved(ada: Person, server: Server) -> None:
    await ada.says("plan")
    first = await ada.question("Is this plan all right?")
    before = file(server)
    await ada.presses(first, "Keep planning", form={"reason": "add a bell"})
    second = await ada.sees(lambda shown: shown.shows("add a bell") and offers(op="answer")(shown))

    assert second.message_id != first.message_id
    assert file(server) == before
    await ada.presses(second, "Approve, auto edits")
    await ada.sees("Changed: ")
    assert file(server) != before


def both(shown: Shown) -> bool:
    """The card that asks about both changes."""
    return any("also" in value for value in operations(shown))


async def test_two_questions_at_once_stand_on_one_card_and_are_answered_one_by_one(ada: Person, server: Server) -> None:
    await ada.says("parallel")
    first = await ada.sees(both)
    state = await server.session()
    assert (state["state"], state["requests_waiting"]) == ("waiting_confirm", 1)
    await ada.presses(first, "Allow")
    second = await ada.sees(lambda shown: shown.message_id != first.message_id and offers(op="answer")(shown))
    await ada.presses(second, "Deny")

    await ada.sees("Changed: ")
    changed, left = (STOCK, PRICES) if second.shows(PRICES) else (PRICES, STOCK)
    assert "with_tax" in file(server, changed) or "is_low" in file(server, changed)
    assert "with_tax" not in file(server, left)
    assert "is_low" not in file(server, left)


async def test_two_questions_at_once_are_answered_by_one_tap(ada: Person, server: Server) -> None:
    await ada.says("parallel")
    card = await ada.sees(both)

    await ada.presses(card, "Allow all 2")

    await ada.sees("Changed: ")
    assert "with_tax" in file(server, PRICES)
    assert "is_low" in file(server, STOCK)


async def test_everything_that_waits_is_answered_in_place(ada: Person, server: Server) -> None:
    await ada.says("edit")
    await ada.question()
    await ada.says("/pending")
    listed = await ada.sees("open questions: 1")

    answered = await ada.presses(listed, "Allow")

    assert answered.toast_text == "Recorded, on its way"
    assert (await ada.phone.message(listed.message_id)).shows("Nothing is waiting for you.")
    await ada.sees("Changed: ")


async def test_an_expired_question_is_refused_and_can_be_answered_late(phone: Phone, idle_server: Server) -> None:
    """Silence is never consent (F5); the late answer resumes the work (F12)."""
    idle_server.settings |= {"TIMEOUTS__WAIT": "1", "TIMEOUTS__REMIND": "0"}
    await idle_server.start()
    ada = Person(phone)
    await ada.begins()
    await ada.says("change something")
    await ada.question()
    before = file(idle_server)

    await ada.sees("Nobody answered, so it was refused and the turn stopped.")
    late = await ada.late_question()
    assert file(idle_server) == before
    await ada.ended_turn(1)
    assert (await ada.presses(late, "Allow and resume")).toast_text == text("en", "toast.resumed")
    await ada.sees("Changed: `shop/prices.py`.")
    assert file(idle_server) != before
    again = await phone.act(late.message_id, {"tag": "button", "value": next(iter(late_values(late)))}, user=ada.user)
    assert again.toast_text == text("en", "reason.already_answered")


def late_values(shown: object) -> list[dict[str, object]]:
    from phonework.testing.person import operations

    return [value for value in operations(shown) if value["c"] == "allow"]  # type: ignore[arg-type]


async def test_a_reminder_comes_before_the_wait_ends(phone: Phone, idle_server: Server) -> None:
    idle_server.settings |= {"TIMEOUTS__WAIT": "60", "TIMEOUTS__REMIND": "59"}
    await idle_server.start()
    ada = Person(phone)
    await ada.begins(message="confirm")
    await ada.question()

    await ada.sees("Still waiting for you. In about 1 min this counts as a no:")
