"""What is kept of a long stream of words."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.base import end_of


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
