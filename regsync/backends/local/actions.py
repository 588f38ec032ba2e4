"""What each action of a plan does to the embedded registry."""

from __future__ import annotations

from typing import assert_never

from regsync.core import actions as a
from regsync.local.store import aliases, artifacts, collections, ids, links, members, registries
from regsync.local.store.access import missing
from regsync.local.store.accounts import Organization
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry


def carry_out(tx: Transaction, organization: Organization, action: a.Action) -> int | None:
    """Do one action, whose precondition holds. For a link: the index that it was given.

    Raises the `Refused` family; what was done by then must be rolled back by the caller.
    """
    if isinstance(action, a.RegistryAction):
        _registry_itself(tx, organization, action)
    elif isinstance(action, a.SettingAction):
        _setting(tx, registries.get(tx, organization, action.registry), action)
    elif isinstance(action, a.CollectionAction):
        _collection_itself(tx, registries.get(tx, organization, action.registry), action)
    else:
        name = action.registry
        registry = tx.once((carry_out, organization.id, name), lambda: registries.get(tx, organization, name))
        return _content(tx, registry, action)
    return None


def _registry_itself(tx: Transaction, organization: Organization, action: a.RegistryAction) -> None:
    match action:
        case a.CreateRegistry():
            registries.create(
                tx,
                organization,
                action.registry,
                description=action.description,
                visibility=action.visibility,
                artifact_types=action.artifact_types,
            )
        case a.RenameRegistry():
            registries.rename(tx, registries.get(tx, organization, action.previous), action.registry)
        case a.DeleteRegistry():
            registries.delete(tx, registries.get(tx, organization, action.registry))
        case _:
            assert_never(action)


def _setting(tx: Transaction, registry: Registry, action: a.SettingAction) -> None:
    match action:
        case a.UpdateRegistry():
            registry = registries.set_description(tx, registry, action.new_description)
            registries.set_visibility(tx, registry, action.new_visibility)
        case a.AllowArtifactTypes():
            registries.allow_types(tx, registry, action.added)
        case a.ProtectAlias():
            registries.protect(tx, registry, action.alias)
        case a.UnprotectAlias():
            registries.unprotect(tx, registry, action.alias)
        case a.SetMember():
            members.set_member(tx, registry, action.member, action.role)
        case a.RemoveMember():
            members.remove_member(tx, registry, action.member)
        case _:
            assert_never(action)


def _collection_itself(tx: Transaction, registry: Registry, action: a.CollectionAction) -> None:
    match action:
        case a.CreateCollection():
            collections.create(tx, registry, action.collection, action.type, description=action.description)
        case a.RenameCollection():
            collections.rename(tx, collections.get(tx, registry, action.previous), action.collection)
        case a.DeleteCollection():
            collections.delete(tx, registry, collections.get(tx, registry, action.collection))
        case _:
            assert_never(action)


def _content(tx: Transaction, registry: Registry, action: a.ContentAction) -> int | None:
    if isinstance(action, a.LinkVersion):
        link, _ = links.link(tx, registry, action.collection, _version(tx, action.version.artifact_id))
        return link.index
    collection = collections.get(tx, registry, action.collection)
    match action:
        case a.UpdateCollection():
            collections.set_description(tx, collection, action.new_description)
        case a.AddTags():
            collections.add_tags(tx, collection, action.tags)
        case a.RemoveTags():
            collections.remove_tags(tx, collection, action.tags)
        case a.UnlinkVersion():
            links.unlink(tx, registry, collection, _version(tx, action.version.artifact_id))
        case a.SetAlias():
            key = ids.decode(action.version.artifact_id, ids.Kind.ARTIFACT)
            link_here = links.find(tx, collection, key)
            if link_here is None:
                missing(f"{action.version.source or action.version.digest} in {collection.address}")
            aliases.set_aliases(tx, collection, link_here.index, [action.alias])
        case a.RemoveAlias():
            aliases.remove_aliases(tx, collection, [action.alias])
        case _:
            assert_never(action)
    return None


def _version(tx: Transaction, artifact_id: str) -> artifacts.Version:
    return artifacts.by_id(tx, ids.decode(artifact_id, ids.Kind.ARTIFACT))
