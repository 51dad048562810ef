"""A page is fetched from where it was checked to be, and whatever it does ends in one sentence (A6)."""

import asyncio
import gzip
import ssl
import time
import zlib

import pytest
import trustme

from phonework import texts
from phonework.errors import RefusedError
from phonework.testing.fake_site import Site, served
from phonework.web.addresses import Reach
from phonework.web.fetching import MOST_BYTES, MOST_REDIRECTS, Fetched, Fetcher

from .conftest import Names, fetcher


async def refusal(url: str, with_: Fetcher | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        await (with_ or fetcher()).fetch(url)
    error = caught.value
    said = texts.text("en", f"say.{error.text}", **error.params)
    assert "?" not in said.replace("/?", "")
    assert "\n" not in said
    return error.text


def at(site: Site, path: str = "/", host: str = "pages.example") -> str:
    return f"http://{host}:{site.port}{path}"


async def test_a_page_comes_with_what_it_is(site: Site) -> None:
    site.says("/a?b=1", "<p>好</p>".encode("gbk"), "Text/HTML; Charset=GBK")

    found = await fetcher().fetch(at(site, "/a?b=1#c"))

    assert found == Fetched(url=at(site, "/a?b=1"), kind="text/html", charset="GBK", body="<p>好</p>".encode("gbk"))
    assert f"Host: pages.example:{site.port}\r\n" in site.requests[0]
    assert "cookie" not in site.requests[0].lower()


async def test_the_name_is_looked_up_once_and_the_connection_goes_where_it_was_checked(site: Site) -> None:
    """DNS rebinding: the second answer would lead inside."""
    site.says("/", b"x")
    names = Names(pages_example=[["127.0.0.1"], ["10.0.0.1"]])

    await fetcher(names).fetch(at(site))

    assert names.asked == ["pages.example"]
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "numbers",
    [
        ["10.0.0.1"],
        ["127.0.0.1", "192.168.1.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["fd00::1"],
        ["2002:a00:1::"],
    ],
)
async def test_a_name_with_a_private_number_is_refused_before_anything_is_sent(site: Site, numbers: list[str]) -> None:
    assert await refusal(at(site), fetcher(Names(pages_example=[numbers]))) == "web_private"
    assert site.requests == []


async def test_in_the_product_loopback_is_private_and_other_ports_are_closed(site: Site) -> None:
    names = Names(pages_example=[["127.0.0.1"]])

    assert await refusal("http://pages.example/", fetcher(names, reach=Reach())) == "web_private"
    assert await refusal(at(site), fetcher(names, reach=Reach())) == "web_port"
    assert await refusal(f"http://127.0.0.1:{site.port}/", Fetcher()) == "web_port"
    assert await refusal("http://127.0.0.1/", Fetcher()) == "web_private"
    assert await refusal("http://localhost/", Fetcher()) == "web_private"
    assert site.requests == []


async def test_redirects_are_followed_and_each_is_checked(site: Site) -> None:
    site.redirects("/a", "/b", 301)
    site.redirects("/b", f"//other.example:{site.port}/c", 307)
    site.says("/c", b"there")
    names = Names(pages_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])

    found = await fetcher(names).fetch(at(site, "/a"))

    assert (found.url, found.body) == (at(site, "/c", "other.example"), b"there")
    assert names.asked == ["pages.example", "pages.example", "other.example"]


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("http://169.254.169.254/latest/meta-data/", "web_private"),
        ("http://[::ffff:169.254.169.254]/", "web_private"),
        ("http://2852039166/", "web_not_an_address"),
        ("http://inside.example/", "web_private"),
        ("http://metadata.google.internal/", "web_private"),
        ("http://localhost/", "web_private"),
        ("file:///etc/passwd", "web_scheme"),
        ("http://user:pass@pages.example/", "web_not_an_address"),
        ("gopher://pages.example/", "web_scheme"),
        ("http://nowhere.example/", "web_no_such_host"),
        ("http://[::1", "web_not_an_address"),
    ],
)
async def test_a_redirect_leads_nowhere_that_is_not_public(site: Site, location: str, key: str) -> None:
    site.redirects("/", location)
    names = Names(pages_example=[["127.0.0.1"]], inside_example=[["10.1.2.3"]])

    assert await refusal(at(site), fetcher(names)) == key
    assert len(site.requests) == 1


async def test_a_name_that_turns_inward_on_the_second_hop_is_refused(site: Site) -> None:
    site.redirects("/", "/again")
    names = Names(pages_example=[["127.0.0.1"], ["10.0.0.1"]])

    assert await refusal(at(site), fetcher(names)) == "web_private"
    assert len(site.requests) == 1


async def test_redirects_end(site: Site) -> None:
    site.redirects("/", "/")

    assert await refusal(at(site)) == "web_redirects"
    assert len(site.requests) == MOST_REDIRECTS + 1


async def test_a_redirect_takes_no_cookie_along(site: Site) -> None:
    site.says("/", b"", status=302, Location="/b", Set_Cookie="session=1")
    site.says("/b", b"x")

    await fetcher().fetch(at(site))

    assert "session" not in site.requests[1]


async def test_a_page_that_never_ends_is_cut(site: Site) -> None:
    async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"for ever and ever\n" * 1000)
            await writer.drain()

    site.answers["/"] = endless
    found = await fetcher().fetch(at(site))

    assert found.cut
    assert len(found.body) == MOST_BYTES
    await asyncio.wait_for(site.closed.wait(), 5)
    assert site.open_connections == 0


@pytest.mark.parametrize("where", ["status", "headers", "body"])
async def test_a_page_that_drips_is_given_up(site: Site, where: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

    async def drips(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write({"status": b"HTTP/1.1 ", "headers": head, "body": head + b"\r\n"}[where])
        while True:
            writer.write({"status": b" ", "headers": b"X-A: b\r\n", "body": b"."}[where])
            await writer.drain()
            await asyncio.sleep(0.02)

    site.answers["/"] = drips
    began = time.monotonic()

    assert await refusal(at(site), fetcher(within=0.5)) == "web_slow"
    assert time.monotonic() - began < 3
    await asyncio.wait_for(site.closed.wait(), 5)


async def test_a_name_that_is_never_found_out_is_given_up() -> None:
    async def never(_host: str, _port: int) -> list[object]:
        await asyncio.Event().wait()
        return []

    assert await refusal("http://pages.example/", fetcher(never, within=0.2)) == "web_slow"  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_bomb_is_not_unpacked_whole(site: Site, layers: int) -> None:
    packed = gzip.compress(b"\0" * 60_000_000)
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    site.says("/", packed, Content_Encoding=", ".join(["gzip"] * layers))

    found = await fetcher().fetch(at(site))

    assert found.cut
    assert len(found.body) == MOST_BYTES


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\0\0",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnot-g",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Encoding: " + b"gzip, " * 50 + b"gzip\r\nContent-Length: 1\r\n\r\nx",
    ],
)
async def test_what_is_no_sensible_answer_is_said_to_be_so(site: Site, raw: bytes) -> None:
    site.sends("/", raw)

    assert await refusal(at(site)) == "web_broken"


async def test_an_error_of_the_server_is_told(site: Site) -> None:
    site.says("/", b"gone", status=410)

    assert await refusal(at(site)) == "web_status"


async def test_nobody_there_is_told_and_the_next_number_is_tried(site: Site) -> None:
    site.says("/", b"x")
    names = Names(pages_example=[["127.0.0.2", "127.0.0.1"]])
    reach = Reach(addresses=lambda ip: str(ip).startswith("127.0.0."), ports=lambda _port: True)

    assert (await fetcher(names, reach=reach).fetch(at(site))).body == b"x"
    assert await refusal(at(site), fetcher(Names(pages_example=[["127.0.0.2"]]), reach=reach)) == "web_unreachable"
    assert await refusal("http://nothing.example/") == "web_no_such_host"


async def test_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.says("/", b"x")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert (await fetcher().fetch(at(site))).body == b"x"


async def test_a_certificate_is_for_the_name_and_not_for_the_number(authority: trustme.CA) -> None:
    served_with, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("pages.example").configure_cert(served_with)
    authority.configure_trust(trusting)
    names = Names(pages_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    async with served(served_with) as site:
        site.says("/", b"safe")
        trusted = fetcher(names, tls=trusting)

        found = await trusted.fetch(f"https://pages.example:{site.port}/")
        assert found.body == b"safe"
        assert await refusal(f"https://other.example:{site.port}/", trusted) == "web_tls"
        assert await refusal(f"https://127.0.0.1:{site.port}/", trusted) == "web_tls"
        assert await refusal(f"https://pages.example:{site.port}/", fetcher(names)) == "web_tls"
        assert len(site.requests) == 1


async def test_giving_up_waiting_ends_the_connection(site: Site) -> None:
    came = asyncio.Event()

    async def goes_on(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            came.set()
            await asyncio.sleep(0)

    site.answers["/"] = goes_on
    task = asyncio.create_task(fetcher().fetch(at(site)))
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await asyncio.wait_for(site.closed.wait(), 5)


async def test_bare_deflate_is_understood(site: Site) -> None:
    site.says("/", zlib.compress(b"words"), Content_Encoding="deflate")

    assert (await fetcher().fetch(at(site))).body == b"words"
