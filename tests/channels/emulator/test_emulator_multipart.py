"""Multipart forms: whatever was put in comes out, whatever is no form is refused."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.emulator.multipart import MultipartError, parse_multipart


@given(st.binary(max_size=400), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_a_form_of_a_real_client_is_read_back(data: bytes, value: str) -> None:
    request = httpx2.Request("POST", "http://x", data={"user": value}, files={"file": ("name.bin", data, "text/x-y")})
    parts = parse_multipart(request.headers["content-type"], request.read())
    assert parts["user"].text == value
    assert (parts["file"].data, parts["file"].file_name, parts["file"].media_type) == (data, "name.bin", "text/x-y")


@given(st.binary(max_size=200), st.text(max_size=60))
def test_garbage_is_refused_or_read(data: bytes, content_type: str) -> None:
    try:
        parse_multipart(content_type, data)
    except MultipartError:
        return


@pytest.mark.parametrize(
    "body", [b"", b"--b", b"--b\r\n\r\nx", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx']
)
def test_a_cut_form_is_refused(body: bytes) -> None:
    with pytest.raises(MultipartError):
        parse_multipart("multipart/form-data; boundary=b", body)
