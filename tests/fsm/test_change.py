"""The fast copy of a value is the same as the library's."""

import dataclasses
from datetime import UTC, datetime

import pytest

from phonework.fsm.change import replace
from phonework.fsm.types import Prompt, PromptId, PromptStatus, SessionId, Timeouts


def test_it_gives_what_the_library_gives_and_leaves_the_original_alone() -> None:
    prompt = Prompt(prompt_id=PromptId("p"), text="hello", sent_at=datetime(2026, 11, 20, tzinfo=UTC))
    before = dataclasses.replace(prompt)
    changed = replace(prompt, status=PromptStatus.HELD, turn=7)

    assert changed == dataclasses.replace(prompt, status=PromptStatus.HELD, turn=7)
    assert hash(changed) == hash(dataclasses.replace(changed))
    assert prompt == before
    assert replace(Timeouts()) == Timeouts()


def test_a_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError, match="session"):
        replace(Timeouts(), session=SessionId("fizz"))


def test_a_value_that_checks_itself_is_refused() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Positive:
        number: int

        def __post_init__(self) -> None:
            assert self.number > 0

    with pytest.raises(TypeError, match="checks itself"):
        replace(Positive(1), number=-1)
