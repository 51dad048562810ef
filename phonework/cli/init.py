"""`phonework init`: the guided set-up, which may be run again and again."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from phonework.cli.init_answers import Answers, Wishes
from phonework.cli.options import config_option, data_dir_option, make_private, start_logging
from phonework.cli.running import run
from phonework.clock import SystemClock
from phonework.config import Config
from phonework.errors import PhoneWorkError
from phonework.places import find, own_config
from phonework.setup import console
from phonework.setup.config_file import ConfigFile
from phonework.setup.secret_store import Keep
from phonework.store.lock import DirectoryLock, holder

KEEPS = [str(one) for one in Keep]


@click.command()
@config_option
@data_dir_option
@click.option(
    "--yes", is_flag=True, help="Ask nothing: take flags, environment and file, and fail with what is missing."
)
@click.option("--app-id", help="App ID from the developer console.")
@click.option("--app-secret-from", metavar="FILE", help="The file the app secret is in; - for standard input.")
@click.option("--domain", help="Where the API is, like https://open.larksuite.com.")
@click.option("--root", type=click.Path(path_type=Path), help="The directory agents may work in.")
@click.option("--agent", help="Backend of new sessions.")
@click.option("--allow", multiple=True, metavar="OPEN_ID", help="Who may use the bot; may be repeated.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="For people who chose none.")
@click.option(
    "--secret-in", type=click.Choice(KEEPS), help="Where secrets are kept. [default: file, in the data directory]"
)
@click.option("--from", "old_file", type=click.Path(path_type=Path), help="Take what an older keyring.yaml says.")
@click.option("--phone/--no-phone", default=None, help="Try messages and taps with a phone. [default: not with --yes]")
@click.option(
    "--wait", type=click.FloatRange(min=0.1), default=120, show_default=True, help="Seconds to wait for the tap."
)
def init(
    config_path: Path | None, data_dir: Path | None, yes: bool, app_secret_from: str | None, secret_in: str | None,
    old_file: Path | None, phone: bool | None, wait: float, **flags: Any,
) -> None:  # fmt: skip
    """Set up step by step: app, secret, agent, and a first talk with a phone. What config.toml says already stays."""
    wishes = Wishes(
        path=(config_path or find(here=True) or own_config()).expanduser().absolute(),
        keep=Keep(secret_in) if secret_in else None,
        yes=yes,
    )
    wishes.take_flags(data_dir=data_dir, **flags)
    if old_file:
        click.echo("\n".join(wishes.take_old(old_file)))
    if app_secret_from:
        wishes.take_secret(app_secret_from)
    config = wishes.config()
    start_logging(config, level="error")  # what is wrong is said in words
    _refuse_running(config)
    answers = Answers(wishes)
    if not yes:
        _introduce(wishes)
    answers.find()
    file = ConfigFile(wishes.path)
    for line in answers.keep(file, SystemClock().now()):
        click.echo(line)
    if phone is True or (phone is None and not yes and click.confirm("Try it with your phone now?", default=True)):
        _try_phone(wishes.config(secrets=True), wishes, file, wait)
    _what_next(wishes, file)


def _refuse_running(config: Config) -> None:
    """Raises PhoneWorkError: two clients on one app would each get some of the events."""
    if owner := holder(config.server.data_dir):
        raise PhoneWorkError(
            f"a server runs on {config.server.data_dir} ({owner})",
            hint="stop it first: Feishu would give each message to one of two programs with the same app, at random",
        )


def _introduce(wishes: Wishes) -> None:
    there = wishes.path.exists()
    click.echo(f"Settings: {wishes.path}{', whose other lines stay as they are' if there else ', to be made'}.\n")
    click.echo("In the developer console, once:")
    for line in console.steps(wishes.config().feishu.domain):
        click.echo(f"  {line}")
    click.echo(
        "Two more lists can only be saved while we are connected: that comes at the end. Ctrl-C leaves at any time.\n"
    )


def _try_phone(config: Config, wishes: Wishes, file: ConfigFile, wait_s: float) -> None:
    """Connect, learn who they are, and see one tap; what holds so far is in the file whatever comes then."""
    start_logging(config, level="error")
    make_private(config.server.data_dir)
    ended = False

    async def talk() -> None:
        nonlocal ended
        from phonework.setup.first_talk import first_talk

        def admit(open_id: str) -> None:
            people = list(config.access.allow)
            if open_id not in people and "*" not in people:
                file.write({"access.allow": [*people, open_id]}, SystemClock().now())

        await first_talk(config, click.echo, admit, wait_s=wait_s)
        ended = True

    with DirectoryLock(config.server.data_dir, SystemClock()):
        run(talk())
    if not ended:
        click.echo(
            f"Stopped. {wishes.path} holds what was settled so far; `phonework init` goes on from there.", err=True
        )
        sys.exit(1)


def _what_next(wishes: Wishes, file: ConfigFile) -> None:
    if file.copy:
        click.echo(f"The file as it was before: {file.copy}")
    found = find(here=True)
    named = "" if found and found.absolute() == wishes.path else f" --config {shlex.quote(str(wishes.path))}"
    click.echo(f"Next:\n  phonework doctor{named}\n  phonework serve{named}")
