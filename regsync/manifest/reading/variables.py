"""`${team}` in the values of manifests: which variables there are, and putting their values in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from regsync.diagnostics import Diagnostic, Position, Severity, did_you_mean
from regsync.manifest.reading.files import AnyPath, FileProblemError, Source, read_source
from regsync.manifest.reading.tree import Block, Document, key_position, parse, value_position
from regsync.slots import dataclass

_REFERENCE = r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_-]*)\}|\$\{"
NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
MAX_INSERTED = 20_000_000
"""Characters that variables may put into all manifests of a run together."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A value and where it comes from; no origin: the command line."""

    value: str
    origin: Position | None = None


def from_manifests(
    documents: Iterable[Document], overlays: Iterable[Document], problems: list[Diagnostic]
) -> dict[str, Variable]:
    """The `variables` of all manifests, which may not disagree, and those of overlays, where the last one wins."""
    found: dict[str, Variable] = {}
    for name, variable in _declared(documents, problems):
        first = found.setdefault(name, variable)
        if first.value != variable.value:
            message = f"the variable `{name}` is {variable.value!r} here and {first.value!r} at {first.origin}"
            hint = "give it one value, or set it with --var or in an --overlay"
            problems.append(Diagnostic("conflict", message, variable.origin, hint))
    found.update(_declared(overlays, problems))
    return found


def _declared(documents: Iterable[Document], problems: list[Diagnostic]) -> Iterator[tuple[str, Variable]]:
    for document in documents:
        block = document.root.get("variables") if isinstance(document.root, Block) else None
        if not isinstance(block, Block):
            continue
        for name, value in block.items():
            if not isinstance(value, str):
                continue
            if any(match["name"] for match in re.finditer(_REFERENCE, value)):
                message = f"the variable `{name}` is made of another variable"
                hint = "write its value out; a literal ${ is written $${"
                problems.append(Diagnostic("variable-in-variable", message, value_position(block, name), hint))
            yield name, Variable(value.replace("$${", "${"), key_position(block, name))


def from_file(file: AnyPath | Source, problems: list[Diagnostic]) -> dict[str, Variable]:
    """The variables of a `--var-file`: one map of texts, in YAML or JSON."""
    try:
        source = file if isinstance(file, Source) else read_source(file)
    except FileProblemError as error:
        problems.append(error.diagnostic)
        return {}
    parsed = parse(source.data, source.name)
    problems += parsed.diagnostics
    found: dict[str, Variable] = {}
    for document in parsed.documents:
        if not isinstance(document.root, Block):
            message = "a file of variables is a map of names and texts"
            problems.append(Diagnostic("wrong-type", message, Position(source.name, 1, 1), "write team: acme-ml"))
            continue
        for name, value in document.root.items():
            if not re.fullmatch(NAME, name):
                problems.append(_bad_name(name, key_position(document.root, name)))
            elif isinstance(value, str):
                found[name] = Variable(value, key_position(document.root, name))
            else:
                message = f"the variable `{name}` is not a text"
                hint = 'put its value in quotes; an empty one is ""'
                problems.append(Diagnostic("wrong-type", message, value_position(document.root, name), hint))
    return found


def from_command_line(given: Mapping[str, str], problems: list[Diagnostic]) -> dict[str, Variable]:
    """The variables of `--var`."""
    found: dict[str, Variable] = {}
    for name, value in given.items():
        if not re.fullmatch(NAME, name):
            problems.append(_bad_name(name, None))
        elif not _is_unicode(value):
            message = f"the value of --var {name} is not text in UTF-8"
            problems.append(Diagnostic("encoding", message, None, "write it in UTF-8"))
        else:
            found[name] = Variable(value)
    return found


def _is_unicode(text: str) -> bool:
    """Whether there are no lone surrogates in it, which is how Python hands on bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad_name(name: str, where: Position | None) -> Diagnostic:
    hint = "letters, digits, _ and -, and first a letter or _"
    return Diagnostic("bad-name", f"`{name}` is not the name of a variable", where, hint)


def unused(given: Mapping[str, str], used: set[str]) -> list[Diagnostic]:
    """A warning for each variable of the command line that no manifest uses."""
    return [
        Diagnostic(
            "unused-variable",
            f"no manifest uses the variable `{name}` that --var sets",
            None,
            did_you_mean(name, used) if used else "leave it out",
            Severity.WARNING,
        )
        for name in given
        if name not in used and re.fullmatch(NAME, name)
    ]


class _TooMuchError(Exception):
    pass


class Substitution:
    """Puts values into documents, in place. `used`: the variables that were needed; `diagnostics`: what went wrong.

    `complete`: whether every manifest could be read; if not, an unknown variable may be declared in one of the others,
    and is not reported.
    """

    def __init__(self, variables: Mapping[str, Variable], *, complete: bool) -> None:
        self.variables = variables
        self.complete = complete
        self.used: set[str] = set()
        self.diagnostics: list[Diagnostic] = []
        self.failed: set[Position] = set()
        """Values that still have a variable in them; other complaints about them would be noise."""
        self.inserted = 0
        self.too_much = False

    def apply(self, document: Document) -> None:
        """Replace every `${name}` and `$${` in the values of a document."""
        for block, key in document.dollar_keys:
            message = f"`{key}` has a variable in it, and variables stand in values only"
            hint = "write the name out"
            self.diagnostics.append(Diagnostic("variable-in-key", message, key_position(block, key), hint))
        own = document.root.get("variables") if isinstance(document.root, Block) else None
        for container, key in document.dollars:
            if container is not own:
                where = value_position(container, key)
                container[key] = self.text(container[key], where)

    def text(self, text: str, where: Position) -> str:
        """The text with its variables replaced; unknown ones stay, and are reported."""

        def replace(match: re.Match[str]) -> str:
            name = match["name"]
            if name in self.variables:
                value = self.variables[name].value
                self.used.add(name)
                self.inserted += len(value)
                if self.inserted > MAX_INSERTED:
                    raise _TooMuchError
                return value
            if match[0] == "$${":
                return "${"
            self.failed.add(where)
            if name is None:
                message = "`${` does not start the name of a variable here"
                self.diagnostics.append(
                    Diagnostic("bad-variable", message, where, "write ${name}, or $${ for a literal ${")
                )
            elif self.complete:
                hint = did_you_mean(name, self.variables) or f"declare it under variables:, or give --var {name}=…"
                self.diagnostics.append(
                    Diagnostic("undefined-variable", f"the variable `{name}` is not defined", where, hint)
                )
            return match[0]

        try:
            return re.sub(_REFERENCE, replace, text)
        except _TooMuchError:
            if not self.too_much:
                message = f"variables put more than {MAX_INSERTED} characters into the manifests"
                self.diagnostics.append(Diagnostic("variables-too-long", message, where, "make their values shorter"))
            self.too_much = True
            self.failed.add(where)
            return text
