"""What somebody wants set: from flags, from an older file, or asked for one by one; and putting it where it belongs."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from phonework.cli.checking import Check, Verdict
from phonework.cli.checks import check_agent, kinds
from phonework.cli.checks_feishu import credentials
from phonework.config import Config, files, load, origins
from phonework.config.model import is_secret
from phonework.config.secrets import FILE_BYTES
from phonework.errors import ConfigError, PhoneWorkError
from phonework.setup import keyring_yaml
from phonework.setup.config_file import ConfigFile
from phonework.setup.secret_store import Keep, available, put, variable

APP_SECRET: Final = "feishu.app_secret"
KEPT: Final = ("feishu.app_id", "feishu.domain", "access.allow", "work.root", "agent.default", "ui.language")
"""What is written into the file also when it came from the environment."""
FLAGS: Final = {
    "app_id": "feishu.app_id", "domain": "feishu.domain", "root": "work.root", "agent": "agent.default",
    "allow": "access.allow", "language": "ui.language", "data_dir": "server.data_dir",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Wishes:
    """path: of config.toml. keep: where secrets go; None: not said. values: what shall be set, by dotted key, and places:
    where each came from; secrets are among them until they are kept. yes: nobody can be asked.
    """

    path: Path
    keep: Keep | None
    yes: bool
    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def take_flags(self, **flags: Any) -> None:
        """Those that were given, by the names of the command line."""
        for name, value in flags.items():
            if value is None or value == ():
                continue
            dotted = FLAGS[name]
            self.values[dotted] = list(value) if isinstance(value, tuple) else _absolute(value)
            self.places[dotted] = f"--{name.replace('_', '-')}"

    def take_old(self, path: Path) -> Iterator[str]:
        """Take what keyring.yaml says where no flag says otherwise; tells what it took from where. Raises ConfigError."""
        found = keyring_yaml.read(path)
        for dotted, value in found.values.items():
            self.values.setdefault(dotted, value)
            self.places.setdefault(dotted, found.places[dotted])
        if "work.root" in found.values and self.values["work.root"] is found.values["work.root"]:
            self.values["work.root"] = _absolute(Path(str(found.values["work.root"])))
        self.config()
        return _told(path, found, self.places)

    def take_secret(self, name: str) -> None:
        """The app's secret, from a file or standard input (`-`). Raises PhoneWorkError."""
        try:
            raw = sys.stdin.buffer.read(FILE_BYTES) if name == "-" else files.read(Path(name).expanduser(), FILE_BYTES)
            secret = raw.decode("utf-8").strip()
        except (OSError, ValueError, RuntimeError) as error:
            why = files.why(error) if isinstance(error, OSError) else "not a text"
            raise PhoneWorkError(f"the app secret cannot be read from {name} ({why})") from error
        if not secret:
            raise PhoneWorkError(f"there is no app secret in {'standard input' if name == '-' else name}")
        self.values[APP_SECRET], self.places[APP_SECRET] = secret, "--app-secret-from"

    def config(self, *, secrets: bool = False) -> Config:
        """The settings as they would be. Raises ConfigError."""
        there = self.path if self.path.exists() else None
        return load(there, self.values, look_for_file=False, secrets=secrets, places=self.places)

    def try_on(self, dotted: str, value: object) -> None:
        """Wish this. Raises ConfigError when it cannot be, and wishes what it did before."""
        before = dict(self.values)
        self.values[dotted] = value
        try:
            self.config()
        except ConfigError:
            self.values = before
            raise


def _absolute(value: object) -> object:
    """A path as it is meant where it was typed: in config.toml it would be relative to the file."""
    if not isinstance(value, Path):
        return value
    return str(value) if str(value).startswith("~") else str(value.absolute())


def _told(path: Path, found: keyring_yaml.Found, places: dict[str, str]) -> Iterator[str]:
    yield f"From {path}:"
    for dotted, place in found.places.items():
        section, _, key = dotted.partition(".")
        old = place.rpartition(" ")[2]
        yield f"  {old} → [{section}] {key}" + (
            "" if places[dotted] == place else f", but {places[dotted]} says otherwise"
        )
    for key in found.empty:
        yield f"  {key} is empty: left out"
    for key in found.unused:
        yield f"  {key} is not used yet: kept nowhere"
    for key in found.unknown:
        yield f"  {key} is not known: left out"


class Answers:
    """Asks for what is not known yet, and tries it before it is kept."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def find(self) -> None:
        """Have everything and know that the app's credentials and the agent are well. Raises PhoneWorkError."""
        self._credentials()
        if not self._wishes.yes:
            self._ask("work.root", "Directory the agents may work in")
            self._ask("agent.default", f"Agent ({', '.join(kind.name for kind in kinds())})", self._known_agent)
            self._ask("ui.language", "Language of the bot for people who chose none (zh, en)")
        self._agent()

    # The app

    def _credentials(self) -> None:
        while True:
            if not self._wishes.yes:
                self._ask("feishu.domain", "Feishu's address (Lark: https://open.larksuite.com)")
                self._ask("feishu.app_id", "App ID")
                self._ask_secret()
            config = self._with_secret()
            checks = asyncio.run(credentials(config))
            bad = next((check for check in checks if check.verdict is Verdict.BAD), None)
            if bad is None:
                for check in checks:
                    _show(check)
                return
            if self._wishes.yes:
                raise PhoneWorkError(bad.found, hint=bad.remedy)
            click.echo(f"That does not work: {bad.found}\n  → {bad.remedy}", err=True)
            self._wishes.values.pop(APP_SECRET, None)

    def _with_secret(self) -> Config:
        """Raises PhoneWorkError with all that is missing."""
        config = self._wishes.config(secrets=True)
        found = {"feishu.app_id": config.feishu.app_id, APP_SECRET: config.feishu.app_secret.get_secret_value()}
        missing = [f"{dotted}: set {variable(dotted)}, or {flag}" for (dotted, value), flag in
                   zip(found.items(), ("--app-id", "--app-secret-from"), strict=True) if not value]  # fmt: skip
        if missing:
            raise ConfigError(tuple(f"missing: {line}" for line in missing))
        return config

    def _ask(self, dotted: str, words: str, check: Callable[[str], None] = lambda _value: None) -> None:
        """Ask until the answer is possible; what is in force is offered."""
        section, _, key = dotted.partition(".")
        config = self._wishes.config()
        now = str(getattr(getattr(config, section), key))

        def taken(answer: str) -> str:
            if answer.strip() != now:
                try:
                    check(answer.strip())
                    path = dotted == "work.root"
                    self._wishes.try_on(dotted, _absolute(Path(answer.strip())) if path else answer.strip())
                except ConfigError as error:
                    raise click.BadParameter(_why(error)) from error
                self._wishes.places[dotted] = "your answer"
            return answer

        click.prompt(words, default=now or None, value_proc=taken)

    def _ask_secret(self) -> None:
        """Read it without showing it; an empty answer keeps the one there is."""
        try:
            there = bool(self._wishes.config(secrets=True).feishu.app_secret.get_secret_value())
        except ConfigError as error:
            there = False
            click.echo(f"The secret that is kept cannot be read: {_why(error)}", err=True)
        words = "App Secret (not shown" + ("; Enter keeps the one there is)" if there else ")")
        while not (answer := _hidden(words)) and not there:
            click.echo("It cannot be empty.", err=True)
        if answer:
            self._wishes.values[APP_SECRET], self._wishes.places[APP_SECRET] = answer, "your answer"

    # The agent

    def _known_agent(self, name: str) -> None:
        known = [kind.name for kind in kinds()]
        if name not in known:
            raise ConfigError((f"agent.default (your answer): there is no agent {name!r}; known: {', '.join(known)}",))

    def _agent(self) -> None:
        """What its own check says. A missing agent can be put there later; everything else is settled now."""
        config = self._wishes.config()
        self._known_agent(config.agent.default)
        kind = next(kind for kind in kinds() if kind.name == config.agent.default)
        _show(asyncio.run(check_agent(config, kind)))
        if not self._wishes.yes and kind.about.account:
            words = (
                "Try it with a one-line question? That shows whether it is logged in, and uses the account a little."
            )
            if click.confirm(words, default=False):
                _show(asyncio.run(check_agent(config, kind, smoke=True)))

    # Keeping

    def keep(self, file: ConfigFile, now: datetime) -> list[str]:
        """Put secrets where they go and the rest into the file; returns what to tell. Raises PhoneWorkError."""
        wishes = self._wishes
        told: list[str] = []
        config = wishes.config(secrets=True)
        changes: dict[str, object] = {}
        for dotted, value in wishes.values.items():
            if not is_secret(*dotted.split(".")):
                changes[dotted] = value
        for dotted, (_, place) in origins(config).items():
            if dotted in KEPT and dotted not in changes and place.startswith("PHONEWORK_"):
                section, _, key = dotted.partition(".")
                changes[dotted] = _plain(getattr(getattr(config, section), key))
        secrets = {dotted: str(value) for dotted, value in wishes.values.items() if is_secret(*dotted.split("."))}
        if wishes.keep is not None and config.feishu.app_secret.get_secret_value():
            secrets.setdefault(APP_SECRET, config.feishu.app_secret.get_secret_value())  # it shall move there
        if secrets:
            keep = self._where()
            for dotted, value in secrets.items():
                changes |= put(keep, dotted, value, config.server.data_dir)
                told.append(_kept(keep, dotted, changes))
        changed = file.write(changes, now)
        told.append(f"{'Written' if changed else 'Nothing to change'}: {file.path}")
        return told

    def _where(self) -> Keep:
        wishes = self._wishes
        if wishes.keep is None and not wishes.yes:
            names = [str(one) for one in available()]
            wishes.keep = Keep(click.prompt("Keep the secret in", type=click.Choice(names), default=str(Keep.FILE)))
        return wishes.keep or Keep.FILE


def _show(check: Check) -> None:
    click.echo(f"  {check.name}: {check.found}")
    if check.verdict is not Verdict.OK:
        click.echo(f"  → {check.remedy}", err=True)


def _kept(keep: Keep, dotted: str, changes: dict[str, object]) -> str:
    match keep:
        case Keep.FILE:
            return f"{dotted} is kept in {changes[f'{dotted}_file']}, which only you can read"
        case Keep.KEYRING:
            return f"{dotted} is kept in the keyring, as {changes[f'{dotted}_keyring']}"
        case Keep.ENVIRONMENT:
            return f"{dotted} is kept nowhere: set {variable(dotted)} before you start `phonework serve`"
        case Keep.CONFIG:
            return f"{dotted} is kept in config.toml, as you wished: keep that file to yourself"


def _plain(value: object) -> object:
    """As TOML holds it."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _hidden(words: str) -> str:
    """A line nobody sees typed; from a pipe it is read like any other."""
    if sys.stdin.isatty():
        return str(click.prompt(words, hide_input=True, default="", show_default=False)).strip()
    click.echo(f"{words}: ", nl=False)
    line = sys.stdin.readline()
    click.echo()
    if not line:
        raise click.Abort
    return line.strip()


def _why(error: ConfigError) -> str:
    """Without the place, which is where somebody sits and types."""
    return "; ".join(problem.partition("): ")[2] or problem for problem in error.problems)
