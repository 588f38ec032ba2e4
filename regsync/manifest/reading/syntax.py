"""What libyaml says about text that is not YAML, in words that help the person who wrote it."""

from __future__ import annotations

import re

import yaml
from yaml.error import Mark, MarkedYAMLError
from yaml.reader import ReaderError

from regsync.diagnostics import Diagnostic, Position

_HINTS: tuple[tuple[str, str, str], ...] = (
    (
        "found character that cannot start any token",
        "this character cannot start a value",
        'put a text that starts with @, `, % or another special character in quotes: "…"',
    ),
    (
        "mapping values are not allowed",
        "a `:` stands where no map can be",
        "check the indentation, and that the key above ends in `:`; a text with `: ` in it goes in quotes",
    ),
    (
        "did not find expected key",
        "the map is broken off here",
        "check the indentation and the quotes of this line and the one before it",
    ),
    (
        "did not find expected '-' indicator",
        "the list is broken off here",
        "check the indentation; every item of a list starts with `- `",
    ),
    (
        "could not find expected ':'",
        "this line is neither `key: value` nor the end of the value before it",
        "write a `:` and a space after the key, or check the indentation",
    ),
    (
        "found unexpected end of stream",
        "this quoted text is not closed",
        "close the quote; a quote inside it is written \\\" in double quotes and '' in single ones",
    ),
    (
        "found unexpected document indicator",
        "this quoted text is not closed before the next document",
        "close the quote",
    ),
    (
        "did not find expected ',' or",
        "a list or map in brackets is not closed, or lacks a comma",
        "write a comma between items, and close it with ] or }",
    ),
    (
        "did not find expected node content",
        "a value is missing here",
        "delete the comma or bracket that is too many, or write the value",
    ),
    (
        "block sequence entries are not allowed",
        "a list item cannot start here",
        "start the list on a line of its own, below its key",
    ),
    (
        "did not find expected <document start>",
        "text stands after the end of the document",
        "check the indentation, or start the next document with ---",
    ),
    (
        "did not find expected alphabetic or numeric character",
        "this is not the name of an anchor or alias",
        'put a text that starts with * or & in quotes: "…"',
    ),
    ("found unknown escape character", "there is no such escape", "use single quotes where \\ is meant as it stands"),
    ("found incompatible YAML document", "this version of YAML cannot be read", "delete the %YAML line"),
    ("found unexpected ':'", "a `:` stands where no map can be", "put the text in quotes"),
)
_WHERE_IT_BEGAN = {
    "could not find expected ':'",
    "found unexpected end of stream",
    "found unexpected document indicator",
}
"""The beginning of these says more than the place where the parser gave up."""
_NOT_TEXT = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"


def syntax_error(error: yaml.YAMLError, data: bytes, name: str) -> Diagnostic:
    """The diagnostic for an error of PyYAML in the file `name` with the contents `data`."""
    if isinstance(error, ReaderError):
        return _not_text(data, name)
    if not isinstance(error, MarkedYAMLError):
        return Diagnostic("yaml-syntax", f"this is not YAML: {error}", Position(name), "check that it is a manifest")
    problem = error.problem or error.context or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if problem in _WHERE_IT_BEGAN:
        mark = error.context_mark or mark
    where = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name)
    if problem == "found undefined tag handle":
        hint = 'put a text that starts with ! in quotes: "…"'
        return Diagnostic("yaml-tag", "YAML tags are not part of a manifest", where, hint)
    if mark and "\ufeff" in (_character(data, mark), _character(data, mark, -1)):
        message = "a byte order mark stands inside the file"
        return Diagnostic("control-character", message, where, "delete it; were two files joined?")
    if mark and _character(data, mark) == "\t":
        message = "a tab stands where only spaces can be"
        return Diagnostic(
            "tab", message, where, "indent with spaces; most editors can be told to do so for .yaml files"
        )
    unknown = ("", f"this is not YAML: {problem}", "check the indentation, brackets and quotes around here")
    _, says, hint = next((each for each in _HINTS if problem.startswith(each[0])), unknown)
    if mark and "flow" in (error.context or "") and "${" in _line(data, mark):
        hint = 'inside [ ] and { } a text with a variable goes in quotes: "${…}"'
    return Diagnostic("yaml-syntax", f"{says}{_begun(error, mark)}", where, hint)


def _begun(error: MarkedYAMLError, mark: Mark | None) -> str:
    """Where the thing began that could not be finished, if that is another line."""
    context = error.context_mark
    if context is None or mark is None or context.line == mark.line:
        return ""
    return f" (it begins in line {context.line + 1})"


def _line(data: bytes, mark: Mark) -> str:
    lines = data.decode("utf-8", "replace").splitlines()
    return lines[mark.line] if mark.line < len(lines) else ""


def _character(data: bytes, mark: Mark, offset: int = 0) -> str:
    line = _line(data, mark)
    column = mark.column + offset
    return line[column : column + 1] if column >= 0 else ""


def _not_text(data: bytes, name: str) -> Diagnostic:
    text = data.decode("utf-8", "replace")
    found = re.search(_NOT_TEXT, text)
    if found is None:
        return Diagnostic("encoding", "this file is not text in UTF-8", Position(name), "save it as UTF-8")
    before = text[: found.start()]
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    message = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
    hint = f'delete it, or write it in a quoted text as "\\u{ord(found[0]):04X}"'
    return Diagnostic("control-character", message, Position(name, line, column), hint)
