"""What a file is that somebody wants to be shown as a page: plan, receipt, drift, or ready Markdown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from regsync.console.files import check_shape, read_document
from regsync.diagnostics import RegsyncError
from regsync.slots import NamedTuple


class ShownPage(NamedTuple):
    """`kind`: plan, apply, drift or note. `render`: the Markdown in at most so many characters.

    `needed`: whether it says that somebody has to do something; a plan without changes and live as declared do not.
    `digest`: the plan's; None for what is no plan.
    """

    kind: str
    render: Callable[[int], str]
    needed: bool
    digest: str | None = None


def page_of(path: Path) -> ShownPage:
    """The page for a file: JSON by its `format`, anything else taken as Markdown. Raises `RegsyncError`."""
    if path.suffix != ".json":
        return _ready(path)
    document = read_document(path)
    family = str(document.get("format", "")).rpartition("/")[0] if isinstance(document, dict) else ""
    match family:
        case "regsync/plan":
            return _plan(document)
        case "regsync/receipt":
            return _receipt(document)
        case "regsync/drift":
            return _drift(document)
    raise RegsyncError(
        f"{path} is neither a plan nor a receipt nor what `regsync drift --format json` printed",
        "give one of these, or Markdown in a file that does not end in .json",
        code="not-a-page",
    )


def _plan(document: Any) -> ShownPage:
    from regsync.core.plan_reading import decode_plan
    from regsync.views.markdown import render_plan

    plan = decode_plan(document)
    check_shape(document, "plan")
    return ShownPage(
        "plan", lambda limit: render_plan(document, limit=limit), bool(plan.operations), document["digest"]
    )


def _receipt(document: Any) -> ShownPage:
    from regsync.execution.receipt import decode_receipt_operations
    from regsync.views.markdown import render_receipt

    decode_receipt_operations(document)
    check_shape(document, "receipt")
    return ShownPage("apply", lambda limit: render_receipt(document, limit=limit), document["result"] != "done")


def _drift(document: Any) -> ShownPage:
    from regsync.views.markdown import render_drift

    try:
        render_drift(document)
        return ShownPage("drift", lambda limit: render_drift(document, limit=limit), not document["in_sync"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RegsyncError(
            f"this drift document is malformed: {type(error).__name__}: {error}",
            "make it again with `regsync drift --format json`",
            code="drift-malformed",
        ) from error


def _ready(path: Path) -> ShownPage:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RegsyncError(f"cannot read {path}: {error.strerror or error}", code="unreadable") from error
    except UnicodeDecodeError as error:
        raise RegsyncError(f"{path} is not Markdown: it is not UTF-8", code="unreadable") from error
    if not text.strip():
        raise RegsyncError(f"{path} is empty", "give a page that says something", code="empty-page")

    def whole(limit: int) -> str:
        if len(text) > limit:
            raise RegsyncError(
                f"{path} has {len(text):,} characters; there is room for {limit:,}",
                "shorten it, or give the plan itself: that is cut to fit by importance",
                code="too-long",
            )
        return text

    return ShownPage("note", whole, needed=True)
