"""The list of the app's permissions, whatever Feishu says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from phonework.channels.feishu.api import Api
from phonework.channels.feishu.scopes import granted, read
from phonework.errors import ChannelError
from phonework.testing.emulator import running_emulator

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["scopes", "scope_name", "grant_status", "scope_type"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


async def test_the_emulator_tells_what_was_granted() -> None:
    withheld = ["im:resource"]
    async with running_emulator(scopes_withheld=withheld, scopes_absent=["im:message"], user_agents=True) as emulator:
        found = await granted(Api("cli_demo", SecretStr("demo-secret"), emulator.url))

    assert found["im:resource"] is False
    assert found["im:user_agent:read"] is True
    assert "im:message" not in found


async def test_an_app_that_does_not_exist_is_told() -> None:
    async with running_emulator(any_credentials=False) as emulator:
        with pytest.raises(ChannelError):
            await granted(Api("cli_other", SecretStr("x"), emulator.url))


def test_permissions_of_people_are_not_the_bots() -> None:
    both = [
        {"scope_name": "im:message", "scope_type": kind, "grant_status": n} for kind, n in (("user", 1), ("tenant", 2))
    ]

    assert read({"scopes": both}) == {"im:message": False}
    assert read({"scopes": [{"scope_name": "im:message", "grant_status": 1}]}) == {"im:message": True}


@given(st.dictionaries(st.just("scopes"), JSON))
def test_nothing_feishu_may_say_raises(data: dict[str, object]) -> None:
    for name, is_granted in read(json.loads(json.dumps(data))).items():
        assert name
        assert isinstance(is_granted, bool)
