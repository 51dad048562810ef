"""Schedules as JSON, and the values that none can have."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

import msgspec
import pytest

from phonework.reminders.schedule import (
    Daily,
    Every,
    Interval,
    Monthly,
    Once,
    Rule,
    Schedule,
    Weekly,
    Yearly,
    from_json,
    to_json,
)

AT = time(9)
MOMENT = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
SCHEDULES: dict[str, Schedule] = {
    '{"kind":"once","value":{"at":"2026-12-01T01:00:00Z"},"zone":""}': Once(at=MOMENT),
    '{"kind":"interval","value":{"minutes":90,"anchor":"2026-12-01T01:00:00Z"},"zone":"UTC"}': Every(
        rule=Interval(minutes=90, anchor=MOMENT), zone="UTC"
    ),
    '{"kind":"daily","value":{"at":"09:00:00","days":1,"first":null},"zone":"Asia/Shanghai"}': Every(
        rule=Daily(at=AT), zone="Asia/Shanghai"
    ),
    '{"kind":"weekly","value":{"on":[0,4],"at":"09:00:00","weeks":2,"first":"2026-11-16"},"zone":"Europe/Berlin"}': Every(
        rule=Weekly(on=(0, 4), at=AT, weeks=2, first=date(2026, 11, 16)), zone="Europe/Berlin"
    ),
    '{"kind":"monthly","value":{"day":31,"at":"09:00:00"},"zone":"UTC"}': Every(
        rule=Monthly(day=31, at=AT), zone="UTC"
    ),
    '{"kind":"yearly","value":{"month":2,"day":29,"at":"09:00:00"},"zone":"UTC"}': Every(
        rule=Yearly(month=2, day=29, at=AT), zone="UTC"
    ),
}


@pytest.mark.parametrize(("stored", "schedule"), SCHEDULES.items(), ids=lambda one: str(one)[:30])
def test_the_stored_form_stays(stored: str, schedule: Schedule) -> None:
    """Rows of today are read for years."""
    assert to_json(schedule) == stored
    assert from_json(stored) == schedule


def test_what_a_later_version_adds_is_skipped_and_what_an_earlier_one_lacked_has_a_default() -> None:
    later = '{"kind":"daily","value":{"at":"09:00:00","until":"2027-01-01"},"zone":"UTC","note":1}'
    assert from_json(later) == Every(rule=Daily(at=AT), zone="UTC")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "no json",
        "[]",
        '{"kind":"once"}',
        '{"kind":"hourly","value":{},"zone":"UTC"}',
        '{"kind":"once","value":{"at":"2026-12-01T01:00:00"}}',
        '{"kind":"once","value":{"at":"2026-12-01T01:00:00+08:00"}}',
        '{"kind":"daily","value":{"at":"09:00:00"},"zone":"Atlantis/Main"}',
        '{"kind":"daily","value":{"at":"09:00:00"},"zone":"../../etc/passwd"}',
        '{"kind":"daily","value":{"at":"09:00:00"},"zone":""}',
        '{"kind":"daily","value":{"at":"09:00:00"},"zone":"Europe"}',
        '{"kind":"daily","value":{"at":"09:00:00","days":2},"zone":"UTC"}',
        '{"kind":"weekly","value":{"on":[],"at":"09:00:00"},"zone":"UTC"}',
        '{"kind":"weekly","value":{"on":[7],"at":"09:00:00"},"zone":"UTC"}',
        '{"kind":"monthly","value":{"day":0,"at":"09:00:00"},"zone":"UTC"}',
        '{"kind":"yearly","value":{"month":2,"day":30,"at":"09:00:00"},"zone":"UTC"}',
        '{"kind":"interval","value":{"minutes":1,"anchor":"2026-12-01T01:00:00Z"},"zone":"UTC"}',
    ],
)
def test_what_is_no_schedule_is_refused(stored: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        from_json(stored)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Once(at=datetime(2026, 12, 1)),  # noqa: DTZ001 - that is what is wrong with it
        lambda: Once(at=datetime(2026, 12, 1, tzinfo=timezone(timedelta(hours=8)))),
        lambda: Daily(at=time(9, 0, 1)),
        lambda: Daily(at=time(9, tzinfo=UTC)),
        lambda: Daily(at=AT, days=0),
        lambda: Daily(at=AT, first=date(2026, 1, 1)),
        lambda: Weekly(on=(3, 1), at=AT),
        lambda: Weekly(on=(1, 1), at=AT),
        lambda: Monthly(day=32, at=AT),
        lambda: Yearly(month=4, day=31, at=AT),
        lambda: Interval(minutes=4, anchor=MOMENT),
        lambda: Interval(minutes=6 * 366 * 1440, anchor=MOMENT),
    ],
)
def test_a_rule_that_cannot_be_kept_is_not_made(make: Callable[[], Rule | Once]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()
