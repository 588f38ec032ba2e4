"""From YAML to `Desired`, the whole way: files → documents → checked → composed → `build`. The entry of `regsync.manifest`.

The other way, from data to YAML, is `regsync.manifest.writing`.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace

from regsync.core.desired import Desired
from regsync.diagnostics import Diagnostic, DiagnosticsError, Position, counted, sort_diagnostics
from regsync.manifest.reading import variables as variables_of
from regsync.manifest.reading.build import build
from regsync.manifest.reading.check import check
from regsync.manifest.reading.files import AnyPath, FileProblemError, Source, find_all, read_source
from regsync.manifest.reading.lint import Findings, strangers
from regsync.manifest.reading.merge import agree, overlay
from regsync.manifest.reading.tree import Block, Document, parse, position
from regsync.slots import NamedTuple, dataclass
from regsync.stages import one_by_one, stage

MAX_PROBLEMS = 2000
"""When there are more, no further document is looked at."""


class ManifestFile(NamedTuple):
    """A file that was read: its path as diagnostics show it, and the SHA-256 of its bytes in hexadecimal digits."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What manifests declare. `files` are sorted by path, overlays last and in their order.

    `digest` is the same for the same contents, variables, overlays and organization, wherever the files lie and in
    whichever order they were named.
    """

    desired: Desired
    warnings: list[Diagnostic]
    files: tuple[ManifestFile, ...]
    digest: str
    paths: tuple[str, ...] = field(default=(), compare=False)
    """The files and folders that were named, overlays included; relative to the folder that the files are relative to."""

    passed_over: tuple[str, ...] = ()
    """YAML files in the folders that were named which are no manifests, such as those of other tools."""

    @property
    def summary(self) -> str:
        """How much is declared: `2 files, 1 registry, 5 collections, 9 aliases`."""
        registries = self.desired.registries.values()
        collections = [each for registry in registries for each in (registry.collections or {}).values()]
        aliases = sum(len(collection.aliases or {}) for collection in collections)
        counts = [counted(len(self.files), "file"), counted(len(registries), "registry", "registries")]
        counts += [counted(len(collections), "collection"), counted(aliases, "alias", "aliases")]
        return ", ".join([*counts, counted(len(self.warnings), "warning")] if self.warnings else counts)


def load(
    paths: Iterable[AnyPath],
    *,
    overlays: Iterable[AnyPath] = (),
    variables: Mapping[str, str] | None = None,
    variable_files: Iterable[AnyPath | Source] = (),
    organization: str | None = None,
) -> Loaded:
    """Read, check and compose manifests.

    `paths` are files, and folders of which every `.yaml` and `.yml` file counts that is not hidden. `variables` are stronger
    than `variable_files`, and those than the manifests' own. `organization` overrides the manifests'.
    Raises `DiagnosticsError` with every error and warning that was found.
    """
    named, laid_over = [os.fspath(path) for path in paths], [os.fspath(path) for path in overlays]
    sources, problems, others = find_all(named)
    loaded = load_sources(
        sources,
        overlays=read_sources(laid_over, problems),
        problems=problems,
        variables=variables,
        variable_files=variable_files,
        organization=organization,
    )
    return replace(loaded, paths=(*named, *laid_over), passed_over=tuple(others))


def load_sources(
    sources: Sequence[Source],
    *,
    overlays: Sequence[Source] = (),
    problems: Iterable[Diagnostic] = (),
    variables: Mapping[str, str] | None = None,
    variable_files: Iterable[AnyPath | Source] = (),
    organization: str | None = None,
) -> Loaded:
    """The same for manifests that have been read already; `problems` are what reading them found."""
    with _paused_collector():
        run = _Run()
        run.problems += problems
        documents, over = run.parse(sources), run.parse(overlays)
        inserted = run.substitute(documents, over, variables or {}, list(variable_files))
        run.check([*documents, *over])
        with stage("composing manifests"):
            root = run.compose(documents, over, organization)
        desired, findings = build(root, organization)
        found = sort_diagnostics([*run.problems, *(each for each in findings if each.position not in run.silent)])
        if any(problem.is_error for problem in found):
            raise DiagnosticsError(found)
        files = tuple(ManifestFile(source.name, source.sha256) for source in [*sources, *overlays])
        return Loaded(desired, found, files, _digest(sources, overlays, inserted, organization))


def read_sources(paths: Iterable[AnyPath], problems: list[Diagnostic]) -> list[Source]:
    """Read files in their order; those that cannot be read are left out and reported."""
    found: list[Source] = []
    for path in paths:
        try:
            found.append(read_source(path))
        except FileProblemError as error:
            problems.append(error.diagnostic)
    return found


class _Run:
    """One call of `load`: its problems so far, and the positions about which enough has been said."""

    def __init__(self) -> None:
        self.problems: list[Diagnostic] = []
        self.silent: set[Position] = set()

    def parse(self, sources: Sequence[Source]) -> list[Document]:
        documents: list[Document] = []
        for source in one_by_one("reading manifests", "kB", sources, lambda source: len(source.data) // 1000):
            parsed = parse(source.data, source.name)
            self.problems += parsed.diagnostics
            self.silent.update(each.position for each in parsed.diagnostics if each.position)
            documents += parsed.documents
            if not parsed.documents and not parsed.diagnostics:
                message = "this file has no manifest in it: it is empty, or has comments only"
                hint = "write apiVersion: regsync/v1 and what it declares, or delete the file"
                self.problems.append(Diagnostic("empty-file", message, Position(source.name), hint))
        return documents

    def substitute(
        self, documents: list[Document], over: list[Document], given: Mapping[str, str], files: list[AnyPath | Source]
    ) -> dict[str, str]:
        """Replace variables in all documents. Returns the values that came from outside of the manifests."""
        complete = not any(problem.is_error for problem in self.problems)
        known = variables_of.from_manifests(documents, over, self.problems)
        outside: dict[str, variables_of.Variable] = {}
        for file in files:
            outside.update(variables_of.from_file(file, self.problems))
        outside.update(variables_of.from_command_line(given, self.problems))
        known.update(outside)
        substitution = variables_of.Substitution(known, complete=complete)
        for document in [*documents, *over]:
            substitution.apply(document)
        self.problems += substitution.diagnostics
        self.silent |= substitution.failed
        if complete:
            self.problems += variables_of.unused(given, substitution.used)
        return {name: variable.value for name, variable in sorted(outside.items())}

    def check(self, documents: list[Document]) -> None:
        """Check the structure of all documents; with too many problems, the rest of them is left out."""
        for document in one_by_one("checking manifests", "documents", documents):
            if len(self.problems) < MAX_PROBLEMS:
                self.problems += check(document, self.silent)
                continue
            if document.root is not None:
                message = "from here on nothing was checked: there are more errors than are worth listing"
                where = position(document.mark)
                self.problems.append(Diagnostic("too-many-errors", message, where, "correct the others first"))
            for each in documents:
                each.root = None
            return

    def compose(self, documents: list[Document], over: list[Document], organization: str | None) -> Block:
        """All documents as one."""
        dropped = ("apiVersion", "variables", *(["organization"] if organization else []))
        blocks, tops = _roots(documents, dropped), _roots(over, dropped)
        root = agree(blocks, self.problems) if blocks else _nothing()
        findings = Findings()
        for block in tops:
            strangers(root, block, findings)
            root = overlay(root, block)
        self.problems += findings.diagnostics
        return root


def _nothing() -> Block:
    block = Block()
    block.at = {}
    return block


def _roots(documents: list[Document], dropped: tuple[str, ...]) -> list[Block]:
    roots = [document.root for document in documents if isinstance(document.root, Block)]
    for root in roots:
        for key in dropped:
            root.pop(key, None)
    return roots


def _digest(
    sources: Sequence[Source], tops: Sequence[Source], inserted: dict[str, str], organization: str | None
) -> str:
    parts = {
        "files": sorted({source.sha256 for source in sources}),
        "organization": organization,
        "overlays": [source.sha256 for source in tops],
        "variables": inserted,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Many small objects are made here and none of them are garbage: looking for cycles would double the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
