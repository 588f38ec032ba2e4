"""The exhaustive worlds live in memory; these laws tie them to the real store. Whatever one of the three does, all three do:
the model that plans are proven on, the witness that judges plans, and the registry file.
"""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from regsync.backends.base import Status
from regsync.backends.local.actions import carry_out
from regsync.backends.local.writing import LocalWriter
from regsync.core import actions as a
from regsync.core.fingerprint import collection_fingerprint, registry_fingerprint
from regsync.core.live import Live, Version
from regsync.core.model import IllegalActionError, Model
from regsync.core.standing import Is, standing
from regsync.local.store import accounts, events
from regsync.local.store.database import open_store
from regsync.local.store.errors import Refused
from regsync.names import Role, SourceRef, Visibility
from tests.guarantees.witness import RegistryRefusalError, Shelf, State, after
from tests.laws.run import World, world
from tests.laws.test_laws import lawful
from tests.laws.worlds import ALIASES, COLLECTIONS, DESCRIPTIONS, MEMBERS, REGISTRIES, TAGS, live_worlds, versions_of

Json = dict[str, Any]
ACTOR = "alice"
SOURCES = [*versions_of("model"), *versions_of("dataset")]
ORGANIZATION = "acme"


def versions(here: World) -> dict[str, Version]:
    """Every source version by its name, as the registry file knows it."""
    refs = [SourceRef(*text.partition(":")[0].split("/"), text.partition(":")[2]) for text in SOURCES]
    with LocalWriter(here.folder / "registry.db") as writer:
        return {str(ref): found for ref, found in writer.resolve(refs).items() if isinstance(found, Version)}


@st.composite
def recipes(draw: st.DrawFn) -> Json:
    """What an action is made from, before anything is known of the registry; it may well make no sense there."""
    return {
        "kind": draw(st.sampled_from(sorted(a.ACTIONS))),
        "registry": draw(st.sampled_from([*REGISTRIES, REGISTRIES[0]])),
        "other_registry": draw(st.sampled_from([*REGISTRIES, "models"])),
        "collection": draw(st.sampled_from(sorted(COLLECTIONS))),
        "other_collection": draw(st.sampled_from([*sorted(COLLECTIONS), "renamed"])),
        "alias": draw(st.sampled_from(ALIASES)),
        "source": draw(st.sampled_from(SOURCES)),
        "tags": tuple(sorted(draw(st.sets(st.sampled_from(TAGS), min_size=1)))),
        "member": draw(st.sampled_from(MEMBERS)),
        "role": draw(st.sampled_from(list(Role))),
        "description": draw(st.sampled_from(DESCRIPTIONS)),
        "visibility": draw(st.sampled_from(list(Visibility))),
        "types": tuple(sorted(draw(st.sets(st.sampled_from(["dataset", "model"]), min_size=1)))),
    }


def cook(recipe: Json, live: Live, found: dict[str, Version]) -> a.Action:
    """The action that a planner would make of the recipe here and now: its `before` is what is live, as far as there is any."""
    place, name = recipe["registry"], recipe["collection"]
    registry = live.registries.get(place)
    collection = registry.collections.get(name) if registry else None
    version = found[recipe["source"]]
    index = collection.index_of(version.artifact_id) if collection else None
    held = collection.aliases.get(recipe["alias"]) if collection else None
    holder = collection.links[held] if collection and held is not None else None
    old_role = (registry.members or {}).get(recipe["member"]) if registry else None
    match recipe["kind"]:
        case "create-registry":
            return a.CreateRegistry(place, recipe["description"], recipe["visibility"], recipe["types"])
        case "rename-registry":
            return a.RenameRegistry(place, recipe["other_registry"])
        case "update-registry":
            old = (registry.description, registry.visibility) if registry else (None, Visibility.ORGANIZATION)
            return a.UpdateRegistry(place, old[0], recipe["description"], old[1], recipe["visibility"])
        case "allow-artifact-types":
            types = registry.artifact_types if registry else None
            return a.AllowArtifactTypes(place, None if types is None else tuple(sorted(types)), recipe["types"])
        case "protect-alias":
            return a.ProtectAlias(place, recipe["alias"])
        case "unprotect-alias":
            return a.UnprotectAlias(place, recipe["alias"])
        case "set-member":
            return a.SetMember(place, recipe["member"], old_role, recipe["role"])
        case "remove-member":
            return a.RemoveMember(place, recipe["member"], old_role or Role.VIEWER)
        case "create-collection":
            return a.CreateCollection(place, name, version.type, recipe["description"])
        case "rename-collection":
            return a.RenameCollection(place, name, recipe["other_collection"])
        case "update-collection":
            description = collection.description if collection else None
            return a.UpdateCollection(place, name, description, recipe["description"])
        case "add-tags":
            return a.AddTags(place, name, recipe["tags"])
        case "remove-tags":
            return a.RemoveTags(place, name, recipe["tags"])
        case "link-version":
            return a.LinkVersion(place, name, version, collection.next_index if collection else 0)
        case "unlink-version":
            return a.UnlinkVersion(place, name, version, index or 0)
        case "set-alias":
            return a.SetAlias(place, name, recipe["alias"], holder, held, version, index)
        case "remove-alias":
            return a.RemoveAlias(place, name, recipe["alias"], holder or version, held or 0)
        case "delete-collection":
            aliases = tuple(sorted(collection.aliases)) if collection else ()
            fingerprint = collection_fingerprint(collection) if collection else ""
            return a.DeleteCollection(place, name, version.type, 0, aliases, fingerprint)
        case "delete-registry":
            names = tuple(sorted(registry.collections)) if registry else ()
            fingerprint = registry_fingerprint(registry) if registry else ""
            return a.DeleteRegistry(place, None, Visibility.ORGANIZATION, names, fingerprint)
    raise AssertionError(recipe["kind"])


def history(here: World, since: int = 0) -> list[events.Event]:
    """What the registry itself says was done to it."""
    store = open_store(here.folder / "registry.db", read_only=True)
    try:
        with store.read() as tx:
            return events.since(tx, since)
    finally:
        store.close()


def state_of(live: Live, registry: str) -> State:
    """A registry of the file as the witness writes it down."""
    found = live.registries.get(registry)
    if found is None:
        return State(there=False)
    shelves = {
        name: Shelf(
            each.type,
            tuple((index, version.artifact_id) for index, version in sorted(each.links.items())),
            tuple(sorted(each.aliases.items())),
            each.next_index or 0,
        )
        for name, each in found.collections.items()
    }
    protected = found.protected_aliases or frozenset()
    return State(True, found.artifact_types, protected, tuple(sorted(shelves.items())), found.name, found.description)


@lawful
@given(live_worlds(), st.lists(recipes(), min_size=1, max_size=12))
def test_the_model_and_the_witness_do_and_refuse_what_the_registry_file_does(seed: Json, steps: list[Json]) -> None:
    with world(seed) as here:
        found = versions(here)
        kinds = {version.artifact_id: version.type for version in found.values()}
        for step in steps:
            before = here.live()
            action = cook(step, before, found)
            if never_sent(action, before):
                continue
            model = Model(before, ACTOR)
            try:
                model.apply(action)
                allowed = True
            except IllegalActionError:
                allowed = False
            assert do_directly(here, action) == allowed, action
            now = here.live()
            event(f"{action.kind}: {'done' if allowed else 'refused'}")
            if allowed:
                assert roles_aside(model.registries) == roles_aside(now.registries), action
            else:
                assert now == before
            check_witness(before, action, kinds, now, allowed=allowed)


def never_sent(action: a.Action, live: Live) -> bool:
    """What the server would take and regsync never asks for: a link that makes its collection or is there, a name for what has it."""
    registry = live.registries.get(action.registry)
    match action:
        case a.LinkVersion():
            collection = registry.collections.get(action.collection) if registry is not None else None
            linked = collection is not None and collection.index_of(action.version.artifact_id) is not None
            return linked or (registry is not None and collection is None)
        case a.RenameRegistry(registry=new, previous=old) | a.RenameCollection(collection=new, previous=old):
            return new == old
    return False


def do_directly(here: World, action: a.Action) -> bool:
    """Do it to the registry file, without regsync's own check of its precondition; whether the file took it."""
    store = open_store(here.folder / "registry.db")
    try:
        with LocalWriter(here.folder / "registry.db") as writer, store.write(writer._owner()) as tx:
            carry_out(tx, accounts.organization(tx, ORGANIZATION), action)
        return True
    except Refused:
        return False
    finally:
        store.close()


def roles_aside(registries: Any) -> Any:
    """The model does not follow what the acting user may see and do."""
    found = {name: registry.copy() for name, registry in registries.items()}
    for registry in found.values():
        registry.role = None
    return found


_NOT_WITNESSED = a.RenameRegistry | a.UpdateRegistry | a.SetMember | a.RemoveMember
_NOT_WITNESSED = a.RenameRegistry | a.UpdateRegistry | a.SetMember | a.RemoveMember | a.RenameCollection
_NOT_WITNESSED_IN = a.UpdateCollection | a.AddTags | a.RemoveTags


def check_witness(before: Live, action: a.Action, kinds: dict[str, str], now: Live, *, allowed: bool) -> None:
    if isinstance(action, _NOT_WITNESSED | _NOT_WITNESSED_IN):
        return
    try:
        reached = after(state_of(before, action.registry), action, kinds)
    except RegistryRefusalError:
        assert not allowed, action
        return
    assert allowed, action
    assert reached == state_of(now, action.registry), action


@lawful
@given(live_worlds(), st.lists(recipes(), min_size=1, max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_perform_says_what_the_history_says(seed: Json, steps: list[Json], stale: list[bool]) -> None:
    """`done` if and only if something was written, for actions made from what is live now or from what was live at first."""
    with world(seed) as here, LocalWriter(here.folder / "registry.db") as writer:
        found = versions(here)
        first = here.live()
        for step, old in zip(steps, stale, strict=False):
            before = here.live()
            action = cook(step, first if old else before, found)
            seen = len(history(here))
            stood = standing(action, before.registries).state
            (outcome,) = writer.perform([action])
            written = len(history(here)) - seen
            event(f"{stood.name} → {outcome.status}")
            assert (outcome.status is Status.DONE) == (written > 0), (action, outcome)
            assert (outcome.status is Status.SKIPPED) == (stood is Is.DONE), (action, outcome)
            assert outcome.stale == (stood is Is.MOVED)
            if outcome.status is Status.DONE:
                assert standing(action, here.live().registries).state is Is.DONE, action
            else:
                assert here.live() == before
