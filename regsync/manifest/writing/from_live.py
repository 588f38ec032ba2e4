"""Live registries as manifests: what `regsync import` writes.

The result declares what is live and nothing else, so planning it at once changes nothing; this is checked before it is
returned. Equal live states give equal bytes. What a manifest cannot say is left out, which means "not managed", and
reported.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regsync import names
from regsync.core.diff import Comparison
from regsync.core.live import Live, LiveCollection, LiveRegistry, Version
from regsync.diagnostics import Diagnostic, RegsyncError, Severity
from regsync.manifest.reading.files import MAX_FILE_SIZE, Source
from regsync.manifest.reading.load import load_sources
from regsync.manifest.reading.spans import Map, Scalar, spans
from regsync.manifest.writing.emit import Inline, emit
from regsync.names import Address, SourceRef, parse_version_ref
from regsync.slots import NamedTuple

_LONGEST_STEM = 100
"""Bytes of a file's name without its ending."""
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³")}
"""To Windows a file of such a name, whatever its ending, is a device: a repository that has one cannot be checked out there."""
Json = dict[str, Any]


class Content(NamedTuple):
    """What to write of each registry: `digests` pins every version; `members` as well as settings and collections."""

    digests: bool = False
    members: bool = True


class Wanted(NamedTuple):
    """A registry to write: all of it, or (`settings` False) only the collections that Live holds."""

    name: str
    settings: bool = True


@dataclass(slots=True)
class _Findings:
    """What was left out, and the comments that go below the names of collections."""

    warnings: list[Diagnostic] = field(default_factory=list)
    notes: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def left_out(self, what: str, why: str) -> None:
        message = f"{what} {why}; it is left out, so it is not managed"
        hint = "a manifest cannot say it; give it another name in the registry, or leave it unmanaged"
        self.warnings.append(Diagnostic("not-imported", message, None, hint, Severity.WARNING))

    def is_legal(self, what: str, text: str, problem: str | None, *, key: bool = True) -> bool:
        """Whether a manifest can hold that name; reports it where not."""
        problem = problem or names.wildcard_problem(text)
        if problem is None and not _is_text(text):
            problem = "is not text that a file can hold"
        if problem is None and key and "${" in text:
            problem = "has ${ in it, which starts a variable"
        if problem is not None:
            self.left_out(f"{what} {text!r}", problem)
        return problem is None


class Imported(NamedTuple):
    """The texts by file name (one of them named "" where everything goes into one), and what was left out."""

    files: dict[str, str]
    warnings: list[Diagnostic]


def one_text(live: Live, wanted: Sequence[Wanted], organization: str, content: Content) -> Imported:
    """Everything as one manifest."""
    findings = _Findings()
    blocks = _blocks(live, wanted, content, findings)
    return _checked({"": _text(organization, blocks, findings)}, live, findings)


def a_file_a_registry(live: Live, wanted: Sequence[Wanted], organization: str, content: Content) -> Imported:
    """One file a registry."""
    findings = _Findings()
    blocks = _blocks(live, wanted, content, findings)
    stems = file_stems(blocks)
    files = {f"{stems[name]}.yaml": _text(organization, {name: block}, findings) for name, block in blocks.items()}
    return _checked(files, live, findings)


def a_file_a_collection(live: Live, wanted: Sequence[Wanted], organization: str, content: Content) -> Imported:
    """A folder a registry: its settings in `registry.yaml`, and one file a collection."""
    findings = _Findings()
    blocks = _blocks(live, wanted, content, findings)
    folders = file_stems(blocks)
    files: dict[str, str] = {}
    for name, block in blocks.items():
        collections: Json = block.pop("collections", {})
        stems = file_stems(collections, taken=("registry",))
        if block or not collections:
            files[f"{folders[name]}/registry.yaml"] = _text(organization, {name: block}, findings)
        for each, inner in collections.items():
            alone = {name: {"collections": {each: inner}}}
            files[f"{folders[name]}/{stems[each]}.yaml"] = _text(organization, alone, findings)
    return _checked(files, live, findings)


def file_stems(wanted: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A file name without ending for each name: as close to it as every file system allows, and no two alike."""
    used = {each.casefold() for each in taken}
    stems: dict[str, str] = {}
    for name in wanted:
        kept = [char if char.isalnum() or char in "._-" else "-" for char in unicodedata.normalize("NFC", name)]
        stem = "".join(kept).strip(".-").encode()[:_LONGEST_STEM].decode("utf-8", "ignore") or "unnamed"
        if stem.partition(".")[0].casefold() in _DEVICES:
            stem = f"_{stem}"
        unique, number = stem, 1
        while unique.casefold() in used:
            number += 1
            unique = f"{stem}-{number}"
        used.add(unique.casefold())
        stems[name] = unique
    return stems


def _blocks(live: Live, wanted: Sequence[Wanted], content: Content, findings: _Findings) -> dict[str, Json]:
    blocks: dict[str, Json] = {}
    for each in sorted(wanted):
        problem = names.REGISTRY_RULE.problem(each.name)
        if problem is None and each.name.startswith(names.REGISTRY_PREFIX):
            problem = f"starts with {names.REGISTRY_PREFIX}, which manifests leave out"
        if findings.is_legal("registry", each.name, problem):
            blocks[each.name] = _registry(live.registries[each.name], each, content, findings)
    return blocks


def _registry(live: LiveRegistry, wanted: Wanted, content: Content, findings: _Findings) -> Json:
    place = Address(live.name)
    types = sorted(live.artifact_types or ())
    types = [each for each in types if findings.is_legal(f"{place}: the artifact type", each, _type_problem(each))]
    result = _settings(live, types, content, findings) if wanted.settings else {}
    accepted = set(types) if result.get("artifact_types") else None
    collections = {
        name: _collection(live.name, each, accepted, content, findings)
        for name, each in sorted(live.collections.items())
        if findings.is_legal(f"{place}: the collection", name, names.COLLECTION_RULE.problem(name))
    }
    if collections:
        result["collections"] = collections
    return result


def _settings(live: LiveRegistry, types: list[str], content: Content, findings: _Findings) -> Json:
    place = Address(live.name)
    result = _description(live.description, str(place), findings)
    result["visibility"] = live.visibility.value
    if types:
        result["artifact_types"] = types
    protected = [
        _escaped(each)
        for each in sorted(live.protected_aliases or ())
        if findings.is_legal(f"{place}: the protected alias", each, names.alias_problem(each), key=False)
    ]
    if protected:
        result["protected_aliases"] = protected
    members = {
        name: role.value
        for name, role in sorted((live.members or {}).items())
        if content.members and findings.is_legal(f"{place}: the member", name, names.MEMBER_RULE.problem(name))
    }
    if members:
        result["members"] = members
    return result


def collection_block(registry: str, live: LiveCollection, accepted: set[str] | None, content: Content) -> Json:
    """The block of one collection; `accepted`: the artifact types that its registry is declared to accept, None for every type."""
    return _collection(registry, live, accepted, content, _Findings())


def _collection(
    registry: str, live: LiveCollection, accepted: set[str] | None, content: Content, findings: _Findings
) -> Json:
    place = Address(registry, live.name)
    result: Json = {}
    if accepted is not None and live.type not in accepted:
        why = "is not among the artifact types that the registry accepts now"
        findings.left_out(f"{place}: the type {live.type!r}", why)
    elif findings.is_legal(f"{place}: the type", live.type, _type_problem(live.type)):
        result["type"] = live.type
    result |= _description(live.description, str(place), findings)
    tags = [
        tag
        for tag in sorted(live.tags)
        if findings.is_legal(f"{place}: the tag", tag, names.TAG_RULE.problem(tag), key=False)
    ]
    if tags:
        result["tags"] = tags
    versions, hidden = [], []
    for index, version in sorted(live.links.items()):
        ref = _source(version)
        if version.type != live.type:
            findings.left_out(f"{place}:v{index}", f"has the type {version.type!r} in a collection of another type")
        elif ref is None:
            hidden.append(index)
        else:
            versions.append(_version(ref, version, pinned=content.digests))
    if versions:
        result["versions"] = versions
    aliases = _aliases(place, live, content, findings)
    if aliases:
        result["aliases"] = aliases
    findings.notes[registry, live.name] = _notes(live, hidden)
    return result


def _aliases(place: Address, live: LiveCollection, content: Content, findings: _Findings) -> Json:
    aliases: Json = {}
    for alias, index in sorted(live.aliases.items()):
        what = f"{place}: the alias"
        version = live.links.get(index)
        if not findings.is_legal(what, alias, names.alias_problem(alias)):
            continue
        if version is None or version.type != live.type or names.version_index(f"v{index}") is None:
            findings.left_out(f"{what} {alias!r}", f"points at v{index}, which a manifest cannot name")
            continue
        ref = _source(version)
        text = f"v{index}" if ref is None else ref
        aliases[alias] = _version(text, version, pinned=content.digests or ref is None)
    return aliases


def _source(version: Version) -> str | None:
    """The source version as a manifest names it; None where this key may not see it, or no manifest could name it."""
    try:
        ref = parse_version_ref(version.source)
    except ValueError:
        return None
    legal = isinstance(ref, SourceRef) and ref.is_pinned and _is_text(version.source)
    return _escaped(version.source) if legal else None


def _version(ref: str, version: Version, *, pinned: bool) -> str | Inline:
    if pinned and names.DIGEST_RULE.problem(version.digest) is None:
        return Inline(version=ref, digest=version.digest)
    return ref


def _description(text: str | None, place: str, findings: _Findings) -> Json:
    """Nothing where there is none: a manifest without the key leaves it alone, and makes a new one without."""
    if text is None or not findings.is_legal(f"{place}: the description", text, None, key=False):
        return {}
    return {"description": _escaped(text)}


def _type_problem(text: str) -> str | None:
    return names.artifact_type_problem(text)


def _notes(live: LiveCollection, hidden: Sequence[int]) -> list[str]:
    """Comments about what the collection has and its block cannot say."""
    notes = []
    linked = sorted(live.links)
    gaps = sorted(set(range(linked[-1])) - set(linked)) if linked else []
    if gaps:
        notes.append(f"# Not linked any more: {_ranges(gaps)}. Linked anew from here, versions get other indices.")
    if hidden:
        notes.append(f"# Linked, and not listed here, because this key cannot see the source: {_ranges(hidden)}.")
    return notes


def _ranges(numbers: Sequence[int]) -> str:
    """`v1, v3 to v5`."""
    parts: list[str] = []
    start = previous = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == previous + 1:
            previous = number
            continue
        between = " to " if previous > start + 1 else ", "
        parts.append(f"v{start}" if start == previous else f"v{start}{between}v{previous}")
        start = previous = number
    return ", ".join(parts)


def _is_text(text: str) -> bool:
    """Whether a YAML file can hold it: half of a surrogate pair it cannot, not even as an escape."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _escaped(text: str) -> str:
    """A value in which nothing is taken for a variable."""
    return text.replace("${", "$${")


def _text(organization: str, blocks: Mapping[str, Json], findings: _Findings) -> str:
    manifest: Json = {"apiVersion": "regsync/v1"}
    if names.ENTITY_RULE.problem(organization) is None and _is_text(organization):
        manifest["organization"] = _escaped(organization)
    manifest["registries"] = dict(blocks)
    text = emit(manifest)
    notes = {
        (registry, collection): findings.notes.get((registry, collection), [])
        for registry, block in blocks.items()
        for collection in block.get("collections", {})
    }
    return _with_notes(text, notes) if any(notes.values()) else text


def _with_notes(text: str, notes: Mapping[tuple[str, str], list[str]]) -> str:
    """The text with comments below the names of collections, where their blocks start."""
    lines = text.split("\n")
    inserted: list[tuple[int, list[str]]] = []
    for registry, block in _entries(spans(text)[0].root, "registries"):
        for name, collection in _entries(block, "collections"):
            found = notes.get((registry.value, name.value), [])
            if found and isinstance(collection, Map):
                above = collection.flow
                column = name.start.column if above else collection.start.column
                line = name.start.line if above else collection.start.line
                inserted.append((line, [" " * column + note for note in found]))
    for line, found in reversed(inserted):
        lines[line:line] = found
    return "\n".join(lines)


def _entries(node: Any, key: str) -> list[tuple[Scalar, Any]]:
    entry = node.find(key) if isinstance(node, Map) else None
    inner = entry[1] if entry else None
    return (
        [(name, value) for name, value in inner.entries if isinstance(name, Scalar)] if isinstance(inner, Map) else []
    )


def _checked(files: dict[str, str], live: Live, findings: _Findings) -> Imported:
    """Load what was written, and compare it with what is live. Raises `RegsyncError` where they differ."""
    for name, text in files.items():
        if len(text.encode()) > MAX_FILE_SIZE:
            raise RegsyncError(
                f"{name or 'the manifest'} would be larger than the {MAX_FILE_SIZE // 2**20} MiB that a manifest may have",
                "import with -o DIR --split collection, or fewer registries at a time",
                code="too-large",
            )
    desired = load_sources([Source(name, text.encode(), "") for name, text in files.items()]).desired
    comparison = Comparison(desired, live)
    refs = comparison.refs_to_resolve()
    found = comparison.findings({}, actor="", manages_protected=True)
    problems = [diagnostic.message for diagnostic in found.diagnostics if diagnostic.is_error]
    different = [str(draft.action.address) for draft in found.drafts]
    if refs or problems or different:
        raise RegsyncError(
            f"what is live cannot be written down so that it means the same: {(problems + different)[0]}",
            "this is a defect of regsync; report it. Leave that registry out to import the others",
            code="import-differs",
        )
    return Imported(files, findings.warnings)
