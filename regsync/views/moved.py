"""What drift amounts to, in words: which side moved, and who it was; the same words in every view."""

from __future__ import annotations

from typing import Any, assert_never

from regsync.core.moves import Moved, named

Json = dict[str, Any]

WAYS_OUT = (
    "`regsync apply` puts back what the manifests declare; `regsync accept` keeps what is live, in the manifests."
)

_SINCE = "in the registry since the last apply"
_AS_LEFT = "the registry is as regsync left it; what the manifest says now was not applied since"
_UNDONE = "the last apply here was an undo, and the manifest still asks for what it took back"
_DID = {
    "link-version": "unlinked it",
    "unlink-version": "linked it",
    "create-registry": "deleted it",
    "delete-registry": "made it",
    "create-collection": "deleted it",
    "delete-collection": "made it",
}
"""What somebody did, by the operation that would put it back."""


def who_moved(item: Json) -> str:
    """The sentence for one difference: which side moved, who it was where that is told, and what they did."""
    who = item.get("who") or {}
    somebody = named(who["by"]) if who.get("by") else "somebody"
    when = f" ({who['at'][:19].replace('T', ' ')}Z)" if who.get("at") else ""
    match Moved(item["moved"]):
        case Moved.LIVE:
            return f"{somebody} {_did(item, who)} {_SINCE}{when}"
        case Moved.MANIFEST:
            return _UNDONE if item.get("after_undo") else _AS_LEFT
        case Moved.BOTH:
            return f"{somebody} {_did(item, who)} {_SINCE}{when}, and the manifest changed as well"
        case Moved.UNKNOWN if who:
            return f"no receipt is at hand; in the registry, {somebody} {_did(item, who)} last{when}"
        case Moved.UNKNOWN:
            return "no receipt tells who changed it"
        case other:
            assert_never(other)


def _did(item: Json, who: Json) -> str:
    """What was done to it: `moved it`, `removed it`, …"""
    if item["kind"] not in ("set-alias", "remove-alias"):
        return _DID.get(item["kind"], "changed it")
    if item["before"] is None:
        return "removed it"
    return "set it" if item["kind"] == "remove-alias" and not who.get("before") else "moved it"
