"""A command as the grammar of bash sees it: the simple commands in it, wherever they are, and the shapes that worry."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from phonework.shell.verdicts import UNKNOWN, Reason, Why, reason

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

MOST_SIGNS: Final = 1500  # the time of the parser grows with their square
_SIGNS: Final = re.compile(r"[|&;<>(){}$`\n]")
# Types of node by the grammar, tree-sitter-bash 0.25. These say nothing by themselves; what is in neither list is unclear.
_QUIET: Final = frozenset(re.findall(r"\w+", """
    program list pipeline redirected_statement command command_name word number string string_content raw_string concatenation
    file_redirect file_descriptor variable_name special_variable_name heredoc_start heredoc_body heredoc_content heredoc_end
    do_group if_clause elif_clause else_clause case_item test_operator unary_expression binary_expression ternary_expression
    postfix_expression parenthesized_expression subscript array extglob_pattern regex
"""))  # fmt: skip
_SHAPES: Final = {
    "simple_expansion": Why.VARIABLE,
    "expansion": Why.VARIABLE,
    "arithmetic_expansion": Why.SUBSTITUTION,
    "command_substitution": Why.SUBSTITUTION,
    "process_substitution": Why.SUBSTITUTION,
    "brace_expression": Why.PATTERN,
    "ansi_c_string": Why.UNCLEAR,
    "translated_string": Why.UNCLEAR,
    "comment": Why.UNCLEAR,
    "variable_assignment": Why.ASSIGNMENT,
    "variable_assignments": Why.ASSIGNMENT,
    "declaration_command": Why.ASSIGNMENT,
    "unset_command": Why.ASSIGNMENT,
    "heredoc_redirect": Why.HERE_DOCUMENT,
    "herestring_redirect": Why.HERE_DOCUMENT,
    "function_definition": Why.FUNCTION,
    "&": Why.BACKGROUND,
    "negated_command": Why.COMPOUND,
    "test_command": Why.COMPOUND,
    "subshell": Why.COMPOUND,
    "compound_statement": Why.COMPOUND,
    "if_statement": Why.COMPOUND,
    "while_statement": Why.COMPOUND,
    "for_statement": Why.COMPOUND,
    "c_style_for_statement": Why.COMPOUND,
    "case_statement": Why.COMPOUND,
}
_ESCAPED: Final = re.compile(r"\\(.|\n)", re.DOTALL)
_ESCAPED_IN_QUOTES: Final = re.compile(r'\\([$`"\\\n])')


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where it stands, in bytes."""

    start: int
    end: int

    def holds(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Word:
    """raw: as written. text: what the shell makes of it, as far as can be told; `~` for $HOME, UNKNOWN for the rest."""

    raw: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its words. span: with its redirects."""

    words: tuple[Word, ...]
    span: Span
    name_span: Span

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Redirect:
    """operator: `>`, `2>>` and the like. target: a file or a number."""

    operator: str
    target: Word

    @property
    def raw(self) -> str:
        return self.operator + self.target.raw


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its name. calls: what runs in its body. multiplies: whether some of that runs side by side."""

    name: str
    calls: frozenset[str]
    multiplies: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything found. shapes: what makes it more than plain. pipelines: the span of each part. bare: the text outside of quotes."""

    commands: tuple[Command, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    pipelines: tuple[tuple[Span, ...], ...] = ()
    functions: tuple[Function, ...] = ()
    shapes: tuple[Reason, ...] = ()
    bare: str = ""


def read(command: str) -> Reading:
    """Read a command by the grammar. May raise whatever the parser raises; takes up to 0.1 s for the worst 16 KB."""
    if len(_SIGNS.findall(command)) > MOST_SIGNS:
        return Reading(shapes=(reason(Why.UNCLEAR, command),), bare=command)
    source = command.encode("utf-8")
    nodes = list(_all(_parser().parse(source).root_node))
    commands = tuple(_command(node) for node in nodes if node.type == "command")
    return Reading(
        commands=commands,
        redirects=tuple(found for node in nodes if node.type == "file_redirect" for found in _redirects(node)),
        pipelines=tuple(_parts(node) for node in nodes if node.type == "pipeline"),
        functions=tuple(_function(node, commands) for node in nodes if node.type == "function_definition"),
        shapes=tuple(dict.fromkeys(found for node in nodes for found in _shape(node))),
        bare=_bare(source, nodes),
    )


def _parser() -> "Parser":
    """A parser of its own for each reading: one is not safe for two threads."""
    import tree_sitter

    return tree_sitter.Parser(_language())


@functools.cache
def _language() -> "Language":
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Language(tree_sitter_bash.language())


def _all(root: "Node") -> Iterator["Node"]:
    """Every node, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _text(node: "Node") -> str:
    return (node.text or b"").decode("utf-8")


def _span(node: "Node") -> Span:
    return Span(node.start_byte, node.end_byte)


def _shape(node: "Node") -> Iterator[Reason]:
    if node.is_error or node.is_missing:
        yield reason(Why.UNCLEAR, _text(node))
    elif node.type in _SHAPES:
        yield reason(_SHAPES[node.type], _text(node))
    elif node.is_named and node.type not in _QUIET:
        yield reason(Why.UNCLEAR, _text(node))


def _command(node: "Node") -> Command:
    kept = [child for child in node.named_children if not child.type.endswith(("_redirect", "_assignment"))]
    whole = node
    while whole.parent is not None and whole.parent.type == "redirected_statement":
        whole = whole.parent
    name = next((child for child in kept if child.type == "command_name"), node)
    return Command(tuple(_word(child) for child in kept), _span(whole), _span(name))


def _redirects(node: "Node") -> Iterator[Redirect]:
    targets = [child for child in node.named_children if child.type != "file_descriptor"]
    signs = "".join(_text(child) for child in node.children if child not in targets)
    for target in targets:
        yield Redirect(signs, _word(target))


def _parts(pipeline: "Node") -> tuple[Span, ...]:
    """The parts of a pipeline; of one behind a here-document, the command before it too."""
    parts = tuple(_span(child) for child in pipeline.named_children)
    outer = pipeline.parent
    if outer is not None and outer.type == "heredoc_redirect":
        return (Span(outer.start_byte, outer.start_byte), *parts)
    return parts


def _function(node: "Node", commands: tuple[Command, ...]) -> Function:
    name, span = node.child_by_field_name("name"), _span(node)
    calls = frozenset(each.texts[0] for each in commands if each.words and span.holds(each.span))
    return Function(_text(name) if name else "", calls, any(each.type in ("&", "pipeline") for each in _all(node)))


def _word(node: "Node") -> Word:
    return Word(_text(node), _value(node))


def _value(node: "Node") -> str:
    """What the shell makes of a word, as far as can be told."""
    match node.type:
        case "raw_string":
            return _text(node)[1:-1]
        case "ansi_c_string":
            return _text(node)[2:-1].encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")
        case "string":
            return _ESCAPED_IN_QUOTES.sub(_unescaped, _joined(node)[1:-1])
        case "command_name" | "concatenation":
            return _joined(node)
        case "word":
            return _ESCAPED.sub(_unescaped, _text(node))
        case "simple_expansion" | "expansion":
            return {"HOME": "~", "PWD": "."}.get(next((_text(c) for c in node.named_children), ""), UNKNOWN)
        case "command_substitution" | "process_substitution" | "arithmetic_expansion":
            return UNKNOWN
        case _:
            return _text(node)


def _unescaped(found: re.Match[str]) -> str:
    return "" if found[1] == "\n" else found[1]


def _joined(node: "Node") -> str:
    """The values of what it is made of, and whatever stands between."""
    source, start, parts, at = node.text or b"", node.start_byte, [], node.start_byte
    for child in node.children:
        parts += [source[at - start : child.start_byte - start].decode("utf-8"), _value(child)]
        at = child.end_byte
    return "".join(parts) + source[at - start :].decode("utf-8")


def _bare(source: bytes, nodes: list["Node"]) -> str:
    """The text without what is certainly quoted."""
    if any(node.is_error or node.is_missing for node in nodes):
        return source.decode("utf-8")
    bare = bytearray(source)
    for node in nodes:
        if node.type in ("raw_string", "heredoc_body") or (
            node.type == "string" and not re.search(rb"[$`\\]", node.text or b"")
        ):
            bare[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
    return bare.decode("utf-8")
