"""What Docker and Podman are told: an engine that only writes down its words shows it."""

import csv
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from structlog.testing import capture_logs

from phonework.backends import containers
from phonework.backends.containers import Container, Left, words
from phonework.errors import BackendError

ONE = Container(
    engine="podman",
    image="localhost/claude",
    name="phonework-fizz-top-0123",
    home="0123",
    directory="/work/api",
    places={"/home/ada/.claude": "/data/claude", "/work/api": "/work/api"},
    variables=["ANTHROPIC_API_KEY", "HOME"],
    told={"HOME": "/home/ada"},
    options=("--network=host",),
)


def test_it_gets_its_places_its_variables_and_the_owners_words_before_the_image() -> None:
    found = words("/usr/bin/podman", ONE, uid=0, gid=0)

    assert found[:4] == ["/usr/bin/podman", "run", "--rm", "--interactive"]
    assert "--pull=never" in found
    assert "--log-driver=none" in found, "what is said is kept nowhere else"
    assert found[-2:] == ["--network=host", "localhost/claude"]
    assert [word for word in found if word.startswith("--mount")] == [
        "--mount=type=bind,source=/data/claude,target=/home/ada/.claude",
        "--mount=type=bind,source=/work/api,target=/work/api",
    ]
    assert [word for word in found if word.startswith("--env")] == ["--env=ANTHROPIC_API_KEY", "--env=HOME=/home/ada"]


@pytest.mark.parametrize(
    ("engine", "uid", "said"),
    [
        ("docker", 0, "--user=0:100"),
        ("podman", 0, "--user=0:100"),
        ("docker", 1000, "--user=1000:100"),
        ("podman", 1000, "--userns=keep-id"),
    ],
)
def test_what_it_writes_is_the_owners(engine: str, uid: int, said: str) -> None:
    found = words(engine, replace(ONE, engine=engine), uid=uid, gid=100)

    assert [word for word in found if word.startswith("--user")] == [said]


@given(
    some.text(some.characters(exclude_characters="\0\r", codec="utf-8"), min_size=1).map(lambda name: f"/work/{name}")
)
def test_a_directory_may_have_any_name(place: str) -> None:
    found = words("docker", replace(ONE, places={place: place}), uid=0, gid=0)

    (mount,) = [word.removeprefix("--mount=") for word in found if word.startswith("--mount")]
    assert list(csv.reader(io.StringIO(mount, newline=""))) == [["type=bind", f"source={place}", f"target={place}"]]


@given(some.text(max_size=20))
def test_a_container_may_have_its_name(session_id: str) -> None:
    assert containers.name_of(Path("/data"), session_id).isascii()
    assert set(containers.name_of(Path("/data"), session_id)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
    )


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """`docker` and `podman` that know of two containers, and end those but `stuck`. What they were told is returned."""
    told, there = tmp_path / "told", tmp_path / "there"
    there.write_text("one\ntwo\n")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in containers.ENGINES:
        (programs / name).write_text(
            f'#!/bin/sh\necho "{name} $*" >> {told}\n'
            f'case "$1" in ps) cat {there};; rm) found=$(grep stuck {there}); echo "$found" > {there};; esac\n'
        )
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return lambda: told.read_text().splitlines() if told.exists() else []


async def test_only_engines_that_were_used_are_asked_what_is_left(
    engine: Callable[[], list[str]], tmp_path: Path
) -> None:
    left = Left(tmp_path / "data")
    await left.end()
    assert engine() == []
    left.note("docker")

    await Left(tmp_path / "data").end()

    home = containers.home_of(tmp_path / "data")
    asked = f"docker ps --all --quiet --filter=label=phonework.home={home}"
    assert engine() == [asked, "docker kill one two", "docker rm --force one two", asked]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("one two", {"containers of an earlier life were ended": 2}),
        (
            "one stuck",
            {"containers of an earlier life were ended": 1, "containers of an earlier life are still there": 1},
        ),
        ("stuck", {"containers of an earlier life are still there": 1}),
        ("", {}),
    ],
)
async def test_what_could_not_be_ended_is_not_said_to_be(
    engine: Callable[[], list[str]], tmp_path: Path, there: str, said: dict[str, int]
) -> None:
    (tmp_path / "there").write_text("\n".join(there.split()))
    left = Left(tmp_path / "data")
    left.note("podman")

    with capture_logs() as logs:
        await left.end()

    assert {log["event"]: log["count"] for log in logs} == said


async def test_where_the_engine_no_longer_tells_nothing_is_said_to_be_ended(
    engine: Callable[[], list[str]], tmp_path: Path
) -> None:
    program = tmp_path / "programs" / "podman"
    program.write_text(program.read_text().replace("rm)", f"rm) echo 'exit 1' >> {program};"))
    left = Left(tmp_path / "data")
    left.note("podman")

    with capture_logs() as logs:
        await left.end()

    assert [log["event"] for log in logs] == ["containers that are left cannot be looked for"]


def test_what_is_no_engine_is_not_run(engine: Callable[[], list[str]]) -> None:
    with pytest.raises(BackendError, match="There is no container engine called sh"):
        containers.program_of("sh")
    assert engine() == []
