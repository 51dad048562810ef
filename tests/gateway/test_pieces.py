"""A stream whose pieces are proved: only what the server sent, as it sent it, comes through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.gateway import pieces
from phonework.gateway.pieces import NotProvedError, Pieces
from phonework.gateway.sse import TooLong
from phonework.proof import SEAL, Call, new_call

CALL = new_call("GET", "/v1/events")
PIECES = [b": hello\n\n", b"id: 1\nevent: state\ndata: {}\n\n", b"event: bye\ndata: {}\n\n"]


def sealed(number: int, piece: bytes, *, call: Call = CALL, token: str = "t0k") -> bytes:
    return piece + SEAL + call.proof_of_piece(token, number, piece).encode() + b"\n\n"


def taking() -> Pieces:
    return Pieces(lambda number, piece: CALL.proof_of_piece("t0k", number, piece))


@given(st.lists(st.integers(0, 400), max_size=20))
def test_however_it_is_cut_it_comes_as_it_was_sent(cuts: list[int]) -> None:
    wire = b"".join(sealed(number, piece) for number, piece in enumerate(PIECES))
    ends = sorted({*cuts, len(wire)})
    found, came = taking(), b""
    for start, end in zip([0, *ends], ends, strict=False):
        came += found.feed(wire[start:end])

    assert came == b"".join(PIECES)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_other_byte_is_noticed(place: int, flip: int) -> None:
    """What was proved before it is given; nothing of what is changed, whatever it is changed to."""
    wire = bytearray(b"".join(sealed(number, piece) for number, piece in enumerate(PIECES)))
    wire[place % len(wire)] ^= flip
    found, came = taking(), b""
    try:
        for byte in wire:
            came += found.feed(bytes([byte]))
    except NotProvedError:
        pass
    assert b"".join(PIECES).startswith(came)
    assert came != b"".join(PIECES)


@pytest.mark.parametrize(
    "wire",
    [
        sealed(1, PIECES[0]),
        sealed(0, PIECES[0], token="another"),
        sealed(0, PIECES[0], call=new_call("GET", "/v1/events")),
        sealed(0, PIECES[0]) * 2,
        PIECES[0] + SEAL + b"z" * 64 + b"\n\n",
    ],
    ids=["number", "token", "call", "twice", "none"],
)
def test_a_piece_of_another_place_or_stream_is_none(wire: bytes) -> None:
    with pytest.raises(NotProvedError):
        taking().feed(wire)


def test_what_is_not_proved_yet_is_held_back_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONGEST", 1000)
    found = taking()
    assert found.feed(PIECES[1] * 30) == b""
    with pytest.raises(TooLong):
        found.feed(PIECES[1] * 30)
