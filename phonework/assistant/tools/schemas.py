"""How a tool looks to the model, and how what the model gives is read: strictly."""

from typing import Any, Final

import msgspec

from phonework.assistant.model import Offer
from phonework.assistant.tools import Arguments, Tool

_LEFT_OUT: Final = frozenset({"title", "$defs"})


class WrongArgumentsError(Exception):
    """What the model gave does not fit; the text is one sentence for the model."""


def offer(tool: Tool[Any]) -> Offer:
    """The tool in the words of the API. Its schema is written out without references, which some servers do not follow."""
    schema = msgspec.json.schema(tool.arguments)
    flat = _flat(schema, schema.get("$defs", {}))
    assert isinstance(flat, dict)
    return Offer(name=tool.name, description=" ".join(tool.description.split()), parameters=flat)


def read(tool: Tool[Any], arguments: str) -> Arguments:
    """The arguments as the tool wants them. Raises WrongArgumentsError."""
    try:
        found: Arguments = msgspec.json.decode(arguments.strip() or "{}", type=tool.arguments)
    except msgspec.ValidationError as error:
        raise WrongArgumentsError(f"The arguments of {tool.name} do not fit: {error}. Nothing was done.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise WrongArgumentsError(
            f"The arguments of {tool.name} are not valid JSON: {error}. Nothing was done."
        ) from error
    return found


def _flat(node: object, definitions: dict[str, Any]) -> object:
    if isinstance(node, list):
        return [_flat(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        named = definitions[str(reference).rpartition("/")[2]]
        return _flat({**named, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    return {key: _flat(value, definitions) for key, value in node.items() if key not in _LEFT_OUT}
