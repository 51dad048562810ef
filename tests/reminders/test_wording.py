"""A schedule in words, and the words understood again."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from phonework.reminders.phrases import Phrase, parse
from phonework.reminders.schedule import Daily, Every, Interval, Monthly, Once, Schedule, Weekly, Yearly
from phonework.reminders.wording import words

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=SHANGHAI)


def once(wall: str) -> Once:
    return Once(at=datetime.fromisoformat(wall).replace(tzinfo=SHANGHAI).astimezone(UTC))


def every(rule: Interval | Daily | Weekly | Monthly | Yearly, zone: str = "Asia/Shanghai") -> Every:
    return Every(rule=rule, zone=zone)


TEN = time(10)
TABLE: list[tuple[Schedule, str, str]] = [
    (once("2026-11-18T17:30"), "今天 17:30", "today 17:30"),
    (once("2026-11-19T09:00"), "明天 9:00", "tomorrow 9:00"),
    (once("2026-11-19T03:05"), "明天 03:05", "tomorrow 03:05"),
    (once("2026-11-23T10:00"), "11月23日（周一）10:00", "Monday 23 November 10:00"),
    (once("2027-03-01T09:00"), "2027年3月1日（周一）9:00", "Monday 1 March 2027 9:00"),
    (every(Interval(minutes=45, anchor=NOW.astimezone(UTC))), "每45分钟", "every 45 minutes"),
    (every(Interval(minutes=60, anchor=NOW.astimezone(UTC))), "每小时", "every hour"),
    (every(Interval(minutes=120, anchor=NOW.astimezone(UTC))), "每2小时", "every 2 hours"),
    (every(Daily(at=TEN)), "每天 10:00", "every day at 10:00"),
    (every(Daily(at=TEN, days=2, first=date(2026, 11, 19))), "每2天 10:00", "every 2 days at 10:00"),
    (every(Weekly(on=(0,), at=TEN)), "每周一 10:00", "every Monday at 10:00"),
    (every(Weekly(on=(0, 1, 2, 3, 4), at=time(9))), "每个工作日 9:00", "every weekday at 9:00"),
    (
        every(Weekly(on=(0, 2, 6), at=TEN)),
        "每周一、周三、周日 10:00",
        "every Monday, Wednesday and Sunday at 10:00",
    ),
    (
        every(Weekly(on=(0,), at=TEN, weeks=2, first=date(2026, 11, 23))),
        "每2周的周一 10:00",
        "every 2 weeks on Monday at 10:00",
    ),
    (every(Monthly(day=3, at=TEN)), "每月3日 10:00", "every month on the 3rd at 10:00"),
    (every(Monthly(day=1, at=TEN)), "每月1日 10:00", "every month on the 1st at 10:00"),
    (every(Monthly(day=2, at=TEN)), "每月2日 10:00", "every month on the 2nd at 10:00"),
    (every(Monthly(day=21, at=TEN)), "每月21日 10:00", "every month on the 21st at 10:00"),
    (every(Monthly(day=23, at=TEN)), "每月23日 10:00", "every month on the 23rd at 10:00"),
    (every(Monthly(day=30, at=TEN)), "每月30日 10:00", "every month on the 30th at 10:00"),
    (every(Monthly(day=11, at=TEN)), "每月11日 10:00", "every month on the 11th at 10:00"),
    (every(Monthly(day=22, at=TEN)), "每月22日 10:00", "every month on the 22nd at 10:00"),
    (every(Monthly(day=31, at=TEN)), "每月最后一天 10:00", "on the last day of every month at 10:00"),
    (every(Yearly(month=3, day=5, at=TEN)), "每年3月5日 10:00", "every year on 5 March at 10:00"),
]


@pytest.mark.parametrize(("schedule", "chinese", "english"), TABLE, ids=lambda one: one if isinstance(one, str) else "")
def test_a_schedule_in_words(schedule: Schedule, chinese: str, english: str) -> None:
    assert words(schedule, NOW, SHANGHAI, "zh") == chinese
    assert words(schedule, NOW, SHANGHAI, "en") == english


@pytest.mark.parametrize(("schedule", "chinese", "english"), TABLE, ids=lambda one: one if isinstance(one, str) else "")
def test_the_words_are_understood_again(schedule: Schedule, chinese: str, english: str) -> None:
    for said in (f"{chinese} 开会", f"开会 {chinese}", f"{english} call Bob", f"call Bob {english}"):
        understood = parse(said, NOW, SHANGHAI)
        assert isinstance(understood, Phrase), said
        assert understood.schedule == schedule
        assert understood.rest in ("开会", "call Bob")


def test_another_zone_than_the_readers_is_named() -> None:
    weekly = every(Weekly(on=(0,), at=TEN), "Europe/Berlin")
    assert words(weekly, NOW, SHANGHAI, "en") == "every Monday at 10:00 (Europe/Berlin)"
    assert words(weekly, NOW, SHANGHAI, "zh") == "每周一 10:00（Europe/Berlin）"
    hourly = every(Interval(minutes=60, anchor=NOW.astimezone(UTC)), "Europe/Berlin")
    assert words(hourly, NOW, SHANGHAI, "en") == "every hour"


def test_today_and_tomorrow_are_the_readers() -> None:
    at = Once(at=datetime(2026, 11, 18, 16, 30, tzinfo=UTC))
    assert words(at, NOW, SHANGHAI, "en") == "tomorrow 00:30"
    assert words(at, NOW, ZoneInfo("Europe/Berlin"), "en") == "today 17:30"
