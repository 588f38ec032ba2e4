"""Which version a reference means now, and what is known of versions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from operator import attrgetter
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import maybe, well_formed
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import Part
from regsync.backends.wandb.connection.session import Session
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.reading.versions import GONE, source_of, version_of
from regsync.core.live import Unresolved, Version, VersionDetails
from regsync.names import REGISTRY_PREFIX, ArtifactId, SourceRef

Json = dict[str, Any]

SOURCES, DETAILS = "looking up source versions", "reading what is known of versions"
REFS_PER_FIELD = 50
FOREIGN_SOURCE = "linking is only allowed within the same team or to a collection in your organization's registry"
"""What W&B answers to linking an artifact of a personal entity or of another organization."""
_SECONDS_A_DAY = 24 * 60 * 60


def resolve(
    reading: Reading, session: Session, refs: Collection[SourceRef]
) -> Mapping[SourceRef, Version | Unresolved]:
    """The version of each reference, or why it has none that could be linked. Raises `BackendError`."""
    answers = reading.fetch(lambda dialect: source_parts(session, refs, dialect), SOURCES)
    with well_formed(SOURCES):
        return sources_in(session, refs, answers)


def source_parts(session: Session, refs: Collection[SourceRef], dialect: Dialect) -> list[Part]:
    """What to ask for references: the versions, and whose their entities are. These come last, so that of many documents as many as
    can be are the same text, which a server may have read before."""
    groups = _by_project(session, refs)
    return [
        *(
            documents.versions(entity, project, [_name(ref) for ref in group], dialect)
            for entity, project, group in groups
        ),
        *(documents.entity(name) for name in _entities(groups)),
    ]


def sources_in(
    session: Session, refs: Collection[SourceRef], answers: Sequence[Any]
) -> dict[SourceRef, Version | Unresolved]:
    """What the answers to `source_parts` say. Use it within `well_formed`."""
    groups = _by_project(session, refs)
    entities = _entities(groups)
    found: dict[SourceRef, Version | Unresolved] = {}
    owners = dict(zip(entities, answers[len(groups) :], strict=True))
    for (entity, _, group), place in zip(groups, answers[: len(groups)], strict=True):
        for number, ref in enumerate(group):
            node = None if place is None else place[f"n{number}"]
            found[ref] = _resolved(session, owners[entity], ref, place is not None, node)
    return found


def _entities(groups: Iterable[tuple[str, str, list[SourceRef]]]) -> list[str]:
    return sorted({entity for entity, _, _ in groups})


def _by_project(session: Session, refs: Iterable[SourceRef]) -> list[tuple[str, str, list[SourceRef]]]:
    """References by entity and project, a few dozen at a time. The organization may be named by its display name."""
    groups: dict[tuple[str, str], list[SourceRef]] = {}
    for ref in sorted(set(refs), key=attrgetter("parts")):
        registry = ref.project.startswith(REGISTRY_PREFIX) and ref.entity == session.organization
        groups.setdefault((session.entity if registry else ref.entity, ref.project), []).append(ref)
    return [
        (entity, project, group[start : start + REFS_PER_FIELD])
        for (entity, project), group in groups.items()
        for start in range(0, len(group), REFS_PER_FIELD)
    ]


def _name(ref: SourceRef) -> str:
    return f"{ref.artifact}:{ref.version}"


def _resolved(
    session: Session, owner: Json | None, ref: SourceRef, project_there: bool, node: Json | None
) -> Version | Unresolved:
    if owner is None:
        return Unresolved(
            f"does not exist: there is no team {ref.entity!r}, or it is not visible to this key",
            "write the team's name as in its address: TEAM/project/artifact:v3",
            cause=f"team {ref.entity}",
        )
    organization = (owner.get("organization") or {}).get("name")
    if organization != session.organization:
        hint = f"log the artifact under a team of organization {session.organization!r}"
        return Unresolved(
            f"cannot be linked: {FOREIGN_SOURCE}",
            f"{hint}; {_whose(ref.entity, owner, organization)}",
            cause=f"team {ref.entity}",
        )
    if not project_there:
        return Unresolved(
            f"does not exist: {ref.entity} has no project {ref.project!r}, or it is not visible to this key",
            "check the name; a key needs access to the project to look its versions up",
            cause=f"project {ref.entity}/{ref.project}",
        )
    artifact = node.get("artifact") if node and "artifactCollection" in node else node
    if not artifact:
        return _missing(ref, node)
    if artifact.get("state") == "DELETED":
        return Unresolved("was deleted", "bind to another version")
    if artifact.get("state") != "COMMITTED":
        return Unresolved("is still being uploaded", "plan again when it is there")
    version = version_of(artifact, "")
    return version if version.source else version._replace(source=str(ref) if _is_pinned_source(ref) else "")


def _whose(entity: str, owner: Json, organization: str | None) -> str:
    if owner.get("user"):
        return f"{entity!r} is a personal entity"
    return (
        f"{entity!r} belongs to organization {organization!r}" if organization else f"{entity!r} is in no organization"
    )


def _missing(ref: SourceRef, node: Json | None) -> Unresolved:
    if node is not None:
        return Unresolved("was deleted: only its link is left", "bind to another version")
    what = f"there is no {ref.artifact}:{ref.version} in project {ref.entity}/{ref.project}"
    return Unresolved(f"does not exist: {what}", "check the name and the version on the artifact's page")


def _is_pinned_source(ref: SourceRef) -> bool:
    return ref.is_pinned and not ref.project.startswith(REGISTRY_PREFIX)


def describe(reading: Reading, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
    """What is known of versions. Evidence only, so a server that cannot tell leaves it unknown; ids not seen are left out."""
    ids = told_ids(artifact_ids)
    try:
        answers = reading.fetch(lambda dialect: detail_parts(ids, dialect), DETAILS)
        with well_formed(DETAILS):
            return details_in(ids, answers)
    except BackendError as error:
        if error.code in {"partial-answer", "refused", "malformed-answer"}:
            return {}
        raise


def told_ids(artifact_ids: Collection[ArtifactId]) -> list[ArtifactId]:
    """Those that the server knows, each once."""
    return [id_ for id_ in dict.fromkeys(artifact_ids) if not id_.startswith(GONE)]


def detail_parts(ids: Sequence[ArtifactId], dialect: Dialect) -> list[Part]:
    """What to ask for versions."""
    return [documents.details(id_, dialect) for id_ in ids]


def details_in(ids: Sequence[ArtifactId], answers: Sequence[Any]) -> dict[ArtifactId, VersionDetails]:
    """What the answers to `detail_parts` say. Use it within `well_formed`."""
    return {id_: _details(node) for id_, node in zip(ids, answers, strict=True) if _is_there(node)}


def _is_there(node: Json | None) -> bool:
    return bool(node) and (node or {}).get("state") != "DELETED"


def _details(node: Json) -> VersionDetails:
    run = node.get("createdBy") or {}
    named = run.get("__typename") == "Run" and run.get("project")
    ttl = node.get("ttlDurationSeconds")
    metadata = node.get("metadata")
    return VersionDetails(
        metadata=json.loads(metadata) if isinstance(metadata, str) and metadata else None,
        size=maybe(node, "size", int),
        created_at=maybe(node, "createdAt", str),
        run=f"{run['project']['entity']['name']}/{run['project']['name']}/{run['name']}" if named else None,
        commit=maybe(node, "commitHash", str),
        ttl_days=ceil(ttl / _SECONDS_A_DAY) if isinstance(ttl, int) and ttl > 0 else None,
        inputs=_inputs(run.get("inputArtifacts")) if named else None,
    )


def _inputs(listed: Json | None) -> tuple[str, ...] | None:
    """Full names of what a run used; None where there are more than one page shows."""
    if listed is None or listed["pageInfo"]["hasNextPage"]:
        return None
    names = (source_of(edge["node"]) for edge in listed["edges"])
    return tuple(sorted(name for name in names if name))
