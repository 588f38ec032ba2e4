"""Exact look-ups beside the searches: nothing is taken for absent because a search does not show it.

A search is an index of its own on some servers: it may lag, or not know an operator. What it shows is there; what it does not
show is looked up by its name, in the same document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.fetch import Part
from regsync.backends.wandb.connection.options import Options
from regsync.backends.wandb.reading.wanted import Wanted
from regsync.core.live import LiveRegistry

HIDDEN_BY_SEARCH = "hidden-by-search"
"""Code of the error for what an exact look-up shows and the search does not."""


class ExactLookUps:
    """The registries and the named collections of `Wanted`, each looked up by its name."""

    def __init__(self, wanted: Wanted, entity: str, options: Options) -> None:
        self._entity = entity
        named: dict[str, list[str]] = {name: [] for name in sorted(wanted.registries)}
        for registry, collection in sorted(wanted.linked | wanted.bare):
            named.setdefault(registry, []).append(collection)
        size = options.names_per_list
        self._groups = [
            (registry, names[start : start + size])
            for registry, names in named.items()
            for start in range(0, max(len(names), 1), size)
        ]

    @property
    def number(self) -> int:
        """How many parts there are."""
        return len(self._groups)

    def parts(self) -> list[Part]:
        """A part for each registry, and one more for each further group of names in it."""
        return [documents.exactly(self._entity, registry, names) for registry, names in self._groups]

    def compare(self, answers: Sequence[Any], found: Mapping[str, LiveRegistry]) -> None:
        """Raises `BackendError` where something is there that the search did not show; `TypeError` for a malformed answer."""
        for (registry, names), place in zip(self._groups, answers, strict=True):
            if place is None or place["name"] != documents.project_name(registry):
                continue
            if registry not in found:
                raise _hidden(f"registry {registry!r}")
            for number, name in enumerate(names):
                node = place[f"n{number}"]
                there = node is not None and node["name"] == name and node["__typename"] != "ArtifactSequence"
                if there and name not in found[registry].collections:
                    raise _hidden(f"collection {registry}/{name}")


def compare_listed(registry: str, listed: Iterable[str], found: LiveRegistry) -> None:
    """Raises `BackendError` where a registry's own list names a collection that the search did not show."""
    for name in listed:
        if name not in found.collections:
            raise _hidden(f"collection {registry}/{name}")


def _hidden(what: str) -> BackendError:
    return BackendError(
        f"{what} is there, and the server's search does not show it",
        "nothing is concluded from a search that leaves things out; run this again in a moment, and report it to whoever runs the "
        "server if it happens again",
        code=HIDDEN_BY_SEARCH,
    )
