"""Promotions over HTTP: a script with the real wandb client, and regsync, both through a proxy that adds latency and counts requests."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import worlds
from benchmarks.asking import Served
from benchmarks.measuring import run
from benchmarks.planning import REGSYNC, seeded
from benchmarks.proxy import far_away
from benchmarks.table import Figure, Results

SCRIPT = Path(__file__).with_name("script.py")


class Move(NamedTuple):
    """An alias of a collection that is to point at a version: one that is linked (`index`), or the spare one."""

    collection: int
    alias: str
    link: bool


def moves(count: int, size: int, *, linking: bool) -> list[Move]:
    """So many moves, spread over the collections. With `linking`, every second needs a new link."""
    collections = size // len(worlds.ALIASES)
    return [
        Move(number % collections, worlds.ALIASES[number // collections + 2], linking and number % 2 == 0)
        for number in range(count)
    ]


def manifest(wanted: list[Move], size: int) -> str:
    """The whole world's manifest, with those moves in it."""
    lines = worlds.manifest(size).splitlines(keepends=True)
    starts = {
        line.strip().rstrip(":"): place for place, line in enumerate(lines) if line.startswith("      collection-")
    }
    for move in wanted:
        place = starts[f"collection-{move.collection:05d}"] + 3 + worlds.ALIASES.index(move.alias)
        lines[place] = f"          {move.alias}: {worlds.source(move.collection)}:{_version(move)}\n"
    return "".join(lines)


def _version(move: Move) -> str:
    return worlds.SPARE if move.link else f"v{len(worlds.ALIASES)}"


@contextmanager
def serving(path: Path) -> Iterator[Served]:
    """`regsync local serve` over a registry file."""
    command = (*REGSYNC, "local", "serve", "--db", str(path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(process.stdout.readline().strip(), process.pid)
        finally:
            process.terminate()


def promoting(results: Results, folder: Path, count: int, milliseconds: int, *, linking: bool) -> None:
    """The same moves twice, each from a fresh copy of the registry: by the script, and by `regsync apply`."""
    size = max(1_000, 2 * count)
    here = seeded(folder, size)
    wanted = moves(count, size, linking=linking)
    lines = [
        json.dumps(
            {
                "collection": f"collection-{move.collection:05d}",
                "alias": move.alias,
                "link": move.link,
                "index": _version(move),
                "source": f"{worlds.source(move.collection)}:{_version(move)}",
            }
        )
        for move in wanted
    ]
    (here / "moves.jsonl").write_text("\n".join(lines))
    (here / "moves.yaml").write_text(manifest(wanted, size))
    what = f"{'moves and new links' if linking else 'alias moves'}, {milliseconds} ms away"
    if importlib.util.find_spec("wandb") is None:
        results.add(Figure(what=what, who="script", size=count, skipped="wandb is not installed"))
        return
    script = (sys.executable, str(SCRIPT), str(here / "moves.jsonl"))
    # What is already so is not the script's matter; regsync's plan is made, shown and applied by one command.
    apply = (
        "apply",
        str(here / "moves.yaml"),
        "--auto-approve",
        "--allow",
        f"latest-moves={count}",
        "--allow",
        "mass-change",
    )
    figures = []
    for who in ("script", "regsync"):
        fresh = here / f"{who}.db"
        shutil.copy(here / "registry.db", fresh)
        with serving(fresh) as served, far_away(served.url, milliseconds) as proxy:
            environment = {
                "WANDB_BASE_URL": proxy.url,
                "WANDB_API_KEY": worlds.KEY,
                "WANDB_SILENT": "true",
                "WANDB_CONFIG_DIR": str(here),
                "WANDB_CACHE_DIR": str(here / "cache"),
            }
            command = script if who == "script" else (*REGSYNC, "--backend", f"wandb:{proxy.url}", *apply)
            found = run(*command, folder=here, environment=environment)
        figures.append(
            results.add(
                Figure(
                    what=what,
                    who=who,
                    size=count,
                    seconds=found.seconds,
                    megabytes=found.megabytes,
                    requests=proxy.requests,
                    rate=count / found.seconds,
                    processor=found.processor,
                    in_turn=proxy.in_turn,
                )
            )
        )
    theirs, ours = figures
    requests, faster = (15.0, 20.0) if linking else (20.0, 30.0)
    results.at_least(f"{what}, {count:,}: fewer requests", (theirs.requests or 0) / (ours.requests or 1), requests)
    if milliseconds == 20:
        results.at_least(f"{what}, {count:,}: faster", (theirs.seconds or 0) / (ours.seconds or 1), faster)
