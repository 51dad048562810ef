"""`phonework doctor`: what is wrong with the set-up, and how to mend it."""

import asyncio
import json
from pathlib import Path

import click

from phonework.cli.checks import Check, Verdict, all_checks
from phonework.cli.options import config_option, data_dir_option, json_option

MARKS = {Verdict.OK: "ok  ", Verdict.NOTE: "note", Verdict.BAD: "BAD "}


@click.command()
@config_option
@data_dir_option
@json_option
def doctor(config_path: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Check credentials, agents, clock, disk and database, and say how to mend what is wrong. Exit 1: something is."""
    checks = asyncio.run(all_checks(config_path, data_dir))
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
