"""Shows what an editing tool would change, as a unified diff against the file on disk."""

import json
from collections.abc import Mapping
from pathlib import Path

from phonework.unified import unified

EDITING = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
LARGEST_FILE = 8 * 1024 * 1024  # bytes; beyond it only the replaced text is shown, without its surroundings


def of_call(tool: str, tool_input: Mapping[str, object], cwd: str) -> str:
    """Return the diff of an Edit, MultiEdit, Write or NotebookEdit call; empty when the call is none of these or unclear.

    Reads the file, so call it from a thread. Never raises: an unreadable file counts as unknown, and only what the call
    itself says is shown.
    """
    name = tool_input.get("file_path") or tool_input.get("notebook_path")
    if tool not in EDITING or not isinstance(name, str) or not name:
        return ""
    path = Path(cwd) / name
    before = _read(path)
    match tool:
        case "Write":
            after = tool_input.get("content")
            return unified(before or "", after, name, new=before is None) if isinstance(after, str) else ""
        case "Edit":
            return _edited(before, [tool_input], name)
        case "MultiEdit":
            edits = tool_input.get("edits")
            return (
                _edited(before, [one for one in edits if isinstance(one, dict)], name)
                if isinstance(edits, list)
                else ""
            )
        case _:
            return _notebook(before, tool_input, name)


def _read(path: Path) -> str | None:
    """The file's text; None when there is no readable text of a bearable size."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            return None
        return path.read_bytes().decode("utf-8")
    except (OSError, ValueError):
        return None


def _edited(before: str | None, edits: list[Mapping[str, object]], name: str) -> str:
    """Apply the replacements in order; where one does not fit the file, show the replacements alone."""
    after = before
    pairs: list[tuple[str, str]] = []
    for edit in edits:
        old, new = edit.get("old_string"), edit.get("new_string")
        if not isinstance(old, str) or not isinstance(new, str):
            return ""
        pairs.append((old, new))
        after = _replaced(after, old, new, everywhere=edit.get("replace_all") is True)
    if after is not None and before is not None:
        return unified(before, after, name)
    return "".join(unified(old, new, name, new=not old) for old, new in pairs)


def _replaced(text: str | None, old: str, new: str, *, everywhere: bool) -> str | None:
    if text is None or (old and old not in text):
        return None
    if not old:
        return new if not text else None
    return text.replace(old, new) if everywhere else text.replace(old, new, 1)


def _notebook(before: str | None, tool_input: Mapping[str, object], name: str) -> str:
    """The diff of one cell's source."""
    cell, source = tool_input.get("cell_id"), tool_input.get("new_source")
    mode = tool_input.get("edit_mode")
    if not isinstance(source, str):
        source = ""
    old = "" if mode == "insert" else _cell(before, cell)
    label = f"{name}#{cell}" if isinstance(cell, str) else name
    return unified(old, "" if mode == "delete" else source, label)


def _cell(notebook: str | None, cell: object) -> str:
    try:
        cells = json.loads(notebook or "")["cells"]
        found = next(one for number, one in enumerate(cells) if cell in (one.get("id"), f"cell-{number}", str(number)))
        source = found["source"]
        return "".join(source) if isinstance(source, list) else str(source)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, StopIteration):
        return ""
