"""Peers: as many resources of Terraform, as many records of octoDNS. Who is not installed is left out, with a word."""

from __future__ import annotations

import json
import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measuring import FailedError, Run, median, run, side_by_side
from benchmarks.planning import REGSYNC, seeded
from benchmarks.table import Figure, Results

MOST = {"terraform": 10_000, "octodns": 100_000}
"""The largest size that is asked of a peer: beyond it a run takes longer than anybody waits."""
ZONE = 1_000
"""Records of one zone."""


APPLIED = 1_000
"""Without FULL, the largest size that Terraform applies: its time grows faster than its size."""
BESIDE = "regsync, beside it"
QUIET = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}


def terraform(results: Results, folder: Path, size: int, *, whole: bool) -> None:
    """`terraform_data` is part of Terraform itself: no provider is loaded, nothing is written but its state.

    Where it is not to apply so many, it plans against a state as it would have written it.
    """
    program = shutil.which("terraform")
    if program is None or size > MOST["terraform"]:
        why = "not installed" if program is None else "too large for it"
        for what in ("apply, from nothing", "plan, nothing changed"):
            results.add(Figure(what=what, who="terraform", size=size, skipped=why))
        return
    here = folder / f"terraform-{size}"
    here.mkdir()
    applies = whole or size <= APPLIED
    values = {f"binding_{number}": f"v{number % 11}" for number in range(size if applies else 1)}
    _write(here, values)
    run(program, "init", "-input=false", folder=here, environment=QUIET)
    apply = (program, "apply", "-auto-approve", "-input=false")
    try:
        found = run(*apply, folder=here, environment=QUIET)
        seconds, megabytes, skipped = found.seconds, found.megabytes, None
    except FailedError as error:
        results.add(Figure(what="apply, from nothing", who="terraform", size=size, skipped=str(error)))
        return
    if not applies:
        values = {f"binding_{number}": f"v{number % 11}" for number in range(size)}
        _write(here, values)
        _extend(here / "terraform.tfstate", values)
        seconds, megabytes, skipped = None, None, "only with FULL=1"
    results.add(
        Figure(
            what="apply, from nothing",
            who="terraform",
            size=size,
            seconds=seconds,
            megabytes=megabytes,
            skipped=skipped,
        )
    )
    plan = (program, "plan", "-input=false", "-detailed-exitcode")
    world = seeded(folder, size)
    # In turn, so that both meet the same noise.
    found_plans: dict[str, list[Run]] = {"terraform": [], BESIDE: []}
    for _ in range(3):
        found_plans["terraform"].append(run(*plan, folder=here, environment=QUIET, good=(0,)))
        ours = (*REGSYNC, "--backend", f"local:{world}/registry.db", "plan", str(world / "same.yaml"))
        found_plans[BESIDE].append(run(*ours, folder=here, good=(0,)))
    for who, runs in found_plans.items():
        each = median(runs)
        results.add(
            Figure(what="plan, nothing changed", who=who, size=size, seconds=each.seconds, megabytes=each.megabytes)
        )


def _write(here: Path, values: Mapping[str, str]) -> None:
    resources = {name: {"input": value} for name, value in values.items()}
    (here / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": resources}}))


def _extend(file: Path, values: Mapping[str, str]) -> None:
    """Make of a state with one resource the state with all of them."""
    state = json.loads(file.read_text())
    (one,) = state["resources"]
    (instance,) = one["instances"]
    state["resources"] = [
        {
            **one,
            "name": name,
            "instances": [
                {
                    **instance,
                    "attributes": {
                        **instance["attributes"],
                        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
                        "input": {"value": value, "type": "string"},
                        "output": {"value": value, "type": "string"},
                    },
                }
            ],
        }
        for name, value in values.items()
    ]
    file.write_text(json.dumps(state))


def octodns(results: Results, folder: Path, size: int) -> None:
    """From YAML to YAML, in an environment of its own: the fewest things that octoDNS can do."""
    if size > MOST["octodns"]:
        return _left_out(results, "octodns", size, "too large for it")
    home = folder / "octodns-venv"
    program = home / "bin" / "octodns-sync"
    try:
        if not home.exists():
            run(sys.executable, "-m", "venv", str(home))
            run(str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "octodns")
    except FailedError:
        pass
    if not program.exists():
        return _left_out(results, "octodns", size, "could not be installed")
    here = folder / f"octodns-{size}"
    zones = [f"zone{number}.example." for number in range(max(1, size // ZONE))]
    for name in ("config", "target"):
        (here / name).mkdir(parents=True)
    for zone in zones:
        records = (f"r{n}:\n  type: A\n  value: 10.0.{n // 250}.{n % 250}\n" for n in range(min(ZONE, size)))
        # In the order that octoDNS asks for: by natural sort, which counts numbers as numbers.
        (here / "config" / f"{zone}yaml").write_text("---\n" + "".join(records))
    settings = {
        "manager": {"max_workers": 1},
        "providers": {
            name: {"class": "octodns.provider.yaml.YamlProvider", "directory": str(here / name), "default_ttl": 3600}
            for name in ("config", "target")
        },
        "zones": {zone: {"sources": ["config"], "targets": ["target"]} for zone in zones},
    }
    (here / "octodns.yaml").write_text(json.dumps(settings))
    sync = (str(program), "--quiet", "--config-file", str(here / "octodns.yaml"))
    try:
        applied = run(*sync, "--doit", "--force", folder=here)
        plans = side_by_side({"octodns": sync}, 3 if size < 10_000 else 1, folder=here)
    except FailedError as error:
        return _left_out(results, "octodns", size, str(error)[-60:])
    return _keep(results, "octodns", size, applied, plans["octodns"])


def _keep(results: Results, who: str, size: int, applied: Run, planned: Run) -> None:
    for what, found in (("apply, from nothing", applied), ("plan, nothing changed", planned)):
        results.add(Figure(what=what, who=who, size=size, seconds=found.seconds, megabytes=found.megabytes))


def _left_out(results: Results, who: str, size: int, why: str) -> None:
    for what in ("apply, from nothing", "plan, nothing changed"):
        results.add(Figure(what=what, who=who, size=size, skipped=why))


def goals(results: Results, size: int) -> None:
    """regsync against Terraform, where both were measured at that size."""
    found = {(each.what, each.who): each for each in results.figures if each.size == size and each.seconds is not None}
    for what, who, wanted in (("plan, nothing changed", BESIDE, 50.0), ("apply, from nothing", "regsync", 1.0)):
        ours, theirs = found.get((what, who)), found.get((what, "terraform"))
        if ours is None or theirs is None:
            continue
        title = f"{what}, {size:,}: faster than terraform"
        results.at_least(title, (theirs.seconds or 0) / (ours.seconds or 1), wanted)
        if what.startswith("plan"):
            results.at_least(f"{what}, {size:,}: less memory", (theirs.megabytes or 0) / (ours.megabytes or 1), 10)
