"""Reading plan and receipt files that the user names."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regsync.core.long import PIECE, Long
from regsync.diagnostics import RegsyncError
from regsync.slots import NamedTuple
from regsync.stages import stage

if TYPE_CHECKING:
    from regsync.console.context import Settings

LARGEST = 4 * 1024**3
"""Bytes. The plan of a bootstrap of a million bindings is a quarter of this. What is read takes about as much memory."""
LARGE = 16 * 1024**2
"""Bytes from which on a file is read piece by piece."""


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
        if found.st_size > LARGE:
            return _read_large(path)
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
        from regsync.console.json_file import no_constant

        return json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _not_whole(path, where) from error


def _read_large(path: Path) -> Any:
    """The same, with long lists left as text. Raises `OSError` and `UnicodeDecodeError` besides."""
    from regsync.console.json_file import NotJsonError, load

    with path.open(encoding="utf-8", newline="") as file:
        try:
            return load(file)
        except UnicodeDecodeError:
            raise
        except NotJsonError as error:
            raise _not_whole(path, f" at character {error.character:,}") from error
        except (ValueError, RecursionError) as error:
            raise _not_whole(path, "") from error


def _not_whole(path: Path, where: str) -> RegsyncError:
    return RegsyncError(
        f"{path} is not whole: no JSON{where}", "it was cut short or edited by hand; make it again", code="unreadable"
    )


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


def check_shape(document: Any, noun: str) -> None:
    """Check a document against the published schema of `plan` or `receipt`, before it is shown.

    A digest proves that nobody changed it by accident; whoever computes one anew can put anything in.
    Raises `RegsyncError` with the first place that does not fit. Long lists are checked piece by piece, after the rest.
    """
    import jsonschema_rs

    from regsync.schema_files import schema

    whole = schema(noun)
    aside: list[_Aside] = []
    before: tuple[str, ...] = ()
    start = 0
    try:
        jsonschema_rs.validate(whole, _set_aside(document, whole, aside))
        for before, items, part in aside:  # noqa: B007 - the error is told with it
            check = jsonschema_rs.validator_for({"$schema": whole["$schema"], "$defs": whole["$defs"], **part})
            for start in range(0, len(items), PIECE):
                check.validate(items[start : start + PIECE])
    except jsonschema_rs.ValidationError as error:
        inside = list(error.instance_path)
        if before and inside:
            inside[0] = start + int(inside[0])
        place = "/".join(map(str, (*before, *inside))) or "the document"
        message = f"this {noun} is malformed: {place}: {error.message[:200]}"
        raise RegsyncError(message, f"make the {noun} again", code=f"{noun}-malformed") from error
    except ValueError as error:
        raise RegsyncError(f"this {noun} is malformed: {error}", code=f"{noun}-malformed") from error


class _Aside(NamedTuple):
    """A long list of a document, where it is, and what the schema says of it."""

    place: tuple[str, ...]
    items: Long
    schema: Any


def _set_aside(value: Any, schema: Any, aside: list[_Aside], place: tuple[str, ...] = ()) -> Any:
    """A document without what is in its long lists, which are added to `aside`. What the schema does not know stays, as a list."""
    known = schema.get("properties", {})
    if isinstance(value, dict) and known:
        return {key: _set_aside(item, known.get(key, {}), aside, (*place, str(key))) for key, item in value.items()}
    if not isinstance(value, Long):
        return value
    if schema.get("items", {}) == {} or schema.get("type") != "array":
        return list(value)
    aside.append(_Aside(place, value, schema))
    return []
