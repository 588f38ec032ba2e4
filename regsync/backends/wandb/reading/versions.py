"""Versions and links, as answers show them."""

from __future__ import annotations

from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection.answers import a_list, maybe, text
from regsync.core.live import LiveCollection, Version
from regsync.names import LATEST, is_reserved_alias

Json = dict[str, Any]
GONE = "gone:"
"""What the id of a version begins with that the server does not tell any more, because its source was deleted. The server has
no such ids, and is never sent one; within a collection they are told apart by the index of the link."""


def place_link(live: LiveCollection, node: Json) -> None:
    """Put one membership into a collection. Raises `BackendError` where it cannot be what the list says."""
    index, names = node["versionIndex"], [text(each, "alias") for each in a_list(node, "aliases")]
    custom = [name for name in names if not is_reserved_alias(name)]
    if index is None and not custom:
        return  # A version that is still being made; it has no number and nothing points at it.
    if type(index) is not int or index < 0:
        raise TypeError(f"versionIndex is {index!r}")
    version = version_of(node["artifact"], live.type, gone=f"{GONE}v{index}")
    moved = [name for name in custom if live.aliases.get(name, index) != index]
    if index is None or moved or live.links.get(index, version) != version:
        raise changed(live.name, f"two versions seem to hold {moved[0]!r}" if moved else "a version has two numbers")
    live.links[index] = version
    live.aliases.update(dict.fromkeys(custom, index))
    if LATEST in names:
        live.latest = index


def changed(collection: str, how: str) -> BackendError:
    return BackendError(
        f"collection {collection!r} changed while it was read: {how}", "run this again", code="changed-while-read"
    )


def version_of(node: Json | None, type_name: str, *, gone: str = GONE) -> Version:
    """The version in an answer. A deleted source leaves a link without one: it has the id `gone` then, and no digest."""
    if not node:
        return Version(gone, "", "", type_name)
    kind = node.get("artifactType")
    return Version(
        text(node, "id"), source_of(node), maybe(node, "digest", str) or "", text(kind, "name") if kind else ""
    )


def source_of(node: Json) -> str:
    """The full name of a version in the project that it was logged to; "" where the key may not see that."""
    sequence = node.get("artifactSequence") or {}
    project = sequence.get("project") or {}
    names = [maybe(project.get("entity") or {}, "name", str), maybe(project, "name", str), maybe(sequence, "name", str)]
    index = maybe(node, "versionIndex", int)
    if not all(names) or index is None:
        return ""
    return f"{'/'.join(map(str, names))}:v{index}"
