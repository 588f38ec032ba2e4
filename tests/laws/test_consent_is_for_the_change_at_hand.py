"""The law: after an apply, a second deletion of the same kind is marked where an unnamed consent lets it through, and refused
where the consent has a name."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.backends.wandb.worlds import write_world
from tests.commands.inside import Cli
from tests.commands.living import git

Json = dict[str, Any]
DETECTOR = "acme-ml/fraud/detector"
SEED: Json = {
    "organization": "acme",
    "users": {"alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"}},
    "teams": {"acme-ml": ["alice"]},
    "artifacts": {DETECTOR: {"type": "model", "versions": 4}},
    "registries": {
        "model": {
            "protected_aliases": ["production", "release"],
            "collections": {
                "fraud": {
                    "type": "model",
                    "versions": [f"{DETECTOR}:v{number}" for number in range(4)],
                    "aliases": {"shadow": "v0", "canary": "v0", "production": "v3", "release": "v3"},
                },
                "churn": {"type": "model"},
                "ranker": {"type": "model"},
            },
        },
        "old": {},
        "older": {},
    },
}


@dataclass(frozen=True, slots=True)
class Deletions:
    """Two deletions of one kind, one after the other, by the path in the manifest; and the name of the first in its consent."""

    hazard: str
    first: Json
    second: Json
    block: str
    name: str


def in_fraud(**block: Any) -> Json:
    return {"model": {"collections": {"fraud": block}}}


CASES = [
    Deletions(
        "remove-alias",
        in_fraud(aliases={"shadow": "absent"}),
        in_fraud(aliases={"canary": "absent"}),
        "model/fraud",
        "shadow",
    ),
    Deletions(
        "remove-protected-alias",
        in_fraud(aliases={"production": "absent"}),
        in_fraud(aliases={"release": "absent"}),
        "model/fraud",
        "production",
    ),
    Deletions(
        "unlink-version",
        in_fraud(versions=[{f"{DETECTOR}:v1": "absent"}]),
        in_fraud(versions=[{f"{DETECTOR}:v2": "absent"}]),
        "model/fraud",
        f"{DETECTOR}:v1",
    ),
    Deletions(
        "delete-collection",
        {"model": {"collections": {"churn": "absent"}}},
        {"model": {"collections": {"ranker": "absent"}}},
        "model",
        "churn",
    ),
    Deletions("delete-registry", {"old": "absent"}, {"older": "absent"}, "", "old"),
]
SCOPES = ["", "model", "model/fraud"]


def manifest(case: Deletions, *deletions: Json, consent: Any, scope: str) -> str:
    """Every line in a place of its own, as people write it, so that Git can tell who wrote which."""
    document: Json = {
        "apiVersion": "regsync/v1",
        "organization": "acme",
        "registries": {"model": {"description": None}},
    }
    document["registries"]["model"]["description"] = "Models"
    document["registries"]["model"]["collections"] = {"fraud": {"description": "Fraud"}}
    for deletion in deletions:
        merge(document["registries"], deepcopy(deletion))
    registry, _, collection = scope.partition("/")
    block = document["registries"][registry] if registry else document
    block = block["collections"][collection] if collection else block
    block["consent"] = [consent]
    return yaml.safe_dump(document, sort_keys=True)


def merge(base: Json, more: Json) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        elif isinstance(value, list):
            base[key] = [*base.get(key, []), *value]
        else:
            base[key] = value


def commit(text: str, subject: str) -> str:
    Path("registries").mkdir(exist_ok=True)
    Path("registries/model.yaml").write_text(text, encoding="utf-8")
    git("add", "registries")
    git("commit", "-qm", subject)
    return git("rev-parse", "HEAD")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("consent") / "registry.db"
    write_world(file, SEED)
    return file


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.hazard)
def test_a_second_deletion_is_marked_or_refused(case: Deletions, world: Path, cli: Cli, committed: bool) -> None:
    Path(".regsync").mkdir(exist_ok=True)
    for scope in [each for each in SCOPES if case.block.startswith(each)]:
        shutil.copy(world, ".regsync/registry.db")
        shutil.rmtree(".git", ignore_errors=True)
        git("init", "-q", ".")
        first = commit(manifest(case, case.first, consent=case.hazard, scope=scope), "First")
        before = cli("apply", "registries", "--auto-approve", "--allow", "latest-moves")
        assert before.code == 0, before.err
        assert "given before" not in before.out + before.err

        text = manifest(case, case.first, case.second, consent=case.hazard, scope=scope)
        if committed:
            commit(text, "Second")
        else:
            Path("registries/model.yaml").write_text(text, encoding="utf-8")
        line = next(n for n, each in enumerate(text.split("\n"), start=1) if each.strip() == f"- {case.hazard}")
        marked = cli("plan", "registries")
        words = f"consent given before this change (registries/model.yaml:{line}, commit {first[:12]})"
        assert marked.code == 0
        assert marked.out.count(words) == 2, marked.out
        for view in ("markdown", "html"):
            assert (
                f"registries/model.yaml:{line}, commit {first[:12]}" in cli("plan", "registries", "--format", view).out
            )

        place = {"": "", "model": "model/", "model/fraud": "model/fraud:"}
        name = f"{case.block}{':' if '/' in case.block else '/' if case.block else ''}{case.name}"
        named = {case.hazard: name.removeprefix(place[scope])}
        Path("registries/model.yaml").write_text(
            manifest(case, case.first, case.second, consent=named, scope=scope), encoding="utf-8"
        )
        refused = cli("plan", "registries", "--format", "json")
        assert refused.code == 3
        document = json.loads(refused.out)
        assert [(each["name"], each["open"]) for each in document["hazards"]] == [(case.hazard, 1)]
        (unused,) = [each for each in document["warnings"] if each["code"] == "unused-consent"]
        assert (unused["file"], unused["line"]) == ("registries/model.yaml", line)


UNLISTED = """\
apiVersion: regsync/v1
organization: acme
registries:
  model:
    collections:
      fraud:
        consent: [remove-alias]
        unlisted: {aliases: remove}
        aliases:
          shadow: v0
          canary: v0
          production: v3
          release: v3
"""


@pytest.fixture
def living(world: Path, cli: Cli) -> Cli:
    Path(".regsync").mkdir()
    shutil.copy(world, ".regsync/registry.db")
    git("init", "-q", ".")
    return cli


def test_what_goes_because_its_line_is_gone_counts_as_well(living: Cli) -> None:
    first = commit(UNLISTED, "First")
    without = UNLISTED.replace("          shadow: v0\n", "")
    Path("registries/model.yaml").write_text(without, encoding="utf-8")
    words = f"consent given before this change (registries/model.yaml:7, commit {first[:12]})"
    assert words in living("plan", "registries").out
    commit(without, "Second")
    assert words in living("plan", "registries").out


@pytest.mark.parametrize("together", [True, False])
def test_a_consent_that_comes_with_the_change_or_after_it_is_not_marked(living: Cli, together: bool) -> None:
    text = UNLISTED.replace("        unlisted: {aliases: remove}\n", "")
    commit(text.replace("        consent: [remove-alias]\n", ""), "First")
    text = text.replace("shadow: v0", "shadow: absent")
    if not together:
        commit(text.replace("        consent: [remove-alias]\n", ""), "The change")
    given = commit(text, "The consent")
    ran = living("plan", "registries")
    assert ran.code == 0
    assert "given before" not in ran.out
    assert f"remove-alias (registries/model.yaml:7, commit {given[:12]})" in ran.out
    Path("registries/model.yaml").write_text(text + "# a word\n", encoding="utf-8")
    assert f"commit {given[:12]}" in living("plan", "registries").out


def test_a_consent_that_is_not_committed_yet(living: Cli) -> None:
    text = UNLISTED.replace("        unlisted: {aliases: remove}\n", "").replace("shadow: v0", "shadow: absent")
    commit(text.replace("        consent: [remove-alias]\n", ""), "The change")
    Path("registries/model.yaml").write_text(text, encoding="utf-8")
    assert "remove-alias (registries/model.yaml:7, not committed yet)" in living("plan", "registries").out
    shutil.rmtree(".git")
    assert "    remove-alias (registries/model.yaml:7)\n" in living("plan", "registries").out
