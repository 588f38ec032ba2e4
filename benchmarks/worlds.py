"""Generated worlds for measuring: N bindings, ten aliases a collection, each alias on a version of its own."""

from __future__ import annotations

from pathlib import Path

import yaml

ALIASES = ["production", "staging", "canary", "shadow", "blue", "green", "eu", "us", "asia", "rollback"]
KEY = "alice0key".ljust(44, "0")
"""alice's; 40 characters and no dash, so that the wandb client takes it."""
SPARE = "v11"
"""The version of each artifact that nothing links yet."""


def source(collection: int) -> str:
    return f"acme-ml/project-{collection % 50}/model-{collection:05d}"


def seed(bindings: int, *, linked: bool = True) -> str:
    """A seed with every version but the spare one linked and every alias set, as YAML; or with the artifacts alone."""
    collections = bindings // len(ALIASES)
    artifacts = {source(c): {"type": "model", "versions": len(ALIASES) + 2} for c in range(collections)}
    live = {
        f"collection-{c:05d}": {
            "type": "model",
            "versions": [f"{source(c)}:v{n}" for n in range(len(ALIASES) + 1)],
            "aliases": {alias: f"v{n}" for n, alias in enumerate(ALIASES)},
        }
        for c in range(collections)
    }
    document: dict[str, object] = {
        "organization": "acme",
        "users": {"alice": {"api_key": KEY, "role": "admin"}},
        "teams": {"acme-ml": ["alice"]},
        "artifacts": artifacts,
    }
    if linked:
        protected = ["production", "staging"]
        document["registries"] = {"model": {"protected_aliases": protected, "collections": live}}
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)


def manifest(bindings: int, changed: float = 0.0) -> str:
    """A manifest that declares every binding; `changed` is the share of aliases that it moves, spread evenly."""
    lines = ["apiVersion: regsync/v1", "organization: acme", "registries:", "  model:"]
    lines += ["    protected_aliases: [production, staging]", "    collections:"]
    every = round(1 / changed) if changed else 0
    number = 0
    for collection in range(bindings // len(ALIASES)):
        lines += [f"      collection-{collection:05d}:", "        type: model", "        aliases:"]
        for version, alias in enumerate(ALIASES):
            moved = every and number % every == 0
            target = len(ALIASES) if moved else version
            lines.append(f"          {alias}: {source(collection)}:v{target}")
            number += 1
    return "\n".join(lines) + "\n"


def write(folder: Path, bindings: int) -> None:
    """Write seed.yaml, bare.yaml (artifacts alone), same.yaml and changed.yaml (1 % moved) for a world of that size."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "seed.yaml").write_text(seed(bindings))
    (folder / "bare.yaml").write_text(seed(bindings, linked=False))
    (folder / "same.yaml").write_text(manifest(bindings))
    (folder / "changed.yaml").write_text(manifest(bindings, 0.01))
