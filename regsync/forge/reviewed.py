"""The plan that was reviewed: kept by the run for a pull request, and shown in the comment that its reviewers read."""

from __future__ import annotations

import json
from typing import Any

from regsync.diagnostics import RegsyncError, StalePlanError
from regsync.forge.base import Forge, ForgeError, Merged
from regsync.forge.sticky import our_comment

_HINT = "plan again on this branch, have that plan reviewed, and apply it (see docs/pull-requests.md)"


def reviewed_plan(forge: Forge, commit: str, artifact: str, key: str) -> tuple[Merged, str]:
    """The pull request that a commit was merged by, and the text of the plan file that its comment shows.

    The comment is written by our own account, so whoever can only upload artifacts cannot put another plan in its place.
    Raises `ForgeError` where there is no such plan, `StalePlanError` where the comment shows another one.
    """
    merged = forge.merged_by(commit)
    if merged is None:
        raise ForgeError(f"no pull request was merged as {commit[:12]}: no plan was reviewed", _HINT, code="no-review")
    if merged.foreign:
        raise ForgeError(f"pull request {merged.number} came from a fork: its runs are not trusted", _HINT, code="fork")
    data = forge.kept_plan(merged, artifact)
    if data is None:
        message = f"no plan named {artifact} was kept for pull request {merged.number} at {merged.head[:12]}"
        raise ForgeError(message, f"it may have expired, or been refused; {_HINT}", code="no-plan")
    text, digest = _read(data)
    comment = our_comment(forge, merged.number, key)
    if comment is None or digest not in comment.body:
        raise StalePlanError(
            f"the plan that was kept for pull request {merged.number} is not the one that its comment shows", _HINT
        )
    return merged, text


def _read(data: bytes) -> tuple[str, str]:
    """The file as text, and the digest that it says it has; whether that fits is looked at when it is applied."""
    try:
        text = data.decode("utf-8")
        document: Any = json.loads(text)
        digest = str(document["digest"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RegsyncError("what was kept is not a plan", _HINT, code="not-a-plan") from None
    if len(digest) < 64:
        raise RegsyncError("what was kept is not a plan: it has no digest", _HINT, code="not-a-plan")
    return text, digest
