"""Server-sent events, as the standard says to read them, in whatever pieces they come."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phonework.gateway import sse
from phonework.gateway.sse import Event, Parser, TooLong

LINES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)


def read(data: bytes, *cuts: int) -> list[Event]:
    parser, places = Parser(), sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [
        event
        for begin, end in itertools.pairwise(places)
        for event in parser.feed(data[begin:end])
    ]  # fmt: skip


def test_an_event_has_its_kind_its_data_and_the_last_id() -> None:
    stream = b": hello\n\nid: 7\nevent: session\ndata: {\ndata:  1}\n\ndata: more\n\nevent: lost\n\n"

    assert read(stream) == [Event("session", "{\n 1}", "7"), Event("message", "more", "7")]


def test_what_was_not_ended_is_no_event_and_its_id_is_not_resumed_after() -> None:
    parser = Parser()
    assert parser.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n") == [Event("message", "a", "1")]
    assert parser.last_id == "1"


def test_a_mark_of_byte_order_retries_and_unknown_fields_are_nothing() -> None:
    assert read(b"\xef\xbb\xbfdata\nretry: 9\nwhat: x\nid: a\0b\n\n") == [Event("message", "")]


def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST", 100)
    parser = Parser()
    with pytest.raises(TooLong):
        parser.feed(b"data: " + b"x" * 101)
    parser = Parser()
    with pytest.raises(TooLong):
        parser.feed(b"data: xxxxxxxxxx\n" * 11)


def test_a_long_event_in_small_pieces_takes_no_longer_than_it_is() -> None:
    data = b"id: 9\nevent: session\ndata: " + b"x" * 4_000_000 + b"\n\n"
    parser = Parser()
    found = [event for at in range(0, len(data), 1000) for event in parser.feed(data[at : at + 1000])]

    assert [(event.id, len(event.data)) for event in found] == [("9", 4_000_000)]


@given(
    st.lists(st.tuples(LINES, st.lists(LINES, min_size=1, max_size=3), st.sampled_from(["\n", "\r", "\r\n"]))),
    st.lists(st.integers(0, 1000)),
)
@example([("a", ["é\ufeff"], "\r\n"), ("b", [""], "\r")], [1, 2, 3, 9, 10, 11, 12])
def test_what_was_written_is_read_however_it_is_cut(events: list[tuple[str, list[str], str]], cuts: list[int]) -> None:
    text = "".join(
        end.join([f"id: {number}", f"event: e{kind}", *(f"data: {line}" for line in lines), "", ""])
        for number, (kind, lines, end) in enumerate(events)
    )
    wanted = [Event(f"e{kind}", "\n".join(lines), str(number)) for number, (kind, lines, _) in enumerate(events)]

    # A lone CR at the very end may be half of a CR LF, so one more line ends it for certain.
    assert read(text.encode() + b":\n", *cuts) == wanted


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_any_bytes_are_read_alike_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    assert read(data, *cuts) == read(data)
