"""The plan that was reviewed: kept by the run for a pull request, shown in the comment that its reviewers read, and made
before the last of them approved."""

from __future__ import annotations

import json
from typing import Any

from regsync.diagnostics import RegsyncError, StalePlanError
from regsync.forge.base import Forge, ForgeError, Kept, Merged, PlanJob
from regsync.forge.sticky import our_comment, shown_in

_HINT = "plan again on this branch, have that plan reviewed, and apply it (see docs/pull-requests.md)"


def reviewed_plan(forge: Forge, commit: str, job: PlanJob, key: str) -> tuple[Merged, str]:
    """The pull request that a commit was merged by, and the text of the plan file that its reviewers saw.

    That is the newest plan for the merged head that was made before the last approval, or before the merge where nobody
    approved; what was planned afterwards nobody has seen. The comment that has shown it is written by our own account.
    Neither proves that the plan is what the manifests ask for: `apply --expect-manifests` does.

    Raises `ForgeError` where there is no such plan, `StalePlanError` where none was seen, or the comment never showed it.
    """
    merged = forge.merged_by(commit)
    if merged is None:
        raise ForgeError(f"no pull request was merged as {commit[:12]}: no plan was reviewed", _HINT, code="no-review")
    if merged.foreign:
        raise ForgeError(f"pull request {merged.number} came from a fork: its runs are not trusted", _HINT, code="fork")
    text, digest, changes = _read(forge.fetch(merged, _seen(forge, merged, job)))
    comment = our_comment(forge, merged.number, key) if changes else None
    if changes and (comment is None or digest not in shown_in(comment.body)):
        raise StalePlanError(
            f"the plan that was kept for pull request {merged.number} is not one that its comment has shown", _HINT
        )
    return merged, text


def _seen(forge: Forge, merged: Merged, job: PlanJob) -> Kept:
    approved = forge.last_approval(merged)
    until = merged.at if approved is None else min(approved, merged.at)
    later = None
    for kept in forge.kept_plans(merged, job):
        if kept.made <= until:
            return kept
        later = kept
    if later is None:
        message = f"no plan named {job.artifact} was kept for pull request {merged.number} at {merged.head[:12]}"
        where = f"by {job.workflow}, for {forge.name}'s event of a pull request"
        raise ForgeError(message, f"plans count that were kept {where}; it may have expired; {_HINT}", code="no-plan")
    done = "merged" if approved is None else "last approved"
    raise StalePlanError(
        f"pull request {merged.number} was {done} at {until:%Y-%m-%d %H:%M:%S} UTC, before its plan was made for "
        f"{merged.head[:12]} ({later.made:%Y-%m-%d %H:%M:%S} UTC): nobody has reviewed that plan",
        _HINT,
    )


def _read(data: bytes) -> tuple[str, str, bool]:
    """The file as text, the digest that it says it has, and whether it changes anything.

    Whether the digest fits is looked at when it is applied. A plan without operations need not have been shown.
    """
    try:
        text = data.decode("utf-8")
        document: Any = json.loads(text)
        digest, changes = str(document["digest"]), bool(document["operations"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RegsyncError("what was kept is not a plan", _HINT, code="not-a-plan") from None
    if len(digest) < 64:
        raise RegsyncError("what was kept is not a plan: it has no digest", _HINT, code="not-a-plan")
    return text, digest, changes
