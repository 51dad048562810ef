"""Commands about how a person wants things shown: language, how much, when not to be disturbed, by which clock."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from phonework import quiet
from phonework.commands.base import Wrong
from phonework.views import Verbosity

_LANGUAGES: Final = {
    "zh": "zh", "中文": "zh", "汉语": "zh", "chinese": "zh", "zh-cn": "zh", "zh_cn": "zh", "简体中文": "zh",
    "en": "en", "english": "en", "英文": "en", "英语": "en", "en-us": "en", "en_us": "en",
    "auto": "", "自动": "", "默认": "", "default": "",
}  # fmt: skip
_VERBOSITIES: Final = {
    "quiet": Verbosity.QUIET, "少": Verbosity.QUIET, "安静": Verbosity.QUIET, "简洁": Verbosity.QUIET,
    "normal": Verbosity.NORMAL, "正常": Verbosity.NORMAL, "普通": Verbosity.NORMAL, "default": Verbosity.NORMAL,
    "verbose": Verbosity.VERBOSE, "多": Verbosity.VERBOSE, "详细": Verbosity.VERBOSE,
}  # fmt: skip
_OFF: Final = frozenset({"off", "none", "no", "关", "关闭", "取消", "无", "不要"})
_ZONES: Final = {
    "北京": "Asia/Shanghai",
    "上海": "Asia/Shanghai",
    "中国": "Asia/Shanghai",
    "香港": "Asia/Hong_Kong",
    "台北": "Asia/Taipei",
}
_HOUSE: Final = frozenset({"default", "auto", "默认", "自动"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    """zh or en; empty: their client's."""

    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVerbosity:
    """How much is shown of a turn at work."""

    verbosity: Verbosity


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQuietHours:
    """When not to be disturbed; None: never again."""

    hours: quiet.Hours | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimezone:
    """name: of the time zone database; empty: the one of the machine."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Say how things are shown now."""


Setting = SetLanguage | SetVerbosity | SetQuietHours | SetTimezone | Settings


def lang(rest: str) -> Setting | Wrong:
    typed = _plain(rest)
    if not typed:
        return Settings()
    if typed not in _LANGUAGES:
        return _wrong("lang", rest)
    return SetLanguage(language=_LANGUAGES[typed])


def verbose(rest: str) -> Setting | Wrong:
    typed = _plain(rest)
    if not typed:
        return Settings()
    if typed not in _VERBOSITIES:
        return _wrong("verbose", rest)
    return SetVerbosity(verbosity=_VERBOSITIES[typed])


def quiet_hours(rest: str) -> Setting | Wrong:
    typed = _plain(rest)
    if not typed:
        return Settings()
    if typed in _OFF:
        return SetQuietHours(hours=None)
    hours = quiet.parse(typed)
    return SetQuietHours(hours=hours) if hours else _wrong("quiet", rest)


def timezone(rest: str) -> Setting | Wrong:
    typed = _plain(rest).replace(" ", "_")
    if not typed:
        return Settings()
    if typed in _HOUSE:
        return SetTimezone(name="")
    name = _ZONES.get(typed) or _names().get(typed)
    return SetTimezone(name=name) if name else _wrong("timezone", rest)


def _plain(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).strip().strip("。.!！\"'").lower()


def _wrong(command: str, typed: str) -> Wrong:
    params = {"command": command, "value": typed.strip()[:40]}
    return Wrong(command=command, text="say.bad_setting", params=params, usage=f"usage.{command}")


@cache
def _names() -> dict[str, str]:
    """Every name of the time zone database as it may be typed: without capitals, a city alone if there is only one."""
    known = sorted(available_timezones())
    names = {name.lower(): name for name in known}
    cities: dict[str, set[str]] = {}
    for name in known:
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/")):
            cities.setdefault(name.rsplit("/", 1)[1].lower(), set()).add(name)
    return {**{city: next(iter(named)) for city, named in cities.items() if len(named) == 1}, **names}
