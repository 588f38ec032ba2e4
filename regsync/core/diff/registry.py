"""One declared registry against the live one: its settings, protected aliases and members; then each of its collections."""

from __future__ import annotations

from collections.abc import Sequence

from regsync.core import actions as a
from regsync.core.desired import UNSET, DesiredCollection, DesiredRegistry, HazardName, Kind
from regsync.core.diff.collection import diff_collection, draft_deletion, find_live
from regsync.core.diff.context import (
    DECLARED,
    DECLARED_ABSENT,
    Findings,
    ManualStep,
    Matcher,
    RegistryContext,
    note_if_emptied,
)
from regsync.core.diff.unseen import may_delete, may_remove_unlisted
from regsync.core.fingerprint import registry_fingerprint
from regsync.core.live import LiveRegistry
from regsync.core.operation import Hit
from regsync.core.seen import Seen, unseen
from regsync.diagnostics import counted
from regsync.names import Address, Alias, Role, Visibility, named

NOT_LISTED = "not listed; unlisted {} are removed here"


def diff_registry(
    wanted: DesiredRegistry,
    live: LiveRegistry | None,
    unsettled: Sequence[tuple[DesiredCollection, Matcher]],
    findings: Findings,
    *,
    actor: str,
    manages_protected: bool,
    seen: Seen = unseen,
) -> None:
    """Add to `findings` what it takes to make the live registry as wanted.
    `unsettled`: its declared collections that are not live just as they are declared."""
    protected = wanted.declared_protected | ((live.protected_aliases or frozenset()) if live else frozenset())
    context = RegistryContext(wanted.name, live, _accepted(wanted, live), protected)
    if wanted.absent:
        if live is not None:
            _deletion(context, live, findings, wanted)
        return
    if live is None and wanted.partial:
        findings.error(
            "registry-missing",
            f"registry {wanted.name!r} is missing, or not visible to this key",
            wanted.origin,
            f"use --target {wanted.name} to make it",
        )
        return
    _itself(wanted, live, findings)
    _protected_aliases(wanted, live, findings, manages_protected=manages_protected)
    _members(wanted, live, findings, actor)
    for collection, matcher in seen(f"comparing {wanted.name}", "collections", unsettled):
        diff_collection(collection, context, matcher, findings)
    _unlisted_collections(wanted, context, findings)
    _check_role(wanted, live, findings)


def _accepted(wanted: DesiredRegistry, live: LiveRegistry | None) -> frozenset[str] | None:
    declared = None if wanted.artifact_types is None else frozenset(wanted.artifact_types)
    if live is None:
        return declared
    if live.artifact_types is None:
        return declared
    return live.artifact_types | (declared or frozenset())


def _itself(wanted: DesiredRegistry, live: LiveRegistry | None, findings: Findings) -> None:
    description = None if wanted.description is UNSET else wanted.description
    types = None if wanted.artifact_types is None else tuple(sorted(wanted.artifact_types))
    if live is None:
        visibility = wanted.visibility or Visibility.ORGANIZATION
        action = a.CreateRegistry(wanted.name, description, visibility, types)
        findings.draft(action, DECLARED, wanted.origin, notes=_visibility_note(visibility))
        return
    if live.name != wanted.name:
        findings.draft(
            a.RenameRegistry(wanted.name, live.name),
            f"declared with `previously: {live.name}`",
            wanted.origin,
            notes=(f"Whatever still asks for {named(f'{live.name}/…')} finds nothing.",),
        )
    _settings(wanted, live, findings)
    if types and not live.types_told:
        findings.error(
            "types-not-told",
            f"this server does not tell which artifact types registry {wanted.name!r} accepts, so they cannot be compared",
            (wanted.artifact_types or {})[types[0]],
            "leave `artifact_types` out, and edit them in the registry's settings",
        )
        return
    missing = tuple(sorted(set(types or ()) - (live.artifact_types or frozenset())))
    if missing:
        old = None if live.artifact_types is None else tuple(sorted(live.artifact_types))
        message = (
            f"accepts {', '.join(map(named, missing))} in {wanted.name!r}; a type that was saved can never be removed"
        )
        if live.artifact_types is None:
            message = f"{wanted.name!r} accepts every type now, and then only {', '.join(map(named, missing))}, and these for good"
        findings.draft(
            a.AllowArtifactTypes(wanted.name, old, missing),
            DECLARED,
            (wanted.artifact_types or {})[missing[0]],
            hits=(Hit(HazardName.IRREVERSIBLE, message),),
        )


def _visibility_note(visibility: Visibility) -> tuple[str, ...]:
    if visibility is Visibility.RESTRICTED:
        return ("A restricted registry cannot be opened to the organization later.",)
    return ()


def _settings(wanted: DesiredRegistry, live: LiveRegistry, findings: Findings) -> None:
    description = live.description if wanted.description is UNSET else wanted.description
    visibility = wanted.visibility or live.visibility
    if (description, visibility) == (live.description, live.visibility):
        return
    hits: tuple[Hit, ...] = ()
    if visibility is not live.visibility:
        if live.visibility is Visibility.RESTRICTED:
            findings.error(
                "visibility-change",
                f"registry {wanted.name!r} is restricted, and a restricted registry cannot be opened to the organization",
                wanted.origin,
                "write `visibility: restricted`, or declare another registry",
            )
            return
        message = f"restricts {wanted.name!r} to its members; it cannot be opened to the organization again"
        hits = (Hit(HazardName.IRREVERSIBLE, message),)
    action = a.UpdateRegistry(wanted.name, live.description, description, live.visibility, visibility)
    findings.draft(action, DECLARED, wanted.origin, hits=hits)


def _protected_aliases(
    wanted: DesiredRegistry, live: LiveRegistry | None, findings: Findings, *, manages_protected: bool
) -> None:
    if wanted.protected_aliases is None:
        return
    there = (live.protected_aliases if live else frozenset()) or frozenset()
    add = sorted(alias for alias, item in wanted.protected_aliases.items() if not item.absent and alias not in there)
    absent = sorted(alias for alias, item in wanted.protected_aliases.items() if item.absent)
    if not manages_protected:
        _assert_protected(wanted, add, absent, findings)
        return
    unlisted = (
        sorted(there - wanted.protected_aliases.keys()) if Kind.PROTECTED_ALIASES in wanted.remove_unlisted else []
    )
    note_if_emptied(wanted.protected_aliases, unlisted, Kind.PROTECTED_ALIASES, Address(wanted.name), findings)
    for alias in add:
        findings.draft(
            a.ProtectAlias(wanted.name, alias), DECLARED, wanted.protected_aliases[alias].origin, protected=True
        )
    for name in (*(alias for alias in absent if alias in there), *unlisted):
        listed = wanted.protected_aliases.get(Alias(name))
        message = f"takes {name!r} off the protected aliases of {wanted.name!r}: every member can then move it"
        findings.draft(
            a.UnprotectAlias(wanted.name, name),
            DECLARED_ABSENT if listed else NOT_LISTED.format("protected aliases"),
            listed.origin if listed else wanted.origin,
            hits=(Hit(HazardName.REMOVE_PROTECTED_ALIAS, message),),
            protected=True,
        )


def _assert_protected(
    wanted: DesiredRegistry, present: Sequence[str], absent: Sequence[str], findings: Findings
) -> None:
    """W&B's API neither reads nor sets the list (facts page, "Protected aliases"), so a person is asked, once."""
    parts = []
    if present:
        parts.append(f"protected: {', '.join(present)}")
    if absent:
        parts.append(f"not protected: {', '.join(absent)}")
    if parts:
        text = f"In the settings of registry {wanted.name!r}, see to it that these aliases are {'; '.join(parts)}."
        findings.manual.append(ManualStep(Address(wanted.name), text))


def _members(wanted: DesiredRegistry, live: LiveRegistry | None, findings: Findings, actor: str) -> None:
    if wanted.members is None:
        return
    if live is not None and live.members is None:
        findings.error(
            "members-not-shown",
            f"the server does not show this key the members of registry {wanted.name!r}",
            wanted.origin,
            "leave `members` out of the manifest, or use the key of a person who may see them",
        )
        return
    there: dict[str, Role] = dict((live.members if live else None) or {})
    if live is None:
        there[actor] = Role.ADMIN
    for member, item in sorted(wanted.members.items()):
        old = there.get(member)
        if item.role is None and old is not None:
            hits = _gives_up(member, actor, old, None, wanted.name)
            findings.draft(a.RemoveMember(wanted.name, member, old), DECLARED_ABSENT, item.origin, hits=hits)
        elif item.role is not None and item.role != old:
            hits = _gives_up(member, actor, old, item.role, wanted.name)
            findings.draft(a.SetMember(wanted.name, member, old, item.role), DECLARED, item.origin, hits=hits)
    unlisted = sorted(there.keys() - wanted.members.keys() - {actor}) if Kind.MEMBERS in wanted.remove_unlisted else []
    note_if_emptied(wanted.members, unlisted, Kind.MEMBERS, Address(wanted.name), findings)
    for member in unlisted:
        action = a.RemoveMember(wanted.name, member, there[member])
        findings.draft(action, NOT_LISTED.format("members"), wanted.origin)


def _gives_up(member: str, actor: str, old: Role | None, new: Role | None, registry: str) -> tuple[Hit, ...]:
    """The hazard that whoever applies gives up a role that they could not give back to themselves."""
    if member != actor or old is None or (new is not None and new.strength <= old.strength):
        return ()
    message = (
        f"{member!r}, who applies this, gives up the role {old} in {registry!r}; only another admin can give it back"
    )
    return (Hit(HazardName.IRREVERSIBLE, message),)


def _unlisted_collections(wanted: DesiredRegistry, context: RegistryContext, findings: Findings) -> None:
    if wanted.collections is None or context.live is None or Kind.COLLECTIONS not in wanted.remove_unlisted:
        return
    if not may_remove_unlisted(Address(wanted.name), context.live, Kind.COLLECTIONS, wanted.origin, findings):
        return
    spoken_for: set[str] = set(wanted.collections)
    for collection in wanted.collections.values():
        live = find_live(collection, context)
        if live is not None:
            spoken_for.add(live.name)
    unlisted = sorted(context.live.collections.keys() - spoken_for)
    note_if_emptied(wanted.collections, unlisted, Kind.COLLECTIONS, Address(wanted.name), findings)
    for name in unlisted:
        draft_deletion(
            context, context.live.collections[name], findings, NOT_LISTED.format("collections"), wanted.origin
        )


def _deletion(context: RegistryContext, live: LiveRegistry, findings: Findings, wanted: DesiredRegistry) -> None:
    if not may_delete(Address(live.name), live, wanted.origin, findings):
        return
    held = [
        f"{name}:{alias}"
        for name, collection in sorted(live.collections.items())
        for alias in sorted(collection.aliases)
        if alias in context.protected
    ]
    names = tuple(sorted(live.collections))
    hits = [
        Hit(HazardName.DELETE_REGISTRY, f"deletes registry {live.name!r} with its {counted(len(names), 'collection')}")
    ]
    if held:
        message = (
            f"unbinds {counted(len(held), 'protected alias', 'protected aliases')} of {live.name!r}: "
            f"{', '.join(named(each) for each in held[:5])}"
        )
        hits.append(Hit(HazardName.REMOVE_PROTECTED_ALIAS, message, len(held)))
    action = a.DeleteRegistry(live.name, live.description, live.visibility, names, registry_fingerprint(live))
    findings.draft(action, DECLARED_ABSENT, wanted.origin, hits=tuple(hits), protected=bool(held))


_READING = (Role.VIEWER, Role.RESTRICTED_VIEWER)

_ADMIN_ONLY = a.AllowArtifactTypes | a.ProtectAlias | a.UnprotectAlias | a.UpdateRegistry | a.SetMember | a.RemoveMember


def _check_role(wanted: DesiredRegistry, live: LiveRegistry | None, findings: Findings) -> None:
    """Warn, once a registry, when the acting user could apply a part of the plan only.

    A key that can only read is made for planning; another one applies, and nothing is wrong with that.
    """
    if live is None or live.role in (None, Role.ADMIN, *_READING):
        return
    needs = [
        draft
        for draft in findings.drafts
        if draft.action.registry == wanted.name and (draft.protected or isinstance(draft.action, _ADMIN_ONLY))
    ]
    if needs:
        findings.warn(
            "role-too-weak",
            f"the role admin is needed for {counted(len(needs), 'operation')} in registry {wanted.name!r}; this key has {live.role}",
            wanted.origin,
            "apply with the key of a registry admin",
        )
