"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from phonework.config import Config, load
from phonework.errors import StoreError

if TYPE_CHECKING:
    from phonework.logs import Level

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """`--config PATH`."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        help="The configuration file. [default: $PHONEWORK_CONFIG, ./config.toml, the user's configuration directory]",
    )(command)


def own_config_option(command: Command) -> Command:
    """`--config PATH`, of commands that are used where agents write: they leave a config.toml there alone."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        help="The configuration file. [default: $PHONEWORK_CONFIG, the user's configuration directory]",
    )(command)


def data_dir_option(command: Command) -> Command:
    """`--data-dir DIR`."""
    return click.option("--data-dir", type=click.Path(path_type=Path), help="Overrides [server] data_dir.")(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def load_for_reading(config_path: Path | None, data_dir: Path | None, *, here: bool = True) -> Config:
    """The settings of a command that only looks at the data directory; credentials need not be there. here: as of `load`."""
    overrides = {"server.data_dir": str(data_dir) if data_dir else None}
    config = load(config_path, overrides, secrets=False, here=here)
    start_logging(config)
    return config


def existing_database(config: Config) -> Path:
    """The database's file. Raises StoreError when there is none."""
    if not config.database.exists():
        raise StoreError(
            f"{config.database} does not exist", hint="no server has run with this data directory; see --data-dir"
        )
    return config.database


def make_private(directory: Path) -> None:
    """Make the directory if it is missing, for its owner only: prompts and code are in it. Raises StoreError."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"{directory}: {(error.strerror or str(error)).lower()}", hint="choose another data directory"
        ) from error


def start_logging(config: Config, *, level: "Level | None" = None) -> None:
    """Send the log to stderr as the settings say, without any secret in it. level: instead of the configured one."""
    from phonework.logs import configure

    configure(level or config.log.level, config.log.format, secrets=config.secrets())
