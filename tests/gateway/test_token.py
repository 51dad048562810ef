"""The token file: made once, kept, remade when it is damaged or others could have read it."""

import json
import os
from pathlib import Path

import pytest

from phonework.gateway.token import NAME, TokenFile


def test_it_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    made = TokenFile(tmp_path)
    made.publish("http://127.0.0.1:8420")
    path = tmp_path / NAME

    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {"url": "http://127.0.0.1:8420", "token": made.token}
    again = TokenFile(tmp_path)
    again.publish("http://127.0.0.1:9")
    assert again.token == made.token
    assert json.loads(path.read_text())["url"] == "http://127.0.0.1:9"
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[]", b"null", b"{", b'"x"', b"\xff\xfe", b'{"token": 1}', b'{"token": ""}'),
        *(json.dumps({"token": "x" * 42 + "\n"}).encode(), b"[" * 4000, b"x" * 100_000),
    ],
)
def test_a_damaged_one_is_remade(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    path.chmod(0o600)
    made = TokenFile(tmp_path)
    made.publish("http://127.0.0.1:1")

    assert len(made.token) == 43
    assert json.loads(path.read_text())["token"] == made.token


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_one_that_others_could_read_opens_nothing_any_more(tmp_path: Path, mode: int) -> None:
    old = TokenFile(tmp_path)
    old.publish("http://127.0.0.1:1")
    (tmp_path / NAME).chmod(mode)
    new = TokenFile(tmp_path)
    new.publish("http://127.0.0.1:1")

    assert new.token != old.token
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    data = tmp_path / "data"
    data.mkdir()
    TokenFile(data).publish("http://127.0.0.1:1")
    (data / NAME).rename(elsewhere)
    before = elsewhere.read_text()
    (data / NAME).symlink_to(elsewhere)
    made = TokenFile(data)
    made.publish("http://127.0.0.1:1")

    assert made.token != json.loads(before)["token"]
    assert elsewhere.read_text() == before
    assert not (data / NAME).is_symlink()


def test_where_it_cannot_be_written_the_server_runs_all_the_same(tmp_path: Path) -> None:
    made = TokenFile(tmp_path)
    (tmp_path / NAME).mkdir()
    made.publish("http://127.0.0.1:1")

    assert [one.name for one in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(("url", "said"), [("http://0.0.0.0:80", "http://127.0.0.1:80"), ("http://[::]:80", "http://[::1]:80")])  # fmt: skip
def test_a_server_that_listens_everywhere_is_found_by_loopback(tmp_path: Path, url: str, said: str) -> None:
    TokenFile(tmp_path).publish(url)

    assert json.loads((tmp_path / NAME).read_text())["url"] == said


def test_at_the_end_it_names_no_server_and_keeps_the_token(tmp_path: Path) -> None:
    made = TokenFile(tmp_path)
    made.publish("http://127.0.0.1:8420")
    made.withdraw()

    assert json.loads((tmp_path / NAME).read_text()) == {"token": made.token}
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert TokenFile(tmp_path).token == made.token


def test_where_it_cannot_be_written_the_server_ends_all_the_same(tmp_path: Path) -> None:
    made = TokenFile(tmp_path)
    (tmp_path / NAME).mkdir()
    made.withdraw()

    assert [one.name for one in tmp_path.iterdir()] == [NAME]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_one_that_is_somebody_elses_is_remade(tmp_path: Path) -> None:
    old = TokenFile(tmp_path)
    old.publish("http://127.0.0.1:1")
    os.chown(tmp_path / NAME, 65534, 65534)

    assert TokenFile(tmp_path).token != old.token


@pytest.mark.parametrize("link", [True, False])
def test_what_lies_where_it_is_first_written_is_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: bool
) -> None:
    """Somebody who guessed the name would read the token through a file of theirs."""
    monkeypatch.setattr("phonework.gateway.token.secrets.token_hex", lambda _bytes: "guessed")
    data = tmp_path / "data"
    data.mkdir()
    theirs, guessed = tmp_path / "theirs", data / f"{NAME}.guessed"
    theirs.write_text("")
    if link:
        guessed.symlink_to(theirs)
    else:
        guessed.hardlink_to(theirs)
    TokenFile(data).publish("http://127.0.0.1:1")

    assert theirs.read_text() == ""
    assert not (data / NAME).exists()
