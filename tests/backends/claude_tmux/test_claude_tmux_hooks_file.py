"""Our hooks in Claude Code's settings: put in and taken out, with every other byte as it was."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.claude import json_edit
from phonework.backends.claude.json_edit import NotSuchJsonError
from phonework.backends.claude_tmux.hooks import ClaudeHooks
from phonework.errors import BackendError

KEEPER = ClaudeHooks("claude-tmux")
GATEWAY = Path("/home/ada/.local/share/phonework/gateway.json")
THEIRS = {"hooks": [{"type": "command", "command": "notify-send done"}]}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=5).filter(lambda key: key != "hooks"), values, max_size=5)
layouts = st.sampled_from([None, 2, 4, "\t"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{\n  "model": "opus",\n  "permissions": {"allow": ["Bash(ls)"]}\n}\n',
        '{"model":"opus"}',
        json.dumps({"hooks": {"Stop": [THEIRS]}, "model": "opus"}, indent=4),
        json.dumps({"hooks": {"Stop": [THEIRS], "PreToolUse": [{"matcher": "Bash", **THEIRS}]}}),
        json.dumps({"hooks": {"PreToolUse": []}}),
        json.dumps({"hooks": {"PreToolUse": [{}], "Stop": [{}, {"hooks": []}]}}),
    ],
)
def test_they_are_there_once_and_leave_nothing_behind(text: str) -> None:
    before = json.loads(text or "{}")

    installed = KEEPER.with_ours(text, GATEWAY)

    assert KEEPER.with_ours(installed, GATEWAY) == installed
    hooks = json.loads(installed)["hooks"]
    (asking,) = hooks["PermissionRequest"][0]["hooks"]
    assert str(GATEWAY) in asking["command"]
    assert asking["timeout"] > 24 * 3600
    for event, groups in before.get("hooks", {}).items():
        assert hooks[event][: len(groups)] == groups
    assert json.loads(KEEPER.without_ours(installed)) == before


def test_what_stands_beside_them_is_not_written_anew() -> None:
    text = '{\n\t"a" : [1,2 ,3],   "b":{ "c" : 1.50 },\n\t"d": "\\u00e9"\n}\n'

    installed = KEEPER.with_ours(text, GATEWAY)

    assert installed.startswith('{\n\t"a" : [1,2 ,3],   "b":{ "c" : 1.50 },\n\t"d": "\\u00e9"')
    assert KEEPER.without_ours(installed) == text


def test_those_of_another_place_are_replaced() -> None:
    elsewhere = KEEPER.with_ours("{}", Path("/elsewhere/gateway.json"))

    here = KEEPER.with_ours(elsewhere, GATEWAY)

    assert "/elsewhere" not in here
    assert here == KEEPER.with_ours("{}", GATEWAY)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"hooks": []}', '{"hooks": {"Stop": 1}}', "null", '{"a": 1,}', "[" * 100_000]
)
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(BackendError) as refused:
        KEEPER.with_ours(text, GATEWAY)
    assert refused.value.problem is not None
    with pytest.raises(BackendError):
        KEEPER.without_ours(text)


@given(objects, layouts, values)
def test_a_member_comes_and_goes_and_the_rest_stays(
    known: dict[str, object], layout: str | int | None, value: object
) -> None:
    text = json.dumps(known, indent=layout)

    with_it = json_edit.with_member(text, "hooks", value)

    assert json.loads(with_it) == {**known, "hooks": value}
    assert json.loads(json_edit.without_member(with_it, "hooks")) == known
    assert json.loads(json_edit.with_member(with_it, "hooks", 1)) == {**known, "hooks": 1}


@given(objects, st.data())
def test_any_member_can_go(known: dict[str, object], data: st.DataObject) -> None:
    known["hooks"] = {}
    name = data.draw(st.sampled_from(sorted(known)))

    left = json_edit.without_member(json.dumps(known, indent=data.draw(layouts)), name)

    assert json.loads(left) == {key: value for key, value in known.items() if key != name}


@given(st.text(max_size=40))
def test_any_text_is_changed_rightly_or_refused(text: str) -> None:
    try:
        edited = json_edit.with_member(text, "hooks", {})
    except NotSuchJsonError:
        return
    assert json.loads(edited)["hooks"] == {}
