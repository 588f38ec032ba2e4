"""The queries: every field that is read from W&B is named in this file. Sources: `docs/wandb.md`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from regsync.backends.wandb.connection.fetch import SMALL_PAGE, Part, Variable
from regsync.names import REGISTRY_PREFIX
from regsync.slots import dataclass

_PAGE = "pageInfo { hasNextPage endCursor }"
VERSION = (
    "id digest state versionIndex artifactType { name } artifactSequence { name project { name entity { name } } }"
)
_LINK_OF_ONE = f"versionIndex aliases {{ alias }} artifact {{ {VERSION} }}"
_LINK = f"artifactCollection {{ name project {{ name }} }} {_LINK_OF_ONE}"
_MEMBERSHIP = "on ArtifactCollectionMembership { versionIndex aliases { alias } artifactCollection { name } artifact { ...Version } }"
_MEMBERS = "members { id username role { name } } teamMembers { team { id name } role { name } }"
_RUN_INPUTS = (
    "inputArtifacts(first: 100) { edges { node { versionIndex artifactSequence { name project { name entity { name } } } } }"
    " pageInfo { hasNextPage } }"
)
UNKNOWN_SIZE = 800
"""Weight of a list of all names."""
LINKS_AT_ONCE = 30
"""Links that are read beside a collection which is looked up; one that has more is read by itself."""
COLLECTIONS_OF_LINKS = 50
"""Collections whose links are one list: a page has room for twenty links of each, so that most lists end with it."""
LINKS_A_COLLECTION = 4
"""Weight of the links of one collection, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Which optional parts of the schema the server has. Read from its features; taken back where it refuses a field."""

    next_index: bool = False
    """regsync's own server tells the index that the next link gets."""
    protected_aliases: bool = False
    """regsync's own server shows and sets the list of protected aliases."""
    registry_types: bool = True
    """Which types a registry accepts. The client asks every server for it (`RegistryFragment`), so it is no matter of features."""
    tag_pages: bool = True
    """A collection's tags say whether there are more of them."""
    membership_by_name: bool = True
    """Since `PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP`: one version by `collection:alias`."""
    read_only: bool = True
    """A project says whether the key may write to it."""
    run_inputs: bool = True
    """A run says what it used."""
    collection_links: bool = True
    """A collection shows its own links. In the server's types of 2023; searches find them too, on some servers later."""
    own_list: bool = True
    """A registry lists its own collections, without a search."""
    alias_history: bool = True
    """A collection tells who moved its aliases. In the server's types of 2023; the client does not ask for it."""
    user_pages: bool = True
    """Users that a name finds come in pages. The client asks for the first page only."""
    members: bool = True
    """The members of registries are shown to this key."""

    def without(self, refusal: str) -> Dialect | None:
        """The dialect without the optional field that a refusal names; None where it names none that is in use."""
        for name, words in _OPTIONAL.items():
            if getattr(self, name) and any(word in refusal for word in words):
                return replace(self, **{name: False})
        return None

    def without_denied(self, steps: Collection[str]) -> Dialect | None:
        """The dialect without the field that is denied, given the names on the way to it; None where it is needed."""
        for name, words in _DENIABLE.items():
            if getattr(self, name) and any(word in steps for word in words):
                return replace(self, **{name: False})
        return None


_OPTIONAL = {
    "next_index": ("nextVersionIndex",),
    "protected_aliases": ("protectedAliases",),
    "registry_types": ("allowAllArtifactTypesInRegistry", "includeAll"),
    "tag_pages": ("TagConnection",),
    "membership_by_name": (
        "artifactCollectionMembership",
        'Unknown type "ArtifactCollectionMembership"',
        "Unknown type 'ArtifactCollectionMembership'",
    ),
    "read_only": ("readOnly",),
    "run_inputs": ("inputArtifacts", "createdBy", "commitHash"),
    "collection_links": ("artifactMemberships",),
    "own_list": ("artifactCollections",),
    "alias_history": ("aliasActionHistory",),
    "user_pages": ("UserConnection", "Query.users", 'field "users"'),
}
_DENIABLE = {
    "members": ("members", "teamMembers"),
    **{
        name: _OPTIONAL[name]
        for name in ("protected_aliases", "read_only", "run_inputs", "alias_history", "own_list", "collection_links")
    },
}
"""What can be left out without taking anything for absent."""


def names_optional(refusal: str) -> bool:
    """Whether a refusal names a field that can be left out."""
    return any(word in refusal for words in _OPTIONAL.values() for word in words)


def project_name(registry: str) -> str:
    """The name of a registry's project."""
    return REGISTRY_PREFIX + registry


def _names(names: Iterable[str]) -> Variable:
    """A filter by name: equality alone, since `$in` is not among the documented operators ("Find registry items")."""
    equal = [{"name": name} for name in sorted(names)]
    return Variable("JSONString", json.dumps(equal[0] if len(equal) == 1 else {"$or": equal}))


def _projects(registries: Iterable[str]) -> Variable:
    return _names(map(project_name, registries))


def _registry_fields(dialect: Dialect, *, members: bool) -> str:
    fields = ["id name description access"]
    if dialect.registry_types:
        types = f"artifactTypes(includeAll: true) {{ edges {{ node {{ name }} }} {_PAGE} }}"
        fields.append(f"allowAllArtifactTypesInRegistry {types}")
    if dialect.protected_aliases:
        fields.append("protectedAliases")
    if members and dialect.members:
        fields.append(_MEMBERS)
    if members and dialect.read_only:
        fields.append("readOnly")
    return " ".join(fields)


def registries(names: Collection[str], dialect: Dialect, *, members: bool) -> Part:
    """The settings of registries, with their members where they are wanted."""
    fields = _registry_fields(dialect, members=members)
    return Part(
        text=f"projects(filters: $names, after: $after, first: $first) {{ edges {{ node {{ {fields} }} }} {_PAGE} }}",
        variables={"names": _projects(names)},
        in_organization=True,
        is_list=True,
        weight=len(names) * (10 if members else 2),
    )


def registry(name: str, entity: str, dialect: Dialect, *, members: bool) -> Part:
    """The settings of one registry, looked up exactly; null where there is none."""
    return Part(
        text=f"project(name: $name, entityName: $entity) {{ {_registry_fields(dialect, members=members)} }}",
        variables=_project(name, entity),
        weight=10 if members else 2,
    )


def _project(registry: str, entity: str) -> dict[str, Variable]:
    return {"name": Variable("String", project_name(registry)), "entity": Variable("String", entity)}


def all_registry_names() -> Part:
    """The names of every project of the organization's entity."""
    return Part(
        text=f"projects(after: $after, first: $first) {{ edges {{ node {{ name }} }} {_PAGE} }}",
        variables={},
        in_organization=True,
        is_list=True,
        weight=UNKNOWN_SIZE,
    )


def all_collection_names(registries: Iterable[str]) -> Part:
    """The names of all collections of those registries."""
    return Part(
        text="artifactCollections(projectFilters: $registries, collectionTypes: [PORTFOLIO], after: $after, first: $first)"
        f" {{ totalCount edges {{ node {{ __typename name project {{ name }} }} }} {_PAGE} }}",
        variables={"registries": _projects(registries)},
        in_organization=True,
        is_list=True,
        counts_unseen=True,
        weight=UNKNOWN_SIZE,
    )


def collection_names_of(registry: str, entity: str) -> Part:
    """The names of all collections of one registry, as the registry itself lists them; none where it is not there."""
    return Part(
        text="project(name: $name, entityName: $entity) { artifactCollections(after: $after, first: $first)"
        f" {{ totalCount edges {{ node {{ __typename name }} }} {_PAGE} }} }}",
        variables=_project(registry, entity),
        is_list=True,
        inside=("artifactCollections",),
        counts_unseen=True,
        may_be_absent=True,
        weight=UNKNOWN_SIZE,
    )


def more_types(registry: str, entity: str) -> Part:
    """All types that a registry accepts, in pages."""
    return Part(
        text="project(name: $name, entityName: $entity) { artifactTypes(includeAll: true, after: $after, first: $first)"
        f" {{ edges {{ node {{ name }} }} {_PAGE} }} }}",
        variables=_project(registry, entity),
        is_list=True,
        inside=("artifactTypes",),
        weight=100,
    )


def collections(registries: Collection[str], names: Collection[str], dialect: Dialect) -> Part:
    """The collections of those names in those registries, without their links."""
    return Part(
        text="artifactCollections(projectFilters: $registries, filters: $names, collectionTypes: [PORTFOLIO],"
        f" after: $after, first: $first) {{ totalCount edges {{ node {{ {_collection_fields(dialect)} }} }} {_PAGE} }}",
        variables={"registries": _projects(registries), "names": _names(names)},
        in_organization=True,
        is_list=True,
        names_all=True,
        weight=len(names),
    )


def _collection_fields(dialect: Dialect) -> str:
    tags = f"tags {{ edges {{ node {{ name }} }} {_PAGE if dialect.tag_pages else ''} }}"
    next_index = "... on ArtifactPortfolio { nextVersionIndex }" if dialect.next_index else ""
    return f"__typename id name description project {{ name }} defaultArtifactType {{ name }} {tags} {next_index}"


def collections_of(registry: str, entity: str, names: Sequence[str], dialect: Dialect, *, linked: bool = False) -> Part:
    """Collections of one registry, each looked up exactly, as `n0`, `n1`, … in that order; null where there is none.

    `linked`: with the first `LINKS_AT_ONCE` links of each, as the collection itself shows them.
    """
    name = "LinkedCollection" if linked else "Collection"
    asked = " ".join(
        f"n{number}: artifactCollection(name: $name{number}) {{ ...{name} }}" for number in range(len(names))
    )
    named = {f"name{number}": Variable("String!", name) for number, name in enumerate(names)}
    links = (
        f" artifactMemberships(first: {LINKS_AT_ONCE}) {{ edges {{ node {{ {_LINK_OF_ONE} }} }} {_PAGE} }}"
        if linked
        else ""
    )
    return Part(
        text=f"project(name: $name, entityName: $entity) {{ {asked} }}",
        variables={**_project(registry, entity), **named},
        fragments={name: f"on ArtifactCollection {{ {_collection_fields(dialect)}{links} }}"},
        weight=(4 if linked else 1) * len(names),
    )


def more_tags(collection_id: str) -> Part:
    """All tags of a collection, in pages."""
    return Part(
        text="artifactCollection(id: $id) { tags(after: $after, first: $first)"
        f" {{ edges {{ node {{ name }} }} {_PAGE} }} }}",
        variables={"id": Variable("ID!", collection_id)},
        is_list=True,
        inside=("tags",),
        weight=100,
    )


def links(registries: Collection[str], names: Collection[str]) -> Part:
    """The links of the collections of those names in those registries."""
    return Part(
        text="artifactMemberships(projectFilters: $registries, collectionFilters: $names, after: $after, first: $first)"
        f" {{ edges {{ node {{ {_LINK} }} }} {_PAGE} }}",
        variables={"registries": _projects(registries), "names": _names(names)},
        in_organization=True,
        is_list=True,
        weight=LINKS_A_COLLECTION * len(names),
    )


def links_of(registry: str, entity: str, collection: str) -> Part:
    """The links of one collection, as the collection itself shows them; none where it is not there."""
    return Part(
        text="project(name: $name, entityName: $entity) { artifactCollection(name: $collection) {"
        f" artifactMemberships(after: $after, first: $first) {{ edges {{ node {{ {_LINK_OF_ONE} }} }} {_PAGE} }} }} }}",
        variables={**_project(registry, entity), "collection": Variable("String!", collection)},
        is_list=True,
        inside=("artifactCollection", "artifactMemberships"),
        counts_unseen=True,
        may_be_absent=True,
        weight=100,
    )


def versions(entity: str, project: str, names: Sequence[str], dialect: Dialect) -> Part:
    """Versions of one project or registry by `collection:v3` or `collection:alias`, as `n0`, `n1`, … in that order."""
    asked = " ".join(f"n{number}: {_version_field(f'$name{number}', dialect)}" for number in range(len(names)))
    return Part(
        text=f"project(name: $project, entityName: $entity) {{ {asked} }}",
        variables={
            "project": Variable("String", project),
            "entity": Variable("String", entity),
            **{f"name{number}": Variable("String!", name) for number, name in enumerate(names)},
        },
        fragments={
            "Version": f"on Artifact {{ {VERSION} }}",
            **({"Membership": _MEMBERSHIP} if dialect.membership_by_name else {}),
        },
        weight=4 * len(names),
    )


def _version_field(name: str, dialect: Dialect) -> str:
    if not dialect.membership_by_name:
        return f"artifact(name: {name}) {{ ...Version }}"
    return f"artifactCollectionMembership(name: {name}) {{ ...Membership }}"


def entity(name: str) -> Part:
    """Whose an entity is: an organization's (a team), or a user's own."""
    return Part(
        text="entity(name: $name) { name organization { name } user { username } }",
        variables={"name": Variable("String", name)},
        weight=2,
    )


def team(name: str) -> Part:
    """A team's id."""
    return Part(text="entity(name: $name) { id name isTeam }", variables={"name": Variable("String", name)}, weight=2)


def users(name: str, dialect: Dialect) -> Part:
    """Users that a name finds, the exact one among them: all pages, or where the server has none the one answer, as `edges`."""
    paged = dialect.user_pages
    arguments, page = ("query: $name, after: $after, first: $first", f" {_PAGE}") if paged else ("query: $name", "")
    return Part(
        text=f"users({arguments}) {{ edges {{ node {{ id username }} }}{page} }}",
        variables={"name": Variable("String", name)},
        is_list=paged,
        may_be_absent=True,
        page_size=SMALL_PAGE,
        weight=2,
    )


def artifact_type(entity: str, registry: str, type_name: str) -> Part:
    """The id of an artifact type in a registry."""
    return Part(
        text="project(name: $project, entityName: $entity) { artifactType(name: $type) { id name } }",
        variables={
            "project": Variable("String", project_name(registry)),
            "entity": Variable("String", entity),
            "type": Variable("String!", type_name),
        },
        weight=2,
    )


def details(artifact_id: str, dialect: Dialect) -> Part:
    """What is known of a version beyond its identity."""
    run = f"createdBy {{ __typename ... on Run {{ id name project {{ name entity {{ name }} }} {_RUN_INPUTS} }} }}"
    more = f"commitHash {run}" if dialect.run_inputs else ""
    return Part(
        text="artifact(id: $id) { ...Details }",
        fragments={"Details": f"on Artifact {{ id state metadata size createdAt ttlDurationSeconds {more} }}"},
        variables={"id": Variable("ID!", artifact_id)},
        weight=5 if dialect.run_inputs else 2,
    )


def alias_history(entity: str, registry: str, collection: str, alias: str | None, pages: int | None) -> Part:
    """Who moved an alias of a collection, or (None) all of its aliases. `pages`: at most so many."""
    version = "id versionIndex artifactSequence { name project { name entity { name } } }"
    node = "alias actionType createdAt user { username name } sourceArtifact { ...Moved } targetArtifact { ...Moved }"
    history = "aliasActionHistory(alias: $alias, after: $after, first: $first)"
    return Part(
        text="project(name: $project, entityName: $entity) { artifactCollection(name: $collection) { ...History } }",
        variables={
            "project": Variable("String", project_name(registry)),
            "entity": Variable("String", entity),
            "collection": Variable("String!", collection),
            "alias": Variable("String", alias),
        },
        is_list=True,
        inside=("artifactCollection", "aliasActionHistory"),
        weight=10 if alias else 100,
        most_pages=pages,
        fragments={
            "Moved": f"on Artifact {{ {version} }}",
            "History": f"on ArtifactPortfolio {{ {history} {{ edges {{ node {{ {node} }} }} {_PAGE} }} }}",
        },
        page_size=SMALL_PAGE,
    )
