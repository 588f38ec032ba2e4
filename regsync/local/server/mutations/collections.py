"""Collections: made empty, edited, tagged, deleted."""

from __future__ import annotations

from typing import Any

from regsync.local.server import seen
from regsync.local.server.mutations import places
from regsync.local.server.nodes.collections import CollectionNode
from regsync.local.server.nodes.labels import TypeNode, tag
from regsync.local.server.session import Session
from regsync.local.store import collections, sequences
from regsync.local.store.access import missing
from regsync.local.store.collections import Collection
from regsync.local.store.errors import Invalid
from regsync.local.store.ids import Kind, decode

Json = dict[str, Any]


class CollectionMutations:
    """Mutations of collections of both kinds."""

    session: Session

    def create_artifact_type(self, input: Json) -> Json:
        with self.session.write() as tx:
            place = places.linkable(tx, input["entity_name"], input["project_name"])
            key = collections.use_type(tx, place, input["name"])
        return {"artifact_type": TypeNode(self.session, place.id, key, input["name"])}

    def create_artifact_portfolio(self, input: Json) -> Json:
        with self.session.write() as tx:
            place = places.linkable(tx, input["entity_name"], input["project_name"])
            key = decode(input["artifact_type_id"], Kind.ARTIFACT_TYPE)
            type_name = tx.value("SELECT name FROM artifact_types WHERE id = ? AND project_id = ?", key, place.id)
            if type_name is None:
                missing(f"artifact type in {place.name}")
            made = collections.create(tx, place, input["name"], type_name, description=input.get("description"))
        return {"artifact_collection": seen.collection(self.session, made.id)}

    def update_artifact_portfolio(self, input: Json) -> Json:
        return self._update(input["artifact_portfolio_id"], input, portfolio=True)

    def update_artifact_sequence(self, input: Json) -> Json:
        return self._update(input["artifact_sequence_id"], input, portfolio=False)

    def delete_artifact_portfolio(self, input: Json) -> Json:
        with self.session.write() as tx:
            found = places.collection_by_id(tx, input["artifact_portfolio_id"])
            collections.delete(tx, places.place_of_links(tx, found), found)
        return self._deleted(found)

    def delete_artifact_sequence(self, input: Json) -> Json:
        with self.session.write() as tx:
            found = places.collection_by_id(tx, input["artifact_sequence_id"])
            _require_kind(found, portfolio=False)
            sequences.delete_sequence(tx, found)
        return self._deleted(found)

    def move_artifact_sequence(self, input: Json) -> Json:
        with self.session.write() as tx:
            found = places.collection_by_id(tx, input["artifact_sequence_id"])
            _require_kind(found, portfolio=False)
            sequences.change_type(tx, found, input["destination_artifact_type_name"])
        return {"artifact_collection": seen.collection(self.session, found.id)}

    def create_artifact_collection_tag_assignments(self, input: Json) -> Json:
        names = [given["tag_name"] for given in input["tags"]]
        with self.session.write() as tx:
            collections.add_tags(tx, places.collection(tx, input), names)
        return {"tags": [tag(name) for name in names]}

    def delete_artifact_collection_tag_assignments(self, input: Json) -> Json:
        with self.session.write() as tx:
            names = [given["tag_name"] for given in input["tags"]]
            collections.remove_tags(tx, places.collection(tx, input), names)
        return {"success": True}

    def _update(self, text: str, input: Json, *, portfolio: bool) -> Json:
        with self.session.write() as tx:
            found = places.collection_by_id(tx, text)
            _require_kind(found, portfolio=portfolio)
            if input.get("name") is not None:
                found = collections.rename(tx, found, input["name"])
            if "description" in input:
                found = collections.set_description(tx, found, input["description"])
        return {"artifact_collection": seen.collection(self.session, found.id)}

    def _deleted(self, found: Collection) -> Json:
        return {"artifact_collection": CollectionNode(self.session, found, state="DELETED")}


def _require_kind(found: Collection, *, portfolio: bool) -> None:
    if found.is_portfolio is not portfolio:
        raise Invalid(f"{found.address} is {'an artifact sequence' if portfolio else 'a collection of links'}")
