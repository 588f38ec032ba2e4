"""`doctor --probe`: every assumption tried on a throw-away registry, which is deleted whatever happens."""

from __future__ import annotations

from collections.abc import Sequence

from regsync.backends.base import BackendError
from regsync.backends.checkup import Probed, ProbedRow, Seen
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.reading.versions import GONE
from regsync.backends.wandb.writing.assumptions import ASSUMPTIONS, Assumption
from regsync.backends.wandb.writing.bench import Bench, Probing, RefusedError, StoppedError
from regsync.core.live import RegistryScope, Version


def linked_versions(reading: Reading, registries: Sequence[str]) -> tuple[Version, Version]:
    """Two versions of one type that are linked somewhere already, so that linking them again turns off no TTL.

    Raises `BackendError` where there are none.
    """
    for name in registries:
        for live in reading.observe({name: RegistryScope(None)}).registries.values():
            for collection in live.collections.values():
                known = {
                    each.artifact_id: each
                    for each in collection.links.values()
                    if each.source and not each.artifact_id.startswith(GONE)
                }
                if len(known) > 1:
                    one, other = list(known.values())[:2]
                    return one, other
    raise BackendError(
        "no collection that this key sees holds two versions that the probe could link",
        "name two with --source TEAM/PROJECT/NAME:v0 --source TEAM/PROJECT/NAME:v1; linking turns off their TTL",
        code="probe-no-source",
    )


def probe(probing: Probing) -> Probed:
    """Make the registry, try everything, delete the registry. Raises `BackendError` where it could not be made."""
    bench = Bench(probing)
    rows: list[ProbedRow] = []
    try:
        bench.create()
        for assumption in ASSUMPTIONS:
            rows.append(_row(assumption, _seen(assumption, bench)))
    finally:
        left = bench.clean_up()
    return Probed(tuple(rows), tuple(left), stopped=probing.stop_requested())


def _seen(assumption: Assumption, bench: Bench) -> Seen:
    """What a check found; a check that could not be made is not known, and the next is tried."""
    try:
        return assumption.check(bench)
    except StoppedError:
        return Seen(None, "not tried: stopped")
    except RefusedError:
        return Seen(False, "the server refuses a step of it")
    except BackendError as error:
        return Seen(None, f"not known: {error.code or 'error'}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Seen(None, f"not known: an answer of another form ({type(error).__name__})")


def _row(assumption: Assumption, seen: Seen) -> ProbedRow:
    return ProbedRow(assumption.name, assumption.text, seen.as_assumed, seen.text, assumption.otherwise)
