"""The checks of `phonework doctor` that ask Feishu: the app, the clock, and with a phone both subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import click

from phonework.channels.base import Chat
from phonework.cli.checking import Check, bad, note, ok
from phonework.cli.options import make_private
from phonework.clock import SystemClock
from phonework.config import Config
from phonework.errors import ChannelError, StoreError
from phonework.setup import console
from phonework.setup.phone import Visit, connected, heard, offer, tapped
from phonework.store.lock import DirectoryLock

if TYPE_CHECKING:
    from phonework.channels.feishu.api import Api

SKEW_SECONDS: Final = 60
ASK_SECONDS: Final = 30.0


async def credentials(config: Config) -> list[Check]:
    """The credentials, the bot behind them, the clock, and what the app may do."""
    secret = config.feishu.app_secret
    if not config.feishu.app_id or not secret.get_secret_value():
        return [bad("feishu", "no app_id or app_secret", "docs/feishu-setup.md says where to find them")]
    from phonework.channels.feishu.api import Api, Call
    from phonework.channels.feishu.untrusted import mapping, parse, string

    api = Api(config.feishu.app_id, secret, config.feishu.domain)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            answer = await api.raw(Call(method="GET", path="/open-apis/bot/v3/info", changes=False))
    except TimeoutError:
        return [bad("feishu", f"{config.feishu.domain} does not answer", "check the network and [feishu] domain")]
    except ChannelError as error:
        remedy = (
            error.hint or "compare [feishu] app_id and app_secret with the developer console; see docs/feishu-setup.md"
        )
        return [bad("feishu", str(error), remedy)]
    bot = mapping(parse(answer.content).get("bot"))
    name = string(bot.get("app_name"))
    found = [ok("feishu", f"credentials accepted; the bot is {name or 'nameless'} ({string(bot.get('open_id'))})")]
    found += _skew(next((value for name, value in answer.headers.items() if name.lower() == "date"), ""))
    return [*found, *(await _scopes(api, config.feishu.domain))]


async def _scopes(api: Api, domain: str) -> list[Check]:
    """The permissions that were granted, against those PhoneWork uses."""
    from phonework.channels.feishu.scopes import granted

    try:
        async with asyncio.timeout(ASK_SECONDS):
            asked = await granted(api)
    except TimeoutError:
        return [note("scopes", "could not be listed: no answer", "try again")]
    except ChannelError as error:
        return [note("scopes", f"could not be listed: {error}", error.hint or "is a version of the app published?")]
    return judged(asked, domain)


def judged(asked: Mapping[str, bool], domain: str) -> list[Check]:
    """What is missing by name, with its purpose. asked: what the app asks for, and whether that was granted."""
    if not asked:
        return [note("scopes", "could not be listed: Feishu names none", "compare them with docs/feishu-setup.md")]
    has = {name for name, is_granted in asked.items() if is_granted}
    found: list[Check] = []
    for name, needed, verdict in (("scopes", True, bad), ("wished scopes", False, note)):
        wanted = [scope for scope in console.SCOPES if scope.needed is needed]
        lacking = [(scope, scope.missing(has)) for scope in wanted]
        missing = [one for _, names in lacking for one in names]
        if missing:
            said = "; ".join(f"{', '.join(names)} ({scope.purpose})" for scope, names in lacking if names)
            found.append(verdict(name, f"not granted: {said}", console.grant(domain, missing, asked=asked)))
        else:
            found.append(ok(name, ", ".join(one for scope in wanted for one in scope.names if one in has) or "granted"))
    return found


def _skew(date: str) -> list[Check]:
    """The server's clock against ours; its header has whole seconds."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return [note("clock", "the server does not tell its time")]
    seconds = (datetime.now(UTC) - theirs).total_seconds()
    if abs(seconds) <= SKEW_SECONDS:
        return [ok("clock", "agrees with the server's to the minute")]
    way = "ahead" if seconds > 0 else "behind"
    return [
        bad("clock", f"{abs(seconds):.0f} s {way} of the server's: messages would seem too old or answers too early",
             "set the clock, for example with `timedatectl set-ntp true`")
    ]  # fmt: skip


async def by_phone(config: Config, wait_s: float) -> list[Check]:
    """A card to the first person who is listed; their tap and a message show that both subscriptions are live.

    What to do is said on stderr. Not while a server runs: each event goes to one of two clients, at random.
    """
    user = next((one for one in (*config.access.admins, *config.access.allow) if one != "*"), "")
    if not user:
        return [bad("phone", "nobody is listed who could be written to", "`phonework init` pairs the first person")]
    if not config.feishu.app_id or not config.feishu.app_secret.get_secret_value():
        return [bad("phone", "not tried, without credentials")]
    try:
        make_private(config.server.data_dir)
        with DirectoryLock(config.server.data_dir, SystemClock()):
            return await _talk(config, user, wait_s)
    except StoreError as error:
        return [
            bad("phone", f"not tried: {error}", "stop the server first; Feishu gives each event to one client only")
        ]
    except ChannelError as error:
        return [bad("phone", str(error), error.hint)]


async def _talk(config: Config, user: str, wait_s: float) -> list[Check]:
    from phonework.channels.feishu.channel import FeishuChannel

    channel = FeishuChannel(config.feishu.app_id, config.feishu.app_secret, config.feishu.domain)
    visit = Visit(language=config.ui.language, user=user)
    async with connected(channel, visit):
        await offer(channel, visit, user, Chat(channel=channel.name, chat_id=user), write=True)
        click.echo(f"A card was sent to {user}: tap its button, then send the bot /help.", err=True)
        tap, message = await asyncio.gather(tapped(visit, wait_s), heard(visit, wait_s))
    return [
        ok("callbacks", "a tap arrived")
        if tap
        else bad("callbacks", f"no tap within {wait_s:g} s", console.missing_callbacks()),
        ok("events", "a message arrived")
        if message
        else bad("events", f"no message within {wait_s:g} s", console.missing_events()),
    ]
