"""`phonework service`: the programs of systemd and launchd are stand-ins that truly run what the file says."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phonework.errors import PhoneWorkError
from phonework.service.base import Program
from phonework.service.launchd import Launchd
from phonework.setup.owned import State
from phonework.store.lock import holder
from phonework.testing.emulator import EmulatorThread
from phonework.testing.fake_managers import FakeManagers

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has launchd of its own")


@pytest.fixture
def managers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeManagers]:
    managers = FakeManagers(tmp_path / "managers")
    monkeypatch.setenv("PATH", f"{managers.install()}{os.pathsep}{os.environ['PATH']}")
    yield managers
    managers.stop()


@pytest.fixture
def feishu() -> Iterator[EmulatorThread]:
    with EmulatorThread() as emulator:
        yield emulator


@pytest.fixture
def config(tmp_path: Path, data_dir: Path) -> Path:
    """Complete settings, in a directory whose name needs quotes."""
    place = tmp_path / "my $settings"
    place.mkdir()
    path = place / "config.toml"
    lines = [
        "[feishu]", "app_id = 'cli_demo'", "app_secret = 's3cret'", "domain = 'http://127.0.0.1:9'", "[access]", "allow = ['ou_demo']",
        "[work]", f"root = '{tmp_path / 'work'}'", "[server]", "port = 0", f"data_dir = '{data_dir}'", "[agent]", "default = 'demo'",
    ]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".config" / "systemd" / "user" / "phonework.service"


def test_it_is_installed_runs_is_seen_and_goes_again(
    run: Any, managers: FakeManagers, feishu: EmulatorThread, config: Path, data_dir: Path, unit: Path
) -> None:
    config.write_text(config.read_text().replace("http://127.0.0.1:9", feishu.url))
    installed = run("service", "install", "--config", config)

    assert installed.exit_code == 0, installed.output
    assert f"Written: {unit}\nIt runs.\nIt begins with the machine" in installed.stdout
    owner = holder(data_dir)
    assert owner is not None
    assert owner.pid == managers.known["pid"], "what the unit says is what runs, under its own number"

    status = run("service", "status", "--config", config, "--json")
    found = json.loads(status.stdout)
    assert status.exit_code == 0
    assert (found["running"], found["pid"], found["state"], found["notes"]) == (True, owner.pid, "current", [])
    assert found["begins"] == "with the machine"

    again = run("service", "install", "--config", config)
    assert f"Nothing to change: {unit}" in again.stdout
    assert managers.known["starts"] == 1

    gone = run("service", "uninstall")
    assert gone.exit_code == 0
    assert not unit.exists()
    assert not managers.alive()
    assert holder(data_dir) is None
    assert (data_dir / "phonework.db").exists()
    assert run("service", "uninstall").stdout == "There is no service.\n"
    assert "not installed" in run("service", "status", "--config", config).stdout


def test_a_file_in_the_current_directory_is_not_taken_unasked(
    run: Any, managers: FakeManagers, config: Path, tmp_path: Path, unit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agents write there."""
    monkeypatch.chdir(config.parent)
    refused = run("service", "install", "--dry-run")
    assert refused.exit_code == 1
    assert "no config.toml of yours" in refused.output

    assert f'"{config}"'.replace("$", "$$") in run("service", "install", "--config", "config.toml", "--dry-run").stdout


def test_a_dry_run_shows_file_and_commands_and_does_nothing(
    run: Any, managers: FakeManagers, config: Path, unit: Path
) -> None:
    shown = run("service", "install", "--config", config, "--dry-run").stdout

    assert f"# {unit} (absent)" in shown
    assert "Type=notify" in shown
    assert "# systemctl --user restart phonework.service" in shown
    assert not unit.exists()
    assert managers.known["calls"] == ["systemctl --user show-environment"]


def test_settings_that_only_this_shell_has_are_refused(
    run: Any, managers: FakeManagers, config: Path, unit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(config.read_text().replace("app_secret = 's3cret'\n", ""))
    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "s3cret")
    result = run("service", "install", "--config", config)

    assert result.exit_code == 2
    assert "Error: feishu.app_secret" in result.stderr
    assert "does not see this shell's environment (PHONEWORK_FEISHU__APP_SECRET): put it into" in result.stderr
    assert os.environ["PHONEWORK_FEISHU__APP_SECRET"] == "s3cret"
    assert not unit.exists()


def test_without_settings_it_says_how_to_make_them(run: Any, managers: FakeManagers) -> None:
    result = run("service", "install")

    assert result.exit_code == 1
    assert "Error: there is no config.toml of yours\nHint: `phonework init` makes one" in result.stderr


def test_a_file_that_was_changed_is_not_overwritten_unasked(
    run: Any, managers: FakeManagers, feishu: EmulatorThread, config: Path, unit: Path
) -> None:
    config.write_text(config.read_text().replace("http://127.0.0.1:9", feishu.url))
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    for command in ("install", "uninstall"):
        refused = run("service", command, *(["--config", config] if command == "install" else []))
        assert refused.exit_code == 1
        assert f"Error: {unit} was not written by `phonework service`" in refused.stderr
    assert unit.read_text() == "[Service]\nExecStart=/bin/true\n"

    assert run("service", "install", "--config", config, "--force").exit_code == 0
    unit.write_text(unit.read_text().replace("RestartSec=5", "RestartSec=50"))
    assert "was changed since it was written" in run("service", "install", "--config", config).stderr
    assert "RestartSec=50" in unit.read_text()
    assert "changed by hand" in run("service", "status", "--config", config).stdout


def test_a_server_that_runs_by_hand_is_not_pushed_aside(
    run: Any, phonework: Any, managers: FakeManagers, config: Path, data_dir: Path, unit: Path
) -> None:
    server = phonework("serve", "--config", config, "--log-format", "json")
    assert any("phonework is running" in line for line in server.stderr)
    result = run("service", "install", "--config", config)

    assert result.exit_code == 1
    assert f"Error: a server runs on {data_dir} (process {server.pid}" in result.stderr
    assert not unit.exists()
    assert f"is in use by another server: process {server.pid}" in run("service", "status", "--config", config).stdout


def test_a_service_that_does_not_come_up_says_why(
    run: Any, managers: FakeManagers, config: Path, data_dir: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config.write_text(config.read_text().replace("port = 0", f"port = {taken.getsockname()[1]}"))
        result = run("service", "install", "--config", config)

    assert result.exit_code == 1
    assert "Error: the service did not start: its settings are wrong (exit code 2)" in result.stderr
    assert "Hint: its last words:" in result.stderr
    assert "in use" in result.stderr
    status = run("service", "status", "--config", config)
    assert status.exit_code == 1
    assert "runs      no: its settings are wrong (exit code 2)" in status.stdout


def test_without_a_right_to_linger_it_says_what_that_means(
    run: Any, managers: FakeManagers, feishu: EmulatorThread, config: Path
) -> None:
    config.write_text(config.read_text().replace("http://127.0.0.1:9", feishu.url))
    managers.learn(no_linger=True)
    result = run("service", "install", "--config", config)

    assert result.exit_code == 0
    assert (
        "only while you are logged in: Could not enable linger: Access denied. `sudo loginctl enable-linger"
        in result.stdout
    )
    assert "begins    when you log in" in run("service", "status", "--config", config).stdout


def test_a_program_that_is_gone_is_noticed(run: Any, managers: FakeManagers, config: Path, unit: Path) -> None:
    unit.parent.mkdir(parents=True)
    unit.write_text('[Service]\nExecStart=/usr/bin/env "/gone/a b/phonework" serve\n')

    assert "note      it runs /gone/a b/phonework, which is not there" in run("service", "status").stdout


@pytest.mark.parametrize("command", ["install", "uninstall", "status", "logs"])
def test_where_there_is_no_manager_it_says_what_to_do(
    run: Any, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    result = run("service", command, *(["--config", config] if command == "install" else []))

    assert result.exit_code == 1
    assert "Error: there is no service manager here that is known" in result.stderr
    assert "Hint: run `phonework serve` under what begins programs here: in a container" in result.stderr


def test_a_manager_that_does_not_answer_is_named(run: Any, managers: FakeManagers, config: Path) -> None:
    managers.learn(broken="Failed to connect to bus: No medium found")
    result = run("service", "install", "--config", config)

    assert result.exit_code == 1
    assert "(Failed to connect to bus: No medium found)" in result.stderr
    assert "Hint: " in result.stderr


def test_logs_shows_what_was_said(managers: FakeManagers, phonework: Any) -> None:
    managers.log.write_text("one line\n")
    shown, _ = phonework("service", "logs", "-n", "5").communicate(timeout=30)

    assert shown == "one line\n"
    assert managers.known["calls"][-1] == "journalctl --user-unit=phonework.service -n 5 --no-pager"


def test_an_agent_of_launchd_comes_goes_and_comes_back(managers: FakeManagers, tmp_path: Path) -> None:
    launchd = Launchd(home=tmp_path / "ada's home", uid=501)
    sleep = shutil.which("sleep")
    assert sleep is not None
    file = launchd.file(Program(words=(sleep, "600"), search="/usr/bin:/bin"))
    file.write()

    assert "It runs" in launchd.install(changed=True)[0]
    first = launchd.status()
    assert (first.running, first.pid, first.state) == (True, managers.known["pid"], State.CURRENT)
    assert launchd.install(changed=False) == ()

    launchd.install(changed=True)
    assert launchd.status().pid != first.pid
    launchd.uninstall()
    assert not managers.alive()
    assert (launchd.status().running, launchd.status().begins) == (False, "not by itself")
    assert launchd.logs(7, follow=True)[:4] == ("tail", "-n", "7", "-F")


def test_an_agent_that_launchd_refuses_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    script = programs / "launchctl"
    script.write_text(
        "#!/bin/sh\n[ $1 = print ] && exit 113\necho 'Bootstrap failed: 125: Domain does not support specified action'; exit 125\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(PhoneWorkError, match="125") as refused:
        Launchd(home=tmp_path, uid=501).install(changed=True)
    assert "log in at the screen once" in refused.value.hint


def test_the_property_list_is_one(tmp_path: Path) -> None:
    file = Launchd(home=tmp_path, uid=501).file(Program(words=("/a & b/phonework", "serve"), search="/bin"))
    file.write()
    import plistlib

    found = plistlib.loads(file.path.read_bytes())
    assert found["ProgramArguments"] == ["/a & b/phonework", "serve"]
    assert found["KeepAlive"] == {"SuccessfulExit": False}
    if plutil := shutil.which("plutil"):
        subprocess.run([plutil, "-lint", file.path], check=True)


def test_the_manager_hears_from_the_server_itself(
    phonework: Any, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("notify")
        manager.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000"}
        server = phonework("serve", "--config", config, env=environment)

        assert manager.recv(4096).startswith(b"READY=1\nSTATUS=runs at http://127.0.0.1:")
        assert {manager.recv(4096) for _ in range(3)} == {b"WATCHDOG=1"}
        server.terminate()
        while (said := manager.recv(4096)) == b"WATCHDOG=1":
            pass
        assert said == b"STOPPING=1"
        server.communicate(timeout=20)
        assert server.returncode == 0
