"""Making a plan: read what the manifests are about, look up the versions they name, and hand it all to the pure core."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regsync.backends.base import Status
from regsync.core.desired import Consents, Desired
from regsync.core.diff import Comparison
from regsync.core.fingerprint import scope_fingerprints
from regsync.core.live import LinkKey, Live
from regsync.core.order import number_off
from regsync.core.plan import EVERYTHING, ManifestInfo, Plan, Selection
from regsync.core.planner import Inputs, compare, make_plan, make_undo_plan
from regsync.core.scope import removes_unlisted, restrict, scope_of, scope_of_actions
from regsync.core.staleness import check_destination
from regsync.core.undo import undo_of
from regsync.diagnostics import Diagnostic, DiagnosticsError, Position
from regsync.execution.receipt import decode_receipt, decode_receipt_operations
from regsync.names import Address
from regsync.planning.evidence import gather

if TYPE_CHECKING:
    from regsync.backends.base import Reader
    from regsync.manifest.reading.load import Loaded


MOST_FILES = 1000
"""Files whose state Git is asked about; more would not fit on a command line everywhere."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the live state that it was made from."""

    plan: Plan
    live: Live
    desired: Desired


def plan_manifests(
    loaded: Loaded,
    reader: Reader,
    selection: Selection = EVERYTHING,
    begun: frozenset[LinkKey] = frozenset(),
) -> Planned:
    """Read what is live and plan the difference. Never writes: a `Reader` cannot.

    `begun`: the links that an interrupted run of these manifests has made, for an apply that finishes it.
    Raises `DiagnosticsError` (with every error at once) and `BackendError`.
    """
    _check_selection(loaded.desired, selection)
    desired = restrict(loaded.desired, selection.targets, selection.excludes)
    if loaded.desired.registries and not desired.registries:
        raise DiagnosticsError(
            [
                Diagnostic(
                    "selection-empty",
                    "--target and --exclude leave nothing of these manifests",
                    Position("--target/--exclude"),
                    "leave one of them out",
                )
            ]
        )
    scope = scope_of(desired)
    destination = reader.destination()
    live = reader.observe(scope)
    comparison = Comparison(desired, live)
    refs = comparison.refs_to_resolve()
    resolved = reader.resolve(refs) if refs else {}
    inputs = Inputs(
        desired=desired,
        live=live,
        scope=scope,
        resolved=resolved,
        destination=destination,
        manifest=ManifestInfo(
            loaded.digest, tuple((file.path, file.sha256) for file in loaded.files), git_commit(loaded)
        ),
        fingerprints=scope_fingerprints(live.registries, scope),
        manages_protected=reader.capabilities.manages_protected_aliases,
        selection=selection,
        warnings=tuple(loaded.warnings),
        begun=begun,
    )
    compared = compare(inputs, comparison)
    evidence = gather(compared.operations, desired, reader.describe)
    return Planned(make_plan(inputs, compared, evidence), live, desired)


def _check_selection(desired: Desired, selection: Selection) -> None:
    """A target that names nothing declared is a typing error, and would otherwise make an empty plan."""
    unknown = [address for address in selection.targets if not _declares(desired, address)]
    unknown += [
        address
        for address in selection.excludes
        if not _declares(desired, address) and not removes_unlisted(desired, address)
    ]
    if unknown:
        raise DiagnosticsError(
            [
                Diagnostic(
                    "target-unknown",
                    f"{address} is not declared in these manifests",
                    Position("--target/--exclude"),
                    "write registry, registry/collection or registry/collection:alias as declared",
                )
                for address in unknown
            ]
        )


def _declares(desired: Desired, address: Address) -> bool:
    registry = next((r for r in desired.registries.values() if r.name == address.registry), None)
    if registry is None or address.collection is None:
        return registry is not None
    collection = next((c for c in (registry.collections or {}).values() if c.name == address.collection), None)
    if collection is None or address.alias is None:
        return collection is not None
    return address.alias in (collection.aliases or {})


def git_commit(loaded: Loaded) -> str | None:
    """The commit that is checked out where the first manifest lies, with `-dirty` where a manifest is not as committed.

    None outside of Git, or without Git.
    """
    if not loaded.files:
        return None
    folder = Path(loaded.files[0].path).resolve().parent
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    files = [str(Path(file.path).resolve()) for file in loaded.files[:MOST_FILES]]
    changed = _git(folder, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", *files)
    return commit if changed == "" else f"{commit}-dirty"


def _git(folder: Path, *args: str) -> str | None:
    """What git prints; None where it fails.

    Nothing that a stranger's folder asks for is run: no monitor, and no repository that lies bare among the files, whose
    settings would count as if they were the user's own.
    """
    safe = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
    command = ["git", *safe, "-C", str(folder), *args]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def plan_undo(document: Any, reader: Reader, allow: Consents) -> Plan:
    """The plan that takes back what a receipt says was done, as far as that is possible now.

    Raises `RegsyncError` (no receipt, or malformed), `StalePlanError` (changed by hand, or of another destination) and
    `BackendError`.
    """
    receipt = decode_receipt(document)
    operations = [operation for operation, status in decode_receipt_operations(document) if status is Status.DONE]
    destination = reader.destination()
    check_destination(receipt.destination, destination, "receipt")
    scope = scope_of_actions(operation.action for operation in operations)
    live = reader.observe(scope)
    selection = Selection(allow=allow)
    inputs = Inputs(
        desired=Desired(organization=destination.organization, registries={}),
        live=live,
        scope=scope,
        resolved={},
        destination=destination,
        manifest=ManifestInfo(receipt.manifest_digest, (), receipt.commit),
        fingerprints=scope_fingerprints(live.registries, scope),
        manages_protected=reader.capabilities.manages_protected_aliases,
        selection=selection,
    )
    undo = undo_of(operations, live, destination.user)
    evidence = gather(number_off(undo.drafts), inputs.desired, reader.describe)
    return make_undo_plan(inputs, undo, receipt.digest, evidence)
