"""The GraphQL documents of the installed `wandb` client: in its Python modules, and in its core, which is a program of its own.

A document that Python puts together is taken with each value that the client may put in. Documents are told apart by their
operation's name and text: one that stands in two modules counts once.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import graphql
import wandb
from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, OperationDefinitionNode

ROOT = Path(wandb.__file__).parent
_OPENING = re.compile(r"\s*(?:#.*\n\s*)*(?:query|mutation)\s+\w+\s*[({]")
_IN_CORE = re.compile(rb"(?:query|mutation) [A-Z]\w+ ?[({]")
_FRAGMENT = re.compile(rb"\s*fragment \w+ on \w+ \{")
_PUT_IN = {
    "fragment_name": ("RunFragment", "LightweightRunFragment"),
    "fragment": ("RUN_FRAGMENT", "LIGHTWEIGHT_RUN_FRAGMENT"),
}
"""What stands for names that only a running function knows: see `apis/public/runs.py` of 0.31."""
_FORMATTED = {
    "UpsertBucket": (("RUN_FRAGMENT",),),
    "DeleteRun": (("", ""), ("$deleteArtifacts: Boolean", "deleteArtifacts: $deleteArtifacts")),
    "RunFullHistory": (("history",), ("events",)),
}
"""What `str.format` is given for the document of that operation; a name in capitals is a constant of the module."""


@dataclass(frozen=True, slots=True)
class ClientDocument:
    """One document: `where` is the file of the package, `operation` the name of its operation."""

    where: str
    operation: str
    text: str


def client_documents() -> list[ClientDocument]:
    """All of them, by operation and place."""
    found = {(document.operation, document.text.strip()): document for document in (*_in_core(), *_in_python())}
    return sorted(found.values(), key=lambda document: (document.operation, document.where, document.text))


def _document(where: str, text: str) -> ClientDocument | None:
    try:
        parsed = graphql.parse(text)
    except GraphQLError:
        return None
    operations = [
        part.name.value for part in parsed.definitions if isinstance(part, OperationDefinitionNode) and part.name
    ]
    return ClientDocument(where, operations[0], text) if operations and _is_whole(parsed) else None


def _is_whole(parsed: DocumentNode) -> bool:
    """Whether the fragments that it spreads are in it."""
    spread = re.findall(r"\.\.\.\s*(?!on\b)(\w+)", graphql.print_ast(parsed))
    return set(spread) <= {part.name.value for part in parsed.definitions if isinstance(part, FragmentDefinitionNode)}


def _in_python() -> Iterator[ClientDocument]:
    for path in sorted(ROOT.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "query " not in source and "mutation " not in source:
            continue
        where = path.relative_to(ROOT).as_posix()
        for text in _texts(ast.parse(source), where):
            document = _document(where, text)
            if document is not None:
                yield document


def _texts(module: ast.Module, where: str) -> Iterator[str]:
    inner = {
        part
        for node in ast.walk(module)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            yield from _joined(node, where)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in inner
            and _OPENING.match(node.value)
        ):
            yield from _formatted(node.value, where)


def _formatted(text: str, where: str) -> Iterator[str]:
    name = text.partition("(")[0].rpartition(" ")[2]
    if "{{" not in text or name not in _FORMATTED:
        yield text
        return
    for values in _FORMATTED[name]:
        yield text.format(*(_constant(where, value) if value.isupper() else value for value in values))


def _joined(node: ast.JoinedStr, where: str) -> Iterator[str]:
    """The texts that an f-string of names can give; none for one of anything else."""
    choices: list[tuple[str, ...]] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            choices.append((str(part.value),))
        elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
            choices.append(_values(part.value.id, where))
    if len(choices) == len(node.values) and choices and _OPENING.match(choices[0][0]):
        yield from ("".join(parts) for parts in itertools.product(*choices))


def _values(name: str, where: str) -> tuple[str, ...]:
    return tuple(_constant(where, value) if value.isupper() else value for value in _PUT_IN.get(name, (name,)))


def _constant(where: str, name: str) -> str:
    module = importlib.import_module("wandb." + where.removesuffix(".py").replace("/", "."))
    return str(getattr(module, name))


def _in_core() -> Iterator[ClientDocument]:
    """The core is a Go program, and holds each document as one text."""
    for program in sorted((ROOT / "bin").glob("wandb-core*")):
        data = program.read_bytes()
        for match in _IN_CORE.finditer(data):
            end = _end(data, match.start())
            while end and (fragment := _FRAGMENT.match(data, end)):
                end = _end(data, fragment.start()) or end
            document = _document(f"bin/{program.name}", data[match.start() : end].decode("utf-8", "replace"))
            if document is not None:
                yield document


def _end(data: bytes, start: int, longest: int = 20_000) -> int:
    """Where the braces close that open after `start`; 0 where they do not."""
    depth = 0
    in_arguments = 0
    for place in range(start, min(len(data), start + longest)):
        character = data[place : place + 1]
        in_arguments += (character == b"(") - (character == b")")
        if in_arguments and not depth:
            continue
        depth += (character == b"{") - (character == b"}")
        if character == b"}" and not depth:
            return place + 1
    return 0
