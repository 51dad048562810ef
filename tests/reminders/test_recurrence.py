"""When a schedule comes next: DST, short months, outages."""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from phonework.reminders.recurrence import next_after, next_time
from phonework.reminders.schedule import Daily, Every, Interval, Monthly, Once, Rule, Weekly, Yearly


def following(rule: Rule, zone: str, start: str, count: int) -> list[str]:
    """The next local times after a time on the wall."""
    every, place = Every(rule=rule, zone=zone), ZoneInfo(zone)
    moment, found = datetime.fromisoformat(start).replace(tzinfo=place), []
    for _ in range(count):
        moment = next_after(every, moment)
        found.append(moment.astimezone(place).strftime("%m-%d %H:%M %z"))
    return found


def test_a_time_that_is_skipped_comes_at_the_first_moment_after_the_gap() -> None:
    assert following(Daily(at=time(2, 30)), "Europe/Berlin", "2026-03-27T12:00", 3) == [
        "03-28 02:30 +0100",
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
    ]


def test_a_time_that_exists_twice_comes_once_the_first_time() -> None:
    assert following(Daily(at=time(1, 30)), "America/New_York", "2026-10-31T12:00", 2) == [
        "11-01 01:30 -0400",
        "11-02 01:30 -0500",
    ]


def test_in_the_second_of_two_equal_hours_the_next_is_tomorrows() -> None:
    every = Every(rule=Daily(at=time(2, 45)), zone="Europe/Berlin")
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert next_after(every, second) == datetime(2026, 10, 26, 1, 45, tzinfo=UTC)


def test_a_time_on_the_wall_stays_when_clocks_change() -> None:
    assert following(Weekly(on=(6,), at=time(9)), "Europe/Berlin", "2026-10-18T12:00", 2) == [
        "10-25 09:00 +0100",
        "11-01 09:00 +0100",
    ]
    assert following(Weekly(on=(5,), at=time(9)), "Europe/Berlin", "2026-10-18T12:00", 2) == [
        "10-24 09:00 +0200",
        "10-31 09:00 +0100",
    ]


def test_an_interval_is_elapsed_time_when_clocks_change() -> None:
    anchor = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert following(Interval(minutes=60, anchor=anchor), "Europe/Berlin", "2026-03-29T00:30", 3) == [
        "03-29 01:00 +0100",
        "03-29 03:00 +0200",
        "03-29 04:00 +0200",
    ]


def test_a_day_that_a_zone_left_out_comes_at_the_first_moment_after_it() -> None:
    """Samoa went over the date line: there was no 30 December 2011."""
    assert following(Daily(at=time(9)), "Pacific/Apia", "2011-12-29T12:00", 3) == [
        "12-31 00:00 +1400",
        "12-31 09:00 +1400",
        "01-01 09:00 +1400",
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (31, ["01-31", "02-28", "03-31", "04-30", "05-31"]),
        (30, ["01-30", "02-28", "03-30", "04-30", "05-30"]),
        (29, ["01-29", "02-28", "03-29", "04-29", "05-29"]),
        (28, ["01-28", "02-28", "03-28", "04-28", "05-28"]),
    ],
)
def test_a_day_that_a_month_lacks_is_its_last_day(day: int, expected: list[str]) -> None:
    found = following(Monthly(day=day, at=time(9)), "UTC", "2027-01-01T00:00", 5)
    assert [one.split()[0] for one in found] == expected


def test_the_31st_comes_twelve_times_a_year() -> None:
    found = following(Monthly(day=31, at=time(9)), "UTC", "2027-01-01T00:00", 12)
    assert [one[:2] for one in found] == [f"{month:02}" for month in range(1, 13)]


def test_in_a_leap_year_february_has_its_29th() -> None:
    found = following(Monthly(day=31, at=time(9)), "UTC", "2028-02-01T00:00", 2)
    assert [one.split()[0] for one in found] == ["02-29", "03-31"]


def test_a_birthday_on_the_29th_of_february_comes_each_year() -> None:
    every = Every(rule=Yearly(month=2, day=29, at=time(9)), zone="UTC")
    moment, found = datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in range(4):
        moment = next_after(every, moment)
        found.append(moment.date().isoformat())
    assert found == ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]


def test_every_second_week_counts_from_its_first() -> None:
    rule = Weekly(on=(0, 3), at=time(10), weeks=2, first=date(2026, 11, 16))
    found = following(rule, "Asia/Shanghai", "2026-11-17T12:00", 4)
    assert [one.split()[0] for one in found] == ["11-19", "11-30", "12-03", "12-14"]


def test_counting_from_a_first_day_that_is_ahead_begins_there() -> None:
    rule = Daily(at=time(8), days=3, first=date(2026, 12, 1))
    found = following(rule, "UTC", "2026-11-18T12:00", 3)
    assert [one.split()[0] for one in found] == ["12-01", "12-04", "12-07"]


def test_zones_are_known_on_a_machine_that_has_none() -> None:
    """Small containers come without them."""
    kept = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    try:
        assert ZoneInfo.no_cache("Asia/Shanghai").utcoffset(datetime(2026, 1, 1)) == timedelta(hours=8)  # noqa: DTZ001
    finally:
        zoneinfo.reset_tzpath(to=kept)


def test_what_was_missed_collapses_into_one() -> None:
    """Off for a month, it is due once, and then next after now."""
    every = Every(rule=Daily(at=time(9)), zone="UTC")
    now = datetime(2026, 12, 18, 10, tzinfo=UTC)
    assert next_after(every, now) == datetime(2026, 12, 19, 9, tzinfo=UTC)
    every = Every(rule=Interval(minutes=90, anchor=datetime(2026, 11, 1, tzinfo=UTC)), zone="UTC")
    assert now < next_after(every, now) <= now + timedelta(minutes=90)


def test_just_at_its_time_the_next_is_the_one_after_and_just_before_it_is_this() -> None:
    every = Every(rule=Daily(at=time(9)), zone="UTC")
    at = datetime(2026, 12, 18, 9, tzinfo=UTC)
    assert next_after(every, at) == at + timedelta(days=1)
    assert next_after(every, at - timedelta(microseconds=1)) == at


def test_once_comes_once() -> None:
    at = datetime(2026, 12, 18, 9, tzinfo=UTC)
    assert next_time(Once(at=at), at - timedelta(microseconds=1)) == at
    assert next_time(Once(at=at), at) is None


def test_a_hundred_workdays_are_all_workdays_at_nine() -> None:
    every, place = Every(rule=Weekly(on=(0, 1, 2, 3, 4), at=time(9)), zone="Europe/Berlin"), ZoneInfo("Europe/Berlin")

    def walk() -> list[datetime]:
        moment, found = datetime(2026, 1, 1, tzinfo=UTC), []
        for _ in range(100):
            moment = next_after(every, moment)
            found.append(moment.astimezone(place))
        return found

    days = walk()
    assert all(day.weekday() < 5 and (day.hour, day.minute) == (9, 0) for day in days)
    assert all(
        later - earlier <= timedelta(days=3, hours=1)
        for earlier, later in zip(days, islice(days, 1, None), strict=False)
    )
