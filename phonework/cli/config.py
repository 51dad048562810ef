"""`phonework config`: the settings, where each came from, and their documentation."""

import json
from pathlib import Path

import click

from phonework.cli.options import config_option, json_option
from phonework.config import load, origins
from phonework.config.docs import example as example_file
from phonework.config.docs import page


@click.group()
def config() -> None:
    """Show the settings and where they come from."""


@config.command()
@config_option
@click.option("--origin", is_flag=True, help="Also print where each value comes from.")
@json_option
def show(config_path: Path | None, origin: bool, as_json: bool) -> None:
    """Print every setting; secrets as ***."""
    found = origins(load(config_path, {}))
    if as_json:
        click.echo(
            json.dumps({key: {"value": value, "origin": place} for key, (value, place) in found.items()}, indent=2)
        )
        return
    section = ""
    width = max(len(f"{key.partition('.')[2]} = {value}") for key, (value, _) in found.items() if len(value) < 60)
    for dotted, (value, place) in found.items():
        name, _, key = dotted.partition(".")
        if name != section:
            click.echo(f"[{name}]" if not section else f"\n[{name}]")
            section = name
        line = f"{key} = {value}"
        click.echo(f"{line:<{width}}  # {place}" if origin else line)


@config.command()
def docs() -> None:
    """Print docs/configuration.md."""
    click.echo(page(), nl=False)


@config.command()
def example() -> None:
    """Print config.example.toml."""
    click.echo(example_file(), nl=False)
