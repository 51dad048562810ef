"""Metaso: what is asked, what is understood of the answers, and a sentence for every failure."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework import texts
from phonework.errors import RefusedError
from phonework.testing.fake_metaso import KEY, MADE_UP, FakeMetaso, Told, failure
from phonework.web import metaso_answers as answers
from phonework.web.metaso import Metaso
from phonework.web.metaso_answers import Answered, Found, Scope


@pytest.fixture
async def api() -> Any:
    async with FakeMetaso() as api:
        yield api


@pytest.mark.parametrize(
    ("scope", "wire"),
    [
        ("webpage", "webpage"),
        ("paper", "scholar"),
        ("document", "document"),
        ("video", "video"),
        ("podcast", "podcast"),
    ],
)
async def test_a_search_of_each_scope_finds_results(api: FakeMetaso, scope: str, wire: str) -> None:
    found = await Metaso(api.url + "/", KEY).search("bees", Scope(scope), 2)

    assert found == (
        Found(title="bees: an introduction", url=f"https://example.org/{wire}/1", about="Page 1 says what is known of bees.", date="2026-01-01", authors=("Ada Example",)),
        Found(title="bees: the details", url=f"https://example.org/{wire}/2", about="Page 2 says what is known of bees.", date="2026-01-02", authors=("Ada Example",)),
    )  # fmt: skip
    (asked,) = api.asked
    assert asked.call == "search"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {"q": "bees", "scope": wire, "size": 2, "includeSummary": True, "includeRowContent": False}


async def test_a_page_is_read_and_a_question_answered_with_its_sources(api: FakeMetaso) -> None:
    metaso = Metaso(api.url, KEY)

    page = await metaso.read("https://example.org/x")
    answered = await metaso.ask("why?", Scope.PAPER)

    assert (page.title, page.text) == ("A page", "# A page\n\nFrom https://example.org/x.")
    assert answered == Answered(
        text="This is known of “why?” [[1]].",
        sources=(Found(title="A source", url="https://example.org/source", date="2026-01-01"),),
    )
    assert api.asked[0].body == {"url": "https://example.org/x"}
    assert api.asked[1].body["scope"] == "scholar"
    assert api.asked[1].body["messages"] == [{"role": "user", "content": "why?"}]
    assert api.asked[1].body["stream"] is False


@pytest.mark.parametrize(
    ("told", "key", "words"),
    [
        (Told(status=401), "web_metaso_key", "key"),
        (Told(status=403, body=b"<html>no</html>"), "web_metaso_key", "key"),
        (failure(3000, "credits used up"), "web_metaso", "3000 credits used up"),
        (Told(status=429, body={"errCode": 429, "errMsg": "too many"}), "web_metaso", "HTTP 429 429 too many"),
        (Told(status=500, body=b"<html>oops</html>"), "web_metaso", "HTTP 500"),
        (Told(status=400, body={"error": {"code": "bad", "message": "no scope"}}), "web_metaso", "HTTP 400 bad no scope"),
        (Told(body=b""), "web_metaso", ""),
        (Told(body=b"<!doctype html>"), "web_metaso", ""),
        (Told(body=b'{"webpages": ['), "web_metaso", ""),
        (Told(body=b"[" * 100_000), "web_metaso", ""),
        (Told(body=b'{"x": 1} ' * 100_000, endless=True), "web_metaso", "MB"),
        (Told(hangs=True), "web_metaso_slow", "0.5 s"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", ["search", "read", "ask"])
async def test_every_failure_is_one_sentence(api: FakeMetaso, told: Told, key: str, words: str, call: str) -> None:
    soon = timedelta(seconds=0.5)
    within = soon if told.hangs else timedelta(seconds=20)
    metaso = Metaso(api.url, KEY, search_within=within, answer_within=within)
    api.will(told)

    with pytest.raises(RefusedError) as caught:
        await {"search": lambda: metaso.search("x", Scope.WEBPAGE, 3), "read": lambda: metaso.read("https://a.b"), "ask": lambda: metaso.ask("x", Scope.VIDEO)}[call]()  # fmt: skip

    assert caught.value.text == key
    said = texts.text("en", f"say.{key}", **caught.value.params)
    assert words in said
    assert KEY not in said
    assert "\n" not in said
    assert len(said) < 300


async def test_nobody_there_is_told() -> None:
    async with FakeMetaso() as api:
        url = api.url
    with pytest.raises(RefusedError) as caught:
        await Metaso(url, KEY).search("x", Scope.WEBPAGE, 3)
    assert caught.value.text == "web_metaso_unreachable"


async def test_a_key_that_can_be_no_header_is_no_bug(api: FakeMetaso) -> None:
    with pytest.raises(RefusedError):
        await Metaso(api.url, "mk-钥匙\n").search("x", Scope.WEBPAGE, 3)


async def test_what_is_made_up_for_people_says_so_wherever_it_is_read() -> None:
    async with FakeMetaso(label=MADE_UP) as api:
        metaso = Metaso(api.url, KEY)
        (found,) = await metaso.search("tea", Scope("webpage"), 1)
        said = (
            found.about,
            (await metaso.read("https://example.org/x")).text,
            (await metaso.ask("why?", Scope.PAPER)).text,
        )
        assert all(MADE_UP in each for each in said)


async def test_nothing_found_is_nothing_and_no_failure(api: FakeMetaso) -> None:
    api.will(Told(body={"webpages": []}), Told(body={}), Told(body={"choices": []}), Told(body={"markdown": " "}))
    metaso = Metaso(api.url, KEY)

    assert await metaso.search("x", Scope.WEBPAGE, 3) == ()
    assert await metaso.search("x", Scope.WEBPAGE, 3) == ()
    for call in (metaso.ask("x", Scope.WEBPAGE), metaso.read("https://a.b")):
        with pytest.raises(RefusedError) as caught:
            await call
        assert caught.value.text == "web_metaso"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"choices": [{"message": {"content": " yes "}}]}, "yes"),
        ({"data": {"choices": [{"message": {"content": "yes"}}]}}, "yes"),
        ({"answer": "yes", "references": [{"title": "t", "url": "https://a.b"}]}, "yes"),
        ({"data": {"text": "yes"}}, "yes"),
        ({"choices": [{"message": {"content": None}}]}, ""),
        ({"choices": "none"}, ""),
    ],
)
def test_answers_of_either_form_are_understood(answer: Any, text: str) -> None:
    assert answers.answer_of(answer).text == text


def test_results_that_are_none_are_left_out_and_odd_links_too() -> None:
    listed = [None, 3, "x", {}, {"link": "javascript:alert(1)", "title": "a"}, {"url": "https://a.b"}, {"title": ["x"]}]

    assert answers.results_of({"data": {"webpages": listed}}) == (
        Found(title="a"),
        Found(title="https://a.b", url="https://a.b"),
    )


NAMES = st.sampled_from(["webpages", "data", "choices", "message", "content", "citations", "title", "link", "authors", "errCode", "error", "summary", "markdown", "date"])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)


@given(JSON)
def test_no_json_raises(value: Any) -> None:
    for understand in (answers.problem_of, answers.results_of, answers.page_of, answers.answer_of):
        understand(value)
    json.dumps([found.title for found in answers.results_of(value)])
