"""What errors say, and to whom."""

from phonework.errors import BackendError
from phonework.fsm.types import Sentence


def test_an_error_of_the_catalogue_reads_english_and_can_be_said_in_any_language() -> None:
    error = BackendError("agent.no_directory", directory="/w")

    assert str(error) == "There is no directory /w any more."
    assert error.problem == Sentence(key="agent.no_directory", params={"directory": "/w"})


def test_an_error_in_words_of_its_own_is_left_as_it_is() -> None:
    error = BackendError("The moon is {full}.", hint="wait", full="x", text="y", key="z")

    assert (str(error), error.hint, error.problem) == ("The moon is {full}.", "wait", None)
