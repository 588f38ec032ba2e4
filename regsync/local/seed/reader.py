"""Reading a seed file: YAML with positions, checked in one go, every error with file:line:column."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

from regsync.diagnostics import Diagnostic, DiagnosticsError, Position, did_you_mean
from regsync.local.seed.document import (
    Seed,
    SeedArtifact,
    SeedCollection,
    SeedRegistry,
    SeedTeam,
    SeedUser,
    SeedVersion,
)
from regsync.local.store.accounts import ORGANIZATION_ROLES
from regsync.local.store.errors import Invalid
from regsync.local.store.identities import check_api_key
from regsync.manifest.reading.files import FileProblemError, read_source
from regsync.manifest.reading.tree import Block, Items, key_position, parse, value_position
from regsync.names import (
    COLLECTION_RULE,
    ENTITY_RULE,
    MAX_METADATA_KEYS,
    MEMBER_RULE,
    REGISTRY_RULE,
    TAG_RULE,
    Role,
    SourceRef,
    VersionRef,
    Visibility,
    alias_problem,
    artifact_type_problem,
    parse_version_ref,
)

Problem = Callable[[str], str | None]
MAX_VERSIONS = 1_000_000
"""The most versions that one artifact may be given by number."""


def read_seed(path: str | PathLike[str]) -> Seed:
    """Read a seed file. Raises `DiagnosticsError` with everything that is wrong with it."""
    try:
        source = read_source(path)
    except FileProblemError as error:
        raise DiagnosticsError([error.diagnostic]) from None
    return parse_seed(source.data, source.name)


def parse_seed(data: bytes, name: str) -> Seed:
    """Read a seed from YAML text in UTF-8; `name` is for the errors. Raises `DiagnosticsError`."""
    parsed = parse(data, name)
    if any(each.is_error for each in parsed.diagnostics):
        raise DiagnosticsError(parsed.diagnostics)
    if len(parsed.documents) != 1:
        message = f"a seed file holds one YAML document; this one holds {len(parsed.documents)}"
        raise DiagnosticsError([Diagnostic("seed-documents", message, Position(name))])
    document = parsed.documents[0]
    reader = _Reader(Position(name))
    for container, key in document.missing:
        reader.problem(container, key, "there is no value here", "write a value, or delete the key")
    seed = reader.seed(document.root)
    if reader.diagnostics or seed is None:
        raise DiagnosticsError(reader.diagnostics)
    return seed


class _Reader:
    """Turns maps and lists into a seed; what is wrong is collected and the reading goes on."""

    def __init__(self, file: Position) -> None:
        self.file = file
        self.diagnostics: list[Diagnostic] = []

    # What a value must be --------------------------------------------------------------------------------------------

    def problem(self, container: Block | Items, key: Any, message: str, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic("seed", message, value_position(container, key), hint))

    def map(self, container: Block | Items, key: Any, known: frozenset[str] | None = None) -> Block:
        """The map at a key, empty where it is missing or something else; keys that are not `known` are reported."""
        value = _at(container, key)
        if value is None:
            return _EMPTY
        if not isinstance(value, Block):
            self.problem(container, key, f"{key!r} must be a map" if isinstance(key, str) else "this must be a map")
            return _EMPTY
        self.unknown(value, known)
        return value

    def unknown(self, block: Block, known: frozenset[str] | None) -> None:
        for name in block if known is not None else ():
            if name not in (known or ()):
                where = key_position(block, name)
                self.diagnostics.append(
                    Diagnostic("seed", f"unknown key {name!r}", where, did_you_mean(name, known or ()))
                )

    def items(self, container: Block, key: str) -> Items:
        value = container.get(key)
        if isinstance(value, Items):
            return value
        if value is not None:
            self.problem(container, key, f"{key!r} must be a list")
        return _NONE

    def text(self, container: Block | Items, key: Any, problem: Problem | None = None) -> str | None:
        """The text at a key; None where it is missing, or wrong (and reported)."""
        value = _at(container, key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.problem(container, key, f"{value!r} is not a text", f'quote it: "{value}"')
            return None
        wrong = problem(value) if problem else None
        if wrong:
            self.problem(container, key, f"{value!r} {wrong}")
            return None
        return value

    def texts(self, container: Block, key: str, problem: Problem) -> tuple[str, ...]:
        items = self.items(container, key)
        found = (self.text(items, number, problem) for number in range(len(items)))
        return tuple(dict.fromkeys(text for text in found if text is not None))

    def required(self, container: Block, key: str, problem: Problem) -> str:
        if container.get(key) is None and key not in container:
            where = key_position(container, next(iter(container))) if container else self.file
            self.diagnostics.append(Diagnostic("seed", f"{key!r} is missing", where))
        return self.text(container, key, problem) or ""

    def key(self, block: Block, name: str, problem: Problem) -> Position:
        wrong = problem(name)
        if wrong:
            self.diagnostics.append(Diagnostic("seed", f"{name!r} {wrong}", key_position(block, name)))
        return key_position(block, name)

    def role(self, container: Block, key: str, allowed: tuple[Role, ...]) -> Role:
        value = container.get(key, "member")
        if value in [role.value for role in allowed]:
            return Role(value)
        self.problem(container, key, f"{value!r} is not a role here", did_you_mean(str(value), allowed))
        return Role.MEMBER

    # The parts of a seed ---------------------------------------------------------------------------------------------

    def seed(self, root: Any) -> Seed | None:
        if not isinstance(root, Block):
            self.diagnostics.append(Diagnostic("seed", "a seed is a map that starts with `organization:`", self.file))
            return None
        self.unknown(root, frozenset({"organization", "users", "teams", "artifacts", "registries"}))
        origin = key_position(root, "organization") if "organization" in root else self.file
        users, teams = self.map(root, "users"), self.map(root, "teams")
        artifacts, registries = self.map(root, "artifacts"), self.map(root, "registries")
        return Seed(
            organization=self.required(root, "organization", ENTITY_RULE.problem),
            origin=origin,
            users=tuple(self.user(users, name) for name in users),
            teams=tuple(self.team(teams, name) for name in teams),
            artifacts=tuple(found for name in artifacts if (found := self.artifact(artifacts, name))),
            registries=tuple(self.registry(registries, name) for name in registries),
        )

    def user(self, users: Block, name: str) -> SeedUser:
        origin = self.key(users, name, ENTITY_RULE.problem)
        block = self.map(users, name, frozenset({"api_key", "role"}))
        key = self.text(block, "api_key")
        wrong = _key_problem(key) if key is not None else None
        if wrong:
            self.problem(block, "api_key", wrong)  # without the key: errors end up in logs
        return SeedUser(name, key, self.role(block, "role", ORGANIZATION_ROLES), origin)

    def team(self, teams: Block, name: str) -> SeedTeam:
        origin = self.key(teams, name, ENTITY_RULE.problem)
        return SeedTeam(name, self.texts(teams, name, ENTITY_RULE.problem), origin)

    def artifact(self, artifacts: Block, path: str) -> SeedArtifact | None:
        origin = key_position(artifacts, path)
        parts = path.split("/")
        wrong = next((problem for part in parts if (problem := COLLECTION_RULE.problem(part))), None)
        if len(parts) != 3 or wrong:
            reason = f"{path!r} is not the name of an artifact: write entity/project/name"
            self.diagnostics.append(Diagnostic("seed", f"{reason} ({wrong})" if wrong else reason, origin))
            return None
        block = self.map(artifacts, path, frozenset({"type", "versions"}))
        versions = block.get("versions", 1)
        found: tuple[SeedVersion, ...]
        if isinstance(versions, int) and not isinstance(versions, bool) and 0 <= versions <= MAX_VERSIONS:
            found = (SeedVersion(origin),) * versions
        elif isinstance(versions, Items):
            found = tuple(self.version(versions, number) for number in range(len(versions)))
        else:
            self.problem(block, "versions", f"'versions' must be a number up to {MAX_VERSIONS}, or a list")
            found = ()
        return SeedArtifact(
            parts[0], parts[1], parts[2], self.required(block, "type", artifact_type_problem), found, origin
        )

    def version(self, versions: Items, number: int) -> SeedVersion:
        known = frozenset({"metadata", "files", "aliases", "tags", "description", "ttl_days"})
        block = self.map(versions, number, known)
        files = self.map(block, "files")
        for path in files:
            self.key(files, path, _path_problem)
        metadata = self.map(block, "metadata")
        if len(metadata) > MAX_METADATA_KEYS:
            self.problem(block, "metadata", f"{len(metadata)} keys; metadata has at most {MAX_METADATA_KEYS}")
        ttl = block.get("ttl_days")
        if ttl is not None and (not isinstance(ttl, int) or isinstance(ttl, bool) or not 0 < ttl < 100_000):
            self.problem(block, "ttl_days", "'ttl_days' must be a whole number of days")
            ttl = None
        return SeedVersion(
            value_position(versions, number),
            {path: self.text(files, path, None) or "" for path in files} if "files" in block else None,
            metadata,
            self.text(block, "description"),
            self.texts(block, "aliases", alias_problem),
            self.texts(block, "tags", TAG_RULE.problem),
            ttl,
        )

    def registry(self, registries: Block, name: str) -> SeedRegistry:
        origin = self.key(registries, name, REGISTRY_RULE.problem)
        settings = {"description", "visibility", "artifact_types", "protected_aliases", "members", "collections"}
        block = self.map(registries, name, frozenset(settings))
        members, collections = self.map(block, "members"), self.map(block, "collections")
        for member in members:
            self.key(members, member, MEMBER_RULE.problem)
        return SeedRegistry(
            name=name,
            origin=origin,
            description=self.text(block, "description"),
            visibility=Visibility(self.text(block, "visibility", _visibility_problem) or Visibility.ORGANIZATION),
            artifact_types=self.texts(block, "artifact_types", artifact_type_problem) or None,
            protected_aliases=self.texts(block, "protected_aliases", alias_problem),
            members={member: self.role(members, member, tuple(Role)) for member in members},
            collections=tuple(self.collection(collections, each) for each in collections),
        )

    def collection(self, collections: Block, name: str) -> SeedCollection:
        origin = self.key(collections, name, COLLECTION_RULE.problem)
        settings = {"type", "description", "tags", "versions", "aliases"}
        block = self.map(collections, name, frozenset(settings))
        versions, aliases = self.items(block, "versions"), self.map(block, "aliases")
        linked = []
        for number in range(len(versions)):
            ref = self.ref(versions, number)
            if isinstance(ref, SourceRef):
                linked.append((ref, value_position(versions, number)))
            elif ref is not None:
                self.problem(versions, number, f"{ref} is an index; write the source: entity/project/artifact:v3")
        bound = []
        for alias in aliases:
            self.key(aliases, alias, alias_problem)
            target = self.ref(aliases, alias)
            if target is not None:
                bound.append((alias, target, value_position(aliases, alias)))
        return SeedCollection(
            name,
            self.required(block, "type", artifact_type_problem),
            self.text(block, "description"),
            self.texts(block, "tags", TAG_RULE.problem),
            tuple(linked),
            tuple(bound),
            origin,
        )

    def ref(self, container: Block | Items, key: Any) -> VersionRef | None:
        text = self.text(container, key)
        if text is None:
            return None
        try:
            return parse_version_ref(text)
        except ValueError as error:
            self.problem(container, key, f"{text!r} {error}")
            return None


_EMPTY = Block()
_EMPTY.at = {}
_NONE = Items()
_NONE.at = []


def _at(container: Block | Items, key: Any) -> Any:
    return container[key] if isinstance(container, Items) else container.get(key)


def _key_problem(key: str) -> str | None:
    try:
        check_api_key(key)
    except Invalid as error:
        return str(error)
    return None


def _path_problem(path: str) -> str | None:
    """Paths of files in an artifact are relative and stay inside of it, as the client has them."""
    if not path or path.startswith("/") or "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
        return "is not a relative path"
    return None


def _visibility_problem(text: str) -> str | None:
    return None if text in list(Visibility) else "is not a visibility: write organization or restricted"
