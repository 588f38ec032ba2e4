"""`Desired` as a manifest again: composed, without variables, defaults and overlays, in one canonical form.

Loading the result gives the same `Desired`, positions aside; rendering that gives the same text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from regsync.core.canonical import escape_invisible
from regsync.core.desired import (
    UNSET,
    Consent,
    Desired,
    DesiredAlias,
    DesiredCollection,
    DesiredRegistry,
    DesiredVersion,
    Kind,
    Listed,
    Metric,
)
from regsync.names import has_hidden

Json = dict[str, Any]
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _ReadableDumper(_Dumper):  # type: ignore[misc]
    """Writes texts of several lines as people do, below `|`, where YAML can."""


def _represent_text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_ReadableDumper.add_representer(str, _represent_text)


def to_yaml(desired: Desired) -> str:
    """The manifest as YAML, keys sorted by name and lists in the order in which they were declared.

    Where it holds what nobody can see, everything beyond ASCII is written as escapes.
    """
    manifest = to_manifest(desired)

    def dumped(*, allow_unicode: bool) -> str:
        text: str = yaml.dump(
            manifest,
            Dumper=_ReadableDumper,
            sort_keys=False,
            allow_unicode=allow_unicode,
            default_flow_style=False,
            width=1_000_000,
        )
        return text

    readable = dumped(allow_unicode=True)
    return dumped(allow_unicode=False) if has_hidden(readable) else readable


def to_json(desired: Desired) -> str:
    """The same manifest as JSON, which is YAML as well and so can be loaded."""
    text = json.dumps(to_manifest(desired), indent=2, ensure_ascii=False)
    return escape_invisible(text, "\uffff") + "\n"


def to_manifest(desired: Desired) -> Json:
    """The manifest as plain maps, lists, texts and numbers."""
    result: Json = {"apiVersion": "regsync/v1"}
    if desired.organization is not None:
        result["organization"] = _text(desired.organization)
    result |= _consent(desired.consent)
    if desired.caps:
        result["limits"] = {
            kind.value: {"percent": cap.percent, "number": cap.number} for kind, cap in sorted(desired.caps.items())
        }
    result["registries"] = {str(name): _registry(each) for name, each in sorted(desired.registries.items())}
    return result


def _registry(registry: DesiredRegistry) -> Json | str:
    if registry.absent:
        return "absent"
    result = _common(registry)
    if registry.visibility is not None:
        result["visibility"] = registry.visibility.value
    if registry.artifact_types is not None:
        result["artifact_types"] = [_text(each) for each in registry.artifact_types]
    if registry.protected_aliases is not None:
        result["protected_aliases"] = _listed(registry.protected_aliases)
    if registry.members is not None:
        result["members"] = {
            name: member.role.value if member.role else "absent" for name, member in sorted(registry.members.items())
        }
    result |= _unlisted(registry.remove_unlisted) | _consent(registry.consent)
    if registry.collections is not None:
        result["collections"] = {str(name): _collection(each) for name, each in sorted(registry.collections.items())}
    return result


def _collection(collection: DesiredCollection) -> Json | str:
    if collection.absent:
        return "absent"
    result: Json = {} if collection.type is None else {"type": _text(collection.type)}
    result |= _common(collection)
    if collection.tags is not None:
        result["tags"] = _listed(collection.tags)
    if collection.metrics:
        result["metrics"] = {name: _metric(each) for name, each in sorted(collection.metrics.items())}
    result |= _unlisted(collection.remove_unlisted) | _consent(collection.consent)
    if collection.versions is not None:
        result["versions"] = [_version(each) for each in collection.versions]
    if collection.aliases is not None:
        result["aliases"] = {str(name): _alias(each) for name, each in sorted(collection.aliases.items())}
    return result


def _common(thing: DesiredRegistry | DesiredCollection) -> Json:
    result: Json = {}
    if thing.previously:
        names = [_text(former.name) for former in thing.previously]
        result["previously"] = names[0] if len(names) == 1 else names
    if thing.description is not UNSET:
        result["description"] = None if thing.description is None else _text(thing.description)
    return result


def _alias(alias: DesiredAlias) -> Json | str:
    if alias.ref is None:
        return "absent"
    return _pinned(str(alias.ref), alias.digest)


def _version(version: DesiredVersion) -> Json | str:
    if version.absent:
        return {str(version.ref): "absent"}
    return _pinned(str(version.ref), version.digest)


def _pinned(ref: str, digest: str | None) -> Json | str:
    return _text(ref) if digest is None else {"version": _text(ref), "digest": digest}


def _metric(metric: Metric) -> Json | str:
    better = "higher" if metric.higher_is_better else "lower"
    return better if metric.bound is None else {"better": better, "bound": metric.bound}


def _listed(items: Mapping[Any, Listed]) -> list[Json | str]:
    return [{str(name): "absent"} if each.absent else _text(name) for name, each in items.items()]


def _unlisted(kinds: Iterable[Kind]) -> Json:
    removed = {kind.value: "remove" for kind in sorted(kinds)}
    return {"unlisted": removed} if removed else {}


def _consent(consents: Sequence[Consent]) -> Json:
    items: list[Json | str] = []
    for each in consents:
        if each.thing is not None:
            items.append({each.hazard.value: _text(each.thing)})
        else:
            items.append(str(each))
    return {"consent": items} if items else {}


def _text(text: str) -> str:
    """A value in which nothing is taken for a variable."""
    return text.replace("${", "$${")
