"""What is live, read as an import asks for it: everything that the key can see, or what was named."""

from __future__ import annotations

from regsync.backends.base import BackendError, Reader
from regsync.core.live import Live, RegistryScope, Scope
from regsync.diagnostics import RegsyncError, did_you_mean
from regsync.manifest.writing.from_live import Wanted
from regsync.names import Address


def read_live(reader: Reader, asked: list[Address], *, members: bool) -> tuple[Live, list[Wanted]]:
    """Read what was asked for, or everything. Raises `RegsyncError` for what is not there."""
    for last in (False, True):
        known = reader.registry_names()
        live, scope = _observed(reader, asked, known, members=members)
        gone = sorted(scope.keys() - live.registries.keys())
        if not gone:
            break
        if last:
            raise BackendError(
                f"registry {gone[0]!r} changed while it was read: it was in the list, and is not there any more",
                "run this again",
                code="changed-while-read",
            )
    for each in asked:
        there = live.registries[each.registry].collections
        if each.collection is not None and each.collection not in there:
            all_names = _names_in(reader, each.registry)
            raise RegsyncError(
                f"{each} is not there", did_you_mean(each.collection, all_names), code="collection-missing"
            )
    whole = {each.registry for each in asked if each.collection is None}
    return live, [Wanted(name, settings=not asked or name in whole) for name in scope]


def _names_in(reader: Reader, registry: str) -> list[str]:
    return reader.collection_names([registry]).get(registry, [])


def _observed(reader: Reader, asked: list[Address], known: list[str], *, members: bool) -> tuple[Live, Scope]:
    if not known:
        raise RegsyncError(
            f"{reader.destination().organization} has no registry that this key can see",
            "there is nothing to import; `regsync init` makes a manifest to start from",
            code="no-registries",
        )
    for each in asked:
        if each.registry not in known:
            message = f"registry {each.registry!r} is missing, or not visible to this key"
            raise RegsyncError(message, did_you_mean(each.registry, known), code="registry-missing")
    scope = _scope(asked, known, members=members)
    # Looked up by name, because a search may not show all. What the key cannot see is left out, and the backend says how much.
    return reader.observe(scope, exactly=True), scope


def _scope(asked: list[Address], known: list[str], *, members: bool) -> Scope:
    if not asked:
        return {name: RegistryScope(None, members) for name in known}
    scope: Scope = {}
    for name in sorted({each.registry for each in asked}):
        inner = [each.collection for each in asked if each.registry == name]
        whole = None in inner
        scope[name] = RegistryScope(None if whole else frozenset(map(str, inner)), members and whole)
    return scope
