import pytest

from phonework import texts
from phonework.fsm.reasons import Reason
from phonework.fsm.types import State

KEYS = texts.keys()


def test_both_languages_have_the_same_keys() -> None:
    assert set(texts.catalogue("zh")) == set(texts.catalogue("en"))


@pytest.mark.parametrize("key", sorted(texts.keys()))
def test_both_languages_name_the_same_things(key: str) -> None:
    assert texts.placeholders(key, "zh") == texts.placeholders(key, "en")
    assert all(texts.catalogue(language)[key].strip() for language in texts.LANGUAGES)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_without_parameters(reason: Reason) -> None:
    """A toast is made from the reason alone."""
    assert f"reason.{reason}" in KEYS
    assert not texts.placeholders(f"reason.{reason}")


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_name(state: State) -> None:
    assert f"state.{state}" in KEYS


def test_parameters_are_filled_in_as_they_are() -> None:
    said = texts.text("en", "say.not_allowed", open_id="{ou_1} {cwd}")
    assert "`{ou_1} {cwd}`" in said


def test_a_missing_parameter_key_or_language_never_raises() -> None:
    assert "?" in texts.text("en", "say.not_allowed")
    assert texts.text("en", "no.such.key") == "no.such.key"
    assert texts.text("tlh", "card.allow") == texts.text("zh", "card.allow")


def test_only_a_live_answer_says_that_it_reached_the_agent() -> None:
    """No screen says "allowed" before the agent has it."""
    for key in ("toast.recorded", "toast.resumed", "fate.answered", "status.answered"):
        for language in texts.LANGUAGES:
            said = texts.text(language, key).lower()
            assert "allowed" not in said
            assert "已允许" not in said


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh_cn", "zh"), ("zh-TW", "zh"), ("EN", "en"), ("en_us.UTF-8", "en"), ("ja_jp", "en"), ("", "zh"), (" ", "zh")],
)
def test_the_locale_chooses_the_language(locale: str, language: str) -> None:
    assert texts.language_of(locale) == language


def test_an_empty_locale_takes_the_default_of_the_settings() -> None:
    assert texts.language_of("", default="en") == "en"
