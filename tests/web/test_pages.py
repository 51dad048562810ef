"""Pages as text, whatever they are made of."""

import importlib.util
from collections.abc import Callable
from datetime import timedelta

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.errors import RefusedError
from phonework.testing.fake_metaso import KEY, FakeMetaso
from phonework.testing.fake_site import Site
from phonework.web import extract, pages, service
from phonework.web.charsets import decode
from phonework.web.fetching import Fetched
from phonework.web.metaso import Metaso
from phonework.web.pages import text_of
from phonework.web.service import Web

from .conftest import Names, fetcher

ARTICLE = (
    b"<!doctype html><html><head><title>Bees &amp; co</title><script>alert(1)</script></head><body><nav><a href='/home'>Home</a></nav>"
    b"<article><h1>On bees</h1>" + b"<p>Bees are insects that make honey, and they live together in large numbers.</p>" * 6
    + b"<p>See <a href='/more?x=1'>the rest</a>.</p></article><footer>imprint</footer></body></html>"
)  # fmt: skip


def fetched(body: bytes, kind: str = "text/html", charset: str = "", cut: bool = False) -> Fetched:
    return Fetched(url="https://example.org/a", kind=kind, charset=charset, body=body, cut=cut)


async def refusal(one: Fetched) -> str:
    with pytest.raises(RefusedError) as caught:
        await text_of(one)
    return caught.value.text


async def test_an_article_is_told_from_what_surrounds_it() -> None:
    page = await text_of(fetched(ARTICLE))

    assert page.title == "Bees & co"
    assert "Bees are insects" in page.text
    assert "[the rest](https://example.org/more?x=1)" in page.text
    assert "alert" not in page.text
    assert "imprint" not in page.text


async def test_without_the_extra_all_words_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "knows_main_text", lambda: False)

    page = await text_of(fetched(ARTICLE))

    assert "Bees are insects" in page.text
    assert "the rest (https://example.org/more?x=1)" in page.text
    assert "imprint" in page.text
    assert "alert" not in page.text


def test_the_extra_is_installed_for_these_tests() -> None:
    assert importlib.util.find_spec("trafilatura")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<p>b", "a\n\nb"),
        ("a<br>b<li>c</li>", "a\nb\nc"),
        ("<head><title>t</title></head>x &lt;y&gt; &#8364;", "x <y> €"),
        ("<style>p{}</style>a<script>if (a < b) {}</script>b", "ab"),
        ("<a href='javascript:x'>a</a> <a href='#top'>b</a> <a>c</a>", "a b c"),
        ("<svg><text>no</text></svg>yes", "yes"),
        ("<a href='http://[bad'>a</a>", "a"),
        ("", ""),
        ("<", "<"),
        ("a<![CDATA[b]]>c<![endif]>d<![;e", "ab]]>cd"),
    ],
)
def test_plain_text_of_html(html: str, text: str) -> None:
    assert extract.plain_text(html, "https://example.org/") == text


@given(st.text(st.sampled_from("<>/abp !-&;\"'=[]CDAT"), max_size=200))
def test_no_html_raises(html: str) -> None:
    extract.plain_text(html, "https://example.org/")
    extract.title(html)


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain", "好 words".encode(), "好 words"),
        ("application/json", b'{"a": 1}', '{"a": 1}'),
        ("application/ld+json", b"[]", "[]"),
        ("text/x-python", b"<b>", "<b>"),
        ("", b"just words", "just words"),
        ("application/rss+xml", b"<rss/>", "<rss/>"),
    ],
)
async def test_other_text_is_shown_as_it_is(kind: str, body: bytes, text: str) -> None:
    assert (await text_of(fetched(body, kind))).text == text


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n", "web_not_text"),
        ("application/pdf", b"%PDF-1.7\n", "web_not_text"),
        ("application/octet-stream", b"words", "web_not_text"),
        ("", b"\x7fELF\0\0", "web_not_text"),
        ("text/plain", b"\0\1\2\3", "web_not_text"),
        ("text/plain", b"", "web_empty"),
        ("text/html", b"<html><script>x</script></html>", "web_empty"),
        ("text/html; x" * 50, b"x", "web_not_text"),
    ],
)
async def test_what_is_no_text_is_described(kind: str, body: bytes, key: str) -> None:
    assert await refusal(fetched(body, kind)) == key


async def test_html_is_known_without_a_type() -> None:
    assert "Bees are insects" in (await text_of(fetched(ARTICLE, kind=""))).text
    assert "<script>" not in (await text_of(fetched(ARTICLE, kind=""))).text


@pytest.mark.parametrize(
    "page",
    [b"<div>" * 300_000, b"<p>x" * 200_000, b"<!--" * 300_000, b"<a href='" * 200_000, b"<![CDATA[" * 200_000, b"&" * 2_000_000, b"<\0>" * 300_000],
    ids=["deep", "flat", "comments", "quotes", "cdata", "ampersands", "nul"],
)  # fmt: skip
async def test_a_page_made_to_harm_ends_in_text_or_a_sentence_and_leaves_nothing_running(page: bytes) -> None:
    try:
        await text_of(fetched(page), within=timedelta(seconds=1))
    except RefusedError as error:
        assert error.text in ("web_unreadable", "web_empty")  # noqa: PT017 - either end is good
    running = [one for one in psutil.Process().children() if "phonework.web.extract" in one.cmdline()]
    assert running == []


async def test_the_program_gets_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, dict[str, str]] = {}
    start = pages.asyncio.create_subprocess_exec

    async def noting(*command: str, env: dict[str, str], **more: object) -> object:
        seen["env"] = env
        return await start(*command, env=env, **more)  # type: ignore[arg-type]

    monkeypatch.setenv("PHONEWORK_FEISHU__APP_SECRET", "x")
    monkeypatch.setattr(pages.asyncio, "create_subprocess_exec", noting)
    await text_of(fetched(ARTICLE))

    assert set(seen["env"]) == {"PATH", "PYTHONIOENCODING"}


# Character sets


@pytest.mark.parametrize(
    ("raw", "told", "text"),
    [
        ("你好".encode("gbk"), "gb2312", "你好"),
        ("你好".encode("gbk"), "", "你好"),
        ("你好".encode("big5"), "Big5", "你好"),
        ("こんにちは".encode("shift_jis"), "Shift_JIS", "こんにちは"),
        ("привет".encode("koi8-r"), "KOI8-R", "привет"),
        (b"caf\xe9 \x80", "iso-8859-1", "café €"),
        (b"caf\xe9 ", "", "café "),
        ("你好".encode(), "", "你好"),
        ("你好".encode()[:-1], "", "你�"),
        (b"\xef\xbb\xbf\xe4\xbd\xa0", "gbk", "你"),
        (b"\xff\xfea\0", "utf-8", "a"),
        (b'<meta charset="gbk">' + "好".encode("gbk"), "", '<meta charset="gbk">好'),
        (b"<meta http-equiv=x content='text/html; charset=big5'>" + "好".encode("big5"), "", "<meta http-equiv=x content='text/html; charset=big5'>好"),
        (b'<?xml version="1.0" encoding="GBK"?>' + "好".encode("gbk"), "", '<?xml version="1.0" encoding="GBK"?>好'),
        ("好".encode(), "punycode", "好"),
        ("好".encode(), "unicode_escape", "好"),
        ("好".encode(), "zlib", "好"),
        ("好".encode(), "utf-7", "好"),
        ("好".encode(), "\udcff", "好"),
        ("好".encode(), "x" * 5000, "好"),
        (b"\xff", "utf-8", "�"),
    ],
)  # fmt: skip
def test_pages_of_all_alphabets_are_read(raw: bytes, told: str, text: str) -> None:
    assert decode(raw, told) == text


@given(st.binary(max_size=200), st.text(max_size=20))
def test_no_bytes_and_no_name_of_an_alphabet_raise(raw: bytes, told: str) -> None:
    decode(raw, told)


# The ways to a page


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pages, service):
        monkeypatch.setattr(module, "knows_main_text", lambda: False)


def at(site: Site, path: str = "/") -> str:
    return f"http://pages.example:{site.port}{path}"


async def test_a_page_is_read_without_any_key(site: Site) -> None:
    site.says("/", ARTICLE)

    page = await Web(fetcher=fetcher(), metaso=None).page(at(site))

    assert page.url == at(site)
    assert "Bees are insects" in page.text


@pytest.mark.usefixtures("without_extra")
async def test_without_the_extra_metaso_reads_if_it_can(site: Site) -> None:
    site.says("/", ARTICLE)
    async with FakeMetaso() as api:
        assert "# A page" in (await Web(fetcher=fetcher(), metaso=Metaso(api.url, KEY)).page(at(site))).text
        assert "Bees are" in (await Web(fetcher=fetcher(), metaso=Metaso(api.url, "mk-wrong")).page(at(site))).text


@pytest.mark.parametrize(
    "trouble",
    [
        lambda site: site.says("/", b"no robots", status=403),
        lambda site: site.says("/", b"%PDF", "application/pdf"),
        lambda site: site.says("/", b"<html></html>"),
        lambda site: site.sends("/", b"nonsense"),
    ],
)
async def test_what_cannot_be_read_directly_is_read_by_metaso(site: Site, trouble: Callable[[Site], None]) -> None:
    trouble(site)
    async with FakeMetaso() as api:
        assert "# A page" in (await Web(fetcher=fetcher(), metaso=Metaso(api.url, KEY)).page(at(site))).text
        with pytest.raises(RefusedError) as caught:
            await Web(fetcher=fetcher(), metaso=Metaso(api.url, "mk-wrong")).page(at(site))
    assert "metaso" not in caught.value.text


async def test_what_is_private_is_never_told_to_metaso(site: Site) -> None:
    site.redirects("/", "http://10.0.0.1/secret")
    async with FakeMetaso() as api:
        web = Web(
            fetcher=fetcher(Names(pages_example=[["127.0.0.1"]], inside_example=[["10.0.0.1"]])),
            metaso=Metaso(api.url, KEY),
        )
        for url in (
            at(site),
            "http://inside.example/",
            "http://10.0.0.1/",
            "http://nowhere.example/",
            "file:///etc/passwd",
        ):
            with pytest.raises(RefusedError):
                await web.page(url)
        assert api.asked == []
