"""How an operation of the plan document is put into words; the same words in every view."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from regsync.diagnostics import counted
from regsync.slots import NamedTuple
from regsync.views.sentences import bare

Json = dict[str, Any]


class Effect(StrEnum):
    """What an operation amounts to for the reader, most serious first."""

    REMOVE = "remove"
    CHANGE = "change"
    ADD = "add"


SYMBOLS = {Effect.REMOVE: "-", Effect.CHANGE: "~", Effect.ADD: "+"}
BLOCK_HEADINGS = {Effect.REMOVE: "Removals and hazards", Effect.CHANGE: "Changes", Effect.ADD: "Additions"}
LOCK = "🔒"
"""Stands beside protected aliases, and beside what holds one."""

_VERBS = {
    "create-registry": "create registry",
    "rename-registry": "rename registry",
    "update-registry": "update registry",
    "allow-artifact-types": "accept artifact types",
    "protect-alias": "protect alias",
    "create-collection": "create collection",
    "rename-collection": "rename collection",
    "update-collection": "update collection",
    "add-tags": "add tags",
    "link-version": "link version",
    "set-alias": "set alias",
    "set-member": "set member",
    "remove-alias": "remove alias",
    "unlink-version": "unlink version",
    "remove-tags": "remove tags",
    "delete-collection": "delete collection",
    "unprotect-alias": "unprotect alias",
    "remove-member": "remove member",
    "delete-registry": "delete registry",
}
_REMOVALS = frozenset(
    {
        "remove-alias",
        "unlink-version",
        "remove-tags",
        "delete-collection",
        "unprotect-alias",
        "remove-member",
        "delete-registry",
    }
)
_CHANGES = frozenset({"rename-registry", "update-registry", "rename-collection", "update-collection"})


class Change(NamedTuple):
    """What was and what will be, in words; "" where there is nothing to say."""

    old: str
    new: str


def effect(operation: Json) -> Effect:
    """Whether the operation removes, changes or adds something."""
    kind = operation["kind"]
    if kind in _REMOVALS:
        return Effect.REMOVE
    if kind in _CHANGES or operation["before"] is not None:
        return Effect.CHANGE
    return Effect.ADD


def verb(operation: Json) -> str:
    """`move alias`, `link version`, …"""
    if operation["kind"] == "set-alias" and operation["before"] is not None:
        return "move alias"
    return _VERBS[operation["kind"]]


def version_words(version: Json) -> str:
    """`v12 = acme-ml/fraud/detector:v30`; the digest where the source is not visible, `v?` where the index is not known."""
    return f"{index_words(version)} = {source_words(version)}"


def index_words(version: Json) -> str:
    """`v12`; `v?` where the server will choose the index."""
    return "v?" if version["index"] is None else f"v{version['index']}"


def source_words(version: Json) -> str:
    """The source of a version; its digest where the source is not visible."""
    return bare(version["source"]) if version["source"] else f"digest {bare(version['digest'][:12])}"


def versions_on_one_line(before: Json, after: Json) -> str:
    """`v0 → v1 (acme-ml/fraud/detector:v30 → v31)`; both whole where the sources are of different artifacts."""
    old, _, old_version = str(before["source"] or "").rpartition(":")
    new, _, new_version = str(after["source"] or "").rpartition(":")
    if not old or old != new or bare(new_version) != new_version:
        return f"{version_words(before)} → {version_words(after)}"
    return f"{index_words(before)} → {index_words(after)} ({bare(f'{old}:{old_version}')} → {new_version})"


def change(operation: Json) -> Change:
    """What the operation changes, in words."""
    before, after = operation["before"] or {}, operation["after"] or {}
    match operation["kind"]:
        case "set-alias" | "link-version" | "remove-alias" | "unlink-version":
            return Change(version_words(before) if before else "", version_words(after) if after else "")
        case "create-registry":
            types = _types(after)
            return Change("", f"{after['visibility']}, accepts {types}")
        case "rename-registry" | "rename-collection":
            return Change(bare(before["name"]), bare(after["name"]))
        case "update-registry" | "update-collection":
            changed = [key for key in after if before.get(key) != after[key]]
            return Change(_fields(before, changed), _fields(after, changed))
        case "allow-artifact-types":
            return Change(_types(before), _types(after))
        case "protect-alias" | "unprotect-alias":
            return Change(*(bare(side["protected_alias"]) if side else "" for side in (before, after)))
        case "create-collection":
            return Change("", f"type {bare(after['type'])}")
        case "add-tags" | "remove-tags":
            return Change(*(", ".join(map(bare, side.get("tags", ()))) for side in (before, after)))
        case "set-member" | "remove-member":
            return Change(_member(before), _member(after))
        case "delete-collection":
            aliases = ", ".join(map(bare, before["aliases"])) or "none"
            return Change(f"{counted(before['versions'], 'version')}, aliases: {aliases}", "")
        case "delete-registry":
            return Change(counted(len(before["collections"]), "collection"), "")
        case kind:
            raise ValueError(f"unknown kind of operation: {kind}")


def _fields(values: Json, changed: list[str]) -> str:
    return ", ".join(f"{key} {'none' if values[key] is None else repr(values[key])}" for key in changed)


def _types(values: Json) -> str:
    types = values["artifact_types"]
    return "every type" if types is None else ", ".join(map(bare, types))


def _member(values: Json) -> str:
    return f"{bare(values['member'])}: {values['role']}" if values else ""


def place(reason: Json) -> str:
    """`registry.yaml:12:9`"""
    return f"{reason['file']}:{reason['line']}:{reason['column']}" if reason["line"] else str(reason["file"])


def summary(document: Json) -> str:
    """`Plan: 4 to add, 1 to change, 2 to remove. Unchanged: 7 aliases.`"""
    effects = [effect(operation) for operation in document["operations"]]
    parts = [f"{effects.count(kind)} to {kind}" for kind in (Effect.ADD, Effect.CHANGE, Effect.REMOVE)]
    unchanged = counted(document["unchanged"]["aliases"], "alias", "aliases")
    return f"Plan: {', '.join(parts)}. Unchanged: {unchanged}."


def state_after(document: Json) -> tuple[str, bool]:
    """How a receipt says that things stand now, and what to do; and whether that is good news."""
    if document["verified"]:
        return "Verified: a read after the last operation found every result in place.", True
    if document["result"] == "done":
        if document["fingerprints"] or document["bindings"]:
            return "Not verified: a read after the last operation did not find every result; run regsync plan.", False
        return "Not verified: the results could not be read back; run regsync plan.", False
    if document["result"] == "stale":
        return "Something else has moved meanwhile: look at it, then plan again. What is done stays done.", False
    return "Run the same command again to finish; what is done is not repeated.", False


def destination(document: Json) -> str:
    """`acme on local:/registry.db as alice`"""
    where = document["destination"]
    return f"{bare(where['organization'])} on {bare(where['url'])} as {bare(where['user'])}"
