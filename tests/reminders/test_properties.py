"""What holds for any text, any schedule and any moment."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from phonework.reminders.phrases import Phrase, Problem, parse
from phonework.reminders.recurrence import next_after, next_time
from phonework.reminders.schedule import (
    LONGEST_DAYS,
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
from phonework.reminders.wallclock import moment_of, on_the_wall
from phonework.reminders.wording import words

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "UTC",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
)
WORDS = [
    "明天",
    "后天",
    "今晚",
    "大后天",
    "昨天",
    "周",
    "星期",
    "礼拜",
    "一",
    "二",
    "三",
    "日",
    "天",
    "五",
    "十",
    "两",
    "半",
    "个",
    "每",
    "隔",
    "下",
    "这",
    "上",
    "月",
    "号",
    "年",
    "底",
    "末",
    "点",
    "分",
    "刻",
    "差",
    "钟",
    "小时",
    "秒",
    "后",
    "前",
    "早上",
    "下午",
    "晚上",
    "凌晨",
    "中午",
    "半夜",
    "工作日",
    "提醒我",
    "开会",
    "的",
    "、",
    "，",
    "。",
    "（",
    "）",
    "：",
    "～",
    "到",
    "和",
    "零",
    "百",
    "2026",
    "29",
    "30",
    "31",
    "13",
    "24",
    "25",
    "60",
    "0",
    "1",
    "7",
    "9",
    "12",
    "99999999",
    "1.5",
    "remind",
    "me",
    "to",
    "at",
    "on",
    "by",
    "in",
    "every",
    "each",
    "other",
    "second",
    "next",
    "this",
    "monday",
    "fri",
    "weekdays",
    "weekend",
    "day",
    "week",
    "month",
    "year",
    "hours",
    "minutes",
    "m",
    "h",
    "and",
    "a",
    "half",
    "quarter",
    "past",
    "to",
    "noon",
    "midnight",
    "am",
    "pm",
    "tomorrow",
    "tonight",
    "evening",
    "first",
    "of",
    "the",
    "3rd",
    "march",
    "feb",
    "end",
    "daily",
    "weekly",
    "after",
    "later",
    "from",
    "now",
    "couple",
    "or",
    "until",
    "&",
    "早晚",
    "及",
    ":",
    "/",
    "-",
    ".",
    ",",
    "(",
    ")",
    "9:00",
    "03:30",
    "2027-02-29",
    "12/25",
    "1h30m",
    "call",
    "Bob",
]

zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given one
phrases = st.lists(st.sampled_from(WORDS), max_size=9).flatmap(
    lambda chosen: st.sampled_from(["", " "]).map(lambda space: space.join(chosen))
)
wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
dates = st.dates(date(2010, 1, 1), date(2060, 1, 1))
weekdays = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(
        Interval, minutes=st.integers(5, LONGEST_DAYS * 1440), anchor=moments.map(lambda at: at.replace(microsecond=0))
    ),
    st.builds(Daily, at=wall_times),
    st.builds(Daily, at=wall_times, days=st.integers(2, LONGEST_DAYS), first=dates),
    st.builds(Weekly, on=weekdays, at=wall_times),
    st.builds(Weekly, on=weekdays, at=wall_times, weeks=st.integers(2, LONGEST_DAYS // 7), first=dates),
    st.builds(Monthly, day=st.integers(1, 31), at=wall_times),
    st.dates(date(2000, 1, 1), date(2000, 12, 31)).flatmap(
        lambda day: st.builds(Yearly, month=st.just(day.month), day=st.just(day.day), at=wall_times)
    ),
)
repeating = st.builds(Every, rule=rules, zone=st.sampled_from(ZONES))
schedules: st.SearchStrategy[Schedule] = st.one_of(st.builds(Once, at=moments), repeating)


def check(text: str, now: datetime, zone: ZoneInfo) -> None:
    understood = parse(text, now, zone)
    assert isinstance(understood, Phrase | Problem)
    if isinstance(understood, Problem):
        return
    assert understood.rest
    assert understood.rest in text
    due = next_time(understood.schedule, now)
    assert due is not None
    assert now < due <= now + timedelta(days=LONGEST_DAYS)
    if isinstance(understood.schedule, Every):
        assert next_after(understood.schedule, due) - due >= timedelta(minutes=5)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60), moments, zones)
def test_no_text_raises_and_what_is_understood_lies_ahead(text: str, now: datetime, zone: ZoneInfo) -> None:
    check(text, now, zone)


@settings(max_examples=2000, deadline=None)
@given(phrases, moments, zones)
def test_no_heap_of_words_about_time_raises_and_what_is_understood_lies_ahead(
    text: str, now: datetime, zone: ZoneInfo
) -> None:
    check(text, now, zone)
    check(f"{text} call Bob", now, zone)
    check(f"看构建 {text}", now, zone)


clocks = st.sampled_from(["9:00", "at 9", "at nine", "9am", "at 17:30", "9点", "上午9点", "九点半", "at noon"])
numbers = st.integers(0, 24).map(str) | st.sampled_from(["ten", "18:00", "10点", "十点", "at 10"])
joints = st.sampled_from(
    [" and ", " or ", ", and ", " & ", "/", " to ", " until ", "-", " - ", "~", "和", "或者", "到", "至"]
)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["", "every day ", "tomorrow ", "每天", "明天", "every weekday ", "下周五"]),
    clocks,
    joints,
    numbers,
)
def test_a_second_time_or_an_end_is_never_taken_for_the_text(day: str, clock: str, joint: str, number: str) -> None:
    now, zone = datetime(2026, 11, 18, 2, tzinfo=UTC), ZoneInfo("Asia/Shanghai")
    for text in (f"{day}{clock}{joint}{number} call Bob", f"call Bob {day}{clock}{joint}{number}"):
        understood = parse(text, now, zone)
        assert isinstance(understood, Problem), text


@settings(max_examples=300, deadline=None)
@given(repeating, moments)
def test_the_next_times_only_ever_grow_and_none_is_left_out(every: Every, after: datetime) -> None:
    first = next_after(every, after)
    second = next_after(every, first)
    assert after < first < second
    between = after + (first - after) / 2
    assert next_after(every, between) == first
    assert next_after(every, first - timedelta(microseconds=1)) == first


@settings(max_examples=300, deadline=None)
@given(repeating.filter(lambda every: not isinstance(every.rule, Interval)), moments)
def test_it_comes_at_its_time_on_the_wall_unless_that_is_skipped(every: Every, after: datetime) -> None:
    assert not isinstance(every.rule, Interval)
    zone = ZoneInfo(every.zone)
    wall = on_the_wall(next_after(every, after), zone)
    if wall.time() != every.rule.at:
        before = next_after(every, after) - timedelta(seconds=1)
        gap = wall - on_the_wall(before, zone)
        assert gap > timedelta(seconds=1)


@settings(deadline=None)
@given(schedules)
def test_a_schedule_survives_json(schedule: Schedule) -> None:
    assert from_json(to_json(schedule)) == schedule


@settings(deadline=None)
@given(st.text(max_size=80) | st.from_regex(r'\{"kind":"(daily|once|weekly)","value":.{0,40}\}'))
def test_no_stored_text_raises_anything_but_what_is_said(text: str) -> None:
    import msgspec

    try:
        from_json(text)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return


@settings(max_examples=300, deadline=None)
@given(moments, zones)
def test_a_moment_and_its_time_on_the_wall_agree(moment: datetime, zone: ZoneInfo) -> None:
    whole = moment.replace(microsecond=0)
    found = moment_of(on_the_wall(whole, zone), zone)
    assert on_the_wall(found, zone) == on_the_wall(whole, zone)
    assert found <= whole  # the first of two


@settings(max_examples=600, deadline=None)
@given(phrases, moments.map(lambda now: now.replace(second=0, microsecond=0)), zones, st.sampled_from(["zh", "en"]))
def test_words_say_what_was_understood(text: str, now: datetime, zone: ZoneInfo, language: str) -> None:
    understood = parse(f"{text} call Bob", now, zone)
    if isinstance(understood, Problem) or is_finer_than_words(understood.schedule, zone):
        return
    said = words(understood.schedule, now, zone, language)
    again = parse(f"{said} call Bob", now, zone)
    assert again == Phrase(schedule=understood.schedule, rest="call Bob"), said


def is_finer_than_words(schedule: Schedule, zone: ZoneInfo) -> bool:
    """Seconds, and the second of two equal hours, which words do not tell."""
    if not isinstance(schedule, Once):
        return False
    return bool(schedule.at.second) or moment_of(on_the_wall(schedule.at, zone), zone) != schedule.at
