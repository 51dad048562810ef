"""`phonework serve`: the bot, until it is told to stop."""

from pathlib import Path

import click

from phonework.cli.options import config_option, data_dir_option, make_private, start_logging
from phonework.cli.running import run
from phonework.config import load


@click.command()
@config_option
@data_dir_option
@click.option("--host", help="Overrides [server] host.")
@click.option("--port", type=int, help="Overrides [server] port; 0 takes a free one.")
@click.option("--agent", help="Overrides [agent] default.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Overrides [log] level.")
@click.option("--log-format", type=click.Choice(["auto", "json", "text"]), help="Overrides [log] format.")
def serve(
    config_path: Path | None,
    data_dir: Path | None,
    host: str | None,
    port: int | None,
    agent: str | None,
    log_level: str | None,
    log_format: str | None,
) -> None:
    """Run the bot: Feishu, sessions and agents on this machine. SIGTERM or Ctrl-C stops it within 5 s."""
    config = load(
        config_path,
        {
            "server.data_dir": str(data_dir) if data_dir else None,
            "server.host": host,
            "server.port": port,
            "agent.default": agent,
            "log.level": log_level,
            "log.format": log_format,
        },
        serving=True,
    )
    from phonework import app

    start_logging(config)
    make_private(config.server.data_dir)
    run(app.serve(config))
