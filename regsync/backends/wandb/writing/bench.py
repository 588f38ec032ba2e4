"""A throw-away registry on a server, for `doctor --probe`: what can be done to it, and what a read shows then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.session import Session, organization_role
from regsync.backends.wandb.connection.transport import WritingClient
from regsync.backends.wandb.reading.moves import alias_moves
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.writing import mutations as m
from regsync.backends.wandb.writing.sending import Replied, Reply, Sender
from regsync.core.live import LiveCollection, LiveRegistry, RegistryScope, Version
from regsync.core.moves import Untold
from regsync.names import REGISTRY_PREFIX, Address, Role
from regsync.slots import dataclass

COLLECTION = "probed"
_TRIES_TO_DELETE = 5


class StoppedError(Exception):
    """Somebody asked for a stop."""


class RefusedError(Exception):
    """The server refused a step."""


@dataclass(frozen=True, slots=True)
class Probing:
    """What a probe works with. `registry`: a name that nobody uses; `sources`: two versions of one type, of a team's project."""

    client: WritingClient
    reading: Reading
    session: Session
    registry: str
    sources: tuple[Version, Version]
    stop_requested: Callable[[], bool]
    page_size: int


class Bench:
    """The throw-away registry. `registry` is the name that it has now."""

    def __init__(self, probing: Probing) -> None:
        self.registry = probing.registry
        self.names = (probing.registry, f"{probing.registry} renamed")
        self.team = probing.sources[0].source.partition("/")[0]
        self.page_size = probing.page_size
        self._collection = COLLECTION
        self._client = probing.client
        self._reading = probing.reading
        self._session = probing.session
        self._sources = probing.sources
        self._sender = Sender(probing.client, 1, 1)
        self._stop_requested = probing.stop_requested
        self._id: str | None = None
        self._begun = False

    # The registry itself ---------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make it. Raises `BackendError` where a registry of that name is there; that one is not touched."""
        for name in self.names:
            if self._look_up(name) is not None:
                raise BackendError(
                    f"there is a registry {name!r} already",
                    "choose a name that nobody uses with --registry",
                    code="probe-name-taken",
                )
        self._begun = True
        replied = self._sender.send([self._upsert(self._marker)])[0]
        if replied.reply is Reply.REFUSED:
            self._begun = False
            raise BackendError(
                f"the server refused to make a registry: {replied.fault.message}",
                "the probe needs the key of an admin of the organization",
                code="probe-refused",
            )
        if replied.payload.get("inserted") is False:
            self._begun = False
            raise BackendError(
                f"a registry {self.registry!r} appeared at the same time, and was edited: its description is now "
                f"{self._marker!r}",
                "look at it in the web app",
                code="probe-name-taken",
            )
        made = replied.payload.get("project")
        self._id = str(made["id"]) if isinstance(made, dict) and made.get("id") else self._look_up(self.registry)

    @property
    def _marker(self) -> str:
        return f"made by regsync doctor --probe as {self.names[0]}; it can be deleted"

    def clean_up(self) -> list[str]:
        """Delete it, whatever it is called now; the names that are still there. Deletes nothing that it did not make."""
        left = [name for name in self.names if self._begun]
        for attempt in range(_TRIES_TO_DELETE):
            with contextlib.suppress(BackendError):
                left = [name for name in self.names if self._begun and self._delete(name)]
            if not left:
                return []
            if attempt + 1 < _TRIES_TO_DELETE:
                time.sleep(0.2 * 2**attempt)
        return left

    def _delete(self, name: str) -> bool:
        """Whether it is still there."""
        found = self._project(name)
        if found is None or (found["id"] != self._id and found.get("description") != self._marker):
            return False
        self._sender.send([m.Mutation("deleteModel", {"id": found["id"]})])
        return self._look_up(name) is not None

    def edit(self, *, description: str | None) -> None:
        self._send(self._upsert(description))

    def edit_only_description(self, description: str) -> None:
        self._send(m.Mutation(m.UPSERT_MODEL, {**self._entity_and_name, "description": description}))

    def rename(self) -> None:
        old, new = (REGISTRY_PREFIX + name for name in self.names)
        names = {"entityName": self._session.entity, "oldProjectName": old, "newProjectName": new}
        self._send(m.Mutation("renameProject", names))
        self.registry = self.names[1]

    def _upsert(self, description: str | None) -> m.Mutation:
        given = {"description": description, "access": "PRIVATE"}
        every_type = {"allowAllArtifactTypesInRegistry": True} if self._reading.dialect.registry_types else {}
        return m.Mutation(m.UPSERT_MODEL, {**self._entity_and_name, **given, **every_type})

    @property
    def _entity_and_name(self) -> dict[str, Any]:
        return {"entityName": self._session.entity, "name": REGISTRY_PREFIX + self.registry}

    # What the server tells of itself ---------------------------------------------------------------------------------

    def takes_page(self, size: int) -> bool:
        """Whether a list is answered in a page of that size."""
        self._go_on()
        document = (
            "query Page($o: String!, $first: Int) { organization(name: $o) { orgEntity { projects(first: $first)"
            " { edges { node { name } } } } } }"
        )
        try:
            self._client.read(document, {"o": self._session.organization, "first": size}, "probing")
        except BackendError as error:
            if error.code in {"refused", "partial-answer"}:
                return False
            raise
        return True

    @property
    def features(self) -> int | None:
        """How many features are announced; None where the server does not tell."""
        return None if self._session.features is None else len(self._session.features)

    @property
    def tag_pages(self) -> bool:
        """Whether tags come with pages, as far as reads have shown."""
        return self._reading.dialect.tag_pages

    def organization_role(self) -> Role | None:
        """The role of the key's owner in the organization."""
        self._go_on()
        return organization_role(self._client, self._session)

    # What reads show -------------------------------------------------------------------------------------------------

    def live(self) -> LiveRegistry:
        """Raises `RefusedError` where it is not shown."""
        self._go_on()
        found = self._reading.observe({self.registry: RegistryScope(None, True)}).registries.get(self.registry)
        if found is None:
            raise RefusedError
        return found

    def collection_now(self) -> LiveCollection | None:
        return self.live().collections.get(self._collection)

    def links(self) -> dict[int, int]:
        """By index, which of the sources is linked."""
        ids = [version.artifact_id for version in self._sources]
        found = self.collection_now()
        return {index: ids.index(each.artifact_id) for index, each in found.links.items()} if found else {}

    def aliases(self) -> dict[str, int]:
        """By alias, which of the sources holds it."""
        found, links = self.collection_now(), self.links()
        return {alias: links[index] for alias, index in found.aliases.items()} if found else {}

    def latest(self) -> int | None:
        found = self.collection_now()
        return found.latest if found else None

    def tags(self) -> frozenset[str]:
        found = self.collection_now()
        return found.tags if found else frozenset()

    def moves(self, alias: str) -> int | None:
        """How many moves of an alias the server tells; None where it tells none of any."""
        self._go_on()
        address = Address(self.registry, self._collection, alias)
        try:
            told = alias_moves(self._reading, self._session, [address], whole=True)
        except BackendError:
            return None
        return None if isinstance(told, Untold) else len(told.get(address, ()))

    def found_by_search(self, name: str) -> bool:
        self._go_on()
        nodes = self._reading.fetch(lambda dialect: [documents.registries([name], dialect, members=False)], "probing")[
            0
        ]
        return any(node["name"] == REGISTRY_PREFIX + self.registry for node in nodes)

    def is_there(self, name: str) -> bool:
        self._go_on()
        return self._look_up(name) is not None

    def sources_are_there(self) -> bool:
        self._go_on()
        document = "query Sources($a: ID!, $b: ID!) { a: artifact(id: $a) { state } b: artifact(id: $b) { state } }"
        ids = {"a": self._sources[0].artifact_id, "b": self._sources[1].artifact_id}
        answer = self._client.read(document, ids, "probing")
        return all((answer.get(each) or {}).get("state") == "COMMITTED" for each in ids)

    def _look_up(self, name: str) -> str | None:
        found = self._project(name)
        return None if found is None else str(found["id"])

    def _project(self, name: str) -> dict[str, Any] | None:
        document = "query There($n: String, $e: String) { project(name: $n, entityName: $e) { id description } }"
        given = {"n": REGISTRY_PREFIX + name, "e": self._session.entity}
        found = self._client.read(document, given, "looking up the throw-away registry").get("project")
        return found if isinstance(found, dict) else None

    # What is done ----------------------------------------------------------------------------------------------------

    def write_together(self, descriptions: Sequence[str]) -> bool:
        """Two edits in one document; whether the second was carried out after the first."""
        self._go_on()
        text, variables = m.document([self._upsert(each) for each in descriptions])
        answer = self._client.write(text, variables, "probing")
        return not answer.faults and self.live().description == descriptions[-1]

    def make_type(self) -> str | None:
        given = {**self._place, "name": self._sources[0].type}
        made = self._try(m.Mutation(m.CREATE_TYPE, given)).payload.get("artifactType")
        return made["id"] if isinstance(made, dict) else None

    def make_collection(self, name: str, type_id: str) -> bool:
        given = {**self._place, "artifactTypeID": type_id, "name": name, "description": None}
        return self._try(m.Mutation(m.CREATE_COLLECTION, given)).reply is Reply.DONE

    def link(self, which: int) -> int | None:
        """The index that the answer tells."""
        given = {**self._place, "artifactID": self._artifact(which), "artifactPortfolioName": self._collection}
        index = self._send(m.Mutation(m.LINK_ARTIFACT, given)).get("versionIndex")
        return index if type(index) is int else None

    def unlink(self, which: int) -> None:
        given = {"artifactID": self._artifact(which), "artifactPortfolioID": self._collection_id()}
        self._send(m.Mutation("unlinkArtifact", given))

    def set_alias(self, which: int, alias: str) -> bool:
        return self._try(self._alias(m.ADD_ALIASES, which, alias)).reply is Reply.DONE

    def remove_alias(self, which: int, alias: str) -> None:
        self._send(self._alias(m.DELETE_ALIASES, which, alias))

    def add_tags(self, tags: Sequence[str]) -> None:
        self._send(m.Mutation(m.ADD_TAGS, {**self._named, "tags": [{"tagName": tag} for tag in tags]}))

    def remove_tags(self, tags: Sequence[str]) -> None:
        given = {**self._named, "tags": [{"tagName": tag} for tag in tags]}
        self._send(m.Mutation("deleteArtifactCollectionTagAssignments", given))

    def describe_collection(self, description: str | None) -> None:
        given = {"artifactPortfolioID": self._collection_id(), "name": self._collection, "description": description}
        self._send(m.Mutation(m.UPDATE_COLLECTION, given))

    def rename_collection(self) -> bool:
        """Whether it is there under its new name then."""
        given = {"artifactPortfolioID": self._collection_id(), "name": f"{COLLECTION} renamed"}
        live = self.collection_now()
        if live is not None and live.description is not None:
            given["description"] = live.description
        self._send(m.Mutation(m.UPDATE_COLLECTION, given))
        if given["name"] in self.live().collections:
            self._collection = given["name"]
        return self._collection == given["name"]

    def delete_collection(self) -> None:
        self._send(m.Mutation("deleteArtifactPortfolio", {"artifactPortfolioID": self._collection_id()}))

    def add_team(self) -> bool:
        given = {"projectId": self._id, "teamIds": [self._team_id()]}
        return self._try(m.Mutation("createProjectMembers", given)).reply is Reply.DONE

    def set_team_role(self, role: Role) -> None:
        given = {"projectId": self._id, "teamId": self._team_id(), "teamProjectRole": role.value}
        self._send(m.Mutation("updateProjectTeamMember", given))

    def remove_team(self) -> None:
        self._send(m.Mutation("deleteProjectMembers", {"projectId": self._id, "teamIds": [self._team_id()]}))

    # ------------------------------------------------------------------------------------------------------------------

    @property
    def _place(self) -> dict[str, Any]:
        return {"entityName": self._session.entity, "projectName": REGISTRY_PREFIX + self.registry}

    @property
    def _named(self) -> dict[str, Any]:
        return {**self._place, "artifactCollectionName": self._collection}

    def _alias(self, mutation: str, which: int, alias: str) -> m.Mutation:
        return m.Mutation(mutation, {"artifactID": self._artifact(which), "aliases": [{**self._named, "alias": alias}]})

    def _artifact(self, which: int) -> str:
        return self._sources[which].artifact_id

    def _collection_id(self) -> str:
        self.live()
        return self._reading.ids.collections[self.registry, self._collection]

    def _team_id(self) -> str:
        self._go_on()
        found = self._reading.fetch(lambda _: [documents.team(self.team)], "probing")[0]
        return str(found["id"])

    def _try(self, mutation: m.Mutation) -> Replied:
        self._go_on()
        return self._sender.send([mutation])[0]

    def _send(self, mutation: m.Mutation) -> dict[str, Any]:
        replied = self._try(mutation)
        if replied.reply is not Reply.DONE:
            raise RefusedError
        return replied.payload

    def _go_on(self) -> None:
        if self._stop_requested():
            raise StoppedError
