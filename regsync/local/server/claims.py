"""What a client says of the plan that it carries out: kept in the history as that user's claim, and believed no further."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from regsync.local.store.actor import Actor

_PLAN = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def claiming(actor: Actor, headers: Mapping[str, str]) -> Actor:
    """The actor with the plan and the commit that the headers `Regsync-Plan` and `Regsync-Commit` name.

    Anything that is no digest or no commit is left out: it comes from a stranger to regsync, and pages show what is kept.
    """
    plan, commit = headers.get("regsync-plan", ""), headers.get("regsync-commit", "")
    if not _PLAN.fullmatch(plan):
        return actor
    return replace(actor, plan=plan, commit=commit if _COMMIT.fullmatch(commit) else "")
