"""Reading plan and receipt files that the user names."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regsync.diagnostics import RegsyncError
from regsync.stages import stage

if TYPE_CHECKING:
    from regsync.console.context import Settings

LARGEST = 512 * 1024 * 1024
"""Bytes. A plan of a million operations is smaller than this."""


@stage("reading the file")
def read_document(path: Path) -> Any:
    """The JSON in a file. Raises `RegsyncError` where it cannot be read or is no JSON (cut short, say)."""
    try:
        found = path.stat()
        if found.st_size > LARGEST:
            raise RegsyncError(f"{path} is too large for a plan or a receipt", code="too-large")
        if stat.S_ISBLK(found.st_mode) or (stat.S_ISCHR(found.st_mode) and not os.path.samestat(found, os.fstat(0))):
            # Standard input may be one: a terminal. Any other might never end.
            raise RegsyncError(f"{path} is a device, not a plan or a receipt", "name the file", code="unreadable")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RegsyncError(f"cannot read {path}: {error.strerror or error}", code="unreadable") from error
    except UnicodeDecodeError as error:
        raise RegsyncError(f"{path} is not a plan or a receipt: it is not UTF-8", code="unreadable") from error
    if text.strip() and text.lstrip()[0] not in "{[":
        raise RegsyncError(
            f"{path} is not a plan or a receipt: it is no JSON",
            "give a file that regsync plan -o or apply wrote; manifests go to regsync plan",
            code="unreadable",
        )
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RegsyncError(
            f"{path} is not whole: no JSON{where}",
            "it was cut short or edited by hand; make it again",
            code="unreadable",
        ) from error


def is_saved_plan(path: Path) -> bool:
    """Whether a path is meant as a saved plan: by its name, or (`{"…`, which no manifest starts with) by what is in it."""
    if path.suffix == ".json":
        return True
    if path.suffix in {".yaml", ".yml"} or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) == b'{"'


def check_output(settings: Settings, path: Path | None, inputs: Iterable[Path]) -> None:
    """Refuse, before anything else is done, to write a result where that cannot be, or over something that is read.

    Raises `RegsyncError`.
    """
    if path is None:
        return
    from regsync.backends import local_file
    from regsync.execution.files import check_no_input, check_writable

    registry = local_file(settings.backend)
    check_writable(path)
    check_no_input(path, [*inputs, *([registry] if registry else [])])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def check_shape(document: Any, noun: str) -> None:
    """Check a document against the published schema of `plan` or `receipt`, before it is shown.

    A digest proves that nobody changed it by accident; whoever computes one anew can put anything in.
    Raises `RegsyncError` with the first place that does not fit.
    """
    import jsonschema_rs

    from regsync.schema_files import schema

    try:
        jsonschema_rs.validate(schema(noun), document)
    except jsonschema_rs.ValidationError as error:
        place = "/".join(str(part) for part in error.instance_path) or "the document"
        message = f"this {noun} is malformed: {place}: {error.message[:200]}"
        raise RegsyncError(message, f"make the {noun} again", code=f"{noun}-malformed") from error
    except ValueError as error:
        raise RegsyncError(f"this {noun} is malformed: {error}", code=f"{noun}-malformed") from error
