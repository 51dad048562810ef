"""Names of files from outside: safe for a folder, a screen and any file system."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.files.names import LONGEST_BYTES, numbered, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("plan.png", "plan.png"),
        (".bashrc", "bashrc"),
        ("--force", "force"),
        ("a/b\\c:d", "a_b_c_d"),
        ("", ""),
        ("...", ""),
        ("图 1.png", "图 1.png"),
        ("a\x00\nb", "a_b"),
        ("exe\u202egnp.txt", "exegnp.txt"),
        ("re\u200bport.pdf", "report.pdf"),
        ("CON", "_CON"),
        ("aux.txt", "_aux.txt"),
        ("com1.log", "_com1.log"),
        ("console.log", "console.log"),
        ("x" * 200 + ".png", "x" * 116 + ".png"),
        ("中" * 200, "中" * 40),
        ("bomb.zip/../../../etc/cron.d/evil", "bomb.zip_.._.._.._etc_cron.d_evil"),
        ("\ud800.txt", "_.txt"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300) | st.text(st.sampled_from("./\\ ~-CONcon.\u202e\x00图"), max_size=40))
def test_any_name_stays_in_its_folder(name: str) -> None:
    safe = safe_name(name)

    assert not set(safe) & set('/\\:*?"<>|`')
    assert not safe.startswith((".", "-", "~", " "))
    assert not any(unicodedata.category(each).startswith("C") for each in safe)
    assert len(safe.encode()) <= LONGEST_BYTES + 1
    assert safe_name(safe) == safe


@given(st.text(min_size=1, max_size=150).map(safe_name).filter(bool), st.integers(2, 1000))
def test_numbers_make_other_names_that_are_as_safe(name: str, number: int) -> None:
    other = numbered(name, number)

    assert other != name
    assert "/" not in other
    assert str(number) in other
    assert numbered(name, 1) == name


def test_the_number_stands_before_the_suffix() -> None:
    assert numbered("report.pdf", 2) == "report-2.pdf"
    assert numbered("Makefile", 3) == "Makefile-3"
