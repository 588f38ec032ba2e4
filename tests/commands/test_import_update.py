"""`import --update`: what was added live and is declared nowhere goes into the manifests that are there."""

from __future__ import annotations

from pathlib import Path

from regsync.local.store import collections, links, members
from regsync.names import Role
from tests.commands.inside import Cli
from tests.commands.living import MANIFEST, by_hand, living

__all__ = ["living"]


def test_aliases_and_collections_that_nothing_declares(living: Cli) -> None:
    Path("registry.yaml").write_text(MANIFEST + "  # the end\n", encoding="utf-8")
    by_hand("bob", lambda person: person.move("canary", 1))
    by_hand("bob", lambda person: links.link(person.tx, person.model, "new one", person.source(5), ["gold"]))
    ran = living("import", "--update", "registry.yaml")
    assert ran.code == 0, ran.err
    text = Path("registry.yaml").read_text()
    lines = iter(text.splitlines())
    assert all(line in lines for line in MANIFEST.splitlines()), "what was there stays, in its order"
    assert "          canary: ${team}/fraud/detector:v1\n          production:" in text, "sorted as its neighbours are"
    assert "          shadow: ${team}/fraud/detector:v0\n" in text
    assert "      new one:\n        type: model\n" in text and "gold: acme-ml/fraud/detector:v5" in text
    assert text.endswith("  # the end\n")
    assert living("plan", "registry.yaml", "--detailed-exitcode").code == 0
    assert "everything that is live here is declared" in living("import", "--update", "registry.yaml").out


def test_only_what_is_named(living: Cli) -> None:
    by_hand("bob", lambda person: person.move("canary", 1))
    assert living("import", "model/other", "--update", "registry.yaml").code == 0
    text = Path("registry.yaml").read_text()
    assert "other:" in text and "canary" not in text
    assert living("plan", "registry.yaml", "--detailed-exitcode").code == 0


def test_tags_and_members_where_some_are_listed(living: Cli) -> None:
    listed = MANIFEST.replace("    collections:", "    members: {bob: viewer}\n    collections:")
    Path("registry.yaml").write_text(listed + "        tags: [ours]\n", encoding="utf-8")
    assert living("apply", "registry.yaml", "--auto-approve").code == 0
    by_hand("alice", lambda person: members.set_member(person.tx, person.model, "team:acme-ml", Role.MEMBER))
    by_hand("alice", lambda person: collections.add_tags(person.tx, person.collection(), ["theirs"]))
    assert living("import", "model", "--update", "registry.yaml").code == 0
    text = Path("registry.yaml").read_text()
    assert ("tags: [ours, theirs]" in text and '"team:acme-ml": member' in text) or "team:acme-ml" in text
    assert living("plan", "registry.yaml", "--detailed-exitcode").code == 0


def test_what_cannot_be_added_is_said(living: Cli) -> None:
    Path("registry.yaml").write_text(
        "apiVersion: regsync/v1\norganization: acme\nregistries: {model: {collections: {}}}\n"
    )
    ran = living("import", "--update", "registry.yaml")
    assert ran.code == 1 and "written in braces; nothing was written" in ran.err
    Path("registry.yaml").write_text("apiVersion: regsync/v1\norganization: acme\nregistries: {}\n")
    ran = living("import", "model", "--update", "registry.yaml")
    assert ran.code == 1 and "no manifest declares this registry" in ran.err
