"""Getting one page: each hop is checked, and the connection goes to the very number that was checked.

A name is looked up once, all its numbers are judged, and the request goes to one of them with the name in the Host header and
in the TLS handshake: a name that answers differently the next time (DNS rebinding) gains nothing. Proxies of the environment
are not used, because behind one it would be the proxy that looks names up.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from phonework.errors import RefusedError
from phonework.web.addresses import IP, Address, Reach, check, followed, refused

if TYPE_CHECKING:
    import httpx2

MOST_BYTES: Final = 2 * 1024 * 1024
MOST_REDIRECTS: Final = 5
MOST_NUMBERS: Final = 2
"""Of a name's numbers so many are tried of each kind, one after another: one kind may not work here at all."""
WITHIN: Final = timedelta(seconds=20)
CONNECT_WITHIN: Final = timedelta(seconds=5)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AGENT: Final = "Mozilla/5.0 (compatible; PhoneWork; a person asked for this page)"

Resolve = Callable[[str, int], Awaitable[Sequence[IP]]]
"""The numbers of a name. Raises OSError when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came. url: after redirects. kind: media type, lower case, perhaps empty. cut: there was more."""

    url: str
    kind: str
    charset: str
    body: bytes
    cut: bool = False


async def resolve_by_system(host: str, port: int) -> Sequence[IP]:
    """As every program on this machine does it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(place[0]) for *_, place in found))


class Fetcher:
    """Fetches pages. reach, resolve and tls differ from the default in tests only. most_bytes: of a page, unpacked."""

    def __init__(
        self,
        *,
        reach: Reach | None = None,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | None = None,
        within: timedelta | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._reach, self._resolve, self._tls = reach or Reach(), resolve, tls
        self._within, self._most_bytes = within or WITHIN, most_bytes

    async def fetch(self, url: str) -> Fetched:
        """The page, and no more of it than the limit. Raises RefusedError, and takes no longer than `within`."""
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await self._followed(url)
        except TimeoutError as error:
            raise refused("web_slow", url, seconds=f"{self._within.total_seconds():g}") from error

    def checked(self, url: str) -> Address:
        """The address, as far as it can be judged without asking anybody. Raises RefusedError."""
        return check(url, self._reach)

    async def _followed(self, url: str) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            address = check(url, self._reach)
            async with self._answered(address) as response:
                location = response.headers.get("location", "")
                if response.status_code not in _REDIRECTS or not location:
                    return await self._read(response, address)
            url = followed(address, location)
        raise refused("web_redirects", url, count=str(MOST_REDIRECTS))

    async def _numbers(self, address: Address) -> Sequence[IP]:
        """Where to connect. One number that is not public is enough to refuse the name: it is not what it seems."""
        if address.literal is not None:
            return (address.literal,)
        try:
            numbers = await self._resolve(address.host, address.port)
        except (OSError, ValueError) as error:
            raise refused("web_no_such_host", str(address), host=address.host) from error
        if not all(map(self._reach.addresses, numbers)):
            raise refused("web_private", str(address))
        if not numbers:
            raise refused("web_no_such_host", str(address), host=address.host)
        return [number for version in (4, 6) for number in _of(version, numbers)]

    @contextlib.asynccontextmanager
    async def _answered(self, address: Address) -> AsyncIterator["httpx2.Response"]:
        """The response, its body still to be read. A number that cannot be reached leads to the next."""
        import httpx2

        numbers = await self._numbers(address)
        async with self._client() as client:
            response = await self._first(client, address, numbers)
            try:
                yield response
            except (httpx2.HTTPError, httpx2.StreamError) as error:
                raise refused("web_broken", str(address), host=address.host) from error
            finally:
                await response.aclose()

    async def _first(self, client: "httpx2.AsyncClient", address: Address, numbers: Sequence[IP]) -> "httpx2.Response":
        import httpx2

        problem: RefusedError | None = None
        for number in numbers:
            request = client.build_request(
                "GET",
                address.at(number),
                headers={"Host": address.authority},
                extensions={"sni_hostname": address.host},
            )
            try:
                return await client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                problem = _unreachable(address, error)
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
                raise refused("web_broken", str(address), host=address.host) from error
        assert problem is not None
        raise problem

    def _client(self) -> "httpx2.AsyncClient":
        """One for each hop: nothing of one page, no cookie and no connection, gets to the next."""
        import httpx2

        if self._tls is None:
            self._tls = httpx2.create_ssl_context()
        whole, connect = self._within.total_seconds(), CONNECT_WITHIN.total_seconds()
        return httpx2.AsyncClient(
            verify=self._tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(whole, connect=connect),
            headers={"User-Agent": _AGENT, "Accept": "text/html,text/*;q=0.9,*/*;q=0.5", "Accept-Encoding": "gzip"},
        )

    async def _read(self, response: "httpx2.Response", address: Address) -> Fetched:
        if response.status_code >= 400:
            raise refused("web_status", str(address), status=str(response.status_code))
        body = bytearray()
        async with contextlib.aclosing(response.aiter_bytes()) as parts:
            async for part in parts:  # unpacked in small pieces, so that a bomb is not unpacked whole
                body += part
                if len(body) > self._most_bytes:
                    break
        kind, _, parameters = response.headers.get("content-type", "").partition(";")
        return Fetched(
            url=str(address),
            kind=kind.strip().lower()[:100],
            charset=_charset(parameters),
            body=bytes(body[: self._most_bytes]),
            cut=len(body) > self._most_bytes,
        )


def _of(version: int, numbers: Sequence[IP]) -> Sequence[IP]:
    return [number for number in numbers if number.version == version][:MOST_NUMBERS]


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \t\"'")[:40]
    return ""


def _unreachable(address: Address, error: Exception) -> RefusedError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return refused("web_tls", str(address), host=address.host)
        cause = cause.__cause__ or cause.__context__
    return refused("web_unreachable", str(address), host=address.host)
