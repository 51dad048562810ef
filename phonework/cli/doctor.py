"""`phonework doctor`: what is wrong with the set-up, and how to mend it."""

import asyncio
import json
from pathlib import Path

import click

from phonework.cli.checking import Check, Verdict
from phonework.cli.checks import all_checks
from phonework.cli.options import config_option, data_dir_option, json_option

MARKS = {Verdict.OK: "ok  ", Verdict.NOTE: "note", Verdict.BAD: "BAD "}


@click.command()
@config_option
@data_dir_option
@json_option
@click.option(
    "--click", "by_click", is_flag=True, help="Send a card to the first person listed, wait for a tap and a message."
)
@click.option(
    "--turn", is_flag=True, help="Let the default agent answer a line: shows its login, uses the account a little."
)
@click.option(
    "--wait", type=click.FloatRange(min=0.1), default=120, show_default=True, help="Seconds to wait with --click."
)
def doctor(
    config_path: Path | None, data_dir: Path | None, as_json: bool, by_click: bool, turn: bool, wait: float
) -> None:
    """Check the set-up from app to audit, and say how to mend what is wrong. Exit 1: something is."""
    checks = asyncio.run(all_checks(config_path, data_dir, click_s=wait if by_click else None, turn=turn))
    well = all(check.verdict is not Verdict.BAD for check in checks)
    if as_json:
        click.echo(
            json.dumps({"ok": well, "checks": [check.as_dict() for check in checks]}, ensure_ascii=False, indent=2)
        )
    else:
        for check in checks:
            click.echo(_lines(check))
        click.echo("all well" if well else "something needs mending")
    raise SystemExit(0 if well else 1)


def _lines(check: Check) -> str:
    line = f"{MARKS[check.verdict]}  {check.name:<12} {check.found}"
    return f"{line}\n      {'':<12} → {check.remedy}" if check.remedy else line
