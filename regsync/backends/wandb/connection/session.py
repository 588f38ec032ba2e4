"""Who the key is, in which organization, on which server: found once, before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection.answers import DeniedError, DocumentRefusedError, well_formed
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.transport import ReadOnlyClient
from regsync.backends.wandb.connection.url import key_page
from regsync.diagnostics import did_you_mean
from regsync.names import Role
from regsync.slots import dataclass

Json = dict[str, Any]

INSTANCE_FEATURE = "REGSYNC_INSTANCE_ID"
_INSTANCE = "REGSYNC_INSTANCE="
"""What the feature begins with that tells the instance itself. Older versions of regsync's own server have to be asked."""
_VIEWER = "viewer { id username entity teams { edges { node { name } } } }"
_VIEWER_ALONE = "viewer { id username entity }"
_MINE = "mine: viewer { organizations { name orgEntity { name } } }"
_FEATURES = "serverInfo { features { name isEnabled } }"
_ORGANIZATION = "organization(name: $organization) { name orgEntity { name } }"


@dataclass(frozen=True, slots=True)
class Session:
    """`organization` is the display name, `entity` the name that its registries are in. `teams`: those of the user."""

    user: str
    user_entity: str
    teams: frozenset[str]
    organization: str
    entity: str
    features: frozenset[str] | None
    """None: the server is too old to tell."""
    instance: str

    @property
    def dialect(self) -> Dialect:
        """What may be asked of this server. One that tells no features is asked for everything, and may refuse it."""
        features = self.features
        if features is None:
            return Dialect(membership_by_name=True)
        return Dialect(
            next_index="REGSYNC_NEXT_VERSION_INDEX" in features,
            protected_aliases="REGSYNC_PROTECTED_ALIASES" in features,
            membership_by_name="PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP" in features,
        )


def connect(client: ReadOnlyClient, organization: str | None) -> Session:
    """Ask the server. `organization` None: the only one that the user is in. Raises `BackendError`."""
    what = "asking who the key belongs to"
    fields = [_VIEWER, _MINE, _FEATURES]
    variables: dict[str, Any] = {}
    if organization is not None:
        fields.append(_ORGANIZATION)
        variables["organization"] = organization
    try:
        answer = client.read(_document(fields), variables, what)
    except (DocumentRefusedError, DeniedError):
        answer = _one_by_one(client, fields, variables, what)
    viewer = answer.get("viewer")
    if not viewer:
        raise BackendError(
            f"{client.server}: the API key belongs to nobody on this server",
            f"the key is from {client.credentials.source}; get a valid one from {key_page(client.server)}",
            code="unauthorized",
        )
    with well_formed(what):
        name, entity = _choose(organization, answer)
        features = _enabled(answer)
        return Session(
            user=str(viewer.get("username") or viewer.get("entity") or viewer["id"]),
            user_entity=str(viewer.get("entity") or ""),
            teams=frozenset(edge["node"]["name"] for edge in (viewer.get("teams") or {}).get("edges") or ()),
            organization=name,
            entity=entity,
            features=features,
            instance=_instance(client, features or frozenset()),
        )


def organization_role(client: ReadOnlyClient, session: Session) -> Role | None:
    """The user's role in the organization; None where the server does not tell it to this key."""
    document = "query Role($name: String!) { organization(name: $name) { members { username role } } }"
    try:
        answer = client.read(document, {"name": session.organization}, "asking for the role in the organization")
        members = (answer.get("organization") or {}).get("members") or ()
        role = next((each["role"] for each in members if each.get("username") == session.user), None)
    except (BackendError, KeyError, TypeError, AttributeError):
        return None
    return Role(role) if role in list(Role) else None


def has_search_index(client: ReadOnlyClient, session: Session) -> bool | None:
    """Whether searches of registries have an index of their own, which may lag behind writes; None where the server does not tell.

    The client asks for the same (`wandb/apis/public/registries/_utils.py`) [sdk].
    """
    document = (
        "query Index($name: String!) { organization(name: $name) { advancedRegistryFeatures { advancedSearch } } }"
    )
    try:
        answer = client.read(document, {"name": session.organization}, "asking how registries are searched")
        told = answer["organization"]["advancedRegistryFeatures"]["advancedSearch"]
    except (BackendError, KeyError, TypeError):
        return None
    return told if isinstance(told, bool) else None


def _document(fields: list[str]) -> str:
    head = "query Connect($organization: String!)" if _ORGANIZATION in fields else "query Connect"
    return f"{head} {{ {' '.join(fields)} }}"


def _one_by_one(client: ReadOnlyClient, fields: list[str], variables: Mapping[str, Any], what: str) -> Json:
    """The same, for a server that does not know one of the fields, or denies it; the first and the last must be answered."""
    answer: Json = {}
    for field in fields:
        needed = variables if field is _ORGANIZATION else {}
        try:
            answer |= client.read(_document([field]), needed, what)
        except DeniedError:
            if field is _ORGANIZATION:
                raise
            if field is _VIEWER:
                answer |= client.read(_document([_VIEWER_ALONE]), {}, what)
        except DocumentRefusedError:
            if field in (_VIEWER, _ORGANIZATION):
                raise
    return answer


def _enabled(answer: Json) -> frozenset[str] | None:
    features = (answer.get("serverInfo") or {}).get("features")
    if features is None:
        return None
    return frozenset(feature["name"] for feature in features if feature and feature.get("isEnabled"))


def _instance(client: ReadOnlyClient, features: frozenset[str]) -> str:
    """Which registry file this is; "" where it is none."""
    told = next((name.removeprefix(_INSTANCE) for name in features if name.startswith(_INSTANCE)), "")
    if told or INSTANCE_FEATURE not in features:
        return told
    answer = client.read("query Instance { serverInfo { regsyncInstanceId } }", {}, "asking for the instance")
    return str((answer.get("serverInfo") or {}).get("regsyncInstanceId") or "")


def _choose(organization: str | None, answer: Json) -> tuple[str, str]:
    """Display name and entity name. Raises `BackendError` that says which organizations there are."""
    mine = _organizations(answer)
    if organization is None:
        if len(mine) == 1:
            return next(iter(mine.items()))
        if mine:
            names = ", ".join(sorted(mine))
            raise BackendError(
                f"this key is in {len(mine)} organizations: {names}",
                "say which with `organization:` in the manifest, or --organization",
                code="which-organization",
            )
        raise BackendError(
            "this key is in no organization that the server tells us of",
            "name it with `organization:` in the manifest, or --organization",
            code="no-organization",
        )
    found = answer.get("organization")
    entity = (found or {}).get("orgEntity")
    if found and entity:
        return str(found["name"]), str(entity["name"])
    if found:
        raise BackendError(
            f"organization {organization!r} has no registries of its own",
            "ask its administrator",
            code="no-organization",
        )
    by_entity = {entity_name: name for name, entity_name in mine.items()}
    if organization in by_entity:
        hint: str | None = f"{organization!r} is its entity name; its display name is {by_entity[organization]!r}"
    else:
        hint = did_you_mean(organization, mine) or "check the name on the organization's page; it is the display name"
    raise BackendError(
        f"there is no organization {organization!r}, or it is not visible to this key", hint, code="no-organization"
    )


def _organizations(answer: Json) -> dict[str, str]:
    """The user's organizations that have registries: entity names by display name."""
    found = (answer.get("mine") or {}).get("organizations") or ()
    return {each["name"]: each["orgEntity"]["name"] for each in found if each and each.get("orgEntity")}
