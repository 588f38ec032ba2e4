"""Peers: as many resources of Terraform, as many records of octoDNS. Who is not installed is left out, with a word."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from benchmarks.measuring import FailedError, Run, median, run, side_by_side
from benchmarks.table import Figure, Results

MOST = {"terraform": 10_000, "octodns": 100_000}
"""The largest size that is asked of a peer: beyond it a run takes longer than anybody waits."""
ZONE = 1_000
"""Records of one zone."""


def terraform(results: Results, folder: Path, size: int) -> None:
    """`terraform_data` is part of Terraform itself: no provider is loaded, nothing is written but its state."""
    program = shutil.which("terraform")
    if program is None:
        return _left_out(results, "terraform", size, "not installed")
    if size > MOST["terraform"]:
        return _left_out(results, "terraform", size, "too large for it")
    here = folder / f"terraform-{size}"
    here.mkdir()
    resources = {f"binding_{number}": {"input": f"v{number % 11}"} for number in range(size)}
    (here / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": resources}}))
    quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    run(program, "init", "-input=false", folder=here, environment=quiet)
    applied = run(program, "apply", "-auto-approve", "-input=false", folder=here, environment=quiet)
    plans = [
        run(program, "plan", "-input=false", folder=here, environment=quiet) for _ in range(3 if size < 10_000 else 1)
    ]
    return _keep(results, "terraform", size, applied, median(plans))


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
    for what, wanted in (("plan, nothing changed", 50.0), ("apply, from nothing", 1.0)):
        ours, theirs = found.get((what, "regsync")), found.get((what, "terraform"))
        if ours is None or theirs is None:
            continue
        title = f"{what}, {size:,}: faster than terraform"
        results.at_least(title, (theirs.seconds or 0) / (ours.seconds or 1), wanted)
        if what.startswith("plan"):
            results.at_least(f"{what}, {size:,}: less memory", (theirs.megabytes or 0) / (ours.megabytes or 1), 10)
