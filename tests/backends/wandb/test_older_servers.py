"""What regsync does with a server that has less than the project's own: it falls back, or says what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from regsync.backends.base import Status
from regsync.core import actions as a
from regsync.core.live import RegistryScope, Version
from regsync.local.store import accounts
from regsync.local.store.database import open_store
from regsync.names import Role, SourceRef
from tests.backends.wandb.script import DETECTOR, MANIFEST
from tests.backends.wandb.servers import (
    OLD_FIELDS,
    Server,
    lacking,
    like_wandb,
    small_documents,
)
from tests.backends.wandb.wire import Behaviour, Relay
from tests.backends.wandb.worlds import QUICK, Work, everything, prints

SCOPE = {
    "model": RegistryScope(None, True),
    "first name": RegistryScope(frozenset(["rows"])),
    "none": RegistryScope(None),
}


@pytest.mark.parametrize(
    "behave",
    [like_wandb(), like_wandb("TagConnection"), lacking(OLD_FIELDS), small_documents()],
    ids=["wandb", "no tag pages", "old", "small documents"],
)
def test_the_same_is_read_but_for_what_the_server_does_not_tell(
    work: Work, between: Relay, file: Path, behave: Behaviour
) -> None:
    between.reset(behave)
    with work.reader() as reader:
        live = reader.observe(SCOPE).registries
        told = reader.capabilities.manages_protected_aliases
    expected = everything(file).registries
    assert live.keys() == {"model", "first name"}
    for name, registry in live.items():
        assert registry.description == expected[name].description
        for collection in registry.collections.values():
            assert collection == expected[name].collections[collection.name]
    assert live["model"].collections.keys() == expected["model"].collections.keys()
    assert live["model"].members == expected["model"].members
    if not told:
        assert live["model"].protected_aliases is None
    assert told is bool(isinstance(behave, Server) and behave.most_fields)


@pytest.mark.parametrize("page_size", [1, 2, 7])
def test_pages_of_any_size_give_the_same(work: Work, file: Path, page_size: int) -> None:
    small = replace(QUICK, page_size=page_size, names_per_list=2, weight_per_document=12, timeout=10.0, deadline=20.0)
    with replace(work, options=small).reader() as reader:
        live = reader.observe({name: RegistryScope(None, True) for name in reader.registry_names()})
        named = reader.observe({"model": RegistryScope(frozenset(["detector", "doomed", "missing"]))})
    assert prints(live) == prints(everything(file))
    assert named.registries["model"].collections.keys() == {"detector", "doomed"}
    assert live.read.pages >= 12 / page_size


@pytest.mark.parametrize("pages", [True, False], ids=["in pages", "in one answer"])
def test_a_new_member_is_found_among_users_of_similar_names(
    work: Work, between: Relay, file: Path, pages: bool
) -> None:
    """In the one answer too, if the server has no pages; for two new members three mutations, because one starts as a member."""
    people = ["an", "ann", "anna"]
    with open_store(file).write() as tx:
        organization = accounts.organization(tx, "acme")
        for name in people:
            user, _ = accounts.add_user(tx, name)
            accounts.set_organization_member(tx, organization, user, Role.MEMBER)
    if not pages:
        between.reset(Server(users_in_pages=False))
    work.options = replace(QUICK, page_size=1)
    plan = work.plan(work.manifest({"registries": {"model": {"members": {"an": "viewer", "anna": "member"}}}}))
    assert plan.warnings == ()
    planned = len(between.requests)
    receipt = work.apply(plan)
    assert receipt.receipt is not None and receipt.receipt.verified
    members = everything(file).registries["model"].members
    assert (
        members is not None and (members["an"], members["anna"]) == (Role.VIEWER, Role.MEMBER) and "ann" not in members
    )
    lists = [request for request in between.requests[planned:] if "users(" in request.document]
    assert len(lists) == (len(people) if pages else 2), (
        "three pages of the name that all three begin with; or a refusal and a list"
    )


@pytest.mark.parametrize(
    "behave", [Server(one_mutation=True), small_documents()], ids=["single mutations", "small documents"]
)
def test_a_server_with_narrow_limits_gets_everything_done(
    work: Work, between: Relay, file: Path, behave: Behaviour
) -> None:
    between.reset(behave)
    plan = work.plan(work.manifest(MANIFEST))
    receipt = work.apply(plan).receipt
    assert receipt is not None and receipt.exit_code == 0 and receipt.verified
    assert work.plan(work.manifest(MANIFEST)).operations == ()


@pytest.mark.parametrize(
    "missing", [(), ("createArtifactPortfolio",), ("createArtifactType", "createArtifactPortfolio")]
)
def test_on_wandb_protected_aliases_are_asserted_and_collections_are_made_as_the_server_can(
    work: Work, between: Relay, file: Path, missing: tuple[str, ...]
) -> None:
    between.reset(like_wandb(*missing))
    manifest = work.manifest(MANIFEST)
    plan = work.plan(manifest)
    assert not {"protect-alias", "unprotect-alias"} & {operation.action.kind for operation in plan.operations}
    receipt = work.apply(plan).receipt
    assert receipt is not None and receipt.exit_code == 0 and receipt.verified
    assert work.plan(manifest).operations == ()
    first = everything(file).registries["fresh"].collections["first"]
    assert (first.description, first.tags, first.aliases) == (
        "made here",
        frozenset({"one", "two"}),
        {"golden": 1, "canary": 0},
    )
    later = [outcome for outcome in receipt.outcomes.values() if "first link" in (outcome.message or "")]
    assert bool(later) == bool(missing)


def test_an_empty_collection_that_nothing_is_linked_into_is_not_reported_as_verified(
    work: Work, between: Relay
) -> None:
    between.reset(like_wandb("createArtifactPortfolio"))
    manifest = work.manifest({"registries": {"model": {"collections": {"empty": {"type": "model"}}}}})
    receipt = work.apply(work.plan(manifest)).receipt
    assert receipt is not None and not receipt.verified


def test_what_is_needed_and_missing_is_said(work: Work, between: Relay) -> None:
    between.reset(lacking(["viewer"]))
    with pytest.raises(Exception, match="viewer"), work.reader() as reader:
        reader.destination()


def test_an_alias_is_set_where_versions_cannot_be_looked_up_by_name(work: Work, between: Relay, file: Path) -> None:
    between.reset(lacking(OLD_FIELDS))
    manifest = work.manifest(
        {
            "registries": {
                "model": {"collections": {"detector": {"aliases": {"staging": f"{DETECTOR}:v2", "unused": "absent"}}}}
            }
        }
    )
    receipt = work.apply(work.plan(manifest)).receipt
    assert receipt is not None and receipt.exit_code == 0 and receipt.verified
    assert everything(file).registries["model"].collections["detector"].aliases == {"production": 0, "staging": 2}


def test_the_index_of_a_link_is_told_so_that_the_executor_can_compare(work: Work, between: Relay, file: Path) -> None:
    """On W&B nobody tells the next index; where it is not one more than the highest, the answer says so."""
    with work.reader() as reader:
        version = reader.resolve([SourceRef("acme-ml", "fraud", "detector", "v5")])[
            SourceRef("acme-ml", "fraud", "detector", "v5")
        ]
        detector = everything(file).registries["model"].collections["detector"]
    assert isinstance(version, Version)
    with work.writer() as writer:
        unlinked = a.UnlinkVersion("model", "detector", detector.links[2], 2)
        assert [outcome.status for outcome in writer.perform([unlinked])] == [Status.DONE]
    between.reset(like_wandb())
    with work.writer() as writer:
        live = writer.observe({"model": RegistryScope(frozenset(["detector"]))}).registries["model"]
        assert live.collections["detector"].next_index == 2
        outcome = writer.perform([a.LinkVersion("model", "detector", version, 2)])[0]
    assert (outcome.status, outcome.linked_index) == (Status.DONE, 3)


NO_ROLES = ("updateProjectMember", "updateProjectTeamMember")


@pytest.mark.parametrize("member", ["bob", "team:acme-ml"])
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
@pytest.mark.parametrize("switch", ["lacks", "refuses"])
def test_a_new_member_whose_role_cannot_be_set_is_taken_off_again(
    work: Work, between: Relay, file: Path, switch: str, together: bool, member: str
) -> None:
    """Nobody keeps a role that nobody declared."""
    before = everything(file).registries["first name"].members
    plan = work.plan(work.manifest({"registries": {"first name": {"members": {member: "viewer"}}}}))
    between.reset(Server(lacks=NO_ROLES if switch == "lacks" else (), refuses=NO_ROLES, one_mutation=not together))
    receipt = work.apply(plan).receipt
    assert receipt is not None and receipt.exit_code == 1
    [outcome] = receipt.outcomes.values()
    assert outcome.status is Status.FAILED
    assert f"{member} was added as restricted_viewer, and the role viewer was refused" in (outcome.message or "")
    assert f"so {member} was taken off again" in (outcome.message or "")
    assert everything(file).registries["first name"].members == before
    written = sum(request.writes for request in between.requests)
    refused_together = int(switch == "lacks" or not together)
    assert written == (2 if refused_together else 1) + refused_together + 1


@pytest.mark.parametrize("switch", ["lacks", "refuses"])
def test_a_new_member_who_is_given_the_declared_role_at_first_stays(
    work: Work, between: Relay, file: Path, switch: str
) -> None:
    plan = work.plan(work.manifest({"registries": {"first name": {"members": {"bob": "restricted_viewer"}}}}))
    between.reset(Server(lacks=NO_ROLES if switch == "lacks" else (), refuses=NO_ROLES))
    receipt = work.apply(plan).receipt
    assert receipt is not None and receipt.verified
    assert (everything(file).registries["first name"].members or {})["bob"] is Role.RESTRICTED_VIEWER


def test_a_server_that_takes_one_mutation_a_document_is_asked_for_several_once(
    tmp_path: Path, work: Work, between: Relay
) -> None:
    """Once for each of the documents that are under way at the same time, the first time there are several."""
    aliases = {f"alias {number}": f"v{number % 3}" for number in range(60)}
    manifest = work.manifest({"registries": {"model": {"collections": {"detector": {"aliases": aliases}}}}})
    plan = work.plan(manifest)
    between.reset(Server(one_mutation=True))
    receipt = work.apply(plan).receipt
    assert receipt is not None and receipt.verified
    written = [request for request in between.requests if request.writes]
    assert len(written) == len(aliases) + 1
    assert len(between.requests) <= len(written) + 8


def test_a_registry_is_made_on_a_server_that_knows_no_accepted_types(work: Work, between: Relay, file: Path) -> None:
    between.reset(lacking(OLD_FIELDS))
    path = work.manifest({"registries": {"fresh": {"description": "new", "visibility": "restricted"}}})
    receipt = work.apply(work.plan(path)).receipt
    assert receipt is not None and receipt.verified
    assert everything(file).registries["fresh"].description == "new"
