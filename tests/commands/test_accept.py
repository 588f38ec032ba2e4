"""`accept`: theirs is kept, in the manifests, in place."""

from __future__ import annotations

from pathlib import Path

from regsync.local.store import aliases, collections
from tests.commands.inside import Cli
from tests.commands.living import MANIFEST, by_hand, living

__all__ = ["living"]


def is_empty(cli: Cli, *arguments: str) -> bool:
    return cli("plan", "registry.yaml", "--detailed-exitcode", *arguments).code == 0


def test_what_others_moved_is_kept_and_the_plan_is_empty(living: Cli) -> None:
    by_hand("alice", lambda person: person.move("production", 0))
    by_hand("bob", lambda person: aliases.remove_aliases(person.tx, person.collection(), ["staging"]))
    ran = living("accept", "registry.yaml")
    assert ran.code == 0, ran.err
    assert "-          production: ${team}/fraud/detector:v1   # the one that earns money\n" in ran.out
    assert Path("registry.yaml").read_text() == MANIFEST.replace("detector:v1 ", "detector:v0 ").replace(
        "staging: ${team}/fraud/detector:v2", "staging: absent"
    )
    assert is_empty(living)
    assert living("accept").out == "nothing to accept: live is as declared\n"


def test_only_what_is_named_is_kept(living: Cli) -> None:
    by_hand("alice", lambda person: person.move("production", 0))
    by_hand("bob", lambda person: person.move("staging", 0))
    assert living("accept", "model/fraud:staging", "registry.yaml").code == 0
    text = Path("registry.yaml").read_text()
    assert "production: ${team}/fraud/detector:v1 " in text and "staging: ${team}/fraud/detector:v0" in text
    assert is_empty(living, "--target", "model/fraud:staging") and not is_empty(living)


MANY = """apiVersion: regsync/v1
organization: acme
variables: {team: acme-ml}
registries:
  model:
    collections:
      fraud:
        type: model
        aliases:
          production: ${team}/fraud/detector:v1   # the one that earns money
          staging:
            version: acme-ml/fraud/detector:v1
          canary: v1
          "shadow": 'acme-ml/fraud/detector:v1'
      braces: {type: model, aliases: {production: "acme-ml/fraud/detector:v1", staging: '${team}/fraud/detector:v1'}}
"""


def test_all_at_once_is_what_one_after_the_other_makes(living: Cli) -> None:
    Path("registry.yaml").write_text(MANY, encoding="utf-8")
    assert living("apply", "registry.yaml", "--auto-approve", "--allow", "latest-moves").code == 0
    moved = MANY.replace("detector:v1", "detector:v0").replace("canary: v1", "canary: v0")
    Path("moved.yaml").write_text(moved, encoding="utf-8")
    assert living("apply", "moved.yaml", "--auto-approve", "--allow", "latest-moves").code == 0
    for address in (
        "fraud:production",
        "fraud:staging",
        "fraud:canary",
        "fraud:shadow",
        "braces:production",
        "braces:staging",
    ):
        assert living("accept", f"model/{address}", "registry.yaml").code == 0
    singly = Path("registry.yaml").read_text()
    Path("registry.yaml").write_text(MANY, encoding="utf-8")
    ran = living("accept", "registry.yaml")
    assert ran.code == 0, ran.err
    assert Path("registry.yaml").read_text() == singly != MANY
    assert "# the one that earns money" in singly and is_empty(living)


def test_the_rest_of_a_collection(living: Cli) -> None:
    text = MANIFEST + "        description: ours\n        tags: [ours]  # t\n"
    Path("registry.yaml").write_text(text, encoding="utf-8")
    living("apply", "registry.yaml", "--auto-approve")
    by_hand("bob", lambda person: collections.remove_tags(person.tx, person.collection(), ["ours"]))
    by_hand("bob", lambda person: collections.set_description(person.tx, person.collection(), "theirs: #1"))
    assert living("accept", "model/fraud", "registry.yaml").code == 0
    assert Path("registry.yaml").read_text() == text.replace("ours]", "]").replace(
        "description: ours", 'description: "theirs: #1"'
    )
    assert is_empty(living)


def test_what_is_wrong_is_said_and_nothing_is_written(living: Cli) -> None:
    by_hand("alice", lambda person: person.move("production", 0))
    wrong = living("accept", "model/fruad", "registry.yaml")
    assert wrong.code == 1 and "did you mean 'model/fraud'" in wrong.err
    Path("registry.yaml").write_text(MANIFEST + "      brand-new: {type: model}\n", encoding="utf-8")
    ran = living("accept", "registry.yaml")
    assert ran.code == 1 and "create-collection cannot be kept by an edit in place; nothing was written" in ran.err
    assert "detector:v1 " in Path("registry.yaml").read_text()
    assert living("accept", "model/fraud", "registry.yaml").code == 0


def test_an_alias_whose_version_is_not_linked_any_more(living: Cli) -> None:
    by_hand("alice", lambda person: person.unlink(2))
    assert living("accept", "model/fraud:staging", "registry.yaml").code == 0
    assert "staging: absent" in Path("registry.yaml").read_text()
    assert is_empty(living)
