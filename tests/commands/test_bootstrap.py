"""The same manifests into two empty registries: the same indices, aliases and latest, down to the same import."""

from __future__ import annotations

from dataclasses import replace

import yaml

from regsync.backends import open_reader
from regsync.core.live import RegistryScope
from tests.commands.shell import SEED, Shell

MANIFEST = """\
apiVersion: regsync/v1
organization: acme
registries:
  model:
    description: Models
    artifact_types: [model]
    protected_aliases: [production]
    collections:
      fraud:
        type: model
        tags: [b, a]
        versions: [acme-ml/fraud/detector:v4, acme-ml/fraud/detector:v1]
        aliases:
          staging: acme-ml/fraud/detector:v3
          production: acme-ml/fraud/detector:v0
          canary: v1
          oldest: acme-ml/fraud/detector:v4
  dataset:
    collections:
      rows: {type: dataset, aliases: {golden: acme-ml/fraud/rows:v1}}
"""


def live_after(shell: Shell, db: str, *files: str) -> object:
    backend = ["--backend", f"local:{db}"]
    seed = {key: value for key, value in SEED.items() if key != "registries"}
    shell.write("empty.yaml", yaml.safe_dump(seed, sort_keys=False))
    assert shell("local", "seed", "empty.yaml", "--db", db).code == 0
    applied = shell(*backend, "apply", *files, "--auto-approve", REGSYNC_STATE_DIR=f"{db}.state")
    assert applied.code == 0, applied.err
    with open_reader(f"local:{shell.folder / db}", None, lambda _: None) as reader:
        live = reader.observe({name: RegistryScope(None, True) for name in reader.registry_names()})
    return replace(live)


def test_two_empty_registries_become_the_same(shell: Shell) -> None:
    shell.write("whole.yaml", MANIFEST)
    model, dataset = MANIFEST.split("  dataset:\n")
    shell.write("a-dataset.yaml", f"apiVersion: regsync/v1\nregistries:\n  dataset:\n{dataset}")
    shell.write("b-model.yaml", model)
    one = live_after(shell, "one.db", "whole.yaml")
    two = live_after(shell, "two.db", "b-model.yaml", "a-dataset.yaml")
    assert one == two


def test_links_are_made_in_the_declared_order(shell: Shell) -> None:
    shell.write("whole.yaml", MANIFEST)
    live = live_after(shell, "one.db", "whole.yaml")
    fraud = live.registries["model"].collections["fraud"]  # type: ignore[attr-defined]
    linked = [fraud.links[index].source.rpartition(":")[2] for index in sorted(fraud.links)]
    assert linked == ["v4", "v1", "v0", "v3"]
    assert fraud.aliases == {"staging": 3, "production": 2, "canary": 1, "oldest": 0}
    assert fraud.latest == 3
