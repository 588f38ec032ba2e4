"""What is no longer managed is said in the plan; `unmanaged` lists what nothing declares."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.commands.inside import Cli
from tests.commands.living import MANIFEST, commit, git, living

__all__ = ["living"]

OTHER = """\
      other:
        type: model
        aliases: {production: acme-ml/fraud/detector:v0}
"""
BOTH = MANIFEST.replace("    collections:\n", f"    collections:\n{OTHER}")
NO_LONGER = "no longer managed: model/other (1 alias, 1 protected)"


def plan(cli: Cli, *arguments: str) -> dict[str, Any]:
    ran = cli("plan", *(arguments or ("registry.yaml",)), "--format", "json")
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    return document


def told(document: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["address"], each["commit"]) for each in document["no_longer_managed"]]


def without_receipts() -> None:
    for name in ("receipts", "seen"):
        shutil.rmtree(f".regsync/{name}", ignore_errors=True)


def test_a_block_that_is_taken_out_is_said_before_and_after_the_commit(living: Cli) -> None:
    declared = commit(BOTH, "Declare other")
    assert told(plan(living)) == []
    Path("registry.yaml").write_text(MANIFEST, encoding="utf-8")
    assert told(plan(living)) == [("model/other", declared)]
    commit(MANIFEST, "Take other out")
    ran = living("plan", "registry.yaml")
    assert f"{NO_LONGER}, declared in commit {declared[:12]}" in ran.out
    assert "No changes. Live is as declared" in ran.out
    for view in ("markdown", "html"):
        assert "model/other (1 alias, 1 protected)" in living("plan", "registry.yaml", "--format", view).out
    assert living("plan", "registry.yaml").out == ran.out


def test_a_file_that_is_taken_out_of_a_folder(living: Cli) -> None:
    Path("models").mkdir()
    commit(MANIFEST, "Fraud", file="models/fraud.yaml")
    declared = commit(
        "apiVersion: regsync/v1\nregistries: {model: {collections: {other: {type: model}}}}\n",
        "Other",
        file="models/other.yaml",
    )
    git("rm", "-q", "models/other.yaml")
    assert told(plan(living, "models")) == [("model/other", declared)]
    git("commit", "-qm", "Take the file out")
    assert told(plan(living, "models")) == [("model/other", declared)]
    assert told(plan(living, "models/fraud.yaml")) == []


def test_a_branch_is_compared_with_where_it_left(living: Cli) -> None:
    without_receipts()
    declared = commit(BOTH, "Declare other")
    git("update-ref", "refs/remotes/origin/main", declared)
    git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    git("checkout", "-qb", "branch")
    commit(MANIFEST, "Take other out")
    commit(MANIFEST + "# and one more word\n", "Another change")
    assert told(plan(living)) == [("model/other", declared)]


def test_an_alias_and_a_registry(living: Cli) -> None:
    without_receipts()
    text = MANIFEST.replace("          staging: ${team}/fraud/detector:v2\n", "")
    assert told(plan(living)) == []
    Path("registry.yaml").write_text(text, encoding="utf-8")
    head = git("rev-parse", "HEAD")
    assert told(plan(living)) == [("model/fraud:staging", head)]
    Path("registry.yaml").write_text("apiVersion: regsync/v1\nregistries: {features: {}}\n", encoding="utf-8")
    (gone,) = plan(living)["no_longer_managed"]
    assert (gone["address"], gone["collections"], gone["aliases"], gone["protected"]) == ("model", 2, 4, 2)


@pytest.mark.parametrize(
    "text",
    [
        BOTH.replace(OTHER, "      other: absent\n"),
        BOTH.replace("      other:\n", "      renamed:\n        previously: other\n"),
        BOTH.replace(OTHER, "").replace(
            "    collections:\n", "    unlisted: {collections: remove}\n    collections:\n"
        ),
    ],
    ids=["absent", "renamed", "unlisted is removed"],
)
def test_what_the_plan_deals_with_is_not_listed(living: Cli, text: str) -> None:
    commit(BOTH, "Declare other")
    Path("registry.yaml").write_text(text, encoding="utf-8")
    ran = living("plan", "registry.yaml", "--format", "json")
    document = json.loads(ran.out)
    assert document["operations"]
    assert told(document) == []


def test_the_last_apply_knows_where_there_is_no_git(living: Cli) -> None:
    Path("registry.yaml").write_text(BOTH, encoding="utf-8")
    assert living("apply", "registry.yaml", "--auto-approve").code == 0
    shutil.rmtree(".git")
    Path("registry.yaml").write_text(MANIFEST, encoding="utf-8")
    assert f"{NO_LONGER}, managed by the last apply" in living("plan", "registry.yaml").out
    assert living("apply", "registry.yaml", "--auto-approve").code == 0
    assert told(plan(living)) == []


def test_a_rename_that_was_meant_is_hinted_at(living: Cli) -> None:
    commit(BOTH, "Declare other")
    text = BOTH.replace("      other:\n", "      ranker:\n")
    Path("registry.yaml").write_text(text, encoding="utf-8")
    (gone,) = plan(living)["no_longer_managed"]
    assert gone["hint"] == (
        "model/ranker is made anew with a version of it: if it was renamed, write `previously: other` in the block at registry.yaml:7:7"
    )


def test_unmanaged_lists_the_outermost_things(living: Cli) -> None:
    ran = living("unmanaged")
    assert (ran.code, ran.out.splitlines()) == (0, ["model/fraud:shadow", "model/other (1 alias, 1 protected)"])
    ran = living("unmanaged", "model/other")
    assert ran.out.splitlines() == ["model/other:production (protected)"]
    assert living("unmanaged", "model/fraud", "registry.yaml").out.splitlines() == ["model/fraud:shadow"]
    document = json.loads(living("unmanaged", "--format", "json").out)
    assert document["unmanaged"] == [
        {
            "address": "model/fraud:shadow",
            "kind": "alias",
            "aliases": 1,
            "collections": 0,
            "protected": 0,
            "versions": 0,
        },
        {"address": "model/other", "kind": "collection", "aliases": 1, "collections": 0, "protected": 1, "versions": 1},
    ]
    Path("registry.yaml").unlink()
    assert living("unmanaged").out.splitlines() == ["model (2 collections, 4 aliases, 2 protected)"]
    assert living("unmanaged", "model").out.splitlines() == [
        "model/fraud (3 aliases, 1 protected)",
        "model/other (1 alias, 1 protected)",
    ]


def test_everything_is_declared(living: Cli) -> None:
    Path("registry.yaml").write_text(
        "apiVersion: regsync/v1\nregistries:\n  model:\n    collections:\n      other: absent\n"
        "      fraud: {unlisted: {aliases: remove}, aliases: {production: v0}}\n",
        encoding="utf-8",
    )
    assert living("unmanaged").out == "Everything that is live here is declared.\n"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("modle", "did you mean 'model'?"),
        ("model/othr", "did you mean 'other'?"),
        ("model/fraud:x", "write registry or"),
    ],
)
def test_a_typing_error_is_told(living: Cli, address: str, words: str) -> None:
    ran = living("unmanaged", address)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err


def test_nothing_that_a_strangers_repository_asks_for_is_run(living: Cli) -> None:
    """Neither for the commits of consents nor for old manifests."""
    commit(
        BOTH.replace(
            "          staging: ${team}/fraud/detector:v2\n",
            "          shadow: absent\n        consent: [remove-alias]\n",
        ),
        "All of it",
    )
    Path(".gitattributes").write_text("*.yaml diff=run\n", encoding="utf-8")
    script = Path("run.sh").resolve()
    script.write_text(f"#!/bin/sh\ntouch {script.parent}/ran\ncat\n", encoding="utf-8")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.run.textconv",
        "diff.run.command",
        "diff.external",
        "core.pager",
        "gpg.program",
    ):
        git("config", key, str(script))
    for key, value in (("log.showSignature", "true"), ("core.hooksPath", ".")):
        git("config", key, value)
    Path("ran").unlink(missing_ok=True)
    text = Path("registry.yaml").read_text(encoding="utf-8").replace(OTHER, "")
    Path("registry.yaml").write_text(text, encoding="utf-8")
    document = plan(living)
    assert [each["since"] is not None for each in document["consents"]] == [True]
    assert ("model/other", git("-c", "core.fsmonitor=false", "rev-parse", "HEAD")) in told(document)
    assert not Path("ran").exists()


def test_a_clone_that_is_not_deep_enough_says_less(
    living: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last commit of a shallow clone did not write every line, whatever Git says; the operations are the same."""
    consent = "          shadow: absent\n        consent: [remove-alias]\n"
    commit(BOTH.replace("          staging: ${team}/fraud/detector:v2\n", consent), "A consent and its change")
    commit(Path("registry.yaml").read_text(encoding="utf-8").replace(OTHER, ""), "Take other out")
    whole = plan(living)
    git("clone", "-q", "--depth=1", tmp_path.as_uri(), "clone")
    shutil.copytree(".regsync", "clone/.regsync")
    shutil.rmtree("clone/.regsync/receipts")
    shutil.rmtree("clone/.regsync/seen", ignore_errors=True)
    monkeypatch.chdir("clone")
    shallow = plan(living)
    assert whole["consents"][0]["since"]["before"] is False
    assert shallow["consents"][0]["since"] is None
    assert [address for address, _ in told(whole)] == ["model/fraud:staging", "model/other"]
    assert told(shallow) == []
    assert shallow["hazards"] == whole["hazards"]
    assert [each["after"] for each in shallow["operations"]] == [each["after"] for each in whole["operations"]]


def test_an_undo_asks_for_no_manifest(living: Cli) -> None:
    text = MANIFEST.replace(
        "          staging: ${team}/fraud/detector:v2\n", "          fresh: ${team}/fraud/detector:v2\n"
    )
    Path("registry.yaml").write_text(text, encoding="utf-8")
    assert living("apply", "registry.yaml", "--auto-approve", "--receipt", "receipt.json").code == 0
    refused = living("undo", "receipt.json", "-o", "undo.json")
    assert refused.code == 3
    assert "to allow exactly this: --allow remove-alias=1" in refused.out
    assert "consent:" not in refused.out + refused.err
    assert "consent:" not in living("apply", "undo.json").err
    assert living("undo", "receipt.json", "--allow", "remove-alias=1").code == 0
