"""Pages that lead inward, round in circles, or never end: the assistant is told in one sentence and nothing stays open (A6)."""

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from phonework.testing.fake_openai import Asked, FakeOpenAI, Reply, call, say
from phonework.testing.fake_site import Site, served
from phonework.testing.person import Person
from phonework.testing.phone import Phone
from phonework.testing.server import Server

PUBLIC, INNER = "93.184.215.14", "10.0.0.1"
PAGE = "http://pages.example/"


def repeat(asked: Asked) -> Reply | None:
    """The model says what its tool said."""
    return say(asked.last["content"]) if asked.last.get("role") == "tool" else None


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with served() as site:
        yield site


@pytest.fixture
async def model() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI(rules=[repeat]) as model:
        yield model


@pytest.fixture
async def ada(idle_server: Server, phone: Phone, model: FakeOpenAI, site: Site) -> Person:
    """Somebody with an assistant, at a server whose internet is this site; `turning.example` has two answers."""
    idle_server.settings |= {
        "ASSISTANT__BASE_URL": model.base_url,
        "ASSISTANT__MODEL": "glm-4.6",
        "ASSISTANT__RETRIES": "0",
    }
    names = {"pages.example": [[PUBLIC]], "turning.example": [[PUBLIC], [INNER]]}
    idle_server.internet = {"names": names, "routes": {PUBLIC: site.port, INNER: site.port}}
    idle_server.constants["phonework.web.fetching:WITHIN"] = 1
    await idle_server.start()
    return Person(phone)


async def reads(ada: Person, model: FakeOpenAI, url: str) -> None:
    """The person names a page, and the model reads it."""
    model.will([call("read_page", {"url": url})])
    await ada.says(f"please tell me what is on {url}")


async def nothing_is_left(server: Server, site: Site) -> None:
    """The turn has ended, and no connection to the site is open at either end."""
    await server.at_rest()
    async with asyncio.timeout(5):
        while site.open_connections:
            await site.closed.wait()
    assert server.child is not None
    places = psutil.Process(server.child.pid).net_connections()
    assert [place for place in places if place.raddr and place.raddr.port == site.port] == []
    assert [row["state"] for row in server.rows("SELECT state FROM session WHERE companion != 0")] == ["idle"]


def connected(server: Server) -> list[str]:
    """Every number outside of this machine that the program connected to."""
    assert server.child is not None
    return [line["connected_to"] for line in server.child.log() if "connected_to" in line]


async def test_a_page_is_read(ada: Person, idle_server: Server, model: FakeOpenAI, site: Site) -> None:
    site.says("/", b"<p>The bees dance.</p>")
    await reads(ada, model, PAGE)

    await ada.sees("The bees dance.")
    await nothing_is_left(idle_server, site)
    assert connected(idle_server) == [PUBLIC]


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://127.0.0.1/"]
)
async def test_a_page_that_leads_inward_is_refused(
    ada: Person, idle_server: Server, model: FakeOpenAI, site: Site, location: str
) -> None:
    site.redirects("/", location)
    await reads(ada, model, PAGE)

    await ada.sees(f"`{location}` leads into a private network or to this machine, so it was not opened.")
    await nothing_is_left(idle_server, site)
    assert connected(idle_server) == [PUBLIC]


async def test_a_name_that_turns_inward_gains_nothing(
    ada: Person, idle_server: Server, model: FakeOpenAI, site: Site
) -> None:
    """It is looked up once for each page, and the connection goes where it was checked to lead."""
    site.redirects("/", "/again")
    site.says("/again", b"<p>the secrets of the router</p>")
    await reads(ada, model, "http://turning.example/")

    await ada.sees("`http://turning.example/again` leads into a private network or to this machine")
    await nothing_is_left(idle_server, site)
    assert connected(idle_server) == [PUBLIC]
    assert len(site.requests) == 1


async def test_a_page_that_is_sent_on_for_ever_is_given_up(
    ada: Person, idle_server: Server, model: FakeOpenAI, site: Site
) -> None:
    site.redirects("/", "/")
    await reads(ada, model, PAGE)

    await ada.sees("`http://pages.example/` was sent on more than 5 times and was given up.")
    await nothing_is_left(idle_server, site)


async def test_a_page_that_never_ends_is_read_in_part(
    ada: Person, idle_server: Server, model: FakeOpenAI, site: Site
) -> None:
    async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"for ever and ever\n" * 1000)
            await writer.drain()

    site.answers["/"] = endless
    model.will([call("read_page", {"url": PAGE})], say("It goes on for ever."))
    await ada.says(f"please tell me what is on {PAGE}")

    await ada.sees("It goes on for ever.")
    assert "part 1 of " in model.requests[-1].last["content"]
    assert len(model.requests[-1].last["content"]) < 40_000
    await nothing_is_left(idle_server, site)


async def test_a_page_that_says_nothing_more_is_given_up(
    ada: Person, idle_server: Server, model: FakeOpenAI, site: Site
) -> None:
    site.begins("/", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nOnce upon a time")
    await reads(ada, model, PAGE)

    await ada.sees("`http://pages.example/` took longer than 1 s and was given up.")
    await nothing_is_left(idle_server, site)


async def test_stop_ends_what_is_being_read(ada: Person, idle_server: Server, model: FakeOpenAI, site: Site) -> None:
    idle_server.constants.clear()
    await idle_server.kill()
    await idle_server.start()
    site.begins("/")
    await reads(ada, model, PAGE)
    await asyncio.wait_for(site.asked.wait(), 20)
    await ada.presses(await ada.live_turn(), "Stop")

    await ada.sees("stopped")
    await nothing_is_left(idle_server, site)
