"""What a plan without a change costs, in what no clock is asked for: the modules that it loads, and the calls for each binding.

Loading a module of regsync takes a third of a millisecond, as much as forty bindings. Most plans find nothing to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.backends.wandb.worlds import KEYS, write_world
from tests.commands.inside import Cli
from tests.core.test_linear import steps

LOADED = {
    "regsync": "alike diagnostics frozen git names schema_files stages system version",
    "regsync.backends": "base confirming",
    "regsync.backends.local": "observing reading",
    "regsync.commands": "plan",
    "regsync.console": "completing context display evidence examples files json_file options output progress runner selection shown",
    "regsync.core": (
        "canonical consent consent_document desired evidence fingerprint hazards later live long model moves operation order owned "
        "plan plan_check plan_document planner proof scope seen shard standing undo unmanaged"
    ),
    "regsync.core.actions": "base on_collection on_registry",
    "regsync.core.diff": "collection context names registry settled unseen versions",
    "regsync.execution": "own state",
    "regsync.local.store": (
        "access accounts actor bulk database errors events faults identities ids keys members migrations numbers opening patterns "
        "registries"
    ),
    "regsync.looks": "escape",
    "regsync.manifest.reading": "build check files lint load locate merge syntax tree unseen variables words",
    "regsync.manifest.writing": "render",
    "regsync.planning": "commit formerly look_alikes making strangers",
    "regsync.views": "blocks consents facts flowing sentences statements text unmanaged warnings words",
}
"""By wing, without the wings themselves. A module that is new here is paid for by every plan; what only changes need is loaded by
them."""
HEAVY = {"deepdiff", "graphql", "httpx", "jinja2", "rich", "starlette", "tomllib", "traceback", "uvicorn"}

CALLS_FOR_A_BINDING = 31
"""At most. An alias and its version, from the YAML to the comparison, those into C included; a link and an alias of SQLite."""

ALIASES = ("production", "staging", "canary", "shadow", "blue", "green", "eu", "us", "asia", "rollback")


def _world(folder: Path, collections: int) -> tuple[str, ...]:
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


def test_the_modules_that_a_plan_without_a_change_loads(tmp_path: Path) -> None:
    plan = _world(tmp_path / "world", 1)
    code = f"import sys; from regsync.commands import run; assert run({[*plan]}) == 0; print('loaded', *sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "No changes" in answer.stdout
    loaded = set(answer.stdout.splitlines()[-1].split()[1:])
    wings = {name.rpartition(".")[0] for name in loaded}
    ours = {name for name in loaded - wings if name.startswith("regsync.")}
    assert ours == {f"{wing}.{name}" for wing, names in LOADED.items() for name in names.split()}
    assert not HEAVY & loaded


def test_the_calls_for_each_binding(cli: Cli, tmp_path: Path) -> None:
    """What does not depend on the size cancels out."""
    counted = []
    for collections in (1, 10, 30):  # The first fills caches and loads modules.
        plan = _world(tmp_path / str(collections), collections)
        found = []
        counted.append(steps(lambda plan=plan, found=found: found.append(cli(*plan))))  # type: ignore[misc]
        assert "No changes" in found[0].out
    assert (counted[2] - counted[1]) / (20 * len(ALIASES)) <= CALLS_FOR_A_BINDING
