"""Frames: what is written can be read, also by the SDK's protobuf; what is no frame is refused and never crashes."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.emulator.wire import Frame, FrameError, decode, encode, fragments

INT32 = st.integers(-(2**31), 2**31 - 1)
UINT64 = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FRAMES = st.builds(
    Frame,
    seq_id=UINT64,
    log_id=UINT64,
    service=INT32,
    method=INT32,
    headers=st.lists(st.tuples(TEXT, TEXT), max_size=6).map(tuple),
    payload_encoding=TEXT,
    payload_type=TEXT,
    payload=st.binary(max_size=300),
    log_id_new=TEXT,
)


def sdk_frame() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("lark_oapi.ws.pb.pbbp2_pb2").Frame


@given(FRAMES)
def test_a_frame_survives_the_wire(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


def test_the_sdk_reads_and_writes_the_same_bytes() -> None:
    theirs = sdk_frame()

    @given(FRAMES)
    def both_ways(frame: Frame) -> None:
        parsed = theirs()
        parsed.ParseFromString(encode(frame))
        assert (parsed.SeqID, parsed.LogID) == (frame.seq_id, frame.log_id)
        assert (parsed.service, parsed.method, parsed.payload) == (frame.service, frame.method, frame.payload)
        assert tuple((each.key, each.value) for each in parsed.headers) == frame.headers
        assert decode(parsed.SerializeToString()) == frame

    both_ways()


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read_but_never_crashes(data: bytes) -> None:
    try:
        frame = decode(data)
    except FrameError:
        return
    assert decode(encode(frame)) == frame


@given(FRAMES, st.data())
def test_a_damaged_frame_is_refused_or_read_but_never_crashes(frame: Frame, data: st.DataObject) -> None:
    raw = bytearray(encode(frame))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    except FrameError:
        return


@given(FRAMES, st.integers(1, 12), st.randoms(use_true_random=False))
def test_fragments_in_any_order_give_the_whole(frame: Frame, count: int, random: Any) -> None:
    parts = fragments(frame, count)
    assert len(parts) == max(1, min(count, len(frame.payload)))
    random.shuffle(parts)
    whole = [b""] * int(parts[0].header("sum"))
    for part in parts:
        whole[int(part.header("seq"))] = part.payload
    assert b"".join(whole) == frame.payload
    assert all(part.payload for part in parts) or not frame.payload


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_each_required_field_is_required(missing: int) -> None:
    parts = {1: b"\x08\x00", 2: b"\x10\x00", 3: b"\x18\x00", 4: b"\x20\x01"}
    assert decode(b"".join(parts.values())).method == 1
    with pytest.raises(FrameError):
        decode(b"".join(part for number, part in parts.items() if number != missing))
