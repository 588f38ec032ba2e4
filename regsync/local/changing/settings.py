"""Changes of a registry itself: made new, and what stands behind its gear.

`seen`: how many changes of settings the page has seen that somebody acts from (`meanwhile`); None where there was no page.
"""

from __future__ import annotations

from typing import Any

from regsync.local.changing import meanwhile
from regsync.local.changing.change import Place, escaped
from regsync.local.changing.meanwhile import unless_changed
from regsync.local.store import accounts, members, registries
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.names import Role, Visibility
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class CreateRegistry:
    """A new registry; without `artifact_types` it accepts every type."""

    place: Place
    description: str | None = None
    visibility: Visibility = Visibility.ORGANIZATION
    artifact_types: tuple[str, ...] = ()

    def carry_out(self, tx: Transaction) -> None:
        registries.create(
            tx,
            accounts.organization(tx, self.place.organization),
            self.place.registry,
            description=self.description,
            visibility=self.visibility,
            artifact_types=self.artifact_types,
        )

    def block(self, tx: Transaction) -> Any:
        described = {} if self.description is None else {"description": escaped(self.description)}
        types = {"artifact_types": [escaped(each) for each in self.artifact_types]} if self.artifact_types else {}
        return {**described, "visibility": self.visibility.value, **types}


@dataclass(frozen=True, slots=True)
class DescribeRegistry:
    """Another description."""

    place: Place
    description: str
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        unless_changed(
            tx,
            self.place,
            meanwhile.DESCRIPTION,
            self.seen,
            lambda: registries.set_description(tx, registry, self.description),
        )

    def block(self, tx: Transaction) -> Any:
        return {"description": escaped(self.description)}


@dataclass(frozen=True, slots=True)
class SetVisibility:
    """From the organization's to its members' only; the other way round is refused."""

    place: Place
    visibility: Visibility
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        unless_changed(
            tx,
            self.place,
            meanwhile.VISIBILITY,
            self.seen,
            lambda: registries.set_visibility(tx, registry, self.visibility),
        )

    def block(self, tx: Transaction) -> Any:
        return {"visibility": self.visibility.value}


@dataclass(frozen=True, slots=True)
class AllowTypes:
    """More artifact types; none is ever taken away."""

    place: Place
    types: tuple[str, ...]
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        if not self.types:
            raise Invalid("no type was given", hint="type one or more, with commas between them")
        unless_changed(
            tx, self.place, meanwhile.TYPES, self.seen, lambda: registries.allow_types(tx, registry, self.types)
        )

    def block(self, tx: Transaction) -> Any:
        """All of them: a manifest lists what is accepted, and leaves out nothing that is."""
        before = registries.accepted_types(tx, self.place.get(tx))
        return {"artifact_types": [escaped(each) for each in sorted({*before, *self.types})]}


@dataclass(frozen=True, slots=True)
class Protect:
    """Aliases that only admins may put on, move or take off."""

    place: Place
    aliases: tuple[str, ...]
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        if not self.aliases:
            raise Invalid("no alias was given", hint="type one or more, with commas between them")

        def act() -> None:
            for alias in self.aliases:
                registries.protect(tx, registry, alias)

        unless_changed(tx, self.place, meanwhile.PROTECTED, self.seen, act)

    def block(self, tx: Transaction) -> Any:
        return {"protected_aliases": [escaped(each) for each in self.aliases]}


@dataclass(frozen=True, slots=True)
class Unprotect:
    """An alias that every member may move again; where it points stays."""

    place: Place
    alias: str
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        unless_changed(
            tx, self.place, meanwhile.PROTECTED, self.seen, lambda: registries.unprotect(tx, registry, self.alias)
        )

    def block(self, tx: Transaction) -> Any:
        return {"protected_aliases": [{self.alias: "absent"}]}


@dataclass(frozen=True, slots=True)
class SetMember:
    """A user's or a team's (`team:NAME`) role here."""

    place: Place
    member: str
    role: Role
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        if not self.member:
            raise Invalid("nobody was named", hint="type the name of a user, or team: and the name of a team")
        registry = self.place.get(tx)
        unless_changed(
            tx,
            self.place,
            meanwhile.MEMBERS,
            self.seen,
            lambda: members.set_member(tx, registry, self.member, self.role),
            self.member,
        )

    def block(self, tx: Transaction) -> Any:
        return {"members": {self.member: self.role.value}}


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """No role here beside what the organization gives."""

    place: Place
    member: str
    seen: int | None = None

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        unless_changed(
            tx,
            self.place,
            meanwhile.MEMBERS,
            self.seen,
            lambda: members.remove_member(tx, registry, self.member),
            self.member,
        )

    def block(self, tx: Transaction) -> Any:
        return {"members": {self.member: "absent"}}
