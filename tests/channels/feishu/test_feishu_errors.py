"""What Feishu's codes mean for whoever sends."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.feishu.errors import CardLocked, CardRefused, failure, refusal, reset_after
from phonework.errors import ChannelError


def refused(code: int, msg: str = "", status: int = 400, **more: Any) -> ChannelError:
    error = refusal(status, {}, {"code": code, "msg": msg, **more})
    assert error is not None
    return error


def test_a_yes_is_no_error() -> None:
    assert refusal(200, {}, {"code": 0, "msg": "success"}) is None


@pytest.mark.parametrize("code", [230020, 230049, 99991663, 99991661, 99991671, 99991400])
def test_what_passes_is_tried_again_and_was_not_carried_out(code: int) -> None:
    error = refused(code)

    assert error.retry_after is not None
    assert (error.unknown, error.gone, error.code) == (False, False, code)


@pytest.mark.parametrize("code", [230011, 231003, 230031, 230054, 230002, 232009])
def test_what_is_gone_is_gone(code: int) -> None:
    error = refused(code)

    assert (error.gone, error.retry_after) == (True, None)


@pytest.mark.parametrize(
    "code", [230001, 230006, 230013, 230018, 230022, 230025, 230035, 230053, 99991403, 99992351, 99992402, 10014, 424242]
)  # fmt: skip
def test_what_will_not_change_is_not_tried_again(code: int) -> None:
    error = refused(code)

    assert (error.retry_after, error.gone, error.unknown) == (None, False, False)
    assert str(code) in str(error)


def test_the_reason_in_ext_is_kept() -> None:
    assert "invalid receive_id" in str(
        refused(230001, "Your request contains an invalid parameter, ext=invalid receive_id")
    )


def test_a_card_that_is_being_tapped_is_locked_only() -> None:
    locked = refused(230099, "Failed to create card content, ext=ErrCode: 11310; ErrMsg: card action is lock;")
    tables = refused(230099, "Failed, ext=ErrCode: 11310; ErrMsg: card table number over limit; ErrorValue: table;")

    assert isinstance(locked, CardLocked)
    assert isinstance(tables, CardRefused)
    assert (tables.code, tables.retry_after) == (11310, None)


def test_a_card_that_is_too_big_is_not_a_wrong_one() -> None:
    error = refused(230099, "Failed, ext=ErrCode: 200860; ErrMsg: card over 30 KB")

    assert not isinstance(error, CardRefused)
    assert error.code == 200860


@pytest.mark.parametrize(
    ("status", "unknown"), [(500, True), (502, True), (504, True), (200, True), (404, False), (400, False)]
)
def test_an_answer_without_words_is_judged_by_its_status(status: int, unknown: bool) -> None:
    error = refusal(status, {"Content-Type": "text/html"}, {})

    assert error is not None
    assert error.unknown is unknown
    assert (error.retry_after is not None) is unknown


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Ogw-Ratelimit-Reset": "12"}, 12),
        ({"retry-after": "3"}, 3),
        ({"x-ogw-ratelimit-reset": "0"}, 0.3),
        ({"x-ogw-ratelimit-reset": "86400"}, 120),
        ({"x-ogw-ratelimit-reset": "soon"}, 1),
        ({"x-ogw-ratelimit-reset": "-5"}, 1),
        ({"x-ogw-ratelimit-reset": "9" * 5000}, 1),
        ({}, 1),
    ],
)
def test_a_rate_limit_is_believed_within_reason(headers: dict[str, str], seconds: float) -> None:
    assert reset_after(headers) == timedelta(seconds=seconds)


def test_a_failure_on_the_way_says_whether_it_may_have_arrived() -> None:
    assert failure(TimeoutError(), sent=True).unknown
    assert not failure(TimeoutError(), sent=False).unknown
    assert failure(TimeoutError(), sent=False).retry_after is not None


@given(
    status=st.integers(200, 599),
    body=st.dictionaries(st.sampled_from(["code", "msg", "error", "data"]), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())),
)  # fmt: skip
def test_no_answer_confuses(status: int, body: dict[str, Any]) -> None:
    error = refusal(status, {}, body)

    assert (error is None) == (body.get("code") == 0 and body.get("code") is not False and status < 400)
