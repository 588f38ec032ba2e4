"""Whether a saved plan was made from the manifests that are here now: what a merge has to keep for a review to count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsync.diagnostics import RegsyncError, StalePlanError

if TYPE_CHECKING:
    from regsync.core.plan import Plan
    from regsync.manifest.load import Loaded


def check_manifests(plan: Plan, loaded: Loaded) -> None:
    """Raises `StalePlanError` where contents, variables, overlays or organization are not those that the plan was made from.

    What is live is not looked at: `regsync.core.staleness` does that. Raises `RegsyncError` for the plan of an undo.
    """
    if plan.undoes is not None:
        raise RegsyncError(
            "this plan takes back a receipt; it was not made from manifests",
            "apply it without --expect-manifests",
            code="plan-of-undo",
        )
    if loaded.digest == plan.manifest.digest:
        return
    raise StalePlanError(
        f"the manifests are not those that this plan was made from: {_difference(plan, loaded)}",
        "plan again, and have that plan reviewed; nothing was changed",
        code="manifests-changed",
    )


def _difference(plan: Plan, loaded: Loaded) -> str:
    """By contents, because paths may differ between checkouts."""
    planned = {digest: path for path, digest in plan.manifest.files}
    here = {file.sha256: file.path for file in loaded.files}
    other = sorted(here[digest] for digest in here.keys() - planned.keys())
    gone = sorted(planned[digest] for digest in planned.keys() - here.keys())
    parts = []
    if other:
        parts.append(f"not in the plan as it is now: {', '.join(other)}")
    if gone:
        parts.append(f"planned, and not here as it was: {', '.join(gone)}")
    return "; ".join(parts) or "the files are the same; variables, order of overlays or organization differ"
