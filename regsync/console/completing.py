"""What a shell offers for addresses and aliases: those that the manifests below the current folder declare.

Nothing is asked of a registry, and nothing is said: where the manifests cannot be read, nothing is offered.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from regsync.names import Address

_LARGEST = 4_000_000
"""Bytes of manifests; reading more takes longer than one waits for a key."""


def addresses(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Declared addresses that begin so: registries and collections, and inside a collection its aliases."""
    parts = 2 + ("/" in begun)
    return _beginning(begun, (str(each) for each in _declared() if sum(part is not None for part in each) <= parts))


def addresses_or_files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[Any]]:
    """The same where files may stand as well; those are offered where no address begins so."""
    from click.shell_completion import CompletionItem

    found = [CompletionItem(each) for each in addresses(context, parameter, begun)]
    return found or [CompletionItem(begun, type="file")]


def aliased(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Declared addresses of aliases."""
    return _beginning(begun, (str(each) for each in _declared() if each.alias is not None))


def collections(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Declared collections."""
    return _beginning(begun, (str(each) for each in _declared() if each.collection is not None and each.alias is None))


def aliases(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Declared aliases: of the collection that the command line names already, else of all."""
    named = context.params.get("collection")
    found = [each for each in _declared() if each.alias is not None]
    inside = [each for each in found if f"{each.registry}/{each.collection}" == named]
    return _beginning(begun, (str(each.alias) for each in inside or found))


def _beginning(begun: str, words: Iterable[str]) -> list[str]:
    """In order, each once. A shell takes a word with a space or a line break for several, so those are left out."""
    return sorted({each for each in words if each.startswith(begun) and each.isprintable() and " " not in each})


def _declared() -> list[Address]:
    """Every address in the manifests below the current folder; none where they cannot be read."""
    try:
        return _read()
    except Exception:  # noqa: BLE001 - between two keys there is nobody to tell
        return []


def _read() -> list[Address]:
    from regsync.manifest.reading.files import find_all
    from regsync.manifest.reading.load import load_sources
    from regsync.names import Address

    sources = find_all([os.fspath(Path())]).sources
    if sum(len(source.data) for source in sources) > _LARGEST:
        return []
    found: list[Address] = []
    for registry in load_sources(sources).desired.registries.values():
        found.append(Address(registry.name))
        for collection in (registry.collections or {}).values():
            found.append(Address(registry.name, collection.name))
            found += [Address(registry.name, collection.name, alias) for alias in collection.aliases or {}]
    return found
