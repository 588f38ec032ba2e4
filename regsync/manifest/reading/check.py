"""Structure: a document against `schemas/manifest.v1.schema.json`, with every finding at its place.

The schema is the only statement of the structure; editors use the same file. Its annotations carry the words: `x-rule` names the
rule of `regsync.names` that a pattern stands for, `errorMessage` says what to write, `x-no-value` what to write where
there is no value.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cache
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

from regsync.diagnostics import Diagnostic, Position
from regsync.manifest.reading import words
from regsync.manifest.reading.locate import Locator
from regsync.manifest.reading.tree import Block, Document, Items, key_position, position, value_position
from regsync.schema_files import schema
from regsync.slots import NamedTuple

MAX_ERRORS = 500
"""Of one document; it is not looked at further."""
MANY_NODES = 250_000
"""A document with more keys and items than this is very large; that is 100,000 aliases."""
MAX_ERRORS_OF_MANY_NODES = 30
_VARIABLE = {"$ref": "#/$defs/variable"}
_SAME_PLACE = {"$ref", "then", "else"}
"""Steps into a schema that stay at the same place of the document."""


def without_variables(node: Any) -> Any:
    """The schema for documents whose variables have been replaced: `anyOf` [a thing, a text with a variable] is the thing."""
    if isinstance(node, list):
        return [without_variables(each) for each in node]
    if not isinstance(node, dict):
        return node
    rest = {key: without_variables(value) for key, value in node.items()}
    if rest.get("anyOf", [None])[-1] == _VARIABLE:
        choice = rest.pop("anyOf")[0]
        rest |= choice
    return rest


@cache
def strict_schema() -> dict[str, Any]:
    """The manifest schema after `without_variables`."""
    result: dict[str, Any] = without_variables(schema("manifest"))
    return result


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(strict_schema())


_TEXT_ONLY = {"pattern", "not", "minLength", "maxLength"}
"""Rules about texts: said of anything else, they only repeat that the type is wrong."""
_MAX_ROUNDS = 8


class _Finding(NamedTuple):
    """`type_error`: nothing else said about the same place matters. `slot`: what to leave out of further checks."""

    diagnostic: Diagnostic
    type_error: bool
    slot: tuple[Block, str] | None


def check(document: Document, ignore: Container[Position] = ()) -> list[Diagnostic]:
    """Everything about the structure of a document that is wrong, except at the positions to `ignore`.

    What is wrong is taken out of the document, so that it can be composed and checked for its meaning.
    """
    root = document.root
    if isinstance(root, Block) and root.get("apiVersion", "regsync/v1") != "regsync/v1":
        return [_other_version(root)]
    if (
        isinstance(root, Block)
        and root
        and "apiVersion" not in root
        and not root.keys() & schema("manifest")["properties"]
    ):
        message = "this is not a manifest: it has no `apiVersion` and nothing else that a manifest has"
        hint = "write apiVersion: regsync/v1 in its first line, or keep other files in another folder"
        document.root = None
        return [Diagnostic("missing-key", message, position(document.mark), hint)]
    missing = {(id(container), key) for container, key in document.missing}
    findings = (_all_findings if document.nodes <= MANY_NODES else _first_findings)(document, missing)
    findings += _descriptions(document)
    _prune(document, findings)
    wrong_types = {finding.diagnostic.position for finding in findings if finding.type_error}
    return [
        finding.diagnostic
        for finding in findings
        if (finding.type_error or finding.diagnostic.position not in wrong_types)
        and finding.diagnostic.position not in ignore
    ]


def _prune(document: Document, findings: list[_Finding]) -> None:
    """Take what is wrong out of the document, until the rest is right; the whole document where that does not help."""
    for _ in range(_MAX_ROUNDS):
        root = document.root
        if not findings or not isinstance(root, Block):
            break
        _take_out(root, findings)
        findings = _all_findings(document, set())
    if findings:
        document.root = None


def _take_out(root: Block, findings: list[_Finding]) -> None:
    for finding in findings:
        if finding.slot:
            finding.slot[0].pop(finding.slot[1], None)
    root["apiVersion"] = "regsync/v1"


def _other_version(root: Block) -> Diagnostic:
    value = root["apiVersion"]
    where, key = value_position(root, "apiVersion"), key_position(root, "apiVersion")
    root.clear()
    if value is None:
        return Diagnostic("no-value", "`apiVersion` has no value", key, "write apiVersion: regsync/v1")
    message = f"the apiVersion {words.show(value)} is not one that this version of regsync reads"
    return Diagnostic("api-version", message, where, "write apiVersion: regsync/v1")


def _all_findings(document: Document, missing: set[tuple[int, Any]]) -> list[_Finding]:
    locator = Locator(document.root)
    found = (
        finding
        for error in _validator().iter_errors(document.root)
        for finding in _findings(document, error, locator.path(error), missing)
    )
    findings = list(islice(found, MAX_ERRORS))
    if len(findings) == MAX_ERRORS:
        findings.append(_too_many(document))
    return findings


def _first_findings(document: Document, missing: set[tuple[int, Any]]) -> list[_Finding]:
    """The errors of a very large document, one after the other: the validator keeps 3 kB for each that it lists."""
    findings: list[_Finding] = []
    for _ in range(MAX_ERRORS_OF_MANY_NODES):
        root = document.root
        try:
            _validator().validate(root)
        except ValidationError as error:
            path = Locator(root).path(error)
            found = list(islice(_findings(document, error, path, missing), MAX_ERRORS_OF_MANY_NODES))
            findings += found
            if not isinstance(root, Block):
                return findings
            _take_out(root, found)
        else:
            return findings
    return [*findings, _too_many(document)]


def _too_many(document: Document) -> _Finding:
    """Ends the checks of a document."""
    document.root = None
    message = "this document has more errors than are worth listing"
    where = position(document.mark)
    return _Finding(Diagnostic("too-many-errors", message, where, "correct these first"), False, None)


def _findings(
    document: Document, error: ValidationError, path: list[Any], missing: set[tuple[int, Any]]
) -> Iterator[_Finding]:
    node: Any = document.root
    container: Block | Items | None = None
    key: Any = None
    keep: tuple[Block, str] | None = None
    kind: Any = error.kind
    for step in path:
        container, key = node, step
        node = node[step]
        if isinstance(container, Block):
            keep = (container, key)
    name = kind.name
    if name == "additionalProperties":
        known = _subschema(error)[0]["properties"]
        for unknown in kind.unexpected:
            hint = words.unknown_key_hint(unknown, known)
            message = f"`{unknown}` is not known here"
            yield _Finding(
                Diagnostic("unknown-key", message, key_position(node, unknown), hint), False, (node, unknown)
            )
    elif name == "propertyNames":
        wrong = kind.error
        code, message, hint = words.bad_text(wrong.instance, _subschema(wrong))
        slot = (node, wrong.instance)
        yield _Finding(Diagnostic(code, message, key_position(node, wrong.instance), hint), False, slot)
    elif container is None:
        code, message, hint = words.bad_value("the document", node, error, _subschema(error))
        yield _Finding(Diagnostic(code, message, position(document.mark), hint), name == "type", None)
    else:
        label = "this item" if isinstance(container, Items) else f"`{key}`"
        where = value_position(container, key)
        if node is None and (id(container), key) in missing:
            if isinstance(container, Block):
                where = key_position(container, key)
            parts = _subschema(error)
            hint = words.annotation("x-no-value", parts) or words.annotation("errorMessage", parts)
            yield _Finding(Diagnostic("no-value", f"{label} has no value", where, hint), True, keep)
        elif isinstance(node, str) or name not in _TEXT_ONLY:
            code, message, hint = words.bad_value(label, node, error, _subschema(error))
            yield _Finding(Diagnostic(code, message, where, hint), name == "type", keep)


def _descriptions(document: Document) -> Iterator[_Finding]:
    """`description:` and nothing: null is legal there for the schema, and a slip all the same."""
    hint = strict_schema()["$defs"]["description"]["x-no-value"]
    for container, key in document.missing:
        if key == "description" and isinstance(container, Block):
            where = key_position(container, key)
            yield _Finding(Diagnostic("no-value", "`description` has no value", where, hint), True, (container, key))


def _subschema(error: ValidationError) -> list[dict[str, Any]]:
    """The part of the schema that failed, and the parts around it that speak of the same place; innermost first."""
    node: Any = strict_schema()
    parts: list[tuple[Any, Any]] = [(None, node)]
    for step in error.evaluation_path[:-1]:
        node = _resolve(node["$ref"]) if step == "$ref" else node[step]
        parts.append((step, node))
    result: list[dict[str, Any]] = []
    for step, part in reversed(parts):
        result.append(part)
        if step not in _SAME_PLACE:
            break
    return result


def _resolve(reference: str) -> Any:
    node: Any = strict_schema()
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node
