"""A refusal says what would happen, to what, and which consent would allow exactly that: given, it is enough; one less is not."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsync.core.desired import HazardName
from tests.backends.wandb.worlds import KEYS, PEOPLE, write_world
from tests.guarantees import history
from tests.guarantees.grounds import Ended, Job, Zygote
from tests.guarantees.test_two_at_once import DETECTOR

Json = dict[str, Any]


def sources(*numbers: int) -> list[str]:
    return [f"{DETECTOR}:v{number}" for number in numbers]


SEED: Json = {
    **PEOPLE,
    "registries": {
        "model": {
            "artifact_types": ["model"],
            "protected_aliases": ["production", "golden", "guard"],
            "members": {"bob": "member", "carol": "viewer", "team:acme-ml": "viewer"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "tags": ["one", "two", "three"],
                    "versions": sources(2, 3, 4),
                    "aliases": {"production": "v0", "staging": "v0", "canary": "v0"},
                },
                "bare": {"type": "model", "tags": ["one", "two", "three"], "versions": sources(0, 1, 2)},
                "attic": {"type": "model", "versions": sources(5), "aliases": {"golden": "v0", "old": "v0"}},
                "cellar": {"type": "model"},
            },
        },
        "open": {"collections": {"rows": {"type": "dataset", "versions": ["acme-ml/fraud/rows:v1"]}}},
        "doomed": {"protected_aliases": ["best"], "collections": {"c": {"type": "model", "versions": sources(0)}}},
    },
}


def model(block: Json) -> Json:
    return {"registries": {"model": block}}


def fraud(**block: Any) -> Json:
    return model({"collections": {"fraud": {"type": "model", **block}}})


def bare(**block: Any) -> Json:
    return model({"collections": {"bare": {"type": "model", **block}}})


@dataclass(frozen=True, slots=True)
class Case:
    """`hazards`: how many of each there are. `words`: what the plan must name."""

    manifest: Json
    hazards: dict[str, int]
    words: tuple[str, ...]


ALL_ALIASES = fraud(aliases={"production": sources(3)[0], "staging": sources(3)[0], "canary": sources(3)[0]})
ALL_ALIASES["limits"] = {"aliases": {"percent": 50, "number": 1000}}
CASES = {
    "remove-alias": Case(
        fraud(aliases={"staging": "absent", "canary": "absent"}),
        {"remove-alias": 2},
        ("takes the alias 'staging' of model/fraud off v0", f"({DETECTOR}:v2)", "'canary'"),
    ),
    "remove-protected-alias": Case(
        fraud(aliases={"production": "absent"}),
        {"remove-protected-alias": 1},
        ("takes the protected alias 'production' of model/fraud off v0",),
    ),
    "unprotect": Case(
        model({"protected_aliases": [{"guard": "absent"}]}),
        {"remove-protected-alias": 1},
        ("takes 'guard' off the protected aliases of 'model'",),
    ),
    "unlink-version": Case(
        bare(versions=[{sources(1)[0]: "absent"}]),
        {"unlink-version": 1},
        (f"unlinks v1 ({DETECTOR}:v1) from model/bare",),
    ),
    "latest falls": Case(
        bare(versions=[{sources(2)[0]: "absent"}]),
        {"unlink-version": 1, "latest-moves": 1},
        (f"latest of model/bare falls from v2 ({DETECTOR}:v2) to v1",),
    ),
    "latest goes back": Case(
        fraud(versions=sources(0)),
        {"latest-moves": 1},
        (f"latest moves from v2 ({DETECTOR}:v4) to {DETECTOR}:v0, an older version",),
    ),
    "delete-collection": Case(
        model({"collections": {"attic": "absent"}}),
        {"delete-collection": 1, "remove-protected-alias": 1},
        ("deletes model/attic with 1 version and 2 aliases", "unbinds the protected golden of model/attic"),
    ),
    "delete-registry": Case(
        {"registries": {"doomed": "absent"}},
        {"delete-registry": 1},
        ("deletes registry 'doomed' with its 1 collection",),
    ),
    "irreversible types": Case(
        model({"artifact_types": ["model", "dataset"]}),
        {"irreversible": 1},
        ("accepts dataset in 'model'; a type that was saved can never be removed",),
    ),
    "irreversible visibility": Case(
        {"registries": {"open": {"visibility": "restricted"}}},
        {"irreversible": 1},
        ("restricts 'open' to its members",),
    ),
    "3 of 3 aliases": Case(
        ALL_ALIASES, {"mass-change": 3}, ("changes 3 of 3 aliases (100 %); the cap is 50 % and 1000",)
    ),
    "3 of 3 versions": Case(
        bare(versions=[{each: "absent"} for each in sources(0, 1, 2)]),
        {"unlink-version": 3, "mass-change": 3, "latest-moves": 1},
        ("changes 3 of 3 versions", "unlinks v0", "unlinks v1", "unlinks v2", "falls from v2"),
    ),
    "3 of 3 tags": Case(
        bare(tags=[{each: "absent"} for each in ("one", "two", "three")]),
        {"mass-change": 3},
        ("changes 3 of 3 tags",),
    ),
    "3 of 3 members": Case(
        model({"members": {"bob": "viewer", "carol": "member", "team:acme-ml": "absent"}}),
        {"mass-change": 3},
        ("changes 3 of 3 members",),
    ),
    "3 of 3 protected aliases": Case(
        model({"protected_aliases": [{each: "absent"} for each in ("production", "golden", "guard")]}),
        {"mass-change": 3, "remove-protected-alias": 3},
        ("changes 3 of 3 protected aliases",),
    ),
    "3 of 4 collections": Case(
        model(
            {"collections": dict.fromkeys(("bare", "attic", "cellar"), "absent"), "unlisted": {"collections": "keep"}}
        ),
        {"mass-change": 3, "delete-collection": 3, "remove-protected-alias": 1},
        ("changes 3 of 3 collections", "deletes model/cellar"),
    ),
    "a cap of one": Case(
        fraud(aliases={"staging": sources(3)[0], "canary": sources(3)[0]})
        | {"limits": {"aliases": {"percent": 100, "number": 1}}},
        {"mass-change": 2},
        ("changes 2 of 3 aliases (67 %); the cap is 100 % and 1",),
    ),
    "nothing is declared": Case({}, {"empty-desired": 1}, ("the manifests declare no registry at all",)),
    "no aliases at all": Case(
        fraud(aliases={}, unlisted={"aliases": "remove"}),
        {"empty-desired": 3, "remove-alias": 2, "remove-protected-alias": 1, "mass-change": 3},
        ("an empty list would remove every alias of model/fraud: canary, production, staging",),
    ),
    "no versions at all": Case(
        bare(versions=[], unlisted={"versions": "remove"}),
        {"empty-desired": 3, "unlink-version": 3, "mass-change": 3, "latest-moves": 1},
        ("an empty list would remove every version of model/bare: v0, v1, v2",),
    ),
    "no tags at all": Case(
        bare(tags=[], unlisted={"tags": "remove"}),
        {"empty-desired": 3, "mass-change": 3},
        ("an empty list would remove every tag of model/bare",),
    ),
    "no members at all": Case(
        model({"members": {}, "unlisted": {"members": "remove"}}),
        {"empty-desired": 3, "mass-change": 3},
        ("an empty list would remove every member of model: bob, carol, team:acme-ml",),
    ),
    "no protected aliases at all": Case(
        model({"protected_aliases": [], "unlisted": {"protected_aliases": "remove"}}),
        {"empty-desired": 3, "remove-protected-alias": 3, "mass-change": 3},
        ("an empty list would remove every protected alias of model",),
    ),
    "no collections at all": Case(
        model({"collections": {}, "unlisted": {"collections": "remove"}}),
        {"empty-desired": 4, "delete-collection": 4, "remove-protected-alias": 2, "mass-change": 4},
        ("an empty list would remove every collection of model",),
    ),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where plans are made; nothing here is ever applied with success but where a test says so."""

    folder: Path
    zygote: Zygote

    def run(self, *arguments: str) -> Ended:
        environment = {"HOME": str(self.folder), "WANDB_API_KEY": KEYS["alice"]}
        return self.zygote.run(Job(self.folder, environment, ["--backend", "local:registry.db", *arguments]))

    def write(self, manifest: Json) -> None:
        text = yaml.safe_dump({"apiVersion": "regsync/v1", "organization": "acme", **manifest}, sort_keys=False)
        (self.folder / "registry.yaml").write_text(text, encoding="utf-8")

    def plan(self, *allow: str) -> Ended:
        consents = [part for each in allow for part in ("--allow", each)]
        return self.run("plan", "registry.yaml", "-o", "plan.json", *consents)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Desk:
    folder = tmp_path_factory.mktemp("refusals")
    write_world(folder / "registry.db", SEED)
    return Desk(folder, zygote)


def test_every_hazard_has_a_case() -> None:
    """metric-bound needs metadata; it is attacked in tests/evidence and tests/golden."""
    tried = {name for case in CASES.values() for name in case.hazards}
    assert tried == {hazard.value for hazard in HazardName} - {"metric-bound"}


@pytest.mark.parametrize("name", CASES)
def test_the_refusal_names_what_would_happen_and_the_exact_consent(desk: Desk, name: str) -> None:
    case = CASES[name]
    desk.write(case.manifest)
    refused = desk.plan()
    assert refused.code == 3, refused.out + refused.err
    for words in case.words:
        assert words in refused.out, refused.out
    offered = re.findall(r"--allow (\S+)", refused.out)
    assert sorted(offered) == sorted(f"{hazard}={count}" for hazard, count in case.hazards.items())

    before = history.last_event(desk.folder / "registry.db")
    applied = desk.run("apply", "plan.json")
    assert applied.code == 3
    assert history.last_event(desk.folder / "registry.db") == before
    for consent in offered:
        assert f"--allow {consent}" in applied.err
    for words in case.words:
        assert words in applied.err, applied.err

    assert desk.plan(*offered).code == 0
    for consent in offered:
        hazard, _, count = consent.partition("=")
        rest = [each for each in offered if each != consent]
        less = rest if count == "1" else [*rest, f"{hazard}={int(count) - 1}"]
        assert desk.plan(*less).code == 3, less


@pytest.mark.parametrize("name", CASES)
def test_consent_in_the_manifest(desk: Desk, name: str) -> None:
    """At the top of the file the same numbers do, and one less does not; and what is left over is told exactly."""
    case = CASES[name]
    consent = [f"{hazard}={count}" for hazard, count in case.hazards.items()]
    desk.write(case.manifest | {"consent": consent})
    assert desk.plan().code == 0
    (hazard, count), *others = case.hazards.items()
    less = [f"{hazard}={count - 1}"] if count > 1 else []
    desk.write(case.manifest | {"consent": less + [f"{other}={number}" for other, number in others]})
    refused = desk.plan()
    assert refused.code == 3
    assert f"--allow {hazard}={count}" in refused.out
    assert desk.plan(f"{hazard}={count}").code == 0


@pytest.mark.parametrize("name", CASES)
def test_what_the_refusal_says_to_write_is_enough(desk: Desk, name: str) -> None:
    """Pasted where it says, it allows the plan; with one item less, it does not."""
    case = CASES[name]
    desk.write(case.manifest)
    assert desk.plan().code == 3
    missing = json.loads((desk.folder / "plan.json").read_text("utf-8"))["missing_consents"]
    pasted = [(ask["address"], yaml.safe_load(f"[{item}]")[0]) for ask in missing for item in ask["items"]]
    assert [ask for ask in missing if ask["extends"] or ask["replaces"]] == []
    desk.write(with_consents(case.manifest, pasted))
    assert desk.plan().code == 0
    for left_out in pasted:
        desk.write(with_consents(case.manifest, [each for each in pasted if each is not left_out]))
        assert desk.plan().code == 3, left_out


def with_consents(manifest: Json, consents: list[tuple[str, Any]]) -> Json:
    result = deepcopy(manifest)
    for address, item in consents:
        block = result
        registry, _, collection = address.partition("/")
        block = block["registries"][registry] if registry else block
        block = block["collections"][collection] if collection else block
        block.setdefault("consent", []).append(item)
    return result


BESIDE = {
    "3 of 3 aliases": ("fraud", "mass-change=3"),
    "3 of 3 tags": ("bare", "mass-change=3"),
    "no tags at all": ("bare", "empty-desired=3"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_consent_beside_the_change(desk: Desk, name: str) -> None:
    """In the collection or the registry that holds all of it; not in another one."""
    collection, consent = BESIDE[name]
    others = [f"{hazard}={count}" for hazard, count in CASES[name].hazards.items() if not consent.startswith(hazard)]
    for place, code in (("collection", 0), ("registry", 0), ("another collection", 3)):
        manifest = deepcopy(CASES[name].manifest)
        block = manifest["registries"]["model"]
        inside = block["collections"]
        if place == "registry":
            block["consent"] = [consent]
        elif place == "collection":
            inside[collection]["consent"] = [consent]
        else:
            inside["attic"] = {"consent": [consent]}
        desk.write(manifest)
        assert desk.plan(*others).code == code, place


def test_there_is_no_way_to_allow_everything(desk: Desk) -> None:
    desk.write(CASES["no collections at all"].manifest)
    for attempt in (
        "all",
        "*",
        "everything",
        "",
        "remove-alias=*",
        "remove-alias=-1",
        "remove-alias=0",
        "remove-alias=" + "9" * 5000,
        "remove-alias=²",
        "remove-alias=x",
    ):
        assert desk.plan(attempt).code == 1, attempt
    assert desk.run("plan", "registry.yaml", "--force").code == 1
    assert desk.run("apply", "registry.yaml", "--force").code == 1


def test_a_saved_plan_cannot_be_widened(desk: Desk) -> None:
    desk.write(CASES["remove-alias"].manifest)
    desk.plan()
    widened = desk.run("apply", "plan.json", "--allow", "remove-alias=2")
    assert widened.code == 1
    assert "applied as it was reviewed" in widened.err


def test_a_target_is_no_way_around_a_cap(desk: Desk) -> None:
    """The share is of what was read: a smaller scope has a smaller whole."""
    desk.write(ALL_ALIASES)
    refused = desk.run("plan", "registry.yaml", "--target", "model/fraud")
    assert refused.code == 3
    assert "changes 3 of 3 aliases" in refused.out


def test_what_would_go_because_it_is_not_listed_can_be_excluded(desk: Desk) -> None:
    desk.write(CASES["no aliases at all"].manifest)
    kept = desk.run("plan", "registry.yaml", "--exclude", "model/fraud:canary")
    assert (kept.code, "remove alias" in kept.out) == (0, False), kept.out
    desk.write(CASES["no collections at all"].manifest)
    kept = desk.run("plan", "registry.yaml", "--exclude", "model/attic")
    assert (kept.code, "delete collection" in kept.out) == (0, False), kept.out
    desk.write(fraud(aliases={"staging": "v1"}))
    assert desk.run("plan", "registry.yaml", "--exclude", "model/nowhere").code == 1


def test_daily_work_needs_no_consent(desk: Desk) -> None:
    """The protected alias moves; two of three aliases move; a version is linked; members and tags are added."""
    desk.write(
        model(
            {
                "protected_aliases": ["production", "new"],
                "members": {"bob": "admin"},
                "collections": {
                    "fraud": {
                        "type": "model",
                        "tags": ["four"],
                        "aliases": {"production": sources(5)[0], "staging": "v1"},
                    }
                },
            }
        )
    )
    planned = desk.plan()
    assert planned.code == 0, planned.out
    assert json.loads((desk.folder / "plan.json").read_text())["hazards"] == []
    assert "🔒 production" in planned.out
