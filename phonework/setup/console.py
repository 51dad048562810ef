"""What is to be set in Feishu's developer console: `init`, `doctor` and docs/feishu-setup.md all say it from here."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

CONSOLES: Final = {"https://open.larksuite.com": "https://open.larksuite.com/app"}
CONSOLE: Final = "https://open.feishu.cn/app"


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission of the app. names: all of them are needed for the purpose; needed: nothing works without.

    instead: finer ones, all of which together do as well.
    """

    purpose: str
    names: tuple[str, ...]
    needed: bool = True
    instead: tuple[str, ...] = ()

    def missing(self, granted: Collection[str]) -> tuple[str, ...]:
        """Which names are not among those granted."""
        if self.instead and all(name in granted for name in self.instead):
            return ()
        return tuple(name for name in self.names if name not in granted)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One of the console's two lists, and what has to stand in it, received by long connection. wished: works without it, too."""

    name: str
    entry: str
    wished: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        return tuple(one for one in (self.entry, self.wished) if one)


SCOPES: Final = (
    Scope("private messages to the bot", ("im:message.p2p_msg:readonly",)),
    Scope("messages in groups that mention the bot", ("im:message.group_at_msg:readonly",)),
    Scope(
        "sending, replying, updating cards, reading what was missed, fetching pictures and files",
        ("im:message",),
        instead=("im:message:send_as_bot", "im:message:update", "im:message:readonly"),
    ),
    Scope("sending pictures and files", ("im:resource",)),
    Scope(
        "people's names, if you like: `phonework inspect Ada` works then",
        ("contact:contact.base:readonly", "contact:user.base:readonly"),
        needed=False,
    ),
    Scope(
        "the language of each person's Feishu, if you like; without it people choose with `/lang`",
        ("im:user_agent:read",),
        needed=False,
    ),
    Scope(
        "the agent's words as they are written, if you like; without it the card is brought up to date once a second",
        ("cardkit:card:write",),
        needed=False,
    ),
)
EVENTS: Final = Subscription("Event configuration", "im.message.receive_v1", wished="im.message.recalled_v1")
CALLBACKS: Final = Subscription("Callback configuration", "card.action.trigger")


def address(domain: str) -> str:
    """The console of the cloud at this domain."""
    return CONSOLES.get(domain, CONSOLE)


def steps(domain: str) -> tuple[str, ...]:
    """What to do before anything can connect, a line each."""
    needed = [name for scope in SCOPES if scope.needed for name in scope.names]
    wished = [name for scope in SCOPES if not scope.needed for name in scope.names]
    return (
        f"1. {address(domain)}: create a self-built app.",
        "2. Add features: Bot.",
        "3. Permissions & scopes, all of: " + ", ".join(needed),
        "   and if you like, for names, languages and words as they are written: " + ", ".join(wished),
        "4. Availability range: yourself, and whoever else is to use it. Then create a version and publish it:",
        "   scopes take effect only then.",
        "5. Credentials: App ID and App Secret are asked for below.",
    )


def grant(domain: str, missing: Collection[str], *, asked: Collection[str] = ()) -> str:
    """How to get permissions that are missing. asked: those the app asks for already."""
    absent = [name for name in missing if name not in asked]
    how = f"add {', '.join(absent)} under Permissions & scopes in {address(domain)}, then " if absent else ""
    return f"{how}create a version and publish it; it takes effect when it is approved"


def list_steps() -> tuple[str, ...]:
    """What the console saves only while a client is connected."""
    return tuple(
        f"{one.name}: receive through long connection, add {' and '.join(one.entries)}, save."
        for one in (EVENTS, CALLBACKS)
    )


def missing_events() -> str:
    """What to look at when nothing arrives."""
    return (
        f"{EVENTS.name} must say long connection and hold {EVENTS.entry}; {SCOPES[0].names[0]} must be granted, a version "
        "with both published, you in its availability range, and no other program connected with this app"
    )


def missing_callbacks() -> str:
    """What to look at when messages arrive and taps do not."""
    return (
        f"{CALLBACKS.name} must say long connection and hold {CALLBACKS.entry}; without it the phone shows error 200340. "
        "Save it while a client is connected, and publish a version if the console asks for one"
    )


def scopes_table() -> str:
    """Markdown, for the documentation."""
    rows = (f"| {scope.purpose} | {' and '.join(f'`{name}`' for name in scope.names)} |" for scope in SCOPES)
    return "\n".join(("| for | scope |", "| --- | --- |", *rows))


def lists_table() -> str:
    """Markdown, for the documentation."""
    rows = (
        f"| *{one.name}* | long connection | {' and '.join(f'`{entry}`' for entry in one.entries)} |"
        for one in (EVENTS, CALLBACKS)
    )
    return "\n".join(("| list | how it is received | what to add |", "| --- | --- | --- |", *rows))
