"""`phonework init` (O3): the real program and the real SDK, against the emulator."""

import os
import re
import signal
import stat
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from phonework.clock import SystemClock
from phonework.config import load
from phonework.store.lock import DirectoryLock
from phonework.testing.emulator import EmulatorThread, RunningEmulator, running_emulator
from phonework.testing.keyrings import FILE

SECRET = "s3cret-of-the-app"
ANSWERS = ("", "cli_demo", SECRET, "", "demo", "en", "file")
"""Address, app, secret, directory, agent, language, and where the secret goes."""


@pytest.fixture
async def emulator() -> AsyncIterator[RunningEmulator]:
    async with running_emulator(
        any_credentials=False, app_secret=SECRET, answer_within_s=0.3, time_scale=0.001
    ) as running:
        running.phone.timeout_s = 30
        yield running


@pytest.fixture
def feishu() -> Any:
    with EmulatorThread(any_credentials=False, app_secret=SECRET) as running:
        yield running.url


class Desk:
    """Who sits at the console: `phonework init` as a process, its words line by line."""

    def __init__(self, *words: str, answers: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "phonework", "init", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{answer}\n" for answer in answers))
        self.process.stdin.flush()
        self.seen: list[str] = []

    def reads(self, pattern: str) -> re.Match[str]:
        """The first line from here on in which this stands."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} was not said:\n{''.join(self.seen)}")

    def ends(self) -> tuple[int, str]:
        """Exit code, and all that was said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.seen.extend(self.process.stdout)
        return self.process.wait(timeout=30), "".join(self.seen)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    """`desk("--config", …, answers=…)` starts it; ended with the test."""
    open_ones: list[Desk] = []

    def start(*words: str, answers: tuple[str, ...] = ()) -> Desk:
        open_ones.append(Desk(*words, answers=answers))
        return open_ones[-1]

    yield start
    for one in open_ones:
        one.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "own" / "config.toml"


@pytest.fixture
def flags(config: Path, feishu: str, tmp_path: Path) -> tuple[str, ...]:
    """A set-up without questions."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    return (
        "--yes", "--config", str(config), "--app-id", "cli_demo", "--app-secret-from", str(tmp_path / "secret"),
        "--domain", feishu, "--agent", "demo", "--allow", "ou_ada", "--root", str(tmp_path / "work"),
    )  # fmt: skip


# With a phone


async def test_a_first_set_up_pairs_and_sees_a_tap(emulator: RunningEmulator, desk: Any, config: Path) -> None:
    setting_up = desk("--config", str(config), "--domain", emulator.url, answers=(*ANSWERS, "y"))
    code = await in_thread(setting_up.reads, r"Pairing code: (\d{8})")
    await emulator.phone.say("hello?")
    await emulator.phone.wait_for_message("pairing code")
    await emulator.phone.say(code[1])
    card = await emulator.phone.wait_for_message(lambda shown: "Your message arrived" in shown.text)
    answered = await emulator.phone.click(card, "It works")
    ended, said = await in_thread(setting_up.ends)

    assert ended == 0, said
    assert answered.error is None
    assert answered.toast_text == "Your tap arrived."
    assert "button" not in str(answered.card)
    assert load(config, {}).access.allow == ("ou_demo",)
    assert load(config, {}).feishu.app_secret.get_secret_value() == SECRET
    assert SECRET not in written(config)
    assert SECRET not in said
    assert "phonework serve" in said
    assert await emulator.phone.violations() == []


async def test_a_message_without_a_tap_names_the_callback_list(
    emulator: RunningEmulator, desk: Any, config: Path
) -> None:
    setting_up = desk("--config", str(config), "--domain", emulator.url, "--wait", "4", answers=(*ANSWERS, "y"))
    await emulator.phone.fault("event.lose", times=-1, match={"event_type": "card.action.trigger"})
    code = await in_thread(setting_up.reads, r"Pairing code: (\d{8})")
    await emulator.phone.say(code[1])
    card = await emulator.phone.wait_for_message("Your message arrived")
    await emulator.phone.click(card, "It works")
    ended, said = await in_thread(setting_up.ends)

    assert ended == 1
    assert "no tap within 4 s" in said
    assert "Callback configuration" in said
    assert "200340" in said
    assert load(config, {}).access.allow == ("ou_demo",)


async def test_silence_names_the_event_list_and_ctrl_c_leaves_a_valid_file(
    emulator: RunningEmulator, desk: Any, config: Path
) -> None:
    await emulator.phone.fault("event.lose", times=-1, match={"event_type": "im.message.receive_v1"})
    setting_up = desk("--config", str(config), "--domain", emulator.url, "--wait", "0.2", answers=(*ANSWERS, "y"))
    await in_thread(setting_up.reads, "Event configuration must say long connection and hold im.message.receive_v1")
    setting_up.process.send_signal(signal.SIGINT)
    ended, said = await in_thread(setting_up.ends)

    assert ended == 1, said
    assert "goes on from there" in said
    assert load(config, {}, serving=True).feishu.app_id == "cli_demo"


async def test_five_wrong_codes_are_one_too_many(emulator: RunningEmulator, desk: Any, config: Path) -> None:
    setting_up = desk("--config", str(config), "--domain", emulator.url, answers=(*ANSWERS, "y"))
    first = await in_thread(setting_up.reads, r"Pairing code: (\d{8})")
    for number in range(5):
        await emulator.phone.say(str(number))
    second = await in_thread(setting_up.reads, r"Pairing code: (\d{8})")
    await emulator.phone.wait_for_message("Too many wrong codes")
    await emulator.phone.say(first[1])
    await emulator.phone.wait_until(lambda all: sum(each.shows("not the pairing code") for each in all) >= 5)
    await emulator.phone.say(second[1])
    await in_thread(setting_up.reads, "A message arrived, from ou_demo")


async def test_on_data_in_use_the_code_is_no_message_for_an_agent(
    emulator: RunningEmulator, desk: Any, config: Path, story: Any
) -> None:
    setting_up = desk(
        "--config", str(config), "--domain", emulator.url, "--data-dir", str(story.data_dir), answers=(*ANSWERS, "y")
    )
    code = await in_thread(setting_up.reads, r"Pairing code: (/help \d{8})")
    await emulator.phone.say(code[1])
    await in_thread(setting_up.reads, "A message arrived, from ou_demo")


# Questions


async def test_a_wrong_secret_is_asked_for_again(emulator: RunningEmulator, desk: Any, config: Path) -> None:
    answers = ("", "cli_demo", "wrong-one", "", "", SECRET, "", "demo", "en", "file", "n")
    ended, said = await in_thread(desk("--config", str(config), "--domain", emulator.url, answers=answers).ends)

    assert ended == 0, said
    assert "That does not work" in said
    assert "wrong-one" not in said
    assert load(config, {}).feishu.app_secret.get_secret_value() == SECRET


async def test_an_impossible_answer_is_asked_for_again(emulator: RunningEmulator, desk: Any, config: Path) -> None:
    answers = ("ftp://x", "", "cli_demo", SECRET, "", "nobody", "demo", "fr", "zh", "file", "n")
    ended, said = await in_thread(desk("--config", str(config), "--domain", emulator.url, answers=answers).ends)

    assert ended == 0, said
    assert "is not an origin" in said
    assert "there is no agent 'nobody'" in said
    assert "must be 'zh' or 'en'" in said


@pytest.mark.parametrize("count", [0, 2, 3, len(ANSWERS) - 1])
async def test_leaving_at_any_question_leaves_no_file(
    emulator: RunningEmulator, desk: Any, config: Path, count: int
) -> None:
    setting_up = desk("--config", str(config), "--domain", emulator.url, answers=ANSWERS[:count])
    setting_up.process.stdin.close()
    setting_up.process.stdin = None
    ended, said = await in_thread(lambda: (setting_up.process.wait(30), setting_up.process.stdout.read()))

    assert ended == 1, said
    assert written(config) == ""


def test_the_secret_is_not_shown_on_a_terminal(feishu: str, config: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "phonework", "init", "--config", str(config), "--domain", feishu],
        stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=lambda: os.login_tty(theirs),
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with process, os.fdopen(ours, "r+b", buffering=0) as screen:
        for prompt, answer in (
            ("]: ", "\n"), ("App ID: ", "cli_demo\n"), ("(not shown): ", f"{SECRET}\n"), ("phonework]: ", "\x04"),
        ):  # fmt: skip
            while not shown.endswith(prompt.encode()):
                shown += screen.read(4096)
            screen.write(answer.encode())
        assert process.wait(30) == 1

    assert b"the bot is PhoneWork" in shown
    assert SECRET.encode() not in shown
    assert not config.exists()


# Without questions


def test_without_questions_everything_comes_from_flags(run: Any, flags: tuple[str, ...], config: Path) -> None:
    result = run("init", *flags)

    assert result.exit_code == 0, result.output
    found = load(config, {}, serving=True)
    kept = Path(tomllib.loads(config.read_text())["feishu"]["app_secret_file"])
    assert found.feishu.app_secret.get_secret_value() == SECRET
    assert found.access.allow == ("ou_ada",)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(found.server.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert kept.is_relative_to(found.server.data_dir)


def test_a_second_run_changes_nothing(run: Any, flags: tuple[str, ...], config: Path) -> None:
    run("init", *flags)
    before = config.read_bytes()
    result = run("init", *flags)

    assert result.exit_code == 0, result.output
    assert "Nothing to change" in result.output
    assert config.read_bytes() == before
    assert list(config.parent.glob("*.bak")) == []


def test_what_is_missing_is_named(run: Any, config: Path) -> None:
    result = run("init", "--yes", "--config", config)

    assert result.exit_code == 2
    assert "PHONEWORK_FEISHU__APP_ID" in result.stderr
    assert "PHONEWORK_FEISHU__APP_SECRET" in result.stderr
    assert not config.exists()


def test_a_wrong_secret_fails_and_writes_nothing(run: Any, flags: tuple[str, ...], config: Path) -> None:
    (config.parent.parent / "secret").write_text("wrong-one")
    result = run("init", *flags)

    assert result.exit_code == 1
    assert "wrong-one" not in result.output
    assert not config.exists()


def test_the_environment_serves_too_and_its_secret_stays_there(
    run: Any, config: Path, feishu: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "FEISHU__APP_ID": "cli_demo",
        "FEISHU__APP_SECRET": SECRET,
        "FEISHU__DOMAIN": feishu,
        "AGENT__DEFAULT": "demo",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PHONEWORK_{name}", value)
    result = run("init", "--yes", "--config", config)

    assert result.exit_code == 0, result.output
    assert tomllib.loads(config.read_text())["feishu"] == {"app_id": "cli_demo", "domain": feishu}


def test_the_secret_comes_from_standard_input(run: Any, flags: tuple[str, ...], config: Path) -> None:
    from click.testing import CliRunner

    from phonework.cli import main

    words = [word if word != flags[6] else "-" for word in ("init", *flags)]
    result = CliRunner().invoke(main, words, input=f"{SECRET}\n")

    assert result.exit_code == 0, result.output
    assert load(config, {}).feishu.app_secret.get_secret_value() == SECRET


def test_the_keyring_takes_the_secret(
    run: Any, flags: tuple[str, ...], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    from phonework.testing.keyrings import FileKeyring

    before = keyring.get_keyring()
    monkeypatch.setenv(FILE, str(tmp_path / "keyring.json"))
    keyring.set_keyring(FileKeyring())
    try:
        result = run("init", *flags, "--secret-in", "keyring")
        found = load(config, {}).feishu.app_secret.get_secret_value()
    finally:
        keyring.set_keyring(before)

    assert result.exit_code == 0, result.output
    assert tomllib.loads(config.read_text())["feishu"]["app_secret_keyring"] == "phonework/feishu.app_secret"
    assert found == SECRET


def test_the_environment_keeps_it_if_wished(run: Any, flags: tuple[str, ...], config: Path) -> None:
    run("init", *flags)
    result = run("init", *flags, "--secret-in", "environment")

    assert result.exit_code == 0, result.output
    assert "set PHONEWORK_FEISHU__APP_SECRET" in result.output
    assert not [key for key in tomllib.loads(config.read_text())["feishu"] if key.startswith("app_secret")]


def test_a_secret_in_the_settings_file_moves_out_when_wished(run: Any, flags: tuple[str, ...], config: Path) -> None:
    run("init", *flags, "--secret-in", "config")
    before = tomllib.loads(config.read_text())["feishu"]
    words = list(flags)
    at = words.index("--app-secret-from")
    result = run("init", *words[:at], *words[at + 2 :], "--secret-in", "file")

    assert before["app_secret"] == SECRET
    assert result.exit_code == 0, result.output
    assert SECRET not in config.read_text()
    assert load(config, {}).feishu.app_secret.get_secret_value() == SECRET


def test_nothing_is_done_while_a_server_runs(run: Any, flags: tuple[str, ...], config: Path, data_dir: Path) -> None:
    with DirectoryLock(data_dir, SystemClock()):
        result = run("init", *flags, "--data-dir", data_dir)

    assert result.exit_code == 1
    assert "a server runs on" in result.stderr
    assert "one of two programs" in result.stderr
    assert not config.exists()


# What is there already

THERE = """\
# Ours.
[feishu]   # the app
app_id = 'cli_old'  # of last year
# app_secret = ""

# Who may
[access]
allow = [
  "ou_bob",  # Bob
]

[timeouts]
wait = 600 # long
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_other_byte_stays(run: Any, flags: tuple[str, ...], config: Path, ends: str) -> None:
    config.parent.mkdir()
    config.write_bytes(THERE.replace("\n", ends).encode())
    config.chmod(0o640)
    words = list(flags)
    at = words.index("--allow")
    result = run("init", *words[:at], *words[at + 2 :])

    assert result.exit_code == 0, result.output
    before, after = THERE.replace("\n", ends).splitlines(True), config.read_bytes().decode().splitlines(True)
    kept = [line for line in before if "cli_old" not in line]
    rest = iter(after)
    assert all(line in rest for line in kept)  # in this order
    assert f'app_id = "cli_demo"  # of last year{ends}' in after
    assert load(config, {}).access.allow == ("ou_bob",)
    assert load(config, {}).timeouts.wait == 600
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    (copy,) = config.parent.glob("config.toml.*.bak")
    assert copy.read_bytes() == THERE.replace("\n", ends).encode()


def test_a_broken_file_is_left_alone(run: Any, flags: tuple[str, ...], config: Path) -> None:
    config.parent.mkdir()
    config.write_text("[feishu\n")
    result = run("init", *flags)

    assert result.exit_code == 2
    assert f"{config}:1" in result.stderr
    assert config.read_text() == "[feishu\n"


# The older file

OLD = """\
FEISHU_APP_ID: cli_demo
FEISHU_APP_SECRET: {secret}
OPENAI_BASE_URL: https://api.example.com/v1
OPENAI_API_KEY: "sk-12345"
OPENAI_MODEL: glm-4
PORT: 9001
WORKING_DIR: ~/code
ALLOWED_OPEN_IDS: [ou_ada, ou_bob]
METASO_API_KEY: mk-777
ROUTER_MODE: local
ROUTER_SECRET: r-999
COLOUR: blue
"""


def test_an_older_file_is_taken_over(run: Any, config: Path, feishu: str, tmp_path: Path) -> None:
    old = tmp_path / "keyring.yaml"
    old.write_text(OLD.format(secret=SECRET))
    result = run("init", "--yes", "--config", config, "--from", old, "--domain", feishu, "--agent", "demo")

    assert result.exit_code == 0, result.output
    found = load(config, {}, serving=True)
    assert (found.feishu.app_id, found.server.port, found.access.allow) == ("cli_demo", 9001, ("ou_ada", "ou_bob"))
    assert (found.assistant.base_url, found.assistant.model) == ("https://api.example.com/v1", "glm-4")
    assert found.work.root == Path("~/code").expanduser()
    assert set(found.secrets()) == {SECRET, "sk-12345", "mk-777"}
    assert "OPENAI_API_KEY → [assistant] api_key" in result.output
    assert "ROUTER_SECRET is not used yet" in result.output
    assert "COLOUR is not known" in result.output
    everything = result.output + config.read_text()
    assert not [value for value in (SECRET, "sk-12345", "mk-777", "r-999", "blue") if value in everything]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("PORT: eighty", "keyring.yaml:1 PORT: must be a whole number"),
        ("PORT: 99999", "server.port (keyring.yaml:1 PORT): must be less than or equal to 65535"),
        ("ALLOWED_OPEN_IDS: [bob@example.com]", "is not an open_id"),
        ("OPENAI_BASE_URL: nowhere", "is no address"),
        ("FEISHU_APP_ID: [cli_a, cli_b]", "must be one value, not a list"),
    ],
)
def test_a_wrong_value_of_the_older_file_stops_in_words(
    run: Any, config: Path, tmp_path: Path, line: str, said: str
) -> None:
    old = tmp_path / "keyring.yaml"
    old.write_text(f"{line}\n")
    result = run("init", "--yes", "--config", config, "--from", old)

    assert result.exit_code == 2
    assert said in result.stderr
    assert not config.exists()


def written(config: Path) -> str:
    """The file as it is; empty when there is none."""
    return config.read_text() if config.exists() else ""


async def in_thread(call: Callable[..., Any], *values: Any) -> Any:
    """The console's pipes block; the phone goes on meanwhile."""
    import asyncio

    return await asyncio.to_thread(call, *values)
