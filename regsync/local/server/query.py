"""The fields of Query."""

from __future__ import annotations

from typing import Any

from regsync.local.server import nodes
from regsync.local.server.features import FEATURES, NEWEST_CLIENT, OLDEST_CLIENT, SERVER_VERSION
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, artifacts
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, decode, encode

Json = dict[str, Any]


class Queries:
    """What a client can read. Things that are missing or invisible are null, as W&B has it."""

    session: Session

    @property
    def viewer(self) -> nodes.accounts.UserNode:
        return nodes.accounts.UserNode(self.session, accounts.user(self.session.tx, self.session.actor.name))

    @property
    def server_info(self) -> Json:
        return {
            "cli_version_info": {"min_cli_version": OLDEST_CLIENT, "max_cli_version": NEWEST_CLIENT},
            "latest_local_version_info": {
                "out_of_date": False,
                "latest_version_string": SERVER_VERSION,
                "version_on_this_instance_string": SERVER_VERSION,
            },
            "features": [{"name": name, "is_enabled": True} for name in FEATURES],
            "regsync_instance_id": self.session.tx.value("SELECT uuid FROM instance"),
        }

    def organization(self, name: str) -> nodes.accounts.OrganizationNode | None:
        return nodes.accounts.find_organization(self.session, name)

    def entity(self, name: str | None = None) -> nodes.accounts.EntityNode | None:
        return nodes.accounts.find_entity(self.session, name or self.session.actor.name)

    def project(self, name: str | None = None, entity_name: str | None = None) -> nodes.projects.ProjectNode | None:
        return nodes.projects.find(self.session, entity_name, name)

    def model(self, name: str | None = None, entity_name: str | None = None) -> nodes.projects.ProjectNode | None:
        return nodes.projects.find(self.session, entity_name, name)

    def models(
        self,
        entity_name: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        entity = self.entity(entity_name)
        if entity is None:
            raise NotFound(f"entity {entity_name!r}: missing, or not visible to this key")
        return entity.projects(None, after, first, order)

    def users(self, query: str | None = None, after: str | None = None, first: int | None = None) -> Connection:
        return listed(
            nodes.accounts.find_users(self.session, query),
            lambda user: user.name,
            lambda user: nodes.accounts.UserNode(self.session, user),
            after=after,
            first=first,
        )

    def artifact(self, id: str) -> nodes.versions.ArtifactNode | None:
        return nodes.versions.artifact(self.session, decode(id, Kind.ARTIFACT))

    def artifact_collection(self, id: str) -> nodes.collections.CollectionNode | None:
        try:
            return nodes.collections.of(self.session, decode(id, Kind.COLLECTION))
        except NotFound:
            return None

    def client_id_mapping(self, client_id: str) -> Json:
        found = artifacts.by_client_id(self.session.tx, client_id)
        return {"server_id": encode(Kind.ARTIFACT, found.id)}
