"""What a plan without a change costs for each binding, counted in calls, so that no clock is asked."""

from __future__ import annotations

from pathlib import Path

from tests.backends.wandb.worlds import KEYS, write_world
from tests.commands.inside import Cli
from tests.core.test_linear import steps

CALLS_FOR_A_BINDING = 31
"""At most. An alias and its version, from the YAML to the comparison, those into C included; a link and an alias of SQLite."""

ALIASES = ("production", "staging", "canary", "shadow", "blue", "green", "eu", "us", "asia", "rollback")


def world(folder: Path, collections: int) -> tuple[str, ...]:
    """A registry file and a manifest that says the same; the arguments that plan it."""
    folder.mkdir()
    names = [f"acme-ml/p/a{n}" for n in range(collections)]
    live = {
        f"c{n}": {
            "type": "model",
            "versions": [f"{name}:v{number}" for number in range(len(ALIASES))],
            "aliases": {alias: f"v{number}" for number, alias in enumerate(ALIASES)},
        }
        for n, name in enumerate(names)
    }
    seed = {
        "organization": "acme",
        "users": {"alice": {"api_key": KEYS["alice"], "role": "admin"}},
        "teams": {"acme-ml": ["alice"]},
        "artifacts": {name: {"type": "model", "versions": len(ALIASES)} for name in names},
        "registries": {"model": {"collections": live}},
    }
    lines = ["apiVersion: regsync/v1", "organization: acme", "registries:", "  model:", "    collections:"]
    for n, name in enumerate(names):
        lines += [f"      c{n}:", "        type: model", "        aliases:"]
        lines += [f"          {alias}: {name}:v{number}" for number, alias in enumerate(ALIASES)]
    manifest = folder / "registry.yaml"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "--backend", f"local:{write_world(folder / 'registry.db', seed)}", "plan", str(manifest)


def test_the_calls_for_each_binding(cli: Cli, tmp_path: Path) -> None:
    """What does not depend on the size cancels out."""
    counted = []
    for collections in (1, 10, 30):  # The first fills caches and loads modules.
        plan = world(tmp_path / str(collections), collections)
        found = []
        counted.append(steps(lambda plan=plan, found=found: found.append(cli(*plan))))  # type: ignore[misc]
        assert "No changes" in found[0].out
    assert (counted[2] - counted[1]) / (20 * len(ALIASES)) <= CALLS_FOR_A_BINDING
