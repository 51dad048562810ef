"""Names of sessions can be read out, typed and told apart."""

import itertools
import random
import re

import pytest

from phonework.names import FIRST, SECOND, SessionNames


def test_a_name_is_two_short_words() -> None:
    assert re.fullmatch(r"[a-z]{3,6}-[a-z]{3,6}", SessionNames()())


def test_the_same_seed_gives_the_same_names() -> None:
    one, two = SessionNames(random.Random(7)), SessionNames(random.Random(7))

    names = [one() for _ in range(50)]

    assert names == [two() for _ in range(50)]
    assert len(set(names)) > 45


def test_a_thousand_sessions_seldom_meet() -> None:
    names = SessionNames(random.Random(1))

    assert len({names() for _ in range(1000)}) > 970


def test_the_example_of_the_documents_can_come_up() -> None:
    assert "fizz" in FIRST
    assert "top" in SECOND


@pytest.mark.parametrize("words", [FIRST, SECOND])
def test_words_differ_by_more_than_a_slip(words: tuple[str, ...]) -> None:
    assert len(words) > 150
    assert len(set(words)) == len(words)
    assert [pair for pair in itertools.combinations(words, 2) if one_slip(*pair)] == []


def test_no_word_is_in_both_places() -> None:
    assert not set(FIRST) & set(SECOND)


def one_slip(one: str, two: str) -> bool:
    """Whether a letter changed, left out or swapped with its neighbour turns one word into the other."""
    if abs(len(one) - len(two)) > 1:
        return False
    if len(one) != len(two):
        short, long = sorted((one, two), key=len)
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    places = [at for at in range(len(one)) if one[at] != two[at]]
    swapped = len(places) == 2 and one[places[0] : places[1] + 1] == two[places[0] : places[1] + 1][::-1]
    return len(places) == 1 or (swapped and places[1] - places[0] == 1)
