"""Plans made from a manifest text and a live state in memory, as the planner makes them, without any backend."""

from __future__ import annotations

from pathlib import Path

from regsync.core.desired import Consents
from regsync.core.diff import Comparison
from regsync.core.fingerprint import scope_fingerprints
from regsync.core.live import Destination, Live, LiveCollection, LiveRegistry, ReadProof, Unresolved, Version
from regsync.core.plan import ManifestInfo, Plan, Selection
from regsync.core.planner import Inputs, compare, make_plan
from regsync.core.scope import scope_of
from regsync.manifest.reading.load import load
from regsync.names import Role, SourceRef

HERE = Destination("local", "local:/registry.db", "acme", "acme-org", "alice", "instance")


def version(name: str, kind: str = "model") -> Version:
    """`v3` → that version of acme-ml/fraud/detector."""
    return Version(f"id-{name}", f"acme-ml/fraud/detector:{name}", f"{int(name[1:]):032x}", kind)


def collection(*linked: str, aliases: dict[str, int] | None = None, name: str = "fraud") -> LiveCollection:
    """A collection with these versions linked, in this order."""
    links = dict(enumerate(map(version, linked)))
    latest = max(links, default=None)
    return LiveCollection(name, "model", None, frozenset(), links, aliases or {}, latest, len(links))


def live(
    *collections: LiveCollection, protected: tuple[str, ...] = (), complete: bool = True, members: tuple[str, ...] = ()
) -> Live:
    """One registry `model`."""
    registry = LiveRegistry(
        "model",
        protected_aliases=frozenset(protected),
        members=dict.fromkeys(members, Role.MEMBER),
        collections={found.name: found for found in collections},
        role=Role.ADMIN,
    )
    return Live({"model": registry}, ReadProof(complete, 1, 1))


def plan(folder: Path, body: str, found: Live, allow: Consents | None = None) -> Plan:
    """The plan for a manifest whose text after the header is `body`."""
    path = folder / "registry.yaml"
    path.write_text(f"apiVersion: regsync/v1\norganization: acme\n{body}", encoding="utf-8")
    loaded = load([path])
    comparison = Comparison(loaded.desired, found)
    resolved: dict[SourceRef, Version | Unresolved] = {
        ref: version(ref.version) for ref in comparison.refs_to_resolve()
    }
    scope = scope_of(loaded.desired)
    inputs = Inputs(
        desired=loaded.desired,
        live=found,
        scope=scope,
        resolved=resolved,
        destination=HERE,
        manifest=ManifestInfo(loaded.digest, (), None),
        fingerprints=scope_fingerprints(found.registries, scope),
        manages_protected=True,
        selection=Selection(allow=allow or {}),
        warnings=tuple(loaded.warnings),
    )
    return make_plan(inputs, compare(inputs, comparison))
