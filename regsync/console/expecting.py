"""Whether a saved plan may be applied here: made from the manifests that are here now, and by another user's key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from regsync.core.actions import CreateRegistry, RemoveMember, SetMember
from regsync.core.plan_document import plan_digest
from regsync.diagnostics import RegsyncError, StalePlanError

if TYPE_CHECKING:
    from regsync.core.live import Destination
    from regsync.core.plan import Plan
    from regsync.manifest.reading.load import Loaded


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


def taken_over(plan: Plan, here: Destination, say: Callable[[str], None]) -> Plan:
    """The plan as the user's who applies it. Everything else of its destination stays, and is checked as ever.

    Safe, because what is live is read again with the other key and must have the fingerprints that the plan was made from: a
    registry that only one of the two can see makes the plan stale.
    """
    if plan.destination.user == here.user:
        return plan
    say(f"made as {plan.destination.user}, applied as {here.user}")
    _check_same_for_both(plan, here.user)
    return replace(plan, destination=plan.destination._replace(user=here.user), reviewed=plan_digest(plan))


def _check_same_for_both(plan: Plan, user: str) -> None:
    """Raise `StalePlanError` where another plan had been made with the key that applies: it makes itself an admin of what it
    creates, is never removed as unlisted, and gives up its own roles last and with consent."""
    both = {plan.destination.user, user}
    own = [op for op in plan.operations if isinstance(op.action, SetMember | RemoveMember) and op.action.member in both]
    made = {op.action.registry for op in plan.operations if isinstance(op.action, CreateRegistry)}
    for name, owned in plan.owned.items():
        if "members" in owned and (name in made or "members" in owned.get("remove_unlisted", ())):
            own += [op for op in plan.operations if op.action.registry == name]
    if own:
        raise StalePlanError(
            f"whose key applies it makes a difference to this plan: {own[0].id} ({own[0].action.kind} {own[0].action.address}) "
            f"is about members, in a registry where it manages {plan.destination.user!r} or {user!r} or whoever is not listed",
            "plan with the key that applies, and have that plan reviewed",
            code="other-user",
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
