"""What a manifest means, written down a second time and as plainly as possible: fact by fact, with no operations and no order.

It looks at live before, at the manifest as a plain dict, and says what must be true afterwards. The planner is checked
against it; the two share no code.
"""

from __future__ import annotations

from typing import Any

from regsync.core.live import Live, LiveCollection, LiveRegistry

Json = dict[str, Any]
ACTOR = "alice"


def items(block: list[Any]) -> dict[str, bool]:
    """A list of the manifest: item → whether it shall be there."""
    return {next(iter(item)): False for item in block if isinstance(item, dict)} | {
        item: True for item in block if not isinstance(item, dict)
    }


def check(before: Live, manifest: Json, after: Live) -> None:
    """Assert that `after` is what `manifest` asks for, and that nothing else has changed since `before`."""
    declared = manifest["registries"]
    renamed = _renamed(declared, before.registries)
    for name in before.registries.keys() | after.registries.keys() | declared.keys():
        was, now = before.registries.get(renamed.get(name, name)), after.registries.get(name)
        wanted = declared.get(name)
        if name in renamed.values():
            assert now is None, f"{name} has another name now"
        elif wanted is None:
            assert was == now, f"{name} is not declared and has changed"
        elif wanted == "absent":
            assert now is None
        else:
            assert now is not None, f"{name} is declared and not there"
            _check_registry(was, wanted, now)


def _renamed(declared: Json, there: Any) -> dict[str, str]:
    """New name → old name, for what has to be renamed."""
    return {
        name: former
        for name, block in declared.items()
        if block != "absent" and name not in there
        for former in _formers(block)
        if former in there
    }


def _formers(block: Json) -> list[str]:
    found = block.get("previously", [])
    return [found] if isinstance(found, str) else found


def _check_registry(was: LiveRegistry | None, wanted: Json, now: LiveRegistry) -> None:
    old = was or LiveRegistry(now.name, members={ACTOR: now.members[ACTOR]} if now.members else {})
    assert now.description == wanted.get("description", old.description)
    assert now.visibility == wanted.get("visibility", old.visibility)
    if "artifact_types" in wanted:
        assert now.artifact_types == (old.artifact_types or frozenset()) | set(wanted["artifact_types"])
    else:
        assert now.artifact_types == old.artifact_types
    unlisted = wanted.get("unlisted", {})
    protected = items(wanted.get("protected_aliases", []))
    removes = "protected_aliases" in wanted and unlisted.get("protected_aliases") == "remove"
    assert now.protected_aliases == _after(old.protected_aliases or frozenset(), protected, removes=removes)
    members = dict(old.members or {})
    if "members" in wanted:
        if unlisted.get("members") == "remove":
            members = {m: r for m, r in members.items() if m in wanted["members"] or m == ACTOR}
        for member, role in wanted["members"].items():
            members.pop(member, None)
            if role != "absent":
                members[member] = role
    assert now.members == members
    _check_collections(old, wanted, now)


def _after(there: frozenset[str], listed: dict[str, bool], *, removes: bool) -> frozenset[str]:
    kept = frozenset(item for item in there if item in listed) if removes else there
    gone = {item for item, wanted in listed.items() if not wanted}
    return (kept | {item for item, wanted in listed.items() if wanted}) - gone


def _check_collections(old: LiveRegistry, wanted: Json, now: LiveRegistry) -> None:
    declared = wanted.get("collections", {})
    unlisted = wanted.get("unlisted", {})
    remove_others = "collections" in wanted and unlisted.get("collections") == "remove"
    renamed = _renamed(declared, old.collections)
    for name in old.collections.keys() | now.collections.keys() | declared.keys():
        block = declared.get(name)
        if name in renamed.values() or block == "absent" or (block is None and remove_others):
            assert name not in now.collections
        elif block is None:
            assert now.collections.get(name) == old.collections.get(name), f"{name} is not declared and has changed"
        else:
            was = old.collections.get(renamed.get(name, name)) or LiveCollection(name, block["type"])
            _check_collection(was, block, {**unlisted, **block.get("unlisted", {})}, now.collections[name])


def _check_collection(was: LiveCollection, wanted: Json, unlisted: Json, now: LiveCollection) -> None:
    assert now.type == was.type == wanted["type"]
    assert now.description == wanted.get("description", was.description)
    tags = items(wanted.get("tags", []))
    assert now.tags == _after(was.tags, tags, removes="tags" in wanted and unlisted.get("tags") == "remove")
    aliases = wanted.get("aliases", {})
    removes = "aliases" in wanted and unlisted.get("aliases") == "remove"
    for alias in was.aliases.keys() | now.aliases.keys() | aliases.keys():
        target = aliases.get(alias)
        found = now.links[now.aliases[alias]].source if alias in now.aliases else None
        if target == "absent" or (target is None and removes):
            assert found is None
        elif target is None:
            held = was.aliases.get(alias)
            assert found == (None if held is None else was.links[held].source), f"{alias} is not declared"
        elif "/" in target:
            assert found == target
        else:
            assert now.aliases.get(alias) == int(target[1:])
    _check_links(was, wanted, unlisted, now)


def _check_links(was: LiveCollection, wanted: Json, unlisted: Json, now: LiveCollection) -> None:
    versions = items(wanted.get("versions", []))
    named = [target for target in wanted.get("aliases", {}).values() if "/" in target]
    sources = {version.source for version in now.links.values()}
    for index, version in was.links.items():
        if index in now.links:
            assert now.links[index].artifact_id == version.artifact_id, "an index never changes what it means"
    for source, there in versions.items():
        assert (source in sources) == there
    assert sources >= set(named)
    gone = {version.source for version in was.links.values()} - sources
    if not ("versions" in wanted and unlisted.get("versions") == "remove"):
        assert gone == {s for s, there in versions.items() if not there} & {v.source for v in was.links.values()}
    new = [now.links[index].source for index in sorted(now.links) if index not in was.links]
    listed = [s for s, there in versions.items() if there]
    order = listed + sorted(set(named) - set(listed), key=lambda s: (s.rpartition(":")[0], int(s.rpartition("v")[2])))
    already = {version.source for version in was.links.values()}
    assert new == [source for source in order if source not in already], "links are made in the declared order"
    assert now.latest == max(now.links, default=None)
