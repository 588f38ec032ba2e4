"""What an operation does: one frozen class a kind, a closed union.

`before` and `after` are the JSON of the plan document; `decode` reads them back. Everything that acts on a registry
(the model, the backends, the views) matches over `Action` and closes with `assert_never`.
"""

from __future__ import annotations

from regsync.core.actions.base import Json, version_json
from regsync.core.actions.on_collection import (
    AddTags,
    CreateCollection,
    DeleteCollection,
    LinkVersion,
    RemoveAlias,
    RemoveTags,
    RenameCollection,
    SetAlias,
    UnlinkVersion,
    UpdateCollection,
)
from regsync.core.actions.on_registry import (
    AllowArtifactTypes,
    CreateRegistry,
    DeleteRegistry,
    ProtectAlias,
    RemoveMember,
    RenameRegistry,
    SetMember,
    UnprotectAlias,
    UpdateRegistry,
)
from regsync.names import Address

__all__ = [
    "ACTIONS",
    "REMOVALS",
    "Action",
    "AddTags",
    "AllowArtifactTypes",
    "CollectionAction",
    "ContentAction",
    "CreateCollection",
    "CreateRegistry",
    "DeleteCollection",
    "DeleteRegistry",
    "Json",
    "LinkVersion",
    "ProtectAlias",
    "RegistryAction",
    "RemoveAlias",
    "RemoveMember",
    "RemoveTags",
    "RenameCollection",
    "RenameRegistry",
    "SetAlias",
    "SetMember",
    "SettingAction",
    "UnlinkVersion",
    "UnprotectAlias",
    "UpdateCollection",
    "UpdateRegistry",
    "decode_action",
    "version_json",
]

RegistryAction = CreateRegistry | RenameRegistry | DeleteRegistry
"""Actions on a registry as a whole."""
SettingAction = UpdateRegistry | AllowArtifactTypes | ProtectAlias | UnprotectAlias | SetMember | RemoveMember
"""Actions on a registry's settings."""
CollectionAction = CreateCollection | RenameCollection | DeleteCollection
"""Actions on a collection as a whole."""
ContentAction = UpdateCollection | AddTags | RemoveTags | LinkVersion | UnlinkVersion | SetAlias | RemoveAlias
"""Actions on what is in a collection."""
Action = RegistryAction | SettingAction | CollectionAction | ContentAction

ACTIONS: dict[str, type[Action]] = {
    action.kind: action
    for action in (
        CreateRegistry,
        RenameRegistry,
        UpdateRegistry,
        AllowArtifactTypes,
        ProtectAlias,
        CreateCollection,
        RenameCollection,
        UpdateCollection,
        AddTags,
        LinkVersion,
        SetAlias,
        SetMember,
        RemoveAlias,
        UnlinkVersion,
        RemoveTags,
        DeleteCollection,
        UnprotectAlias,
        RemoveMember,
        DeleteRegistry,
    )
}
"""By kind, in the order in which a plan runs them."""

REMOVALS = frozenset(
    action.kind
    for action in (
        RemoveAlias,
        UnlinkVersion,
        RemoveTags,
        DeleteCollection,
        UnprotectAlias,
        RemoveMember,
        DeleteRegistry,
    )
)
"""Kinds that take something away; they run last, and only on a complete read."""


def decode_action(kind: str, address: Address, before: Json | None, after: Json | None) -> Action:
    """Read an action back from a plan document. Raises `KeyError`, `ValueError` or `TypeError` where it is malformed."""
    return ACTIONS[kind].decode(address, before or {}, after or {})
