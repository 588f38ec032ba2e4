"""What changed between the metadata of two versions. Metadata is written by strangers: any size, any depth, any type.

`tidy` cuts it down to something small and JSON-clean in which every difference still shows: what is too long or too deep is
replaced by its size and digest. `changes` then compares two tidied values.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from regsync.slots import NamedTuple

MAX_DEPTH = 10
MAX_ITEMS = 100
"""Of one list or map."""
MAX_NODES = 3000
"""Of one version's metadata, lists and maps included."""
MAX_TEXT = 200
"""Characters of one value."""
MAX_KEY = 80
"""Characters of one key."""
_SAFE_INTEGER = 2**53
"""Above this, JSON readers that use double precision (JavaScript's, say) read another number."""


class MetadataChange(NamedTuple):
    """One value that differs. `old` and `new` are scalars, ready for JSON; None is JSON's null, or nothing at all."""

    path: str
    change: str
    """`changed`, `added` or `removed`."""
    old: Any
    new: Any


def tidy(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A bounded copy: maps with text keys, lists, text, booleans, null, and finite numbers of at most 2**53."""
    keys = sorted(metadata, key=str)
    tidying = _Tidying()
    result: dict[str, Any] = {tidy_text(str(key), MAX_KEY): tidying.value(metadata[key], 1) for key in keys[:MAX_ITEMS]}
    if len(keys) > MAX_ITEMS:
        result["…"] = summary({key: metadata[key] for key in keys[MAX_ITEMS:]}, "map")
    return result


class _Tidying:
    """One pass over one version's metadata; counts what it has kept."""

    def __init__(self) -> None:
        self._nodes = 0

    def value(self, value: Any, depth: int) -> Any:
        self._nodes += 1
        if isinstance(value, Mapping):
            if self._too_much(value, depth):
                return summary(value, "map")
            keys = sorted(value, key=str)
            return {tidy_text(str(key), MAX_KEY): self.value(value[key], depth + 1) for key in keys}
        if isinstance(value, list | tuple):
            if self._too_much(value, depth):
                return summary(value, "list")
            return [self.value(item, depth + 1) for item in value]
        return scalar(value)

    def _too_much(self, value: Any, depth: int) -> bool:
        return depth > MAX_DEPTH or len(value) > MAX_ITEMS or self._nodes + len(value) > MAX_NODES


def scalar(value: Any) -> Any:
    """One value as JSON can hold it: NaN, infinities, huge integers and types that JSON lacks become text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) <= _SAFE_INTEGER:
            return int(value)
        bits = value.bit_length()
        return str(int(value)) if bits < 400 else f"an integer of {bits} bits, digest {_digest(hex(value))}"
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return tidy_text(value, MAX_TEXT)
    return f"a value of type {tidy_text(type(value).__name__, MAX_KEY)}"


def tidy_text(text: str, longest: int) -> str:
    """Text of at most about `longest` characters that UTF-8 can hold; where it was longer, with its length and digest."""
    clean = text[: longest + 1].encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= longest:
        return clean
    return f"{clean[: longest // 2]}… ({len(text)} characters, digest {_digest(text)})"


def summary(value: Any, noun: str) -> str:
    """A list or map in a few words; another content gives another text, unless it is too deep to be read."""
    count = f"{noun} of {len(value)} item{'s' if len(value) != 1 else ''}"
    try:
        text = json.dumps(value, sort_keys=True, default=lambda odd: type(odd).__name__)
    except (RecursionError, ValueError, TypeError, OverflowError):
        return f"{count}, too deep or too odd to be compared"
    return f"{count}, digest {_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[MetadataChange]:
    """What differs between two tidied maps, numbers that changed first, then by path. As in Python, true equals 1.

    Maps are compared key by key. Lists are aligned by DeepDiff, which is loaded only where two lists differ: loading it takes
    as long as planning thousands of bindings.
    """
    return sorted(_differences(old, new, ""), key=lambda change: (_rank(change), change.path, change.change))


def _differences(old: Any, new: Any, path: str) -> Iterator[MetadataChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            where = f"{path}.{key}" if path else key
            if key not in new:
                yield from _gone(old[key], where)
            elif key not in old:
                yield from _come(new[key], where)
            else:
                yield from _differences(old[key], new[key], where)
    elif isinstance(old, list) and isinstance(new, list):
        if old != new:
            yield from _aligned(old, new, path)
    elif old != new:
        if isinstance(old, dict | list) or isinstance(new, dict | list):
            yield from _gone(old, path)
            yield from _come(new, path)
        else:
            yield MetadataChange(path, "changed", old, new)


def _gone(value: Any, path: str) -> Iterator[MetadataChange]:
    return (MetadataChange(where, "removed", leaf, None) for where, leaf in leaves(value, path))


def _come(value: Any, path: str) -> Iterator[MetadataChange]:
    return (MetadataChange(where, "added", None, leaf) for where, leaf in leaves(value, path))


def _aligned(old: list[Any], new: list[Any], path: str) -> Iterator[MetadataChange]:
    from deepdiff import DeepDiff
    from deepdiff.helper import notpresent

    tree = DeepDiff(old, new, view="tree", ignore_numeric_type_changes=True, threshold_to_diff_deeper=0)
    for level in (level for group in tree.values() for level in group):
        where = path + path_text(level.path(output_format="list"))
        if level.t1 is not notpresent and level.t2 is not notpresent:
            yield from _differences(level.t1, level.t2, where)
        elif level.t1 is not notpresent:
            yield from _gone(level.t1, where)
        else:
            yield from _come(level.t2, where)


def _rank(change: MetadataChange) -> int:
    if change.change == "changed":
        return 0 if is_number(change.old) and is_number(change.new) else 1
    return 2 if change.change == "added" else 3


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar of a tidied value with its path; an empty map or list counts as one."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    elif isinstance(value, dict | list):
        yield path, "an empty map" if isinstance(value, dict) else "an empty list"
    else:
        yield path, value


def path_text(parts: list[Any]) -> str:
    """`["eval", "loss", 3]` as `eval.loss[3]`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text = f"{text}.{part}" if text else str(part)
    return text


def is_number(value: Any) -> bool:
    """Whether a tidied value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def delta(old: float, new: float) -> tuple[Any, float | None]:
    """`new - old` without the noise of binary fractions, and the same in percent of `old`; None where `old` is 0."""
    try:
        difference = Decimal(repr(new)) - Decimal(repr(old))
        percent = difference / abs(Decimal(repr(old))) * 100 if old else None
    except (InvalidOperation, ArithmeticError):
        return None, None
    whole = isinstance(old, int) and isinstance(new, int)
    return scalar(int(difference) if whole else float(difference)), _finite(percent)


def _finite(percent: Decimal | None) -> float | None:
    if percent is None:
        return None
    rounded = float(round(percent, 2)) if abs(percent) < Decimal(10) ** 12 else float(percent)
    return rounded if math.isfinite(rounded) else None
