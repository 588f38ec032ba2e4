"""Registries: made, edited, renamed, deleted, and who has which role in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regsync.local.server import seen
from regsync.local.server.mutations import places
from regsync.local.server.nodes.projects import ACCESS
from regsync.local.server.session import Session
from regsync.local.store import accounts, members, projects, registries
from regsync.local.store.access import missing, sees_entity, sees_user
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid, NotFound
from regsync.local.store.ids import Kind, decode
from regsync.local.store.registries import Registry
from regsync.names import REGISTRY_PREFIX, TEAM_PREFIX, Role, Visibility

Json = dict[str, Any]

_VISIBILITY = {access: visibility for visibility, access in ACCESS.items()}


class RegistryMutations:
    """Mutations of registries."""

    session: Session

    def upsert_model(self, input: Json) -> Json:
        name = input.get("name") or ""
        with self.session.write() as tx:
            if name.startswith(REGISTRY_PREFIX):
                key, inserted = _upsert_registry(tx, name.removeprefix(REGISTRY_PREFIX), input)
            else:
                entity = input.get("entity_name") or self.session.actor.name
                inserted = projects.find(tx, entity, name) is None
                key = projects.ensure(tx, entity, name).id
        shown = seen.place(self.session, key)
        return {"inserted": inserted, "project": shown, "model": shown}

    def rename_project(self, input: Json) -> Json:
        with self.session.write() as tx:
            found = places.registry(tx, input["entity_name"], input["old_project_name"])
            if not input["new_project_name"].startswith(REGISTRY_PREFIX):
                raise Invalid(f"a registry's project is called {REGISTRY_PREFIX}NAME")
            registries.rename(tx, found, input["new_project_name"].removeprefix(REGISTRY_PREFIX))
        return {"inserted": False, "project": seen.place(self.session, found.id)}

    def delete_model(self, input: Json) -> Json:
        with self.session.write() as tx:
            registries.delete(tx, _by_id(tx, input["id"]))
        return {"success": True}

    def create_project_members(self, input: Json) -> Json:
        with self.session.write() as tx:
            found = _by_id(tx, input["project_id"])
            for member in _members(tx, found, input):
                members.add_member(tx, found, member)
        return {"success": True}

    def delete_project_members(self, input: Json) -> Json:
        """Members that are none already are passed over (`tests/system_tests/test_registries/` of the client)."""
        with self.session.write() as tx:
            found = _by_id(tx, input["project_id"])
            for member in _members(tx, found, input):
                try:
                    members.remove_member(tx, found, member)
                except NotFound:
                    continue
        return {"success": True}

    def update_project_member(self, input: Json) -> Json:
        with self.session.write() as tx:
            found = _by_id(tx, input["project_id"])
            members.set_member(tx, found, _user(tx, found, input["user_id"]), _role(input["user_project_role"]))
        return {"success": True}

    def update_project_team_member(self, input: Json) -> Json:
        with self.session.write() as tx:
            member = _team(tx, input["team_id"])
            members.set_member(tx, _by_id(tx, input["project_id"]), member, _role(input["team_project_role"]))
        return {"success": True}


def _upsert_registry(tx: Transaction, name: str, input: Json) -> tuple[int, bool]:
    organization = accounts.organization_of_entity(tx, input.get("entity_name") or "")
    if organization is None or organization.entity != input.get("entity_name"):
        missing(f"organization entity {input.get('entity_name')!r}")
    found = registries.find(tx, organization, name)
    if found is None:
        made = registries.create(
            tx,
            organization,
            name,
            description=input.get("description"),
            visibility=_visibility(input.get("access")) or Visibility.ORGANIZATION,
            artifact_types=_types(input),
        )
        _protect(tx, made, input.get("protected_aliases") or ())
        return made.id, True
    _edit(tx, found, input)
    return found.id, False


def _edit(tx: Transaction, found: Registry, input: Json) -> None:
    """Change only what differs: the client sends everything, and each change needs its own role."""
    if "description" in input and input["description"] != found.description:
        found = registries.set_description(tx, found, input["description"])
    visibility = _visibility(input.get("access"))
    if visibility is not None and visibility != found.visibility:
        found = registries.set_visibility(tx, found, visibility)
    types, everything = _types(input), input.get("allow_all_artifact_types_in_registry")
    if types:
        found = registries.allow_types(tx, found, types)
    elif everything is not None and everything != found.all_types:
        found = registries.allow_all_types(tx, found) if everything else registries.allow_types(tx, found, ())
    if input.get("protected_aliases") is not None:
        _protect(tx, found, input["protected_aliases"])


def _protect(tx: Transaction, found: Registry, wanted: Iterable[str]) -> None:
    before, after = set(registries.protected_aliases(tx, found)), set(wanted)
    for alias in sorted(after - before):
        registries.protect(tx, found, alias)
    for alias in sorted(before - after):
        registries.unprotect(tx, found, alias)


def _types(input: Json) -> list[str]:
    return [kind["name"] for kind in input.get("artifact_types") or ()]


def _visibility(access: str | None) -> Visibility | None:
    if access is None:
        return None
    if access not in _VISIBILITY:
        raise Invalid(f"access {access!r}: a registry is {' or '.join(_VISIBILITY)}")
    return _VISIBILITY[access]


def _by_id(tx: Transaction, text: str) -> Registry:
    return registries.by_id(tx, decode(text, Kind.PROJECT))


def _role(text: str) -> Role:
    if text not in list(Role):
        raise Invalid(f"role {text!r}: one of {', '.join(Role)}")
    return Role(text)


def _user(tx: Transaction, found: Registry, text: str) -> str:
    """A user whom the viewer sees, or who is a member already: those are told to everybody who sees the registry."""
    key = decode(text, Kind.USER)
    known = sees_user(tx, key) or any(member.key == key and not member.is_team for member in members.members(tx, found))
    return accounts.user_by_id(tx, key).name if known else missing("user")


def _team(tx: Transaction, text: str) -> str:
    key = decode(text, Kind.ENTITY)
    found = accounts.entity_by_id(tx, key) if sees_entity(tx, key) else missing("team")
    return TEAM_PREFIX + found.name if found.kind == "team" else missing("team")


def _members(tx: Transaction, found: Registry, input: Json) -> list[str]:
    users = [_user(tx, found, text) for text in input.get("user_ids") or ()]
    return users + [_team(tx, text) for text in input.get("team_ids") or ()]
