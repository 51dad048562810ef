"""Which web addresses may be fetched: http and https, on the public internet. Pure: names are looked up elsewhere.

Source: the special-purpose address registries of IANA (RFC 6890 and those after it); WHATWG URL, "host parsing", on numbers.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from phonework.errors import RefusedError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL: Final = 2_000
PORTS: Final = frozenset({80, 443})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SHOWN: Final = 200

_CLOSED_V4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32",  # a public number that leads to the host itself in Azure
        ),
    )
)  # fmt: skip
_OPEN_V6: Final = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        # 2001::/23 holds Teredo, 2002::/16 is 6to4: both carry an IPv4 address that somebody else unpacks.
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@%/\\]+)(?::(?P<port>[0-9]{0,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BARE: Final = re.compile(r"[^\s/:@?#\\]+\.[^\s/:@?#\\.]+(?:[/?#].*)?")
_INNER_NAMES: Final = frozenset({"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "arpa", "onion", "test"})  # fmt: skip
_PATH: Final = "%/:@!$&'()*+,;=~-._|^[]{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A web address taken apart. host: ASCII, lower case; literal: when it is a number itself. target: path and query."""

    scheme: str
    host: str
    port: int
    target: str
    literal: IP | None = None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if isinstance(self.literal, ipaddress.IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, ip: IP) -> str:
        """The URL with this number in place of the name."""
        host = f"[{ip}]" if isinstance(ip, ipaddress.IPv6Address) else str(ip)
        return f"{self.scheme}://{host}:{self.port}{self.target}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def is_public(ip: IP) -> bool:
    """Whether the number belongs to somebody on the internet, and to nobody nearer."""
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _CLOSED_V4)
    if ip in _NAT64:  # a gateway unpacks it: it is what it holds
        return is_public(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return ip.scope_id is None and ip in _OPEN_V6 and not any(ip in network for network in _CLOSED_V6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be connected to. Anything but the default is for tests, whose servers are on loopback."""

    addresses: Callable[[IP], bool] = is_public
    ports: Callable[[int], bool] = PORTS.__contains__


def check(typed: str, reach: Reach) -> Address:
    """The address, if as much as can be seen of it may be fetched. Raises RefusedError; nothing else."""
    address = parse(typed)
    if not reach.ports(address.port):
        raise refused("web_port", str(address), port=str(address.port))
    if address.literal is not None and not reach.addresses(address.literal):
        raise refused("web_private", str(address))
    return address


def followed(address: Address, location: str) -> str:
    """Where a redirect leads, as a URL that is not checked yet."""
    try:
        return urljoin(str(address), location.strip())
    except ValueError:
        return location


def parse(typed: str) -> Address:
    """The address taken apart. A bare `example.com/x` is taken for https. Raises RefusedError."""
    url = typed.strip()
    if len(url) > MAX_URL or any(_is_odd(each) for each in url):
        raise refused("web_not_an_address", typed)
    if _BARE.fullmatch(url):
        url = f"https://{url}"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise refused("web_not_an_address", typed) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        is_another = parts.scheme not in _DEFAULT_PORTS and "://" in url
        raise refused("web_scheme" if is_another else "web_not_an_address", typed)
    host, port = _authority(parts.netloc, typed)
    target = quote(parts.path, safe=_PATH) or "/"
    target += f"?{quote(parts.query, safe=_PATH + '?')}" if parts.query else ""
    literal = _literal(host, typed)
    return Address(
        scheme=parts.scheme,
        host=str(literal) if literal is not None else _name(host, typed),
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        target=target,
        literal=literal,
    )


def refused(key: str, url: str, **params: str) -> RefusedError:
    shown = "".join("�" if _is_odd(each) or each == "`" else each for each in url.strip()[:_SHOWN])
    return RefusedError(key, url=shown, **params)


def _is_odd(each: str) -> bool:
    return each.isspace() or each == "\\" or unicodedata.category(each)[0] == "C"


def _authority(netloc: str, typed: str) -> tuple[str, int | None]:
    """Host, in one way of writing, and port. With a user name it is refused: it may be there to deceive."""
    found = _AUTHORITY.fullmatch(netloc)
    if found is None:
        raise refused("web_not_an_address", typed)
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise refused("web_not_an_address", typed)
    host = unicodedata.normalize("NFKC", found["host"]).replace("。", ".").lower().removesuffix(".")
    return host, port


def _literal(host: str, typed: str) -> IP | None:
    """The number that the host is. One in a way of writing that programs read differently is refused."""
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        if not _NUMBER.fullmatch(host.rpartition(".")[2]):
            return None
        return ipaddress.IPv4Address(host)
    except ValueError as error:
        raise refused("web_not_an_address", typed) from error


def _name(host: str, typed: str) -> str:
    """The name in ASCII. One that only a network of one's own knows is refused before anybody is asked for it."""
    import idna

    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii").lower()
    except ValueError as error:  # IDNAError is one
        raise refused("web_not_an_address", typed) from error
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or _NUMBER.fullmatch(labels[-1]):
        raise refused("web_not_an_address", typed)
    if len(labels) < 2 or labels[-1] in _INNER_NAMES:
        raise refused("web_private", typed)
    return name
