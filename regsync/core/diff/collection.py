"""One declared collection against the live one."""

from __future__ import annotations

from collections.abc import Iterable

from regsync.core import actions as a
from regsync.core.desired import (
    UNSET,
    DesiredCollection,
    HazardName,
    Kind,
    Listed,
)
from regsync.core.diff.context import (
    DECLARED,
    DECLARED_ABSENT,
    Findings,
    Matcher,
    RegistryContext,
    accepts,
    note_if_emptied,
)
from regsync.core.diff.names import find_by_name, name_is_clear
from regsync.core.diff.unseen import may_delete, may_remove_unlisted, note_absent_unseen
from regsync.core.diff.versions import VersionDiff
from regsync.core.fingerprint import collection_fingerprint
from regsync.core.live import LiveCollection
from regsync.core.operation import Hit
from regsync.diagnostics import Position, counted, did_you_mean, some
from regsync.names import MAX_TAGS_PER_CALL, Address, named


def find_live(wanted: DesiredCollection, context: RegistryContext) -> LiveCollection | None:
    """The live collection that `wanted` is about, under its name or its former one."""
    return find_by_name(wanted, context.live.collections if context.live else {})


def diff_collection(wanted: DesiredCollection, context: RegistryContext, matcher: Matcher, findings: Findings) -> None:
    """Add to `findings` what it takes to make the live collection as wanted."""
    live = matcher.collection
    if wanted.absent:
        if live is not None:
            draft_deletion(context, live, findings, DECLARED_ABSENT, wanted.origin)
        return
    address = Address(context.name, wanted.name)
    collections = context.live.collections if context.live else {}
    if not name_is_clear(wanted, address, collections, siblings=context.live is not None, to=findings):
        return
    kind = _type_of(wanted, live, context, findings)
    if kind is None:
        return
    if live is not None:
        for of in _removed_unlisted(wanted):
            if not may_remove_unlisted(address, live, of, wanted.origin, findings):
                return
        note_absent_unseen(wanted, live, address, findings)
    _itself(wanted, live, kind, context, findings)
    _tags(wanted, live, context, findings)
    VersionDiff(wanted, live or LiveCollection(wanted.name, kind), context, matcher, findings).run()


def _removed_unlisted(wanted: DesiredCollection) -> list[Kind]:
    """The first kind of which everything that is not listed is to go, if there is one."""
    blocks = {Kind.VERSIONS: wanted.versions, Kind.ALIASES: wanted.aliases, Kind.TAGS: wanted.tags}
    return [kind for kind, block in blocks.items() if block is not None and kind in wanted.remove_unlisted][:1]


def _type_of(
    wanted: DesiredCollection, live: LiveCollection | None, context: RegistryContext, findings: Findings
) -> str | None:
    address = Address(context.name, wanted.name)
    if live is not None:
        if wanted.type not in (None, live.type):
            findings.error(
                "type-change",
                f"{address} has type {live.type!r}, and a collection's type never changes; declared is {wanted.type!r}",
                wanted.origin,
                f"write `type: {live.type}`, or declare a collection of another name",
            )
            return None
        return live.type
    if wanted.type is None or wanted.partial:
        findings.error(
            "collection-missing",
            f"{address} is not there" + ("" if wanted.partial else ", and without a type it cannot be made"),
            wanted.origin,
            _how_to_make(wanted, address, context.live.collections if context.live else ()),
        )
        return None
    return wanted.type if accepts(wanted.type, context, wanted.origin, findings) else None


def _how_to_make(wanted: DesiredCollection, address: Address, live: Iterable[str]) -> str:
    """The hint for a collection that is not there."""
    if wanted.partial and wanted.type is not None:
        return f"use --target {address} to make it"
    guess = did_you_mean(wanted.name, live)
    named = guess if guess and guess.startswith("did you mean") else "or correct the name"
    joined = f"{named} Else " if named.endswith("?") else ""
    make = "write its type in the collection, as in type: model, and it is made"
    return f"{joined}{make}" if joined else f"{make}; {named}"


def _itself(
    wanted: DesiredCollection, live: LiveCollection | None, kind: str, context: RegistryContext, findings: Findings
) -> None:
    description = None if wanted.description is UNSET else wanted.description
    if live is None:
        action = a.CreateCollection(context.name, wanted.name, kind, description)
        findings.draft(action, DECLARED, wanted.origin)
        return
    if live.name != wanted.name:
        findings.draft(
            a.RenameCollection(context.name, wanted.name, live.name),
            f"declared with `previously: {live.name}`",
            wanted.origin,
            notes=(f"Whatever still asks for {named(f'{context.name}/{live.name}')} finds nothing.",),
        )
    if wanted.description is not UNSET and description != live.description:
        action_update = a.UpdateCollection(context.name, wanted.name, live.description, description)
        findings.draft(action_update, DECLARED, wanted.origin)


def _tags(wanted: DesiredCollection, live: LiveCollection | None, context: RegistryContext, findings: Findings) -> None:
    if wanted.tags is None:
        return
    there = live.tags if live else frozenset()
    added = sorted(tag for tag, item in wanted.tags.items() if not item.absent and tag not in there)
    removed = sorted(tag for tag, item in wanted.tags.items() if item.absent and tag in there)
    unlisted = sorted(there - wanted.tags.keys()) if Kind.TAGS in wanted.remove_unlisted else []
    note_if_emptied(wanted.tags, unlisted, Kind.TAGS, Address(context.name, wanted.name), findings)
    for chunk in _chunks(added):
        findings.draft(
            a.AddTags(context.name, wanted.name, chunk), DECLARED, _origin(wanted.tags, chunk, wanted.origin)
        )
    for chunk in _chunks(removed):
        position = _origin(wanted.tags, chunk, wanted.origin)
        findings.draft(a.RemoveTags(context.name, wanted.name, chunk), DECLARED_ABSENT, position)
    for chunk in _chunks(unlisted):
        findings.draft(
            a.RemoveTags(context.name, wanted.name, chunk), "not listed; unlisted tags are removed here", wanted.origin
        )


def _origin(items: dict[str, Listed] | object, chunk: tuple[str, ...], otherwise: Position) -> Position:
    item = items.get(chunk[0]) if isinstance(items, dict) else None
    return item.origin if item is not None else otherwise


def _chunks(tags: list[str]) -> list[tuple[str, ...]]:
    return [tuple(tags[start : start + MAX_TAGS_PER_CALL]) for start in range(0, len(tags), MAX_TAGS_PER_CALL)]


def draft_deletion(
    context: RegistryContext, live: LiveCollection, findings: Findings, why: str, position: Position
) -> None:
    """Add the deletion of a whole live collection, with the hazards of all that is in it."""
    address = Address(context.name, live.name)
    if not may_delete(address, live, position, findings):
        return
    aliases = tuple(sorted(live.aliases))
    hits = [
        Hit(
            HazardName.DELETE_COLLECTION,
            f"deletes {named(address)} with {counted(len(live.links), 'version')} and "
            f"{counted(len(aliases), 'alias', 'aliases')}; its indices are lost",
        )
    ]
    held = [alias for alias in aliases if alias in context.protected]
    if held:
        hits.append(
            Hit(
                HazardName.REMOVE_PROTECTED_ALIAS,
                f"unbinds the protected {some([named(name) for name in held])} of {named(address)}",
                len(held),
            )
        )
    action = a.DeleteCollection(
        context.name, live.name, live.type, len(live.links), aliases, collection_fingerprint(live)
    )
    findings.draft(action, why, position, hits=tuple(hits), protected=bool(held))
