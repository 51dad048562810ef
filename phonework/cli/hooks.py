"""`phonework hooks`: agents at the terminals of this machine tell the server what they ask, and take its answers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from phonework.cli.options import data_dir_option, json_option, own_config_option

yes_option = click.option("--yes", is_flag=True, help="Change the files without asking.")


@click.group()
def hooks() -> None:
    """Bring what agents at your terminals ask to your phone."""


@hooks.command()
@own_config_option
@data_dir_option
@yes_option
def install(config_path: Path | None, data_dir: Path | None, yes: bool) -> None:
    """Put our hooks into the agents' own settings; what is there now is kept beside."""
    _change(config_path, data_dir, wanted=True, yes=yes)


@hooks.command()
@own_config_option
@data_dir_option
@yes_option
def uninstall(config_path: Path | None, data_dir: Path | None, yes: bool) -> None:
    """Take our hooks out again, and nothing else."""
    _change(config_path, data_dir, wanted=False, yes=yes)


@hooks.command()
@own_config_option
@data_dir_option
@json_option
def status(config_path: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Say which agents have our hooks. Exit 1: not all of them, or not as they should be."""
    from phonework.setup.hooks import State, changes

    found = changes(_gateway(config_path, data_dir), wanted=True)
    if as_json:
        click.echo(
            json.dumps([{"kind": one.kind, "path": str(one.path), "state": one.state} for one in found], indent=2)
        )
    else:
        words = {
            State.INSTALLED: "installed",
            State.ABSENT: "not installed; `phonework hooks install`",
            State.OLDER: "of another version or another place; `phonework hooks install`",
        }
        for one in found:
            click.echo(f"{one.title}: {words[one.state]} ({one.path})")
    raise SystemExit(0 if all(one.state is State.INSTALLED for one in found) else 1)


def _change(config_path: Path | None, data_dir: Path | None, *, wanted: bool, yes: bool) -> None:
    from phonework.setup.hooks import carry_out, changes

    for one in changes(_gateway(config_path, data_dir), wanted=wanted):
        if not one.needed:
            click.echo(f"{one.title}: nothing to do ({one.path})")
            continue
        click.echo(one.diff())
        if not yes and not click.confirm(f"Change {one.path}?"):
            continue
        kept = carry_out(one, datetime.now(UTC))
        click.echo(f"{one.title}: done" + (f"; what was there is in {kept}" if kept else ""))


def _gateway(config_path: Path | None, data_dir: Path | None) -> Path:
    """The file that will say where the server is; it need not be there yet."""
    from phonework.cli.options import load_for_reading
    from phonework.gateway.token import NAME

    return load_for_reading(config_path, data_dir, here=False).server.data_dir.absolute() / NAME
