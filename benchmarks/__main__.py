"""`make bench`: regsync and its peers side by side, as one table, saved with the machine that it was measured on."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import browsing, limits, peers, planning, promoting, serving, table
from benchmarks.measuring import FailedError, machine

QUICK, FULL = [1_000, 10_000], [1_000, 10_000, 100_000]
SAVED = Path("build/bench")
PARTS = ("planning", "peers", "promoting", "limits", "serving", "browsing")


def main() -> None:
    """Measure, or compare two saved tables."""
    options = _options()
    if options.compare:
        _compare([Path(name) for name in options.compare])
        return
    results = table.Results(machine())
    saved = options.save or SAVED / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    try:
        results.save(saved)  # Where that cannot be, it is said now and not in half an hour.
        with tempfile.TemporaryDirectory(prefix="regsync-bench-") as name:
            _measure(results, _steps(options, Path(name)), saved)
    except OSError as error:
        raise SystemExit(
            f"make bench: {error.filename or saved}: {error.strerror or error}\n"
            "    hint: SAVE=FILE saves the table elsewhere, TMPDIR=DIR says where worlds are made"
        ) from error
    except KeyboardInterrupt:
        raise SystemExit(f"stopped; what was measured until then is in {saved}") from None
    table.show(results)
    computed = limits.projection(results)
    if computed:
        print(f"\nComputed from the requests that were counted:\n\n{computed}\n")
    print(f"saved: {saved}")
    if options.markdown:
        options.markdown.write_text("\n\n".join(filter(None, (table.markdown(results), computed))), encoding="utf-8")


def _measure(results: table.Results, steps: Sequence[tuple[str, Callable[[table.Results], None]]], saved: Path) -> None:
    """One step after the other, saved after each. A step that fails is a row that says so."""
    for what, measure in steps:
        print(f"measuring: {what}", file=sys.stderr, flush=True)
        try:
            measure(results)
        except (FailedError, OSError) as error:
            results.add(table.Figure(what=what, who="regsync", size=0, skipped=f"failed: {error}"))
        results.save(saved)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "sizes", nargs="*", type=int, help="bindings; the default is 1000 10000, with --full 100000 too"
    )
    parser.add_argument("--full", action="store_true", help="larger sizes, more moves, more latencies: half an hour")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--save", type=Path, help=f"where to save the table; the default is a file in {SAVED}")
    parser.add_argument("--markdown", type=Path, help="write the table as Markdown too")
    parser.add_argument(
        "--compare", nargs="+", metavar="FILE", help="one saved table with the newest, or two with each other"
    )
    return parser.parse_args()


def _steps(options: argparse.Namespace, folder: Path) -> list[tuple[str, Callable[[table.Results], None]]]:
    """What is measured, in its order."""
    sizes: list[int] = options.sizes or (FULL if options.full else QUICK)
    chosen = options.only or PARTS
    steps: list[tuple[str, Callable[[table.Results], None]]] = []
    if "planning" in chosen:
        steps.append(("start-up", lambda found: planning.start_up(found, folder)))
        for size in sizes:
            steps.append((f"planning {size:,}", lambda found, size=size: planning.planning(found, folder, size)))
            steps.append((f"bootstrapping {size:,}", lambda found, size=size: planning.bootstrap(found, folder, size)))
    if "peers" in chosen:
        for size in sizes:
            steps.append(
                (
                    f"terraform {size:,}",
                    lambda found, size=size: peers.terraform(found, folder, size, whole=options.full),
                )
            )
            steps.append((f"octodns {size:,}", lambda found, size=size: peers.octodns(found, folder, size)))
            steps.append((f"goals {size:,}", lambda found, size=size: peers.goals(found, size)))
    if "promoting" in chosen:
        counts = ((False, 1_000), (True, 300)) if options.full else ((False, 100), (True, 60))
        for milliseconds in (0, 20, 100) if options.full else (0, 20):
            for linking, count in counts:
                steps.append(
                    (
                        f"promoting {count:,}, {milliseconds} ms",
                        lambda found, count=count, far=milliseconds, linking=linking: promoting.promoting(
                            found, folder, count, far, linking=linking
                        ),
                    )
                )
    if "limits" in chosen:
        for size in options.sizes or limits.COUNTED_AT:
            steps.append((f"requests {size:,}", lambda found, size=size: limits.count(found, folder, size)))
    # These two work in this process, which grows: the peak of a process that is started afterwards begins with it.
    if "serving" in chosen:
        steps.append(("bootstrapping over HTTP", lambda found: serving.bootstrap(found, folder)))
        steps.append(("local serve", lambda found: serving.serve(found, folder, 10 if options.full else 4)))
    if "browsing" in chosen:
        steps.append(("pages", lambda found: browsing.browse(found, folder, 2 if options.full else 0.5)))
    return steps


def _compare(files: list[Path]) -> None:
    try:
        tables = [table.load(path) for path in files]
        if len(tables) == 1:
            others = [path for path in sorted(SAVED.glob("*.json")) if path.resolve() != files[0].resolve()]
            if not others:
                raise SystemExit(f"nothing to compare {files[0]} with: no other table in {SAVED}; run make bench first")
            tables.append(table.load(others[-1]))
    except (OSError, ValueError) as error:
        raise SystemExit(f"make bench COMPARE: {error}") from error
    table.compare(*tables[:2])


if __name__ == "__main__":
    main()
