"""Cards of the shell and the assistant speak of them in a person's words, and show nothing of how they are kept."""

import json
from dataclasses import replace

import pytest

from phonework import texts
from phonework.backends.base import Progress
from phonework.channels.cards.parts import Card
from phonework.channels.cards.pending import pending_card
from phonework.channels.cards.prompt import prompt_card
from phonework.channels.cards.request import request_card
from phonework.channels.cards.turn import progress_card, result_card
from phonework.fsm.types import Option, PromptStatus, Question, RequestKind, RequestStatus, State, TurnStatus
from phonework.testing.views import NOON, a_prompt, a_prompt_view, a_request, a_session, a_turn, an_ask
from phonework.views import PendingView, SessionView

WORDS = {"en": ("agent", "the shell"), "zh": ("智能体", "命令行")}


def a_companion(backend: str, state: State = State.IDLE) -> SessionView:
    return a_session(session_id=f"{backend}-377bc3fb", number=0, backend=backend, companion=True, state=state)


def cards(session: SessionView, language: str) -> list[Card]:
    """Every card a companion can have."""
    asking = replace(session, state=State.WAITING_CONFIRM)
    ask = an_ask(tool="close_session", command="", prompt="Close api?")
    asked = [a_request(ask, status, session=asking) for status in RequestStatus]
    live = [a_turn(TurnStatus.LIVE, session=replace(session, state=state)) for state in State]
    ended = [a_turn(status, session=session) for status in TurnStatus]
    waits = [
        a_prompt_view(a_prompt(status=status), session=one) for status in PromptStatus for one in (session, asking)
    ]
    return [
        *(request_card(one, language) for one in asked),
        pending_card(PendingView(requests=tuple(asked)), language, now=NOON),
        *(progress_card(one, Progress(), language, NOON) for one in live),
        *(result_card(one, language) for one in ended),
        *(prompt_card(one, language) for one in waits),
    ]


def read(node: object) -> str:
    """What is there to read, without what buttons carry."""
    if isinstance(node, dict):
        return " ".join(read(each) for key, each in node.items() if key not in ("behaviors", "element_id"))
    return " ".join(map(read, node)) if isinstance(node, list) else str(node)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("backend", ["shell", "assistant"])
def test_no_card_of_a_companion_speaks_of_an_agent_or_of_its_session(backend: str, language: str) -> None:
    for card in cards(a_companion(backend), language):
        said = read(card)
        assert WORDS[language][0] not in said.lower(), said
        assert "377bc3fb" not in said, said
        assert "close_session" not in said, said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_has_an_answer_is_called_by_its_name(language: str) -> None:
    delivered = request_card(a_request(status=RequestStatus.DELIVERED, session=a_companion("shell")), language)
    named = texts.text(language, "actor.shell")
    assert named.lower() in read(delivered).lower()
    ours = request_card(a_request(status=RequestStatus.DELIVERED), language)
    assert WORDS[language][0] in read(ours)


def test_where_a_question_of_the_assistant_names_no_place_none_is_shown() -> None:
    ask = an_ask(tool="close_session", command="", prompt="Close api?")
    assert "/home/mia" not in json.dumps(request_card(a_request(ask, session=a_companion("assistant")), "en"))
    command = an_ask(command="touch x", path="/home/mia/work/api")
    assert "/home/mia/work/api" in json.dumps(request_card(a_request(command, session=a_companion("assistant")), "en"))


OPTIONS = (Option(label="red"), Option(label="blue"))


@pytest.mark.parametrize(
    ("language", "kind", "questions", "shown"),
    [
        ("en", RequestKind.CONFIRM, (), "yes or no is enough by itself"),
        ("zh", RequestKind.CONFIRM, (), "直接发“好”或“不”就行"),
        ("en", RequestKind.CHOICE, (Question(text="Which?", options=OPTIONS),), "a number or an option is enough"),
        ("zh", RequestKind.CHOICE, (Question(text="Which?", options=OPTIONS),), "直接发序号或选项原文就行"),
        ("en", RequestKind.CHOICE, (Question(text="Which?"),), "When you type, reply to this card."),
        ("zh", RequestKind.CHOICE, (Question(text="Which?"), Question(text="Why?")), "打字时请回复这张卡片"),
        ("en", RequestKind.INPUT, (), "When you type, reply to this card."),
    ],
)
def test_what_a_companion_takes_without_a_reply_is_said(
    language: str, kind: RequestKind, questions: tuple[Question, ...], shown: str
) -> None:
    session = a_companion("shell", State.WAITING_CONFIRM)
    card = read(request_card(a_request(an_ask(kind, questions=questions), session=session), language))
    assert shown in card
    agent = read(request_card(a_request(an_ask(kind, questions=questions)), language))
    assert shown not in agent, "an agent's own session takes all words"
