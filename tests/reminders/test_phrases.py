"""The phrases of `phrases.txt`, each understood as it says there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from phonework import texts
from phonework.reminders.phrases import Phrase, Problem, parse
from phonework.reminders.schedule import Daily, Interval, Monthly, Once, Schedule, Weekly, Yearly
from phonework.reminders.trouble import Trouble

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class Row:
    text: str
    expected: str
    now: datetime
    zone: ZoneInfo


def rows() -> Iterator[Row]:
    now, zone = NOW, SHANGHAI
    for line in Path(__file__).with_name("phrases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            _, wall, name = line.split()
            zone = ZoneInfo(name)
            now = datetime.fromisoformat(wall).replace(tzinfo=zone)
        elif line and not line.startswith("#"):
            text, expected = line.split(" => ")
            yield Row(text, expected, now, zone)


ROWS = list(rows())


def told(understood: Phrase | Problem, zone: ZoneInfo) -> str:
    """In the notation of the table."""
    if isinstance(understood, Phrase):
        return f"{noted(understood.schedule, zone)} | {understood.rest}"
    part = f" | {understood.params['part']}" if understood.params else ""
    return f"! {understood.text.removeprefix('when.')}{part}"


def noted(schedule: Schedule, zone: ZoneInfo) -> str:
    if isinstance(schedule, Once):
        local = schedule.at.astimezone(zone)
        changes = zone.key in ("Europe/Berlin", "America/New_York")
        return local.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") + (local.strftime(" %z") if changes else "")
    assert schedule.zone == zone.key
    match schedule.rule:
        case Interval(minutes=minutes):
            return f"every {minutes} min"
        case Daily(at=at, days=days, first=first):
            return f"daily {at:%H:%M}" if days == 1 else f"daily/{days} {at:%H:%M} from {first}"
        case Weekly(on=on, at=at, weeks=weeks, first=first):
            names = "".join(map(str, on))
            return f"weekly {names} {at:%H:%M}" if weeks == 1 else f"weekly/{weeks} {names} {at:%H:%M} from {first}"
        case Monthly(day=day, at=at):
            return f"monthly {day} {at:%H:%M}"
        case Yearly(month=month, day=day, at=at):
            return f"yearly {month}-{day} {at:%H:%M}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.now:%m-%dT%H:%M} {row.text}")
def test_a_phrase_is_understood_as_the_table_says(row: Row) -> None:
    assert told(parse(row.text, row.now, row.zone), row.zone) == row.expected


def test_the_table_is_large_and_holds_both_languages_four_zones_and_every_problem() -> None:
    chinese = [row for row in ROWS if not row.text.isascii()]
    assert len(chinese) > 250
    assert len(ROWS) - len(chinese) > 250
    assert {row.zone.key for row in ROWS} == {"Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"}
    assert {row.expected.split()[1] for row in ROWS if row.expected.startswith("!")} == {
        trouble.removeprefix("when.") for trouble in Trouble
    }


def test_an_interval_counts_from_now_in_whole_seconds() -> None:
    understood = parse("every 2 hours stretch", NOW.replace(second=7, microsecond=9), SHANGHAI)
    assert isinstance(understood, Phrase)
    assert not isinstance(understood.schedule, Once)
    assert understood.schedule.rule == Interval(minutes=120, anchor=datetime.fromisoformat("2026-11-18T02:00:07Z"))


def test_what_to_be_reminded_of_stays_as_it_was_typed() -> None:
    understood = parse("１０分钟后　提醒我：Check “Ｆｏｏ”，\n then  push!", NOW, SHANGHAI)
    assert isinstance(understood, Phrase)
    assert understood.rest == "Check “Ｆｏｏ”，\n then  push!"


@pytest.mark.parametrize("trouble", list(Trouble))
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_problem_has_a_sentence_that_names_no_more_than_the_part(trouble: Trouble, language: str) -> None:
    assert trouble in texts.keys()  # noqa: SIM118 - a function, no mapping
    assert texts.placeholders(trouble, language) <= {"part"}


@pytest.mark.parametrize("row", [row for row in ROWS if row.expected.startswith("!")], ids=lambda row: row.text)
def test_a_problem_gives_its_sentence_what_it_names(row: Row) -> None:
    understood = parse(row.text, row.now, row.zone)
    assert isinstance(understood, Problem)
    assert texts.placeholders(understood.text) <= set(understood.params)


def test_a_very_long_text_is_read_at_its_ends_only() -> None:
    """Its length costs no more than looking at each character once."""
    for filler in ("9点 " * 200_000, "每" * 500_000, " " * 500_000, "1h" * 200_000, "提醒我" * 200_000, "9" * 500_000):
        parse(f"x {filler} x", NOW, SHANGHAI)
        parse(filler, NOW, SHANGHAI)
    understood = parse(f"{'看构建 ' * 100_000}明天9点", NOW, SHANGHAI)
    assert isinstance(understood, Phrase)


def test_a_long_part_is_cut_where_a_problem_names_it() -> None:
    understood = parse("every day and " + "monday and " * 90 + "x", NOW, SHANGHAI)
    assert isinstance(understood, Problem)
    assert len(understood.params["part"]) <= 41
