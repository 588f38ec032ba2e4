"""Links and aliases."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from regsync.local.server.mutations import places
from regsync.local.server.session import Session
from regsync.local.store import aliases, artifacts, links
from regsync.local.store.access import missing, sees_version
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.ids import Kind, decode
from regsync.local.store.links import Link

Json = dict[str, Any]


class LinkMutations:
    """Mutations of links and aliases."""

    session: Session

    def link_artifact(self, input: Json) -> Json:
        names = [given["alias"] for given in input.get("aliases") or ()]
        with self.session.write() as tx:
            version = _version(tx, input)
            if input.get("artifact_portfolio_id"):
                collection = places.collection_by_id(tx, input["artifact_portfolio_id"])
                place, name = places.place_of_links(tx, collection), collection.name
            else:
                place = places.linkable(tx, input.get("entity_name"), input.get("project_name"))
                name = input.get("artifact_portfolio_name") or ""
            link, _ = links.link_read(tx, place, name, version, names)
        return {"version_index": link.index, "artifact_membership": link}

    def unlink_artifact(self, input: Json) -> Json:
        with self.session.write() as tx:
            collection = places.collection_by_id(tx, input["artifact_portfolio_id"])
            links.unlink(tx, places.place_of_links(tx, collection), collection, _version(tx, input))
        return {"success": True}

    def add_aliases(self, input: Json) -> Json:
        with self.session.write() as tx:
            for link, collection, names in _by_collection(tx, input):
                aliases.set_on(tx, collection, link.id, link.index, names)
        return {"success": True}

    def delete_aliases(self, input: Json) -> Json:
        with self.session.write() as tx:
            for link, collection, names in _by_collection(tx, input):
                aliases.remove_aliases(tx, collection, names, index=link.index)
        return {"success": True}


def _version(tx: Transaction, input: Json) -> Version:
    if input.get("artifact_id"):
        return artifacts.by_id(tx, decode(input["artifact_id"], Kind.ARTIFACT))
    if input.get("client_id"):
        return artifacts.by_client_id(tx, input["client_id"])
    raise Invalid("say which artifact: artifactID or clientID")


def _by_collection(tx: Transaction, input: Json) -> list[tuple[Link, Collection, list[str]]]:
    """For each collection that the input names: the artifact's link there, and the aliases."""
    version = decode(input["artifact_id"], Kind.ARTIFACT)
    if not sees_version(tx, version):
        missing("artifact")
    names: dict[int, list[str]] = defaultdict(list)
    found: dict[int, Collection] = {}
    for given in input["aliases"]:
        collection = places.collection(tx, given)
        found[collection.id] = collection
        names[collection.id].append(given["alias"])
    targets = []
    for key, collection in found.items():
        link = links.find(tx, collection, version)
        if link is None:
            missing(f"{artifacts.shown(tx, artifacts.by_id(tx, version))} in {collection.address}")
        targets.append((link, collection, names[key]))
    return targets
