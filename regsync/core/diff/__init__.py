"""Desired × Live → what has to change: the comparison, without order and without judgement.

`refs_to_resolve` names the source versions that have to be looked up first; `compare` then finds every change.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from regsync.core.desired import Desired, DesiredCollection, DesiredRegistry
from regsync.core.diff.collection import find_live
from regsync.core.diff.context import Emptied, Findings, ManualStep, Matcher, RegistryContext
from regsync.core.diff.names import find_by_name, name_is_clear
from regsync.core.diff.registry import diff_registry
from regsync.core.diff.settled import unsettled
from regsync.core.live import LinkKey, Live, LiveRegistry, Unresolved, Version
from regsync.core.seen import Seen, unseen
from regsync.names import Address, SourceRef

__all__ = ["Comparison", "Emptied", "Findings", "ManualStep"]


class Comparison:
    """One desired state against one live state."""

    def __init__(self, desired: Desired, live: Live) -> None:
        self._desired = desired
        self._live = live
        self._unsettled: dict[str, list[tuple[DesiredCollection, Matcher]]] = {}
        for wanted in desired.registries.values():
            there = self._find_registry(wanted)
            context = RegistryContext(wanted.name, there, None, frozenset())
            self._unsettled[wanted.name] = [
                (collection, Matcher(find_live(collection, context)))
                for collection in unsettled((wanted.collections or {}).values(), there.collections if there else None)
            ]

    def _find_registry(self, wanted: DesiredRegistry) -> LiveRegistry | None:
        return find_by_name(wanted, self._live.registries)

    def refs_to_resolve(self) -> set[SourceRef]:
        """The references that no link of their collection answers, and source aliases, which must be looked up each time.

        What is `absent` and not linked needs no look-up, unless its name stands for another, under which it may be linked.
        """
        refs: set[SourceRef] = set()
        for collections in self._unsettled.values():
            for collection, matcher in collections:
                find = matcher.find
                for alias in (collection.aliases or {}).values():
                    if isinstance(alias.ref, SourceRef) and find(alias.ref, alias.digest) is None:
                        refs.add(alias.ref)
                for version in collection.versions or ():
                    ref = version.ref
                    if not isinstance(ref, SourceRef) or find(ref, version.digest) is not None:
                        continue
                    if not version.absent or ref.means_another:
                        refs.add(ref)
        return refs

    def findings(
        self,
        resolved: Mapping[SourceRef, Version | Unresolved],
        *,
        actor: str,
        manages_protected: bool,
        begun: frozenset[LinkKey] = frozenset(),
        made: Mapping[LinkKey, int] = MappingProxyType({}),
        seen: Seen = unseen,
    ) -> Findings:
        """Every change that is needed, and everything that makes a plan impossible.

        `begun`: links that an interrupted run of the same manifests has made. `made`: links that were taken out of the live
        state before, with the index that each has. `seen`: whoever wants to see how far it is.
        """
        findings = Findings(resolved, begun, made)
        for wanted in self._desired.registries.values():
            there = self._find_registry(wanted)
            siblings = bool(self._live.registries)
            if not name_is_clear(wanted, Address(wanted.name), self._live.registries, siblings=siblings, to=findings):
                continue
            diff_registry(
                wanted,
                there,
                self._unsettled[wanted.name],
                findings,
                actor=actor,
                manages_protected=manages_protected,
                seen=seen,
            )
        return findings
