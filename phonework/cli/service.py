"""`phonework service`: begun with the machine, started again when it fails."""

import json
import os
import shutil
import sys
from pathlib import Path

import click

from phonework.cli.options import data_dir_option, json_option, own_config_option
from phonework.config import Config, load
from phonework.errors import ConfigError, PhoneWorkError
from phonework.places import find as find_config
from phonework.service.base import Manager, Program, Status, program
from phonework.service.managers import find
from phonework.setup.owned import Owned, State, remove, state_of
from phonework.store.lock import holder

force_option = click.option("--force", is_flag=True, help="Also where the service's file was changed by hand.")
dry_option = click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


@click.group()
def service() -> None:
    """Begin PhoneWork with the machine, and start it again when it fails: systemd on Linux, launchd on macOS."""


@service.command()
@own_config_option
@data_dir_option
@dry_option
@force_option
def install(config_path: Path | None, data_dir: Path | None, dry_run: bool, force: bool) -> None:
    """Write the service's file, begin it, and see it up. May be run again, also after an upgrade."""
    wanted, config = _wanted(config_path, data_dir)
    manager = find()
    file = manager.file(wanted)
    state = file.state()
    if dry_run:
        _show(manager, file, state)
        return
    _refuse_another(manager, config)
    if state in (State.EDITED, State.FOREIGN) and not force:
        raise PhoneWorkError(_not_ours(manager, state), hint="--force writes it anew; --dry-run shows what it would be")
    changed = state is not State.CURRENT
    if changed:
        file.write()
    click.echo(f"{'Written' if changed else 'Nothing to change'}: {file.path}")
    for line in manager.install(changed=changed):
        click.echo(line)
    click.echo("`phonework service status` says how it is, `phonework service logs` what it says.")


@service.command()
@dry_option
@force_option
def uninstall(dry_run: bool, force: bool) -> None:
    """Stop the service and take its file away. What PhoneWork keeps stays."""
    manager = find()
    state = state_of(manager.path)
    if state is State.ABSENT:
        click.echo("There is no service.")
        return
    if state in (State.EDITED, State.FOREIGN) and not force:
        raise PhoneWorkError(_not_ours(manager, state), hint="--force takes it away all the same")
    if dry_run:
        click.echo(f"Would stop the service and remove {manager.path}.")
        return
    for line in manager.uninstall():
        click.echo(line)
    remove(manager.path)
    manager.forget()
    click.echo(f"Removed: {manager.path}")


@service.command()
@own_config_option
@data_dir_option
@json_option
def status(config_path: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Say how the service is. Exit 0: it runs; 1: it does not."""
    manager = find()
    config = _settings(config_path, data_dir)
    found = manager.status()
    notes = [*found.notes, *_owner(found, config)]
    if as_json:
        click.echo(json.dumps({**found.as_dict(), "notes": notes}, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_lines(found, notes)))
    raise SystemExit(0 if found.running else 1)


@service.command()
@click.option("-n", "--lines", type=click.IntRange(1), default=100, show_default=True, help="The last so many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is said from now on.")
def logs(lines: int, follow: bool) -> None:
    """Show what the service said."""
    words = find().logs(lines, follow)
    if not (command := shutil.which(words[0])):
        raise PhoneWorkError(f"{words[0]} is not there")
    sys.stdout.flush()
    os.execv(command, list(words))


def _wanted(config_path: Path | None, data_dir: Path | None) -> tuple[Program, Config]:
    """What the service is to run, and its settings as it will see them: without this shell's environment.

    Raises PhoneWorkError when it could not run with them.
    """
    path = _file(config_path)
    if path is None:
        raise PhoneWorkError(
            "there is no config.toml of yours",
            hint="`phonework init` makes one; --config names another, ./config.toml among them",
        )
    data_dir = data_dir.expanduser().absolute() if data_dir else None
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.upper().startswith("PHONEWORK_")}
    try:
        config = load(path, {"server.data_dir": str(data_dir) if data_dir else None}, serving=True)
    except ConfigError as error:
        named = ", ".join(sorted(name for name in ours if name != "PHONEWORK_CONFIG"))
        more = (f"a service does not see this shell's environment ({named}): put it into {path}",) if named else ()
        raise ConfigError((*error.problems, *more)) from error
    finally:
        os.environ.update(ours)
    for name in sorted(set(ours) - {"PHONEWORK_CONFIG"}):
        click.echo(f"Note: {name} is set here; the service does not see it. What counts is {path}.", err=True)
    return program(path, data_dir), config


def _file(config_path: Path | None) -> Path | None:
    path = config_path or find_config(here=False)
    return path.expanduser().absolute() if path else None


def _settings(config_path: Path | None, data_dir: Path | None) -> Config | None:
    """What is known of them; a service may run although they are wrong by now."""
    try:
        overrides = {"server.data_dir": str(data_dir) if data_dir else None}
        return load(config_path, overrides, secrets=False, here=False)
    except ConfigError:
        return None


def _refuse_another(manager: Manager, config: Config) -> None:
    """Raises PhoneWorkError when somebody else's server holds the data: ours could not start."""
    owner = holder(config.server.data_dir)
    if owner is not None and owner.pid != manager.status().pid:
        raise PhoneWorkError(
            f"a server runs on {config.server.data_dir} ({owner})",
            hint="stop it first; the service then takes its place",
        )


def _owner(found: Status, config: Config | None) -> list[str]:
    owner = holder(config.server.data_dir) if config else None
    if config is None or (owner is not None and owner.pid == found.pid):
        return []
    if owner is not None:
        return [f"{config.server.data_dir} is in use by another server: {owner}"]
    return [f"it does not hold {config.server.data_dir}: it may be about to start"] if found.running else []


def _not_ours(manager: Manager, state: State) -> str:
    if state is State.EDITED:
        return f"{manager.path} was changed since it was written"
    return f"{manager.path} was not written by `phonework service`"


def _show(manager: Manager, file: Owned, state: State) -> None:
    click.echo(f"# {file.path} ({state})\n{file.text}")
    click.echo("\n".join(f"# {command}" for command in manager.commands()))


def _lines(found: Status, notes: list[str]) -> list[str]:
    words = {
        State.ABSENT: "not installed",
        State.CURRENT: found.file,
        State.OLDER: f"{found.file}, of another version; `phonework service install` brings it up to date",
        State.EDITED: f"{found.file}, changed by hand",
        State.FOREIGN: f"{found.file}, not written by `phonework service`",
    }
    runs = f"yes, process {found.pid}{f', since {found.since}' if found.since else ''}" if found.running else "no"
    lines = [f"service   {words[found.state]} ({found.manager})"]
    if found.state is not State.ABSENT:
        lines += [f"begins    {found.begins}", f"runs      {runs}{f': {found.result}' if found.result else ''}"]
    lines += [f"restarts  {found.restarts}"] if found.restarts else []
    return [*lines, *(f"note      {note}" for note in notes)]
