"""What `doctor` finds: whether the backend can be reached, as whom, with which roles, and what therefore will work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

from regsync.backends.base import BackendError, Reader
from regsync.core.desired import Desired, DesiredRegistry
from regsync.core.diff import Comparison
from regsync.core.live import LiveRegistry, RegistryScope, Unresolved
from regsync.core.scope import scope_of
from regsync.diagnostics import RegsyncError
from regsync.names import Role, SourceRef
from regsync.slots import dataclass

_TEAM = "a version is looked up in the project that logged it: the key's owner has to be in that team"


class State(StrEnum):
    """How a finding stands. A `problem` is something that will not work; a `note` is good to know."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


class Purpose(StrEnum):
    """What the key is for: `plan` only reads; `apply` does what the manifests declare."""

    PLAN = "plan"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `subject` is short; `text` says what was found, `hint` what to do about it."""

    subject: str
    state: State
    text: str
    hint: str | None = None


@runtime_checkable
class Informant(Protocol):
    """A backend that can say more of itself than `Reader` asks for."""

    def facts(self) -> Sequence[Finding]:
        """About the server and the key."""
        ...

    def may_write(self, registry: str) -> bool | None:
        """What the server says of a registry that was read with its members; None where it does not say."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check saw a server do. `as_assumed` None: it could not be made. No name and no key is in `text`."""

    as_assumed: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class ProbedRow:
    """An assumption, what the server does, and what regsync does where that differs."""

    assumption: str
    text: str
    as_assumed: bool | None
    server: str
    regsync: str


@dataclass(frozen=True, slots=True)
class Probed:
    """All rows, and the names of registries that could not be removed again."""

    rows: tuple[ProbedRow, ...]
    left: tuple[str, ...]
    stopped: bool


@runtime_checkable
class Prober(Protocol):
    """A backend that rests on assumptions about a server, and can try them on a throw-away registry."""

    def probe(self, registry: str, sources: Sequence[SourceRef], stop_requested: Callable[[], bool]) -> Probed:
        """Try everything. `sources`: two versions to link; none: two that are linked already. Raises `BackendError`."""
        ...


def examine(
    open_backend: Callable[[], Reader], desired: Desired | None, purpose: Purpose = Purpose.APPLY
) -> list[Finding]:
    """Look at everything, as far as one gets. `desired` None: at every registry that there is, in place of the declared.

    What the key cannot do is a problem where its `purpose` needs it.
    """
    try:
        with open_backend() as reader:
            who, registries = list(_who(reader)), list(_registries(reader, desired, purpose))
            if desired is not None:
                registries += _sources(reader, desired)
            # A server shows what it lacks when it is asked for it, so this comes after the registries.
            facts = reader.facts() if isinstance(reader, Informant) else []
            return [*who, *facts, *registries]
    except RegsyncError as error:
        return [Finding("connection", State.PROBLEM, error.message, error.hint)]


def _who(reader: Reader) -> Iterable[Finding]:
    there = reader.destination()
    yield Finding("server", State.OK, there.url)
    yield Finding("user", State.OK, there.user)
    yield Finding("organization", State.OK, f"{there.organization} (entity {there.entity})")


def _registries(reader: Reader, desired: Desired | None, purpose: Purpose) -> Iterable[Finding]:
    declared: Mapping[str, DesiredRegistry] = (
        {} if desired is None else {str(k): v for k, v in desired.registries.items()}
    )
    try:
        visible, live = _seen(reader, declared if desired is not None else None)
        names = sorted(declared) if desired is not None else visible
    except BackendError as error:
        yield Finding("registries", State.PROBLEM, error.message, error.hint)
        return
    for name in names:
        found = live.get(name)
        if found is None and name not in declared:
            text = "was in the list of registries, and is not there any more: it changed while it was read"
            yield Finding(f"registry {name}", State.NOTE, text, "run this again")
        elif found is None:
            yield _missing(name, declared[name])
        else:
            may_write = reader.may_write(name) if isinstance(reader, Informant) else None
            role = _role(found, may_write, declared.get(name))
            yield _for_reading(role) if purpose is Purpose.PLAN else role
    if not names:
        yield Finding("registries", State.NOTE, "there is none that this key can see")


def _seen(reader: Reader, declared: Iterable[str] | None) -> tuple[list[str], dict[str, LiveRegistry]]:
    """The registries that the key can see, and what was read of them (or of the declared ones); once more where one goes meanwhile."""
    for last in (False, True):
        visible = reader.registry_names()
        scope = {name: RegistryScope(frozenset(), members=True) for name in (visible if declared is None else declared)}
        live = reader.observe(scope).registries if scope else {}
        if last or declared is not None or live.keys() >= scope.keys():
            break
    return visible, live


def _missing(name: str, wanted: DesiredRegistry) -> Finding:
    text = "missing, or not visible to this key"
    if wanted.absent:
        return Finding(f"registry {name}", State.OK, f"{text}; declared absent")
    hint = "a plan would create it; where it exists and is restricted, ask one of its admins for a role"
    return Finding(f"registry {name}", State.NOTE, text, hint)


def _role(live: LiveRegistry, may_write: bool | None, wanted: DesiredRegistry | None) -> Finding:
    subject = f"registry {live.name}"
    visibility = live.visibility.value
    if live.role is Role.ADMIN:
        return Finding(subject, State.OK, f"{visibility}; role admin: everything")
    needs = _admin_needs(live, wanted)
    if live.role is Role.MEMBER:
        text = f"{visibility}; role member: links, ordinary aliases, tags and collections"
        return _with_needs(subject, text, needs, known=True)
    if live.role is not None or may_write is False:
        role = live.role.value if live.role else "not told"
        state = State.PROBLEM if wanted is not None else State.NOTE
        return Finding(
            subject, state, f"{visibility}; role {role}: reading only", "plan and drift work, apply does not"
        )
    text = f"{visibility}; role not told" + ("; this key may write" if may_write else "")
    return _with_needs(subject, text, needs, known=False)


def _for_reading(found: Finding) -> Finding:
    """The same finding for a key that only plans: whoever sees a registry can plan it, whatever the role."""
    return replace(found, state=State.OK, hint=None)


def _sources(reader: Reader, desired: Desired) -> Iterable[Finding]:
    """Whether the versions that the manifests name, and that are not linked yet, are found: a plan needs that."""
    try:
        live = reader.observe(scope_of(desired))
        refs = Comparison(desired, live).refs_to_resolve()
        resolved = reader.resolve(refs) if refs else {}
    except BackendError as error:
        yield Finding("sources", State.PROBLEM, error.message, error.hint)
        return
    lost = {str(ref): found for ref, found in resolved.items() if isinstance(found, Unresolved)}
    for name, why in sorted(lost.items()):
        yield Finding(f"source {name}", State.PROBLEM, why.reason, why.hint or _TEAM)
    if not lost:
        yield Finding("sources", State.OK, f"all that are not linked yet are found ({len(refs)})")


def _with_needs(subject: str, text: str, needs: Sequence[str], *, known: bool) -> Finding:
    if not needs:
        return Finding(subject, State.OK, text)
    hint = f"the manifests declare {', '.join(needs)}, which only registry admins may change"
    return Finding(subject, State.PROBLEM if known else State.NOTE, text, hint)


def _admin_needs(live: LiveRegistry, wanted: DesiredRegistry | None) -> list[str]:
    """What the manifests declare that takes the role admin to change."""
    if wanted is None:
        return []
    needs = []
    if wanted.protected_aliases or live.protected_aliases:
        needs.append("protected aliases")
    if wanted.members is not None:
        needs.append("members")
    if wanted.visibility not in (None, live.visibility):
        needs.append("visibility")
    if wanted.artifact_types is not None and frozenset(map(str, wanted.artifact_types)) != live.artifact_types:
        needs.append("accepted artifact types")
    return needs
