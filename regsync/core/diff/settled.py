"""Collections that are live just as they are declared: found at a glance, so that the comparison looks at the others only.

Most collections of most plans are. What is said to be settled here must be something about which `diff_collection` finds
nothing at all; where that is not plain, it is not settled, and `diff_collection` looks at it. `tests/core/test_settled.py`
tries every small deviation.
"""

from __future__ import annotations

from collections.abc import Iterable

from regsync.core.desired import UNSET, DesiredCollection, Kind, PinnedAliases
from regsync.core.live import LiveCollection
from regsync.names import IN_A_REGISTRY, SourceRef, VersionRef


def is_settled(wanted: DesiredCollection, live: LiveCollection | None) -> bool:
    """Whether nothing is to be done for it, and nothing to be said. `live` has the declared name."""
    if live is None or live.unseen != 0 or wanted.absent or wanted.previously or wanted.type not in (None, live.type):
        return False
    if wanted.description is not UNSET and wanted.description != live.description:
        return False
    return _tags_are(wanted, live) and _versions_are(wanted, live)


def _tags_are(wanted: DesiredCollection, live: LiveCollection) -> bool:
    if wanted.tags is None:
        return True
    if any(item.absent is (tag in live.tags) for tag, item in wanted.tags.items()):
        return False
    return Kind.TAGS not in wanted.remove_unlisted or live.tags <= wanted.tags.keys()


def _versions_are(wanted: DesiredCollection, live: LiveCollection) -> bool:
    """Whether every listed version is linked, and every alias is bound as declared."""
    indices = {version.source: index for index, version in live.links.items()}
    if wanted.versions is not None and not _are_linked(wanted, live, indices):
        return False
    if wanted.aliases is None:
        return True
    held, links, kind = live.aliases, live.links, live.type
    if Kind.ALIASES in wanted.remove_unlisted and not held.keys() <= wanted.aliases.keys():
        return False
    if isinstance(wanted.aliases, PinnedAliases):
        for alias, source in wanted.aliases.sources.items():
            index = indices.get(source)
            if index is None or held.get(alias) != index or links[index].type != kind:
                return False
        return True
    for alias, (ref, digest, _) in wanted.aliases.items():
        if ref is None:
            if alias in held:
                return False
            continue
        if isinstance(ref, SourceRef):
            index = indices.get(ref)
            if IN_A_REGISTRY in ref:
                return False
        else:
            index = ref.number
        if index is None or held.get(alias) != index or index not in links:
            return False
        version = links[index]
        if version.type != kind or (digest is not None and digest != version.digest):
            return False
    return True


def _are_linked(wanted: DesiredCollection, live: LiveCollection, indices: dict[str, int]) -> bool:
    if Kind.VERSIONS in wanted.remove_unlisted:
        return False
    for item in wanted.versions or ():
        index = indices.get(item.ref) if isinstance(item.ref, SourceRef) else None
        if index is None or item.absent or _is_link(item.ref):
            return False
        version = live.links[index]
        if version.type != live.type or item.digest not in (None, version.digest):
            return False
    return True


def _is_link(ref: VersionRef) -> bool:
    """Whether it names a link in a registry, of which there is something to be said."""
    return isinstance(ref, SourceRef) and IN_A_REGISTRY in ref


def unsettled(
    collections: Iterable[DesiredCollection], live: dict[str, LiveCollection] | None
) -> list[DesiredCollection]:
    """Those at which the comparison has to look, in their order."""
    there = live or {}
    return [each for each in collections if not is_settled(each, there.get(each.name))]
