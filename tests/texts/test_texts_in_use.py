"""Every sentence that the program names exists, and gets what it names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import phonework
from phonework import texts

SECTIONS = {key.split(".")[0] for key in texts.keys()}  # noqa: SIM118 - a function, no mapping
KEY = re.compile(rf"({'|'.join(sorted(SECTIONS))})\.[a-z][a-z_]*")
ROOT = Path(phonework.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "emulator" not in path.parts and "testing" not in path.parts)
IN_CODE = {"text", "say", "_say", "BackendError", "SandboxError"}
ALWAYS_GIVEN = {"project", "agent", "the_agent"}  # to every sentence about a session, where it is shown


def calls(tree: ast.AST) -> Iterator[tuple[str, set[str], int]]:
    """Key, named parameters and line of each call that asks for a sentence with constant parameters."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        constants = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        named = {one.arg for one in node.keywords if one.arg}
        if name in IN_CODE and None not in {one.arg for one in node.keywords}:
            yield from ((key, named, node.lineno) for key in constants if KEY.fullmatch(key))
        if name == "Say":
            yield from said(node)
        if name == "Sentence":
            yield from ((key, texts.placeholders(key), node.lineno) for key in keys_of(node))


def said(node: ast.Call) -> Iterator[tuple[str, set[str], int]]:
    fields = {one.arg: one.value for one in node.keywords}
    text, params = fields.get("text"), fields.get("params")
    if not isinstance(text, ast.Constant):
        return
    if params is None:
        yield str(text.value), ALWAYS_GIVEN, node.lineno
    elif isinstance(params, ast.Dict) and all(isinstance(key, ast.Constant) for key in params.keys):
        named = {str(key.value) for key in params.keys if isinstance(key, ast.Constant)}
        yield str(text.value), named | ALWAYS_GIVEN, node.lineno


def keys_of(node: ast.Call) -> Iterator[str]:
    """Of a sentence that is kept to be said later; what it names may have been put together elsewhere."""
    return (str(one.value.value) for one in node.keywords if one.arg == "key" and isinstance(one.value, ast.Constant))


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 20
    assert sum(1 for path in FILES for _ in calls(ast.parse(path.read_text(encoding="utf-8")))) > 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_sentence_in_use_exists_and_is_given_what_it_names(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for key, named, lineno in calls(tree):
        assert key in texts.keys(), f"{path.name}:{lineno} {key}"  # noqa: SIM118 - a function, no mapping
        missing = texts.placeholders(key) - named
        assert not missing, f"{path.name}:{lineno} {key} lacks {missing}"
