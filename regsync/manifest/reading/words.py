"""The words for what the schema finds: code, message and hint of each kind of error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from regsync import names
from regsync.core.desired import HazardName
from regsync.diagnostics import did_you_mean
from regsync.manifest.reading.tree import Block, Items
from regsync.schema_files import schema

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

Words = tuple[str, str, str | None]
"""Code, message, hint."""

_TYPES = {
    "string": "a text",
    "object": "a map",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "null": "null",
}
_RULES: dict[str, Callable[[str], str | None]] = {
    "registry": names.REGISTRY_RULE.problem,
    "collection": names.COLLECTION_RULE.problem,
    "artifact-type": names.artifact_type_problem,
    "alias": names.alias_problem,
    "tag": names.TAG_RULE.problem,
    "member": names.MEMBER_RULE.problem,
    "organization": replace(names.ENTITY_RULE, noun="organization name").problem,
    "digest": names.DIGEST_RULE.problem,
}
_NOT_IN_MANIFESTS = {
    "backend": "choose it with --backend or REGSYNC_BACKEND; a manifest never decides where the key goes",
    "api_key": "keys come from WANDB_API_KEY or netrc, never from a manifest; take it out, and make a new key",
    "include": "manifests do not include files: name all of them on the command line",
}
_NOT_IN_MANIFESTS |= dict.fromkeys(("url", "base_url", "host", "server"), _NOT_IN_MANIFESTS["backend"])
_NOT_IN_MANIFESTS |= dict.fromkeys(("key", "token", "password", "secret"), _NOT_IN_MANIFESTS["api_key"])
_NOT_IN_MANIFESTS |= dict.fromkeys(("includes", "import", "imports", "extends"), _NOT_IN_MANIFESTS["include"])


_HAZARDS = [hazard.value for hazard in HazardName]
_NO_SPACE = r"([A-Za-z_]+):\S.*"


def annotation(name: str, parts: list[dict[str, Any]]) -> str | None:
    """What the schema says under `name` about a place; where several parts speak, the outermost knows the place best."""
    return next((str(part[name]) for part in reversed(parts) if name in part), None)


def show(value: Any) -> str:
    """A value in a message, cut where it is long."""
    if isinstance(value, Block):
        return "a map"
    if isinstance(value, Items):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…" + text[-1]


def unknown_key_hint(key: str, known: Iterable[str]) -> str | None:
    """What was probably meant by a key that is not known here."""
    if key in _NOT_IN_MANIFESTS:
        return _NOT_IN_MANIFESTS[key]
    guess = did_you_mean(key, known)
    if guess and guess.startswith("did you mean"):
        return guess
    homes = [where for where, keys in _homes().items() if key in keys]
    if homes and frozenset(known) in _homes().values():
        return f"`{key}` belongs in {' or '.join(homes)}; check the indentation"
    return guess or f"known here: {', '.join(sorted(known))}"


@cache
def _homes() -> dict[str, frozenset[str]]:
    """Which keys the large parts of a manifest have."""
    root = schema("manifest")
    return {
        "the top level": frozenset(root["properties"]),
        "a registry": frozenset(root["$defs"]["registry"]["properties"]),
        "a collection": frozenset(root["$defs"]["collection"]["properties"]),
    }


def bad_value(label: str, value: Any, error: ValidationError, parts: list[dict[str, Any]]) -> Words:
    """The words for a value that breaks a rule of the schema other than those about its keys."""
    hint = annotation("errorMessage", parts)
    kind: Any = error.kind
    match kind.name:
        case "type":
            wanted = [_TYPES[each] for each in parts[0]["type"]] if isinstance(parts[0]["type"], list) else None
            what = " or ".join(wanted or [_TYPES[parts[0]["type"]]])
            if isinstance(value, bool | int | float) and "a text" in what:
                hint = f"{hint}; in quotes it is a text" if hint != "write a text" else "put it in quotes"
            elif isinstance(value, str) and what in {"a number", "a whole number"}:
                hint = f"{hint}, without quotes; an exponent is written 1.0e-3"
            return "wrong-type", f"{label} is {show(value)}, not {what}", hint
        case "required":
            return "missing-key", f"{label} has no `{kind.property}`", hint or f"write {kind.property}: …"
        case "enum":
            return "bad-value", f"{label} is {show(value)}", _guess(value, map(str, kind.options)) or hint
        case "const":
            return "bad-value", f"{label} is {show(value)}", _guess(value, [str(kind.expected_value)]) or hint
        case "minimum" | "maximum":
            return "bad-value", f"{label} is {show(value)}, which is too {_side(kind.name)}", hint
        case "minProperties" | "maxProperties":
            return "bad-value", f"{label} is a map of {len(value)} entries, and one is needed", hint
    return bad_text(value, parts)


def _side(kind: str) -> str:
    return "small" if kind == "minimum" else "large"


def _guess(value: Any, options: Iterable[str]) -> str | None:
    options = list(options)
    if not isinstance(value, str):
        return None
    if value.lower() in options:
        return f"did you mean {value.lower()!r}?"
    guess = did_you_mean(value, options)
    return guess if guess and guess.startswith("did you mean") else None


def bad_text(text: str, parts: list[dict[str, Any]]) -> Words:
    """The words for a name, version or other text that does not match its pattern, length or exceptions."""
    part = parts[0]
    hint = annotation("errorMessage", parts)
    rule = part.get("x-rule")
    shown = "this name" if not text else f"`{text}`" if len(text) <= 80 else f"`{text[:60]}…`"
    if rule == "registry" and text.startswith(names.REGISTRY_PREFIX):
        bare = text.removeprefix(names.REGISTRY_PREFIX)
        return "bad-name", f"{shown} has the prefix that W&B puts before registries", f"write {bare or 'the bare name'}"
    if rule == "alias" and names.is_reserved_alias(text):
        hint = "choose another alias; to keep a version by its number, list it under versions:"
        return "reserved-alias", f"`{text}` {names.alias_problem(text)}", hint
    if rule in {"version", "binding"}:
        what = f"{shown} is not a version" if text else "an empty text is not a version"
        return "bad-version", what, version_hint(text, absent=rule == "binding") or hint
    if rule == "consent":
        name, equals, _ = text.partition("=")
        if equals and name in _HAZARDS:
            return "bad-value", f"{shown} does not say how many", f"write a whole number, 1 or more: {name}=2"
        return "bad-value", f"{shown} is not a hazard", _guess(name, _HAZARDS) or hint
    if rule == "absent":
        split = re.fullmatch(_NO_SPACE, text)
        spaced = f"write a space after the colon: {split[1]}: …" if split else None
        return "bad-value", f"{shown} cannot stand here", _guess(text, ["absent"]) or spaced or hint
    if rule == "better":
        return "bad-value", f"{shown} is not a direction", _guess(text, ["higher", "lower"]) or hint
    if rule == "variable":
        return "bad-name", f"{shown} is not the name of a variable", "letters, digits, _ and -, and first a letter or _"
    if rule == "metric":
        return "bad-name", f"{shown} is not a key of metadata", "it is empty, too long, or has control characters"
    if rule in _RULES:
        code = "bad-digest" if rule == "digest" else "bad-name"
        return code, f"{shown} {_RULES[rule](text) or 'is not legal here'}", hint
    if "enum" in part:
        return "bad-value", f"{shown} is not known here", did_you_mean(text, map(str, part["enum"]))
    return "bad-value", f"{shown} is not legal here", hint


def version_hint(text: str, *, absent: bool) -> str | None:
    """What was probably meant by a text that is no version."""
    if absent and (guess := _guess(text, ["absent"])):
        return guess
    path, colon, version = text.rpartition(":")
    if "://" in text:
        return "write the version without a scheme or server: entity/project/artifact:v3"
    if text.startswith(names.REGISTRY_PREFIX):
        return "bind to the version's source, entity/project/artifact:v3, or to an index of this collection, v3"
    if colon and path.count("/") == 2:
        for part in (*path.split("/"), version):
            if problem := names.ENTITY_RULE.problem(part):
                return f"`{part[:60]}{'…' * (len(part) > 60)}` {problem}" if part else "no part of it may be empty"
    if text[:1] in "vV" and text[1:].isdecimal():
        return f"write v{int(text[1:])}" if len(text) < 10 else None
    if not colon and text.count("/") == 2:
        return f"say which version: {text}:v3"
    if colon and path.count("/") == 1:
        return f"say which entity: ENTITY/{text}"
    if colon and path and "/" not in path:
        return f"name its source in full: entity/project/{text}"
    if "/" not in text and not colon and text:
        return "an alias or a name alone is no version: write entity/project/artifact:v3, or v3"
    return None
