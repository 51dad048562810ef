"""`phonework db`: migrate, check and copy the database."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import click

from phonework.cli.options import (
    config_option,
    data_dir_option,
    existing_database,
    json_option,
    load_for_reading,
    make_private,
)
from phonework.clock import SystemClock
from phonework.errors import PhoneWorkError, StoreError
from phonework.store import migrate as migrating
from phonework.store.lock import DirectoryLock


@click.group()
def db() -> None:
    """Migrate, check and back up the database."""


@db.command()
@config_option
@data_dir_option
def migrate(config_path: Path | None, data_dir: Path | None) -> None:
    """Create the database or bring it up to date, with a copy first. The server does the same at its start."""
    config = load_for_reading(config_path, data_dir)
    make_private(config.server.data_dir)
    with DirectoryLock(config.server.data_dir, SystemClock()):
        done = migrating.migrate(config.database, SystemClock())
    if done.before == done.after:
        click.echo(f"{config.database}: version {done.after}, nothing to do")
    else:
        click.echo(f"{config.database}: version {done.before} → {done.after}")
    if done.copy:
        click.echo(f"copy made before: {done.copy}", err=True)


@db.command()
@config_option
@data_dir_option
@json_option
def check(config_path: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Look for damage without changing anything; works beside a running server. Exit 1 when something is wrong."""
    config = load_for_reading(config_path, data_dir)
    found = migrating.check(existing_database(config))
    if as_json:
        click.echo(json.dumps({
            "path": str(config.database), "version": found.version, "newest": found.newest,
            "stopped_cleanly": found.clean, "problems": list(found.problems),
        }, indent=2))  # fmt: skip
    else:
        for problem in found.problems:
            click.echo(problem)
        click.echo(
            f"{config.database}: version {found.version}, {'in order' if not found.problems else 'NOT in order'}"
        )
    if found.problems:
        raise StoreError(
            f"{len(found.problems)} problem(s) in {config.database}",
            hint=f"copies are in {config.server.data_dir / migrating.BACKUPS}",
        )


@db.command()
@click.argument("number", type=int)
@config_option
@data_dir_option
def rerun(number: int, config_path: Path | None, data_dir: Path | None) -> None:
    """Take the event NUMBER in again, which could not be decided because of a bug (`inspect --poisoned`).

    The server must be stopped; what the event leads to is carried out when it starts again.
    """
    from phonework import app

    config = load_for_reading(config_path, data_dir)
    existing_database(config)
    try:
        outcome = asyncio.run(app.rerun(config, number))
    except KeyError as error:
        raise PhoneWorkError(
            f"there is no poisoned event {number}", hint="`phonework inspect --poisoned` lists them"
        ) from error
    click.echo(f"event {number}: {outcome.status}" + (f" ({outcome.reason})" if outcome.reason else ""))


@db.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
@config_option
@data_dir_option
def backup(target: Path | None, config_path: Path | None, data_dir: Path | None) -> None:
    """Copy the database to TARGET (default: a new file under backups/); works beside a running server."""
    config = load_for_reading(config_path, data_dir)
    source = existing_database(config)
    if target is None:
        folder = config.server.data_dir / migrating.BACKUPS
        folder.mkdir(exist_ok=True, mode=0o700)
        target = folder / f"by-hand-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
    migrating.backup(source, target)
    click.echo(str(target))
