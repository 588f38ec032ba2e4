"""The list of receipts, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from regsync.looks.escape import plain
from regsync.views.words import destination

Json = dict[str, Any]


def receipts_document(found: Iterable[tuple[Path, Json]]) -> Json:
    """What `receipts --format json` prints."""
    return {
        "format": "regsync/receipts/v1",
        "receipts": [
            {
                "file": str(path),
                "digest": receipt["digest"],
                "plan": receipt["plan"],
                "undoes": receipt.get("undoes"),
                "finished_at": receipt["finished_at"],
                "result": receipt["result"],
                "verified": receipt["verified"],
                "summary": receipt["summary"],
                "destination": receipt["destination"],
            }
            for path, receipt in found
        ],
    }


def render_receipts(document: Json) -> str:
    """Two lines a receipt, without a line end."""
    lines = []
    for receipt in document["receipts"]:
        numbers = ", ".join(f"{number} {status}" for status, number in receipt["summary"].items() if number)
        back = "; an undo" if receipt["undoes"] else ""
        lines.append(
            f"{receipt['finished_at']}  {receipt['result']}: {numbers or 'nothing to do'}{back}  {destination(receipt)}"
        )
        lines.append(f"  {receipt['file']}")
    return "\n".join(map(plain, lines))
