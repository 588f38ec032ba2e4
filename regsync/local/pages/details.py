"""The page of one version: in a collection of a registry, and where it was logged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from regsync.local.changing import managed
from regsync.local.changing.change import Place
from regsync.local.pages.paging import PAGE, page_start
from regsync.local.pages.reading import Page
from regsync.local.pages.versions import Shown
from regsync.local.store import aliases, registries, seen
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry

Json = dict[str, Any]


def details(tx: Transaction, at: Shown, asked: Mapping[str, str]) -> Page:
    """What there is to know of a version, and its files, which are cut into pages."""
    return Page("version.jinja" if isinstance(at.place, Registry) else "source.jinja", _values(tx, at, asked))


def _values(tx: Transaction, at: Shown, asked: Mapping[str, str]) -> Json:
    number, skip = page_start(asked)
    files = seen.files(tx, at.version, PAGE + 1, skip)
    names = aliases.of_membership(tx, at.link.id)
    return {
        "at": at,
        "version": at.version,
        "source_is_seen": bool(seen.sources(tx, [at.version])),
        "aliases": _bound(tx, at.place, at, names) if isinstance(at.place, Registry) else names,
        "metadata": json.dumps(at.version.metadata, indent=2, ensure_ascii=False),
        "files": files[:PAGE],
        "number": number,
        "more": len(files) > PAGE,
    }


def _bound(tx: Transaction, registry: Registry, at: Shown, names: list[str]) -> list[Json]:
    """The aliases in a registry: each with its lock, and the plan that set it."""
    protected = frozenset(registries.protected_aliases(tx, registry))
    place = Place(registry.organization, registry.name)
    plans = managed.last_plans(tx, place, at.collection.name, [f":{each}" for each in names])
    return [{"name": each, "locked": each in protected, "managed": plans[f":{each}"]} for each in names]
