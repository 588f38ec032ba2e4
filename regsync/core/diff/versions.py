"""The versions and aliases of one collection: which are linked, in which order, and what each alias points at."""

from __future__ import annotations

from collections.abc import Sequence

from regsync.core import actions as a
from regsync.core.desired import DesiredCollection, DesiredVersion, HazardName, Kind
from regsync.core.diff.context import (
    DECLARED,
    DECLARED_ABSENT,
    Findings,
    Matcher,
    RegistryContext,
    accepts,
    note_if_emptied,
)
from regsync.core.live import LiveCollection, Unresolved, Version
from regsync.core.operation import Hit
from regsync.diagnostics import Position
from regsync.names import REGISTRY_PREFIX, Address, Alias, IndexRef, SourceRef, VersionRef, named, version_index
from regsync.slots import NamedTuple


class _Link(NamedTuple):
    """A version that this plan links. `predicted` None: the backend cannot tell which one it will get."""

    version: Version
    predicted: int | None
    origin: Position


class VersionDiff:
    """Compares one collection's versions and aliases. One use: make it, `run` it."""

    def __init__(
        self,
        wanted: DesiredCollection,
        live: LiveCollection,
        context: RegistryContext,
        matcher: Matcher,
        findings: Findings,
    ) -> None:
        self._wanted = wanted
        self._live = live
        self._context = context
        self._matcher = matcher
        self._findings = findings
        self._address = Address(context.name, wanted.name)
        self._new: dict[str, _Link] = {}
        self._next = live.next_index
        """The index that the next link gets, after those that are planned so far."""
        self._kept: set[str] = set()
        self._aliases: dict[str, str] = {}

    def run(self) -> None:
        """Add the operations, or the reasons why there can be none, to the findings."""
        before = len(self._findings.diagnostics)
        self._plan_listed_links()
        by_source = self._plan_alias_links()
        self._draft_links()
        self._draft_aliases(by_source)
        if len(self._findings.diagnostics) == before or not any(
            d.is_error for d in self._findings.diagnostics[before:]
        ):
            self._draft_alias_removals()
            self._draft_unlinks()

    # Which versions are linked ----------------------------------------------------------------------------------

    def _plan_listed_links(self) -> None:
        for item in self._wanted.versions or ():
            if item.absent or isinstance(item.ref, IndexRef):
                continue
            version = self._version(item.ref, item.digest, item.origin)
            if version is not None:
                self._want_link(version, item.origin)

    def _plan_alias_links(self) -> dict[Alias, Version]:
        """Versions that only aliases name come after the listed ones, by source path and number."""
        found: dict[Alias, Version] = {}
        unlinked: list[tuple[Version, Position]] = []
        for alias, item in (self._wanted.aliases or {}).items():
            if not isinstance(item.ref, SourceRef):
                continue
            version = self._version(item.ref, item.digest, item.origin)
            if version is None:
                continue
            found[alias] = version
            self._kept.add(version.artifact_id)
            if version.artifact_id not in self._new and version.artifact_id not in self._matcher.by_artifact:
                unlinked.append((version, item.origin))
        for version, origin in sorted(unlinked, key=lambda pair: (_source_order(pair[0]), pair[1])):
            self._want_link(version, origin)
        return found

    def _want_link(self, version: Version, origin: Position) -> None:
        self._kept.add(version.artifact_id)
        if version.artifact_id in self._new or version.artifact_id in self._matcher.by_artifact:
            return
        index = self._findings.made.get((self._context.name, self._wanted.name, version.artifact_id))
        if index is None:
            index = self._next
        if self._next is not None and index is not None:
            self._next = max(self._next, index + 1)
        self._new[version.artifact_id] = _Link(version, index, origin)

    def _version(self, ref: SourceRef, digest: str | None, origin: Position) -> Version | None:
        index = self._matcher.find(ref, digest)
        version = self._findings.resolved.get(ref) if index is None else self._live.links[index]
        if version is None or isinstance(version, Unresolved):
            failed = version or Unresolved("was not looked up")
            message = f"{ref} {failed.reason}"
            self._findings.error("version-not-found", message, origin, failed.hint, failed.cause or message)
            return None
        if not self._fits(ref, version, digest, origin):
            return None
        if ref.project.startswith(REGISTRY_PREFIX):
            its = f"its source is {version.source}" if version.source else "its source is not visible to this key"
            self._findings.warn(
                "registry-path",
                f"{ref} is a link in a registry; {its}",
                origin,
                f"write {version.source}: that means the same version in every registry" if version.source else None,
            )
        linked = version.artifact_id in self._matcher.by_artifact
        return version if linked or accepts(version.type, self._context, origin, self._findings) else None

    def _fits(self, ref: VersionRef, version: Version, digest: str | None, origin: Position) -> bool:
        if digest is not None and version.digest != digest:
            self._findings.error(
                "digest-mismatch",
                f"{ref} has digest {version.digest}, not the {digest} that it is pinned to",
                origin,
                "find out who changed it; if the new content is right, write its digest",
            )
            return False
        if version.type != self._live.type:
            self._findings.error(
                "type-mismatch",
                f"{ref} is a {version.type!r}; {self._address} holds artifacts of type {self._live.type!r} only",
                origin,
                "link it into a collection of its own type",
            )
            return False
        return True

    # Links ------------------------------------------------------------------------------------------------------

    def _draft_links(self) -> None:
        links = list(self._new.values())
        for link in links:
            last = link is links[-1]
            hits, notes = self._effect_on_latest([link.version for link in links]) if last else ((), ())
            if last and self._live.next_index:
                notes = (*notes, _foretold(links))
            self._findings.draft(
                a.LinkVersion(self._context.name, self._wanted.name, link.version, link.predicted),
                DECLARED,
                link.origin,
                hits=hits,
                notes=notes,
            )

    def _effect_on_latest(self, linked: Sequence[Version]) -> tuple[tuple[Hit, ...], tuple[str, ...]]:
        """Linking always moves `latest`. That is a hazard where it goes back to an older version of the same artifact.

        Also where it only does so from one that this plan links before it: else an apply that was cut short between the two
        would meet a hazard that nobody was asked about. In a new collection the declared order is all that there is, and a run
        that finishes an interrupted one makes the links that were decided on then.
        """
        latest = self._live.latest
        old = None if latest is None else self._live.links.get(latest)
        if old is None or (self._context.name, self._wanted.name, old.artifact_id) in self._findings.begun:
            return (), ()
        version = linked[-1]
        text = f"latest moves from v{latest} ({named(old.source or old.digest)}) to {named(version.source or version.digest)}"
        if _is_older(version, old):
            return (Hit(HazardName.LATEST_MOVES, f"{text}, an older version"),), ()
        newer = next((each for each in linked if _is_older(version, each)), None)
        if newer is not None:
            message = f"{text}, an older version than {named(newer.source)}, which is linked before it"
            return (Hit(HazardName.LATEST_MOVES, message),), ()
        return (), (f"{text}.",)

    # Aliases ----------------------------------------------------------------------------------------------------

    def _draft_aliases(self, by_source: dict[Alias, Version]) -> None:
        live = self._live
        for alias, item in sorted((self._wanted.aliases or {}).items()):
            if item.ref is None:
                continue
            version = by_source.get(alias)
            if isinstance(item.ref, IndexRef):
                version = self._at_index(item.ref, item.digest, item.origin)
            if version is None:
                continue
            self._kept.add(version.artifact_id)
            held_index = live.aliases.get(alias)
            held_by = None if held_index is None else live.links[held_index]
            self._aliases[alias] = version.artifact_id
            if held_by is not None and held_by.artifact_id == version.artifact_id:
                continue
            new = self._new.get(version.artifact_id)
            index = new.predicted if new else self._matcher.by_artifact[version.artifact_id]
            self._findings.draft(
                a.SetAlias(self._context.name, self._wanted.name, alias, held_by, held_index, version, index),
                DECLARED,
                item.origin,
                protected=alias in self._context.protected,
            )

    def _at_index(self, ref: IndexRef, digest: str | None, origin: Position) -> Version | None:
        version = self._live.links.get(ref.number)
        if version is None:
            version = next((link.version for link in self._new.values() if link.predicted == ref.number), None)
        if version is None:
            linked = sorted(self._live.links)
            there = f"linked are {_ranges(linked)}" if linked else "nothing is linked"
            self._findings.error(
                "version-not-linked",
                f"{self._address} has no version {ref}; {there}",
                origin,
                "name the source version (entity/project/artifact:v3): it is linked where it is not yet",
            )
            return None
        return version if self._fits(ref, version, digest, origin) else None

    def _draft_alias_removals(self) -> None:
        if self._wanted.aliases is None:
            return
        live = self._live
        unlisted = (
            sorted(live.aliases.keys() - self._wanted.aliases.keys())
            if Kind.ALIASES in self._wanted.remove_unlisted
            else []
        )
        note_if_emptied(self._wanted.aliases, unlisted, Kind.ALIASES, self._address, self._findings)
        absent = self._wanted.absent_aliases
        for alias in sorted(absent):
            if alias in live.aliases:
                self._remove_alias(alias, DECLARED_ABSENT, absent[alias])
        for extra in unlisted:
            self._remove_alias(extra, "not listed; unlisted aliases are removed here", self._wanted.origin)
        gone = {*absent, *unlisted}
        for kept, index in live.aliases.items():
            if kept not in gone:
                self._aliases.setdefault(kept, live.links[index].artifact_id)

    def _remove_alias(self, alias: str, why: str, position: Position) -> None:
        index = self._live.aliases[alias]
        held_by = self._live.links[index]
        protected = alias in self._context.protected
        name = HazardName.REMOVE_PROTECTED_ALIAS if protected else HazardName.REMOVE_ALIAS
        noun = "the protected alias" if protected else "the alias"
        message = (
            f"takes {noun} {alias!r} of {named(self._address)} off v{index} ({named(held_by.source or held_by.digest)})"
        )
        self._findings.draft(
            a.RemoveAlias(self._context.name, self._wanted.name, alias, held_by, index),
            why,
            position,
            hits=(Hit(name, message),),
            protected=protected,
        )

    # Unlinks ----------------------------------------------------------------------------------------------------

    def _draft_unlinks(self) -> None:
        if self._wanted.versions is None:
            return
        if self._wanted.aliases is None:
            for alias, index in self._live.aliases.items():
                self._aliases.setdefault(alias, self._live.links[index].artifact_id)
        carried: dict[str, list[str]] = {}
        for alias, artifact_id in sorted(self._aliases.items()):
            carried.setdefault(artifact_id, []).append(alias)
        gone = [*self._declared_absent(carried), *self._unlisted(carried)]
        remaining = self._live.links.keys() - {index for index, _, _ in gone}
        latest_gone = not self._new and self._live.latest is not None and self._live.latest not in remaining
        for index, why, position in sorted(gone):
            version = self._live.links[index]
            what = f"v{index} ({named(version.source or version.digest)})"
            message = f"unlinks {what} from {named(self._address)}; linked again, it gets another index"
            hits = [Hit(HazardName.UNLINK_VERSION, message)]
            if latest_gone and index == self._live.latest:
                falls = f"v{max(remaining)}" if remaining else "nothing"
                hits.append(
                    Hit(HazardName.LATEST_MOVES, f"latest of {named(self._address)} falls from {what} to {falls}")
                )
            self._findings.draft(
                a.UnlinkVersion(self._context.name, self._wanted.name, version, index),
                why,
                position,
                hits=tuple(hits),
                notes=("A TTL that linking turned off on the source is not restored.",),
            )

    def _declared_absent(self, carried: dict[str, list[str]]) -> list[tuple[int, str, Position]]:
        gone: list[tuple[int, str, Position]] = []
        for item in self._wanted.versions or ():
            if not item.absent:
                continue
            index = self._index_of_absent(item)
            version = None if index is None else self._live.links.get(index)
            if version is None and index in {link.predicted for link in self._new.values()}:
                self._findings.error(
                    "contradiction",
                    f"{self._address} shall not have v{index}, but that is the index of a version that is linked here",
                    item.origin,
                    "name the source version that shall not be linked, or delete the line",
                )
                continue
            if index is None or version is None:
                self._tell_of_nothing(item)
                continue
            if version.artifact_id in carried:
                self._findings.error(
                    "version-in-use",
                    f"{item.ref} cannot be unlinked from {self._address}: "
                    f"it carries {', '.join(carried[version.artifact_id])}",
                    item.origin,
                    "move the alias to another version, or declare it absent, in the same manifest",
                )
                continue
            gone.append((index, DECLARED_ABSENT, item.origin))
        return gone

    def _tell_of_nothing(self, item: DesiredVersion) -> None:
        """Warn where a name that stands for another version (a link in a registry, a source alias) cannot be followed to it."""
        version = self._findings.resolved.get(item.ref) if isinstance(item.ref, SourceRef) else None
        if isinstance(version, Unresolved):
            message = f"nothing is unlinked from {self._address} for {item.ref}: it {version.reason}"
            hint = "name the source of the version that shall go, entity/project/artifact:v3, or its index here"
            self._findings.warn("nothing-to-unlink", message, item.origin, hint)

    def _index_of_absent(self, item: DesiredVersion) -> int | None:
        """The link that shall not be; None where there is none."""
        if isinstance(item.ref, IndexRef):
            return item.ref.number
        index = self._matcher.find(item.ref, item.digest)
        version = self._findings.resolved.get(item.ref)
        return self._matcher.by_artifact.get(version.artifact_id) if isinstance(version, Version) else index

    def _unlisted(self, carried: dict[str, list[str]]) -> list[tuple[int, str, Position]]:
        if Kind.VERSIONS not in self._wanted.remove_unlisted:
            return []
        named = {item.ref.number for item in self._wanted.versions or () if isinstance(item.ref, IndexRef)}
        absent = {
            self._index_of_absent(item)
            for item in self._wanted.versions or ()
            if item.absent and isinstance(item.ref, SourceRef)
        }
        why = "not listed; unlisted versions are unlinked here"
        gone: list[tuple[int, str, Position]] = []
        for index, version in sorted(self._live.links.items()):
            if version.artifact_id in self._kept or index in named or index in absent:
                continue
            if version.artifact_id in carried:
                self._findings.warn(
                    "version-kept",
                    f"v{index} of {self._address} is not listed, but stays linked: it carries "
                    f"{', '.join(carried[version.artifact_id])}, which is not managed here",
                    self._wanted.origin,
                    "declare that alias as well, or list the version",
                )
                continue
            gone.append((index, why, self._wanted.origin))
        unlisted = [f"v{index}" for index, _, _ in sorted(gone)]
        note_if_emptied(self._wanted.versions, unlisted, Kind.VERSIONS, self._address, self._findings)
        return gone


def _foretold(links: Sequence[_Link]) -> str:
    """What a plan says of the indices of its links, which others may use up before it is applied."""
    indices = [link.predicted for link in links if link.predicted is not None]
    if len(indices) == 1:
        return f"It gets the next free index (v{indices[0]} when planned)."
    return f"They get the next free indices (v{min(indices)} to v{max(indices)} when planned)."


def _source_order(version: Version) -> tuple[str, int, str]:
    path, _, number = version.source.rpartition(":")
    index = version_index(number)
    return path, -1 if index is None else index, version.artifact_id


def _is_older(version: Version, than: Version) -> bool:
    path, number, _ = _source_order(version)
    other_path, other_number, _ = _source_order(than)
    return bool(path) and path == other_path and number < other_number


def _ranges(indices: list[int]) -> str:
    shown = [f"v{index}" for index in indices]
    return ", ".join(shown) if len(shown) <= 6 else f"{', '.join(shown[:3])} … {', '.join(shown[-2:])}"
