"""Nothing private is ever allowed, however it is written (A6)."""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from phonework import texts
from phonework.errors import RefusedError
from phonework.web.addresses import IP, Reach, check, followed, is_public, parse
from phonework.web.seen import Seen, addresses_in

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2400:3200::1", "64:ff9b::808:808",
]  # fmt: skip
CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("number", PUBLIC)
def test_public_numbers_may_be_reached(number: str) -> None:
    assert is_public(ip_address(number))


@pytest.mark.parametrize("number", CLOSED)
def test_all_other_numbers_may_not(number: str) -> None:
    assert not is_public(ip_address(number))


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://example.com", "https://example.com/"),
        ("  HTTP://Example.COM:80/A?b=c#d ", "http://example.com/A?b=c"),
        ("https://example.com:443/", "https://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com:/x", "https://example.com/x"),
        ("example.com/a?b", "https://example.com/a?b"),
        ("https://example.com./x", "https://example.com/x"),
        ("https://例え.jp/文?q=好", "https://xn--r8jz45g.jp/%E6%96%87?q=%E5%A5%BD"),
        ("https://bücher.de", "https://xn--bcher-kva.de/"),
        ("https://faß.de/", "https://xn--fa-hia.de/"),
        ("https://ｅｘａｍｐｌｅ。com/", "https://example.com/"),
        ("https://my_site.example.com", "https://my_site.example.com/"),
        ("https://8.8.8.8/x", "https://8.8.8.8/x"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ("https://example.com/%zz?100%", "https://example.com/%zz?100%"),
        ("https://a.example.com/a@b:c", "https://a.example.com/a@b:c"),
        ("https://1e100.net", "https://1e100.net/"),
    ],
)
def test_an_address_has_one_way_of_writing(typed: str, url: str) -> None:
    assert str(check(typed, Reach())) == url


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        *((f"http://{one}/" if ":" not in one else f"http://[{one}]/", "web_private") for one in CLOSED),
        # Other ways to write 127.0.0.1 and 169.254.169.254
        *((f"http://{host}/", "web_not_an_address") for host in (
            "2130706433", "0x7f000001", "0x7F.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0x7f.1", "00127.0.0.1",
            "127.0.0.01", "127.0.0.0x1", "1.2.3.4.5", "256.0.0.1", "-1", "0x", "0x7f.0x0.0x0.0x1", "2852039166", "0xA9FEA9FE",
            "0251.0376.0251.0376", "%31%32%37.0.0.1", "127%2e0.0.1", "①②⑦.⓪.⓪.1x.0", "127.0.0.1\ufe0f", "127.0.0.\ufe0f1", "1", "999999999999",
            "[::1", "::1]", "[::1%25lo]", "[fe80::1%eth0]", "[127.0.0.1]", "[::ffff:7f00:1:1:1:1:1:1]", "[v1.x]", "[]", "",
            "a..b", ".example.com", "-a.com", "a-.com", "x" * 64 + ".com", ("a." * 130) + "com", "exa mple.com", "xn--a.é..com",
        )),
        *((f"http://{host}/", "web_private") for host in (
            "127.0.0.1.", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "localhost", "LOCALHOST.", "db.localhost", "intranet", "printer",
            "router.lan", "nas.local", "metadata.google.internal", "x.corp", "x.home.arpa", "1.0.0.127.in-addr.arpa", "abc.onion",
            "[0:0:0:0:0:0:0:1]", "[::FFFF:10.0.0.1]", "ｌｏｃａｌｈｏｓｔ",
        )),
        ("http://user@example.com/", "web_not_an_address"),
        ("http://example.com@127.0.0.1/", "web_not_an_address"),
        ("http://127.0.0.1:80@example.com/", "web_not_an_address"),
        ("http://example.com:80:80/", "web_not_an_address"),
        ("http://example.com:0/", "web_not_an_address"),
        ("http://example.com:65536/", "web_not_an_address"),
        ("http://example.com:٨٠/", "web_not_an_address"),
        ("http://example.com:8080/", "web_port"),
        ("http://example.com:22/", "web_port"),
        ("https://example.com:6379/", "web_port"),
        ("http://example.com\\@127.0.0.1/", "web_not_an_address"),
        ("http:\\\\127.0.0.1\\", "web_not_an_address"),
        ("http://exam\nple.com/", "web_not_an_address"),
        ("http://example.com/\r\nHost: x", "web_not_an_address"),
        ("http://exa\u200bmple.com/", "web_not_an_address"),
        ("http:///etc/passwd", "web_not_an_address"),
        ("http:example.com", "web_not_an_address"),
        ("//example.com/", "web_not_an_address"),
        ("file:///etc/passwd", "web_scheme"),
        ("file://example.com/etc/passwd", "web_scheme"),
        ("ftp://example.com/", "web_scheme"),
        ("gopher://example.com:80/", "web_scheme"),
        ("javascript:alert(1)", "web_not_an_address"),
        ("data:text/html,x", "web_not_an_address"),
        ("127.0.0.1/admin", "web_private"),
        ("notes", "web_not_an_address"),
        ("", "web_not_an_address"),
        ("https://example.com/" + "x" * 2_000, "web_not_an_address"),
    ],
)  # fmt: skip
def test_what_must_not_be_fetched_is_refused_in_words(typed: str, key: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check(typed, Reach())

    assert caught.value.text == key
    for language in texts.LANGUAGES:
        said = texts.text(language, f"say.{key}", **caught.value.params)
        assert "?`" not in said or "?" in typed
        assert said.isprintable() or "�" in said


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://example.com/b"),
        ("?q", "https://example.com/a?q"),
        ("//other.com/x", "https://other.com/x"),
        ("http://169.254.169.254/", "http://169.254.169.254/"),
        ("https://[::1", "https://[::1"),
    ],
)
def test_a_redirect_leads_where_it_says_and_is_then_checked(location: str, url: str) -> None:
    assert followed(parse("https://example.com/a"), location) == url


# Any text, any way of writing a number

PRIVATE_V4 = st.one_of(
    *(
        st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
        for network in map(ipaddress.ip_network, ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "0.0.0.0/8"))
    )
)  # fmt: skip


def octet(value: int) -> st.SearchStrategy[str]:
    return st.sampled_from([str(value), hex(value), hex(value).upper(), f"0{value:o}", f"00{value:o}", f"0{value}"])


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """A private number as some program somewhere would take it."""
    ip = draw(PRIVATE_V4)
    number, (first, second, third, fourth) = int(ip), ip.packed
    host = draw(
        st.one_of(
            st.sampled_from([str(number), hex(number), f"0{number:o}", f"{first}.{number & 0xFFFFFF}", f"{first}.{second}.{number & 0xFFFF}"]),
            st.tuples(octet(first), octet(second), octet(third), octet(fourth)).map(".".join),
            st.sampled_from([f"[::ffff:{ip}]", f"[::{ip}]", f"[64:ff9b::{ip}]", f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]", f"[::ffff:0:{ip}]"]),
        )
    )  # fmt: skip
    disguise = draw(
        st.sampled_from(
            [
                str, str.upper, lambda text: f"{text}.", lambda text: text.replace(".", "。"), lambda text: text.replace(".", "．"),
                lambda text: "".join(chr(ord(each) + 0xFEE0) if each.isdigit() else each for each in text),
                lambda text: text.replace("1", "%31"), lambda text: f"user@{text}", lambda text: f"{text}:80", lambda text: f"{text}:443",
                lambda text: f"example.com@{text}", lambda text: f"\t{text}", lambda text: text.replace("7", "７"),
            ]
        )
    )  # fmt: skip
    return (
        draw(st.sampled_from(["http://", "https://", "HTTP://", ""]))
        + disguise(host)
        + draw(st.sampled_from(["", "/", "/x?y", "?z", "#f"]))
    )


def leads_to(url: str) -> list[IP]:
    """Where the system's own resolver would connect for an address that was allowed; names are not looked up."""
    address = check(url, Reach())
    try:
        return [
            ip_address(place[0])
            for *_, place in socket.getaddrinfo(address.host, address.port, flags=socket.AI_NUMERICHOST)
        ]
    except OSError:
        return []


@settings(max_examples=500)
@given(spelled())
def test_a_private_number_is_not_allowed_in_any_spelling(url: str) -> None:
    with pytest.raises(RefusedError):
        check(url, Reach())


@given(
    st.one_of(
        st.text(),
        st.text().map("http://".__add__),
        st.from_regex(r"https?://[0-9a-fxX.\[\]:%@/。１-９]{0,24}", fullmatch=True),
    )
)
@example("http://[::1]:80")
@example("http://\ud800.com")
def test_no_text_raises_anything_else_and_what_is_allowed_is_public(url: str) -> None:
    try:
        found = leads_to(url)
    except RefusedError:
        return
    assert all(map(is_public, found))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_a_number_we_allow_is_global_for_python_too(ip: IP) -> None:
    assume(is_public(ip))
    inside = (
        IPv4Address(int(ip) & 0xFFFFFFFF)
        if isinstance(ip, IPv6Address) and ip in ipaddress.ip_network("64:ff9b::/96")
        else ip
    )
    assert inside.is_global
    assert not inside.is_multicast


@given(st.text(max_size=200))
def test_addresses_are_found_in_any_text(text: str) -> None:
    for address in addresses_in(text):
        assert parse(str(address)) == address


# What somebody gave


def test_a_site_the_person_named_and_an_address_the_web_gave_are_known() -> None:
    seen = Seen()
    seen.add("s", "1. A page (https://found.example.org/a?x=1), and [more](https://found.example.org/b).")

    def given_(url: str, words: str = "") -> bool:
        return seen.was_given("s", words, parse(url))

    assert given_("https://found.example.org/a?x=1")
    assert given_("https://found.example.org/b")
    assert not given_("https://found.example.org/c")
    assert not seen.was_given("another", "", parse("https://found.example.org/b"))
    assert given_("https://www.example.com/deep/page?q=1", "look at example.com, please")
    assert given_("https://example.com/x", "看看 https://www.example.com/y。谢谢")
    assert not given_("https://example.com.evil.org/x", "look at example.com")
    assert not given_("https://evil.org/?example.com", "look at example.com")


def test_memory_of_addresses_is_bounded() -> None:
    seen = Seen()
    for number in range(3_000):
        seen.add("s", f"https://example.com/{number}")
    for number in range(300):
        seen.add(f"other-{number}", "https://example.com/x")

    assert sum(len(known) for known in seen._of.values()) < 1_500
