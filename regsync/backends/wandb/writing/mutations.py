"""The mutations: what each action sends. Every mutation that regsync can send to W&B is named in this file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from regsync.backends.wandb.connection.documents import project_name
from regsync.backends.wandb.reading.observing import Ids
from regsync.backends.wandb.reading.versions import GONE
from regsync.backends.wandb.writing.checking import Check
from regsync.core import actions as a
from regsync.core.live import LiveCollection, LiveRegistry
from regsync.names import TEAM_PREFIX, Visibility
from regsync.slots import dataclass

Json = dict[str, Any]

ACCESS = {Visibility.ORGANIZATION: "PRIVATE", Visibility.RESTRICTED: "RESTRICTED"}
"""The client's words (`wandb/apis/public/registries/_utils.py`)."""

ADD_ALIASES = "addAliases"
DELETE_ALIASES = "deleteAliases"
UPSERT_MODEL = "upsertModel"
LINK_ARTIFACT = "linkArtifact"
CREATE_TYPE = "createArtifactType"
CREATE_COLLECTION = "createArtifactPortfolio"
UPDATE_COLLECTION = "updateArtifactPortfolio"
ADD_TAGS = "createArtifactCollectionTagAssignments"

_ANSWERS = {
    ADD_ALIASES: "success",
    DELETE_ALIASES: "success",
    UPSERT_MODEL: "inserted project { id description }",
    "renameProject": "project { id }",
    "deleteModel": "success",
    "createProjectMembers": "success",
    "deleteProjectMembers": "success",
    "updateProjectMember": "success",
    "updateProjectTeamMember": "success",
    CREATE_TYPE: "artifactType { id name }",
    CREATE_COLLECTION: "artifactCollection { __typename id }",
    UPDATE_COLLECTION: "artifactCollection { __typename id description }",
    "deleteArtifactPortfolio": "artifactCollection { __typename state }",
    ADD_TAGS: "tags { name }",
    "deleteArtifactCollectionTagAssignments": "success",
    LINK_ARTIFACT: "versionIndex",
    "unlinkArtifact": "success",
}
"""By mutation, what is asked of its answer."""


_INLINE = {"deleteModel": ("id", "String!"), "deleteArtifactPortfolio": ("artifactPortfolioID", "ID!")}
"""Mutations whose input the client writes out, so that the name of its type is not published: field and its type."""


class CannotSendError(Exception):
    """An action that cannot be turned into a mutation: `str` ends a sentence, `hint` says what to do."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mutation and its input."""

    name: str
    input: Json

    @property
    def variable(self) -> tuple[str, Any]:
        """The GraphQL type and the value of its one variable."""
        if self.name in _INLINE:
            field, type_ = _INLINE[self.name]
            return type_, self.input[field]
        return f"{self.name[0].upper()}{self.name[1:]}Input!", self.input

    def field(self, variable: str) -> str:
        """The field of a document, with the variable of that name."""
        given = f"{{{_INLINE[self.name][0]}: ${variable}}}" if self.name in _INLINE else f"${variable}"
        return f"{self.name}(input: {given}) {{ {_ANSWERS[self.name]} }}"


def document(mutations: Sequence[Mutation]) -> tuple[str, Json]:
    """One document that holds mutations as `m0`, `m1`, …, which a server executes in that order."""
    declared = ", ".join(f"$i{number}: {each.variable[0]}" for number, each in enumerate(mutations))
    fields = " ".join(f"m{number}: {each.field(f'i{number}')}" for number, each in enumerate(mutations))
    variables = {f"i{number}": each.variable[1] for number, each in enumerate(mutations)}
    return f"mutation Write({declared}) {{ {fields} }}", variables


def is_success(mutation: Mutation, payload: Json) -> bool:
    """Whether the answer says that it was carried out."""
    return payload.get("success") is not False if "success" in _ANSWERS[mutation.name] else True


class Translator:
    """Turns actions into mutations, with the ids of the last read."""

    def __init__(self, entity: str, ids: Ids, check: Check) -> None:
        self._entity = entity
        self._ids = ids
        self._check = check

    def mutations(self, action: a.Action) -> list[Mutation]:
        """What to send for an action, in order. Raises `CannotSendError`."""
        if isinstance(action, a.RegistryAction):
            return [self._registry_itself(action)]
        if isinstance(action, a.SettingAction):
            return self._setting(action, self._check.registries[action.registry])
        if isinstance(action, a.CollectionAction):
            return [self._collection_itself(action)]
        return [self._content(action)]

    def create_type(self, registry: str, type_name: str) -> Mutation:
        """Makes an artifact type known to a registry, so that an empty collection can have it."""
        return Mutation(
            CREATE_TYPE, {"entityName": self._entity, "projectName": project_name(registry), "name": type_name}
        )

    def _registry_itself(self, action: a.RegistryAction) -> Mutation:
        match action:
            case a.CreateRegistry():
                given = self._upsert(action.registry, action.description, action.visibility)
                if self._check.types_told or action.artifact_types:
                    given["allowAllArtifactTypesInRegistry"] = not action.artifact_types
                if action.artifact_types:
                    given["artifactTypes"] = [{"name": name} for name in action.artifact_types]
                return Mutation(UPSERT_MODEL, given)
            case a.RenameRegistry():
                names = {
                    "oldProjectName": project_name(action.previous),
                    "newProjectName": project_name(action.registry),
                }
                return Mutation("renameProject", {"entityName": self._entity, **names})
            case a.DeleteRegistry():
                live = self._check.registries[action.registry]
                _refuse_unseen(live, *live.collections.values())
                return Mutation("deleteModel", {"id": self._ids.registries[action.registry]})
            case _:
                assert_never(action)

    def _upsert(self, registry: str, description: str | None, visibility: Visibility) -> Json:
        """Description and visibility always go along, because the server's call sets both."""
        return {
            "entityName": self._entity,
            "name": project_name(registry),
            "description": description,
            "access": ACCESS[visibility],
        }

    def _setting(self, action: a.SettingAction, live: LiveRegistry) -> list[Mutation]:
        open_ = {"allowAllArtifactTypesInRegistry": live.artifact_types is None} if live.types_told else {}
        same = self._upsert(action.registry, live.description, live.visibility) | open_
        match action:
            case a.UpdateRegistry():
                given = self._upsert(action.registry, action.new_description, action.new_visibility)
                return [Mutation(UPSERT_MODEL, given | open_)]
            case a.AllowArtifactTypes():
                types = [{"name": name} for name in action.added]
                return [
                    Mutation(UPSERT_MODEL, same | {"allowAllArtifactTypesInRegistry": False, "artifactTypes": types})
                ]
            case a.ProtectAlias():
                return [self._protect(same, live, {*(live.protected_aliases or ()), action.alias})]
            case a.UnprotectAlias():
                return [self._protect(same, live, {*(live.protected_aliases or ())} - {action.alias})]
            case a.SetMember():
                return self._set_member(action)
            case a.RemoveMember():
                return [Mutation("deleteProjectMembers", self._member(action.registry, action.member))]
            case _:
                assert_never(action)

    def _protect(self, same: Json, live: LiveRegistry, aliases: set[str]) -> Mutation:
        if live.protected_aliases is None:
            raise CannotSendError(
                "on this server, protected aliases can be edited in the web app only",
                f"edit them in the settings of registry {live.name}, then plan again",
            )
        return Mutation(UPSERT_MODEL, same | {"protectedAliases": sorted(aliases)})

    def _set_member(self, action: a.SetMember) -> list[Mutation]:
        """A new member is added first, with the role that the server gives at first, and then gets the right one."""
        id_, project = self._member_id(action.member), self._ids.registries[action.registry]
        is_member = action.member in (self._check.registries[action.registry].members or {})
        if action.member.startswith(TEAM_PREFIX):
            team = {"projectId": project, "teamId": id_, "teamProjectRole": action.role.value}
            change = Mutation("updateProjectTeamMember", team)
        else:
            user = {"projectId": project, "userId": id_, "userProjectRole": action.role.value}
            change = Mutation("updateProjectMember", user)
        if is_member:
            return [change]
        return [Mutation("createProjectMembers", self._member(action.registry, action.member)), change]

    def _member(self, registry: str, member: str) -> Json:
        which = "teamIds" if member.startswith(TEAM_PREFIX) else "userIds"
        return {"projectId": self._ids.registries[registry], which: [self._member_id(member)]}

    def _member_id(self, member: str) -> str:
        id_ = self._ids.members.get(member)
        if id_ is None:
            what = (
                f"team {member.removeprefix(TEAM_PREFIX)!r}" if member.startswith(TEAM_PREFIX) else f"user {member!r}"
            )
            raise CannotSendError(
                f"there is no {what}, or it is not visible to this key", "check the name in the manifest"
            )
        return id_

    def _collection_itself(self, action: a.CollectionAction) -> Mutation:
        match action:
            case a.CreateCollection():
                type_id = self._check.type_ids[action.registry, action.type]
                return Mutation(
                    CREATE_COLLECTION,
                    {
                        "entityName": self._entity,
                        "projectName": project_name(action.registry),
                        "artifactTypeID": type_id,
                        "name": action.collection,
                        "description": action.description,
                    },
                )
            case a.RenameCollection():
                id_ = self._ids.collections[action.registry, action.previous]
                live = self._check.registries[action.registry].collections[action.previous]
                same = {} if live.description is None else {"description": live.description}
                return Mutation(UPDATE_COLLECTION, {"artifactPortfolioID": id_, "name": action.collection, **same})
            case a.DeleteCollection():
                _refuse_unseen(self._check.registries[action.registry].collections[action.collection])
                id_ = self._ids.collections[action.registry, action.collection]
                return Mutation("deleteArtifactPortfolio", {"artifactPortfolioID": id_})
            case _:
                assert_never(action)

    def _content(self, action: a.ContentAction) -> Mutation:
        place = {"entityName": self._entity, "projectName": project_name(action.registry)}
        named = {**place, "artifactCollectionName": action.collection}
        match action:
            case a.UpdateCollection():
                id_ = self._ids.collections[action.registry, action.collection]
                given = {"name": action.collection, "description": action.new_description}
                return Mutation(UPDATE_COLLECTION, {"artifactPortfolioID": id_, **given})
            case a.AddTags():
                return Mutation(ADD_TAGS, {**named, "tags": [{"tagName": tag} for tag in action.tags]})
            case a.RemoveTags():
                tags = [{"tagName": tag} for tag in action.tags]
                return Mutation("deleteArtifactCollectionTagAssignments", {**named, "tags": tags})
            case a.LinkVersion():
                id_ = _existing(action.version.artifact_id)
                return Mutation(LINK_ARTIFACT, {**place, "artifactID": id_, "artifactPortfolioName": action.collection})
            case a.UnlinkVersion():
                collection = self._ids.collections[action.registry, action.collection]
                id_ = _existing(action.version.artifact_id)
                return Mutation("unlinkArtifact", {"artifactID": id_, "artifactPortfolioID": collection})
            case a.SetAlias():
                id_ = _existing(action.version.artifact_id)
                return Mutation(ADD_ALIASES, {"artifactID": id_, "aliases": [{**named, "alias": action.alias}]})
            case a.RemoveAlias():
                id_ = _existing(action.held_by.artifact_id)
                return Mutation(DELETE_ALIASES, {"artifactID": id_, "aliases": [{**named, "alias": action.alias}]})
            case _:
                assert_never(action)


def _refuse_unseen(*what: LiveRegistry | LiveCollection) -> None:
    if any(each.unseen != 0 for each in what):
        raise CannotSendError(
            "it holds things that this key cannot see", "nothing is deleted unseen; use a key that sees all of it"
        )


def _existing(artifact_id: str) -> str:
    if artifact_id.startswith(GONE):
        raise CannotSendError(
            "the source version was deleted, and the server tells no id for the link that is left",
            "remove it by hand on the collection's page",
        )
    return artifact_id
