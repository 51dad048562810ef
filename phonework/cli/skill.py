"""`phonework skill`: agents learn to run other sessions, and to hand work over."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from phonework import skills
from phonework.backends import registry
from phonework.cli.options import json_option
from phonework.setup.owned import Owned, State, remove

Command = TypeVar("Command", bound=Callable[..., Any])

WORDS = {
    State.ABSENT: "not installed",
    State.CURRENT: "installed",
    State.OLDER: "installed, of another version; `phonework skill install` brings it up to date",
    State.EDITED: "installed, and changed since",
    State.FOREIGN: "there, but not ours",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where agents of these kinds look for skills."""

    kinds: tuple[str, ...]
    path: Path


def where_options(command: Command) -> Command:
    """`--global` or `--local`, and one flag for each kind of agent that knows skills."""
    for kind in reversed([kind for kind in registry.kinds().values() if kind.about.skills]):
        flag, title = f"--{kind.name}", kind.about.title
        command = click.option(flag, f"kind_{kind.section}", is_flag=True, help=f"For {title}. [default: for all]")(
            command
        )
    return click.option(
        "--global/--local",
        "everywhere",
        default=True,
        help="For you, in every project, or for this directory's project. [default: global]",
    )(command)


@click.group()
def skill() -> None:
    """Teach agents to run other sessions, and to hand work over: two skills, put where agents look for them."""


@skill.command()
@where_options
@click.option("--force", is_flag=True, help="Also over what was changed since, or is not ours.")
def install(everywhere: bool, force: bool, **kinds: bool) -> None:
    """Put the skills there, or bring ours up to date. What somebody changed stays, and is named."""
    kept = [line for place in _places(everywhere, kinds) for line in _install(place, force)]
    if kept:
        for line in kept:
            click.echo(f"Error: {line}", err=True)
        click.echo("Hint: --force writes them anew; what was changed is lost then", err=True)
        raise SystemExit(1)


@skill.command()
@where_options
@click.option("--force", is_flag=True, help="Also what was changed since, or is not ours.")
def uninstall(everywhere: bool, force: bool, **kinds: bool) -> None:
    """Take the skills away. What somebody changed stays, and is named."""
    kept = [line for place in _places(everywhere, kinds) for line in _uninstall(place, force)]
    if kept:
        for line in kept:
            click.echo(f"Error: {line}", err=True)
        click.echo("Hint: --force takes them away all the same", err=True)
        raise SystemExit(1)


@skill.command()
@json_option
def status(as_json: bool) -> None:
    """Say where the skills are, for you and for this directory's project."""
    found = [
        {"skill": name, "for": list(place.kinds), "scope": scope, "file": str(file.path), "state": file.state()}
        for scope, everywhere in (("global", True), ("local", False))
        for place in _places(everywhere, {})
        for name, file in _files(place)
    ]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(f"{one['file']}: {WORDS[State(str(one['state']))]}")


def _places(everywhere: bool, kinds: dict[str, bool]) -> list[Place]:
    """Those that were asked for, each once: kinds of agents may share one."""
    wanted = {name.removeprefix("kind_") for name, chosen in kinds.items() if chosen}
    found: dict[Path, tuple[str, ...]] = {}
    for kind in registry.kinds().values():
        if kind.about.skills and (not wanted or kind.section in wanted):
            path = kind.about.skills.own() if everywhere else Path.cwd() / kind.about.skills.project
            found[path] = (*found.get(path, ()), kind.name)
    return [Place(names, path) for path, names in found.items()]


def _files(place: Place) -> Iterator[tuple[str, Owned]]:
    for name in skills.NAMES:
        yield name, skills.skill(name, place.path)


def _install(place: Place, force: bool) -> Iterator[str]:
    """Tells what it did, and yields what it left alone."""
    for _name, file in _files(place):
        state = file.state()
        if state in (State.EDITED, State.FOREIGN) and not force:
            yield _left(file, state)
            continue
        if state is not State.CURRENT:
            file.write()
        done = {State.ABSENT: "Written", State.CURRENT: "Nothing to change", State.OLDER: "Brought up to date"}
        click.echo(f"{done.get(state, 'Overwritten')}: {file.path}")


def _uninstall(place: Place, force: bool) -> Iterator[str]:
    for _name, file in _files(place):
        state = file.state()
        if state in (State.EDITED, State.FOREIGN) and not force:
            yield _left(file, state)
        elif state is not State.ABSENT:
            remove(file.path)
            with suppress(OSError):  # somebody keeps more in it
                file.path.parent.rmdir()
            click.echo(f"Removed: {file.path}")


def _left(file: Owned, state: State) -> str:
    why = "was changed since it was written" if state is State.EDITED else "is not ours"
    return f"{file.path} {why}, and stays as it is"
