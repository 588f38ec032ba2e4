"""A large registry file, written by the thousand: what the pages are measured on, and counted on in the tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from regsync.local.store import accounts, collections, metrics, projects, registries
from regsync.local.store.collections import Collection
from regsync.local.store.database import Store, Transaction

VERSIONS = 10
"""So many times the collections."""
REGISTRY, PROJECT, DEEP, TYPE = "big", "lab", "busy", "model"
AT = "/orgs/acme/registry/big"
BUSY = f"{AT}?selectionPath=acme-org%2Fwandb-registry-big%2Fbusy"
_HERE = "organization=acme&registry=big&collection=busy"
_FROM = "team=acme-ml&project=lab&artifact=busy&source_version=v7"
_SOURCE = "/acme-ml/lab/artifacts/model/busy/latest"
PAGES = {
    "registries": "/registry/",
    "registries, another page": "/registry/?page=2",
    "registries, found by many": "/registry/?q=MANY",
    "registry": AT,
    "registry, another page": f"{AT}?page=2",
    "registry, found by many": f"{AT}?q=COLL",
    "collection": BUSY,
    "collection, another page": f"{BUSY}&page=2",
    "collection, far down": f"{BUSY}&page=9&after=%5B100%5D",
    "version": f"{BUSY}&view=membership&version=latest",
    "version, other files": f"{BUSY}&view=membership&version=latest&page=2",
    "metrics": f"{AT}/metrics?collection=busy",
    "metrics, the best": f"{AT}/metrics?collection=busy&by=val.acc&down=1",
    "metrics, the next": f"{AT}/metrics?collection=busy&by=n&page=2",
    "metrics, far down": f"{AT}/metrics?collection=busy&by=n&page=9&after=%5B100%2C+0%5D",
    "metrics, of none": f"{AT}/metrics?collection=busy&by=nothing",
    "compare": f"{AT}/compare?collection=busy&old=v0&new=v1",
    "lineage": f"{AT}/lineage?collection=busy&version=latest",
    "history of a registry": f"{AT}/history",
    "history of a collection": f"{AT}/history?collection=busy",
    "history of an alias": f"{AT}/history?collection=busy&alias=moving",
    "history of another alias": f"{AT}/history?collection=busy&alias=nothing",
    "history of a plan": f"{AT}/history?plan=none",
    "history, older": f"{AT}/history?collection=busy&upto=500",
    "settings": f"{AT}/settings",
    "create a collection": f"/change/create-collection?{_HERE}",
    "add aliases": f"/change/add-aliases?{_HERE}&version=v3",
    "remove an alias": f"/change/remove-alias?{_HERE}&version=v0&alias=alias-000000",
    "delete a collection": f"/change/delete-collection?{_HERE}",
}
OF_THE_TEAM = {
    "browser": "/acme-ml/lab/artifacts",
    "browser, another page": "/acme-ml/lab/artifacts?page=2",
    "source": _SOURCE,
    "lineage of a source": f"{_SOURCE}/lineage",
    "link": f"/change/link?{_HERE}",
    "link, project": f"/change/link?{_HERE}&team=acme-ml",
    "link, artifact": f"/change/link?{_HERE}&team=acme-ml&project=lab",
    "link, version": f"/change/link?{_HERE}&team=acme-ml&project=lab&artifact=busy",
    "link, aliases": f"/change/link?{_HERE}&{_FROM}",
    "publish": f"/change/publish?{_FROM}",
    "publish, aliases": f"/change/publish?{_FROM}&into=big%2Fbusy",
}
"""Pages about the project; others do not see it."""
Rows = Iterator[tuple[Any, ...]]


def fill(store: Store, size: int, organization: str = "acme", team: str = "acme-ml") -> None:
    """Put into a file with that organization and team: a registry `big` of so many collections, and the collection `busy`
    in it with ten times as many versions, each with metrics, every tenth with an alias; the project `lab` where all of them
    were logged; for each collection a registry and a project more; a version `latest` of `busy` with as many files as there
    are collections, and ten times as many readers; and the history of all that.
    """
    with store.write() as tx:
        place = accounts.organization(tx, organization)
        registry = registries.create(tx, place, REGISTRY)
        project = projects.ensure(tx, team, PROJECT)
        shallow = _collections(tx, project.id, "sequence", size), _collections(tx, registry.id, "portfolio", size)
        for one, (source, link) in enumerate(zip(*shallow, strict=True)):
            _versions(tx, source, link, f"{project}/{source.name}", 1, one)
        deep = [
            collections.insert(tx, kind, at, DEEP, TYPE, description=None)
            for kind, at in (("sequence", project.id), ("portfolio", registry.id))
        ]
        _versions(tx, deep[0], deep[1], f"{project}/{DEEP}", size * VERSIONS, size)
        last = tx.value("SELECT max(id) FROM artifacts") or 0
        tx.many(
            "INSERT INTO artifact_files (artifact_id, path, digest, size) VALUES (?, ?, '', 1)",
            ((last, f"part-{number:06d}") for number in range(size)),
        )
        _runs(tx, project.id, last, size * VERSIONS)
        _places(tx, registry.id, "wandb-registry-registry", size)
        _places(tx, project.id, "project", size)


def _runs(tx: Transaction, project: int, artifact: int, size: int) -> None:
    """Runs that used a version."""
    tx.many(
        "INSERT INTO runs (project_id, name, created_at, updated_at) VALUES (?, ?, ?, ?)",
        ((project, f"run-{number:05d}", tx.now, tx.now) for number in range(size)),
    )
    tx.run(
        "INSERT INTO artifact_uses (run_id, artifact_id) SELECT id, ? FROM runs WHERE project_id = ?", artifact, project
    )


def _places(tx: Transaction, beside: int, name: str, size: int) -> None:
    """Projects of the entity that a project is in; registries, where that is one."""
    tx.many(
        """INSERT INTO projects (entity_id, name, description, created_at, updated_at)
           SELECT entity_id, ?2, 'One of many', created_at, updated_at FROM projects WHERE id = ?1""",
        ((beside, f"{name}-{number:05d}") for number in range(size)),
    )
    tx.run(
        """INSERT INTO registries (project_id, visibility, all_types) SELECT p.id, r.visibility, 1 FROM registries r
           JOIN projects b ON b.id = r.project_id JOIN projects p ON p.entity_id = b.entity_id
           WHERE r.project_id = ? AND p.name GLOB ?""",
        beside,
        f"{name}-*",
    )


def _collections(tx: Transaction, project: int, kind: str, size: int) -> list[Collection]:
    if not size:
        return []
    first = collections.insert(tx, kind, project, "collection-00000", TYPE, description="The first of many")
    tx.many(
        """INSERT INTO collections (project_id, kind, name, type_id, description, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            (project, kind, f"collection-{number:05d}", first.type_id, "One of many", tx.now, tx.now)
            for number in range(1, size)
        ),
    )
    keys = [key for (key,) in tx.tuples("SELECT id FROM collections WHERE project_id = ? ORDER BY name", project)]
    found = collections.by_ids(tx, keys)
    return [found[key] for key in keys]


def _versions(tx: Transaction, source: Collection, link: Collection, name: str, count: int, seed: int) -> None:
    """Versions in a sequence, linked into a collection, with what the history tells of them."""
    if not count:
        return
    first = (tx.value("SELECT max(id) FROM artifacts") or 0) + 1
    numbers = range(count)
    tx.many(
        """INSERT INTO artifacts (id, sequence_id, version_index, state, digest, size, metadata, created_at, updated_at)
           VALUES (?, ?, ?, 'COMMITTED', ?, 1, ?, ?, ?)""",
        ((first + n, source.id, n, f"{seed:016x}{n:016x}", _metadata(seed + n), tx.now, tx.now) for n in numbers),
    )
    for place in (source, link):
        tx.many(
            "INSERT INTO memberships (collection_id, artifact_id, version_index, created_at) VALUES (?, ?, ?, ?)",
            ((place.id, first + n, n, tx.now) for n in numbers),
        )
    metrics.settle(tx, (first + n for n in numbers))
    event = (
        "INSERT INTO events (at, actor, kind, organization, address, before, after) VALUES (?, 'alice', ?, ?, ?, ?, ?)"
    )
    tx.many(event, _events(tx, link, name, count))
    held = [n for n in numbers if n % VERSIONS == 0]
    for names in (((f"alias-{n:06d}", n) for n in held), [("latest", count - 1), ("moving", count - 1)]):
        tx.many(
            """INSERT INTO aliases (collection_id, membership_id, name, created_at)
               SELECT collection_id, id, ?, created_at FROM memberships WHERE collection_id = ? AND version_index = ?""",
            ((alias, place.id, n) for alias, n in names for place in (source, link)),
        )
    tx.run("UPDATE collections SET next_index = ? WHERE id IN (?, ?)", count, source.id, link.id)


def _events(tx: Transaction, link: Collection, name: str, count: int) -> Rows:
    at = (tx.now, "link-version", link.organization)
    for n in range(count):
        evidence = json.dumps({"source": f"{name}:v{n}", "digest": ""})
        yield *at, f"{link.address}:v{n}", None, evidence
        before = None if n == 0 else str(n - 1)
        yield tx.now, "set-alias", link.organization, f"{link.address}:moving", before, str(n)


def _metadata(number: int) -> str:
    return json.dumps({"n": number % 977, "val": {"acc": (number * 7919 % 10_007) / 10_007}})
