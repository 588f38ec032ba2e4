"""What commands that tell who moved what share: receipts from elsewhere, and the Git history of the manifests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from regsync.console.options import ManifestArguments

if TYPE_CHECKING:
    from regsync.core.live import Destination
    from regsync.execution.records import Found
    from regsync.names import Address
    from regsync.planning.by_hand import Receipts
    from regsync.planning.commits import Declared, Told

P = ParamSpec("P")
R = TypeVar("R")


def receipt_option(function: Callable[P, R]) -> Callable[..., R]:
    """Give a command `--receipt`; the function gets the paths as `receipts`."""
    option = click.option(
        "--receipt",
        "receipts",
        metavar="FILE|DIR",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Receipts of applies elsewhere, such as in a pipeline. Repeatable.",
    )

    @option
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapper


def named_receipts(paths: tuple[Path, ...]) -> list[Found]:
    """The receipts that `--receipt` names. Raises `RegsyncError` where one of them holds none."""
    if not paths:
        return []
    from regsync.execution.records import read_named

    return [found for path in paths for found in read_named(path)]


def all_receipts(paths: tuple[Path, ...]) -> list[Found]:
    """Those and the ones of the state folder, each once, oldest first."""
    from regsync.execution.records import in_order
    from regsync.execution.state import StateDir

    found = [*StateDir().applied(), *named_receipts(paths)]
    return in_order({each.record.digest: each for each in found}.values())


def known_receipts(paths: tuple[Path, ...]) -> Callable[[Destination], Receipts | None]:
    """What those and the state folder tell of a destination, None where there are none; read when a plan needs it."""
    from regsync.execution.state import StateDir

    more = named_receipts(paths)

    def known(destination: Destination) -> Receipts | None:
        state = StateDir()
        found = state.read_all(more)
        records = state.with_left(found)
        if not records:
            return None
        from regsync.planning.by_hand import receipts_of

        return receipts_of(found, records, destination)

    return known


def commits_of(manifests: ManifestArguments, wanted: Address | None, most: int) -> Told:
    """The commits that changed what manifests bind the wanted aliases to."""
    from regsync.planning.commits import Told, redeclared

    if not most:
        return Told(note="not looked into (--commits 0)")
    everything = (*manifests.paths, *manifests.overlays, *manifests.variable_files)

    def read(folder: Path, root: Path) -> Declared:
        return _declared(manifests, folder, root)

    return redeclared(everything, lambda address: wanted is None or wanted.covers(address), read, most)


def _declared(manifests: ManifestArguments, folder: Path, root: Path) -> Declared:
    """What the manifests of a commit declare, which lie in `folder` as they do in the working copy at `root`."""
    from dataclasses import replace

    from regsync.names import Address

    def there(paths: tuple[Path, ...]) -> tuple[Path, ...]:
        placed = (folder / path.resolve().relative_to(root) for path in paths if path.resolve().is_relative_to(root))
        return tuple(path for path in placed if path.exists())

    then = replace(
        manifests,
        paths=there(manifests.paths),
        overlays=there(manifests.overlays),
        variable_files=there(manifests.variable_files),
    )
    if not then.paths:
        return {}
    desired = then.load().desired
    return {
        Address(registry.name, collection.name, alias): None if item.ref is None else str(item.ref)
        for registry in desired.registries.values()
        for collection in (registry.collections or {}).values()
        for alias, item in (collection.aliases or {}).items()
    }
