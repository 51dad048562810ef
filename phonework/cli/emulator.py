"""`phonework emulator`: a Feishu on your desk, with a phone page."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import click


@click.command()
@click.option("--port", default=8700, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--time-scale", default=1.0, show_default=True, help="Factor for the waiting times of redeliveries.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep chats, messages and files there; without it they end with the program.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the person whose phone it shows.")
@click.option("--app-secret", default="", help="Accept only cli_demo with this secret; without it any app is accepted.")
@click.option("--server-pid", default=0, help="Process of the bot, for the page to say how to kill it.")
def emulator(
    port: int,
    host: str,
    time_scale: float,
    data_dir: Path | None,
    language: str | None,
    app_secret: str,
    server_pid: int,
) -> None:
    """Play Feishu's side of the wire: the bot connects to the printed address, and you open it in a browser."""
    from phonework.channels.emulator.server import listen, make_server, url_of
    from phonework.channels.emulator.settings import Settings
    from phonework.channels.emulator.storage import StorageError, open_emulator

    settings = Settings(time_scale=time_scale, language=language or "", server_pid=server_pid)
    if app_secret:
        settings.any_credentials, settings.app_secret = False, app_secret
    try:
        listening = listen(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}. Try --port 0.") from error
    try:
        server = make_server(open_emulator(settings, data_dir))
    except StorageError as error:
        raise click.ClickException(f"{error} Remove {data_dir} or name another folder.") from error
    click.echo(url_of(listening))
    # uvicorn raises the signal again when all is ended in order.
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(sockets=[listening]))
