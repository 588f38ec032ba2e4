"""The fields of Query."""

from __future__ import annotations

from typing import Any

from regsync.local.server import seen
from regsync.local.server.features import FEATURES, INSTANCE, NEWEST_CLIENT, OLDEST_CLIENT, SERVER_VERSION
from regsync.local.server.nodes.accounts import EntityNode
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, artifacts, launch_agents
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, decode, encode
from regsync.local.store.launch_agents import Agent

Json = dict[str, Any]


class Queries:
    """What a client can read. Things that are missing or invisible are null, as W&B has it."""

    session: Session

    @property
    def viewer(self) -> User:
        return accounts.user(self.session.tx, self.session.actor.name)

    @property
    def server_info(self) -> Json:
        instance = self.session.tx.value("SELECT uuid FROM instance")
        return {
            "cli_version_info": {"min_cli_version": OLDEST_CLIENT, "max_cli_version": NEWEST_CLIENT},
            "latest_local_version_info": {
                "out_of_date": False,
                "latest_version_string": SERVER_VERSION,
                "version_on_this_instance_string": SERVER_VERSION,
            },
            "features": [{"name": name, "is_enabled": True} for name in (*FEATURES, INSTANCE + instance)],
            "regsync_instance_id": instance,
        }

    def organization(self, name: str) -> Organization | None:
        return seen.organization(self.session, name)

    def entity(self, name: str | None = None) -> Entity | None:
        return seen.entity(self.session, name or self.session.actor.name)

    def project(self, name: str | None = None, entity_name: str | None = None) -> seen.Place | None:
        return seen.place_named(self.session, entity_name, name)

    def model(self, name: str | None = None, entity_name: str | None = None) -> seen.Place | None:
        return seen.place_named(self.session, entity_name, name)

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
        return EntityNode(self.session, entity).projects(None, after, first, order)

    def users(self, query: str | None = None, after: str | None = None, first: int | None = None) -> Connection:
        return listed(
            seen.users(self.session, query),
            lambda user: user.name,
            lambda user: user,
            after=after,
            first=first,
        )

    def artifact(self, id: str) -> Version | None:
        return seen.version(self.session, decode(id, Kind.ARTIFACT))

    def artifact_collection(self, id: str) -> Collection | None:
        try:
            return seen.collection(self.session, decode(id, Kind.COLLECTION))
        except NotFound:
            return None

    def launch_agent(self, id: str) -> Agent | None:
        try:
            return launch_agents.by_id(self.session.tx, decode(id, Kind.LAUNCH_AGENT))
        except NotFound:
            return None

    def client_id_mapping(self, client_id: str) -> Json:
        found = artifacts.by_client_id(self.session.tx, client_id)
        return {"server_id": encode(Kind.ARTIFACT, found.id)}
