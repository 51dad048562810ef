"""The example of docs/backends.md: a kind of agent in one package of its own, installed, checked and used."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from phonework.testing.emulator import RunningEmulator, running_emulator
from phonework.testing.person import Person
from phonework.testing.server import Server
from phonework.testing.zygote import Zygote

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "phonework-runner"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As an installer leaves it: the package, and beside it what its project file says."""
    place = tmp_path_factory.mktemp("packages")
    shutil.copytree(EXAMPLE / "phonework_runner", place / "phonework_runner")
    about = place / f"phonework_runner-{PROJECT['version']}.dist-info"
    about.mkdir()
    named = f"Metadata-Version: 2.1\nName: {PROJECT['name']}\nVersion: {PROJECT['version']}\n"
    (about / "METADATA").write_text(named, encoding="utf-8")
    groups = PROJECT["entry-points"].items()
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items()) for group, points in groups
    ]
    (about / "entry_points.txt").write_text("".join(lines), encoding="utf-8")
    return place


def run(packages: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(packages), "HOME": str(cwd)}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, env=environment, cwd=cwd
    )


def test_it_keeps_to_what_every_kind_must(packages: Path, tmp_path: Path) -> None:
    tests = shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    settings = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
    result = run(
        packages, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *settings, str(tests)
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout


def test_its_settings_stand_beside_ours_and_doctor_knows_it(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[runner]\nunasked = ['echo', 'date']\n", encoding="utf-8")

    assert 'unasked = ["echo", "date"]' in run(packages, tmp_path, "-m", "phonework", "config", "show").stdout
    assert "agent runner" in run(packages, tmp_path, "-m", "phonework", "doctor").stdout
    assert "|runner" in run(packages, tmp_path, "-m", "phonework", "demo", "--help").stdout


def test_its_sentences_are_there_in_both_languages_and_alike() -> None:
    place = EXAMPLE / "phonework_runner" / "texts"
    zh, en = (tomllib.loads((place / f"{one}.toml").read_text(encoding="utf-8")) for one in ("zh", "en"))

    assert list(zh) == list(en)
    assert {key: re.findall(r"{\w+}", zh[key]) for key in zh} == {key: re.findall(r"{\w+}", en[key]) for key in en}


def test_types_are_those_of_the_port(packages: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    result = run(packages, EXAMPLE, "-m", "mypy", "--strict", "--cache-dir", cache, "-p", "phonework_runner")

    assert result.returncode == 0, result.stdout


@pytest.fixture
async def emulator() -> AsyncIterator[RunningEmulator]:
    async with running_emulator(time_scale=0.02) as running:
        running.phone.timeout_s = 30
        yield running


@pytest.fixture
async def server(packages: Path, emulator: RunningEmulator, tmp_path: Path) -> AsyncIterator[Server]:
    with Zygote(packages=packages) as zygote:
        server = Server(zygote, emulator.url, tmp_path)
        await server.start()
        yield server
        await server.aclose()


async def test_a_phone_drives_it_like_any_other(emulator: RunningEmulator, server: Server) -> None:
    ada, place = Person(emulator.phone), server.work / "hello"
    await ada.says("/new --backend runner --create hello")
    await ada.sees("is ready.")
    await ada.says("touch made.txt")
    question = await ada.question("touch made.txt")
    assert "Run touch?" in question.text
    assert not (place / "made.txt").exists()

    await ada.presses(question, "Allow")
    await ada.ended_turn(1)
    assert (place / "made.txt").exists()

    await ada.says("rm made.txt")
    await ada.presses(await ada.question("rm made.txt"), "Deny")
    await ada.ended_turn(2)
    assert (place / "made.txt").exists()
    assert (await server.session())["backend"] == "runner"


async def test_what_was_asked_when_the_server_died_is_asked_again_and_answered(
    emulator: RunningEmulator, server: Server
) -> None:
    ada, place = Person(emulator.phone), server.work / "hello"
    await ada.says("/new --backend runner --create hello touch made.txt")
    question = await ada.question("touch made.txt")
    await server.kill()
    await server.start()
    await ada.late_question("touch made.txt")

    await ada.presses(question, "Allow and resume")
    await ada.ended_turn(2)
    assert (place / "made.txt").exists()
