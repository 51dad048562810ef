"""What is kept of a long stream of words, and of many steps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.base import Step, end_of
from phonework.backends.reporting import Glimpse


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(2, 60))
def test_the_end_is_kept_and_begins_where_it_began_for_as_long_as_it_can(pieces: list[str], most: int) -> None:
    whole, kept = "", [""]
    for piece in pieces:
        whole += piece
        kept.append(end_of(whole, most))
        assert whole.endswith(kept[-1])
        assert min(len(whole), most // 2) <= len(kept[-1]) <= most
    jumps = sum(not later.startswith(earlier) for earlier, later in pairwise(kept))
    assert jumps <= len(whole) // (most // 2)


def test_steps_and_text_shown_are_bounded() -> None:
    glimpse = Glimpse()
    for number in range(100):
        glimpse.begin(str(number), f"step {number}")
        glimpse.stream("x" * 1000)
    shown = glimpse.progress()

    assert len(shown.text) == 4000
    assert [step.title for step in shown.steps][-1] == "step 99"
    assert len(shown.steps) == 30


def test_a_step_whose_beginning_was_not_seen_is_shown_only_under_a_title_of_its_own() -> None:
    glimpse = Glimpse()
    glimpse.begin("1", "run the tests")
    glimpse.finish("1", ok=False, output="2 failed", title="something else")
    glimpse.finish("2", ok=True)
    glimpse.finish("3", ok=True, title="edit prices.py")

    assert glimpse.progress().steps == (
        Step(title="run the tests", state="failed", output="2 failed"),
        Step(title="edit prices.py", state="ok"),
    )
