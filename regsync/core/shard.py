"""Shards: a plan cut by registries into parts that can be reviewed and applied apart, in any order."""

from __future__ import annotations

from dataclasses import replace

from regsync.core.desired import Desired, DesiredRegistry, HazardName
from regsync.core.plan import Plan, Shard
from regsync.names import RegistryName


def part_of(desired: Desired, shard: Shard) -> Desired:
    """The registries of one shard; a registry that is renamed is one, under both names.

    Largest first, each to the shard that has least so far: the same for the same manifests, whatever is live.
    """
    loads = [0] * shard.of
    mine: set[RegistryName] = set()
    for registry in sorted(desired.registries.values(), key=lambda each: (-_size(each), each.name)):
        least = loads.index(min(loads))
        loads[least] += _size(registry)
        if least + 1 == shard.number:
            mine.add(registry.name)
    return replace(desired, registries={name: each for name, each in desired.registries.items() if name in mine})


def _size(registry: DesiredRegistry) -> int:
    """About how much there is to do for a registry."""
    collections = (registry.collections or {}).values()
    return 1 + sum(1 + len(each.aliases or ()) + len(each.versions or ()) for each in collections)


def judged_as_a_whole(part: Plan, whole: Plan) -> Plan:
    """The plan of a shard with the hazards of the whole plan that nobody consented to.

    Caps and consents by number are meant for all that the manifests ask for: cutting it into parts makes nothing harmless.
    A hazard that an operation carries counts where such an operation is; one of the plan as a whole, wherever anything is done.
    """
    if not part.operations:
        # Nothing of the manifests falls to this shard, or nothing of it is to be done: that is no empty manifest.
        return replace(
            part,
            hazards=() if whole.owned else whole.hazards,
            missing_consents=() if whole.owned else whole.missing_consents,
        )
    own = {hazard.name: hazard for hazard in part.hazards}
    for hazard in whole.hazards:
        carries = own.get(hazard.name)
        if hazard.consented or (carries is None and hazard.operations):
            continue
        operations = () if carries is None else carries.operations
        own[hazard.name] = replace(hazard, operations=operations)
    hazards = tuple(own[name] for name in HazardName if name in own)
    return replace(
        part, hazards=hazards, missing_consents=part.missing_consents if whole.applyable else whole.missing_consents
    )
