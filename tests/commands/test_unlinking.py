"""A version that shall go, named by another of its names: by a link in a registry, by a source alias."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.commands.inside import Cli

DETECTOR = "acme-ml/fraud/detector"
SEED = {
    "organization": "acme",
    "users": {"alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"}},
    "teams": {"acme-ml": ["alice"]},
    "artifacts": {DETECTOR: {"type": "model", "versions": [{"aliases": ["first"]}, {}, {}]}},
    "registries": {
        "model": {
            "collections": {
                "fraud": {"type": "model", "versions": [f"{DETECTOR}:v{number}" for number in range(3)]},
                "other": {"type": "model", "versions": [f"{DETECTOR}:v0"]},
            }
        }
    },
}
BY_LINK = "acme-org/wandb-registry-model/fraud:v{}"


@pytest.fixture
def seeded_cli(cli: Cli) -> Cli:
    Path("seed.yaml").write_text(yaml.safe_dump(SEED))
    assert cli("local", "seed", "seed.yaml").code == 0
    return cli


def write(*names: str) -> None:
    block = {"type": "model", "versions": [{name: "absent"} for name in names]}
    registries = {"model": {"consent": ["unlink-version"], "collections": {"fraud": block}}}
    Path("m.yaml").write_text(yaml.safe_dump({"apiVersion": "regsync/v1", "registries": registries}))


@pytest.mark.parametrize(
    "name", [BY_LINK.format(0), "acme/wandb-registry-model/other:v0", f"{DETECTOR}:first", f"{DETECTOR}:v0", "v0"]
)
def test_a_version_is_found_under_whatever_name_it_has(seeded_cli: Cli, name: str) -> None:
    write(name)
    answer = seeded_cli("plan", "m.yaml")
    assert answer.code == 0
    assert f"- unlink version model/fraud  v0 = {DETECTOR}:v0" in answer.out


def test_a_name_that_finds_nothing_is_not_passed_over_in_silence(seeded_cli: Cli) -> None:
    write("acme-org/wandb-registry-model/fruad:v0", f"{DETECTOR}:v77")
    answer = seeded_cli("plan", "m.yaml")
    assert answer.code == 0
    assert answer.out.count("[nothing-to-unlink]") == 1, "a source that is not linked is absent as it shall be"
    assert "No changes" in answer.out


def test_what_was_unlinked_before_an_apply_was_cut_short_is_still_known(seeded_cli: Cli) -> None:
    write(BY_LINK.format(0), BY_LINK.format(1))
    assert seeded_cli("plan", "m.yaml", "-o", "plan.json").code == 0
    write("v0")
    assert seeded_cli("apply", "m.yaml", "--auto-approve").code == 0
    answer = seeded_cli("apply", "plan.json")
    assert answer.code == 0, answer.err
    assert "1 done, 1 skipped" in answer.out
