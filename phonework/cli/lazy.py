"""A command group that imports a command when it is used, and prints our errors as two lines instead of a traceback."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import IO, Any

import click

from phonework.cli.printing import echo
from phonework.errors import ConfigError, PhoneWorkError, RefusedError


class Failure(click.ClickException):
    """One of our errors on its way to the terminal: `Error: …` and, if there is one, `Hint: …` on stderr."""

    def __init__(self, error: PhoneWorkError) -> None:
        super().__init__(str(error))
        self.error = error

    def show(self, file: IO[Any] | None = None) -> None:
        echo(f"Error: {_sentence(self.error)}", err=True)
        if self.error.hint:
            echo(f"Hint: {self.error.hint}", err=True)


class Misconfigured(click.ClickException):
    """Wrong settings: one line each, exit code 2."""

    exit_code = 2

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))
        self.problems = error.problems

    def show(self, file: IO[Any] | None = None) -> None:
        for line in self.problems:
            click.echo(f"Error: {line}", err=True)
        click.echo(
            "Hint: `phonework config show --origin` prints the settings; docs/configuration.md explains them", err=True
        )


def _sentence(error: PhoneWorkError) -> str:
    if isinstance(error, RefusedError):
        from phonework.texts import text

        return text("en", error.text, **error.params)
    return str(error)


class LazyGroup(click.Group):
    """Commands by name, each the object of that name in `<commands_from>.<module>`; summaries are known beforehand.

    modules: those that are not called like their command. In Python's names a dash is an underscore.
    """

    def __init__(
        self,
        *,
        commands_from: str,
        summaries: dict[str, str],
        modules: Mapping[str, str] = MappingProxyType({}),
        **rest: Any,
    ) -> None:
        super().__init__(**rest, context_settings={"help_option_names": ["-h", "--help"]})
        self.commands_from, self.summaries, self.modules = commands_from, summaries, modules
        self.params.append(
            click.Option(["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version.")
        )  # fmt: skip

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.summaries)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.summaries:
            return None
        module = import_module(f"{self.commands_from}.{self.modules.get(name, name)}")
        command = getattr(module, name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.summaries:
            from difflib import get_close_matches

            near = get_close_matches(name, self.summaries, n=1)
            ctx.fail(f"no command {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise Misconfigured(error) from error
        except PhoneWorkError as error:
            raise Failure(error) from error


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from phonework import __version__

        click.echo(f"phonework {__version__}")
        sys.exit(0)
