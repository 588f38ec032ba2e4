"""From answers to `Live`: registries, collections, links, aliases, members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import (
    DeniedError,
    DocumentRefusedError,
    a_bool,
    a_list,
    maybe,
    text,
    texts,
    well_formed,
)
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import Fetcher, Part
from regsync.backends.wandb.connection.session import Session, organization_role
from regsync.backends.wandb.reading.asking import (
    MAY_BE_OF_AN_ANSWER,
    OF_AN_ANSWER,
    Asked,
    Beside,
    Found,
    Wanted,
    wanted_of,
    within,
)
from regsync.backends.wandb.reading.versions import place_link
from regsync.core.live import Live, LiveCollection, LiveRegistry, ReadProof, Scope
from regsync.names import REGISTRY_PREFIX, TEAM_PREFIX, Role, Visibility
from regsync.slots import NamedTuple

Json = dict[str, Any]
SEQUENCE = "ArtifactSequence"


@dataclass(slots=True)
class Ids:
    """The server's ids of what was read last; mutations need them."""

    registries: dict[str, str] = field(default_factory=dict)
    collections: dict[tuple[str, str], str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)


class Listed(NamedTuple):
    """The collections of a registry, by its own list. `unseen`: how many more it announces and does not show to this key; None:
    the server has no such list, and a search was asked."""

    names: frozenset[str]
    unseen: int | None


class Reading:
    """Reads registries. Keeps the ids of what it read, and what it learned of the server's dialect."""

    def __init__(self, fetcher: Fetcher, session: Session) -> None:
        self.ids = Ids()
        self.dialect = session.dialect
        self.read_only: dict[str, bool] = {}
        """By registry: whether the server says that this key may not write to it. Known where members were read."""
        self.missed_by_searches = 0
        """How many things a search did not find that are there."""
        self.searched = False
        """Whether whole registries, or the links in them, had to be searched, because this key is shown no lists of their own."""
        self._not_shown: dict[tuple[str, ...], int] = {}
        """By place, how many things were announced there and not shown, when it was last read."""
        self._missed = 0
        """The most that one search announced and did not show; look-ups may have found the same things since."""
        self._fetcher = fetcher
        self._session = session
        self._asked_role = False
        self._in_organization: Role | None = None

    def fetch(self, make: Callable[[Dialect], Sequence[Part]], what: str) -> list[Any]:
        """Read the parts that `make` makes in the server's dialect; again with fewer fields where it knows not all of them."""
        while True:
            try:
                return self._fetcher.fetch(make(self.dialect), what)
            except DocumentRefusedError as error:
                fewer = self.dialect.without(error.message)
                if fewer is None:
                    raise
                self.dialect = fewer
            except DeniedError as error:
                fewer = self.dialect.without_denied(error.steps)
                if fewer is None:
                    raise
                self.dialect = fewer

    @property
    def unseen(self) -> int:
        """How many things the server announced and did not show to this key: each once, however often it was asked for."""
        return max(self._missed, sum(self._not_shown.values()))

    def observe(self, scope: Scope, *, exactly: bool = False, beside: Beside | None = None) -> Live:
        """Everything in a scope that this key can see. Raises `BackendError` where any of it could not be read in full.

        `beside`: asked in the same requests, where the server takes that.
        """
        pages = self._fetcher.pages
        found = None if beside is None else self._read_with(wanted_of(scope), beside, exactly=exactly)
        if found is None:
            pages = self._fetcher.pages
            found = self.read(wanted_of(scope), exactly=exactly)
        found = {name: found[name] for name in scope if name in found}
        items = 0
        for registry in found.values():
            items += 1 + len(registry.members or ())
            items += sum(1 + len(each.links) + len(each.aliases) for each in registry.collections.values())
        return Live(found, ReadProof(complete=True, pages=self._fetcher.pages - pages, items=items))

    def _read_with(self, wanted: Wanted, beside: Beside, *, exactly: bool) -> dict[str, LiveRegistry] | None:
        """None where the answers to both together were not good, which may be the fault of either."""
        extra: list[Any] = []
        try:
            found = self.read(wanted, beside.parts, extra, exactly=exactly)
        except BackendError as error:
            if error.code in MAY_BE_OF_AN_ANSWER:
                beside.lose(error)
            elif error.code not in OF_AN_ANSWER:
                raise
            return None
        beside.take(extra, self.dialect)
        return found

    def read(
        self,
        wanted: Wanted,
        more: Callable[[Dialect], Sequence[Part]] = lambda _: (),
        extra: list[Any] | None = None,
        *,
        exactly: bool = False,
    ) -> dict[str, LiveRegistry]:
        """The registries of `wanted`, by name. The values of the parts `more` go into `extra`, from the same requests.

        `exactly`: each named thing is looked up by its name. Else searches are asked, and only what they do not find is. Of whole
        registries each collection is looked up in any case, by the names that the registry itself lists.
        """
        if not wanted.whole:
            return self._read(wanted, more, extra, exactly=exactly)
        lists = self.listed(wanted.whole)
        keys = frozenset((name, each) for name, found in lists.items() for each in found.names)
        if exactly:
            everything = replace(wanted, whole=frozenset(), linked=wanted.linked | keys)
            found = self._read(everything, more, extra, exactly=True)
        else:
            found = self._read(wanted.without_whole(), more, extra, exactly=False)
            found |= self._read(Wanted(wanted.whole, wanted.members & wanted.whole, linked=keys), exactly=True)
        for name, listed in lists.items():
            if name in found:
                shown = found[name].collections.keys()
                lost = len(listed.names - shown)
                self._not_shown[name, "collections"] = (listed.unseen or 0) + lost
                found[name].unseen = None if listed.unseen is None else listed.unseen + lost
                inside = found[name].collections.values()
                self.searched = self.searched or any(each.unseen is None for each in inside)
        return found

    def _read(
        self,
        wanted: Wanted,
        more: Callable[[Dialect], Sequence[Part]] = lambda _: (),
        extra: list[Any] | None = None,
        *,
        exactly: bool,
    ) -> dict[str, LiveRegistry]:
        """The same of what is named."""
        asked, before = self._ask(wanted, exactly=exactly), self._fetcher.unseen
        answers = self.fetch(lambda dialect: [*asked.parts(dialect), *more(dialect)], "reading registries")
        if extra is not None:
            extra[:] = answers[asked.number :]
        with well_formed("reading registries"):
            nodes = asked.sort(answers)
        self._read_on(nodes)
        with well_formed("reading registries"):
            found = self._assemble(wanted, nodes, exactly=exactly)
        unseen = self._fetcher.unseen - before
        result = found if exactly else self._with_what_searches_miss(wanted, found)
        if result is found:  # Else all of it was looked up, and what that did not show has been counted.
            self._missed = max(self._missed, unseen)
        return result

    def _ask(self, wanted: Wanted, *, exactly: bool) -> Asked:
        return Asked(wanted, self._fetcher.options, self._session.entity, exactly=exactly)

    def _read_on(self, nodes: Found) -> None:
        """The links of collections that have more than were shown beside them."""
        if not nodes.unfinished:
            return
        parts = [documents.links_of(registry, self._session.entity, name) for registry, name in nodes.unfinished]
        for key, links in zip(nodes.unfinished, self.fetch(lambda _: parts, "reading links"), strict=True):
            nodes.hidden[key] += links.count(None)
            nodes.links.extend(within(key, link) for link in links if link is not None)

    def listed(self, registries: Iterable[str]) -> dict[str, Listed]:
        """The collections that these registries list themselves: no search, no filter, where the server has such a list."""
        names, entity = sorted(registries), self._session.entity
        answers = (
            self.fetch(
                lambda dialect: [
                    documents.collection_names_of(name, entity)
                    if dialect.own_list
                    else documents.all_collection_names([name])
                    for name in names
                ],
                "listing collections",
            )
            if names
            else []
        )
        own_list = self.dialect.own_list
        self.searched = self.searched or not own_list
        with well_formed("listing collections"):
            return {
                name: Listed(
                    frozenset(
                        text(node, "name") for node in nodes if node is not None and node["__typename"] != SEQUENCE
                    ),
                    nodes.count(None) if own_list else None,
                )
                for name, nodes in zip(names, answers, strict=True)
            }

    def _with_what_searches_miss(self, wanted: Wanted, found: dict[str, LiveRegistry]) -> dict[str, LiveRegistry]:
        """What was not found is looked up by name. Where that shows something, searches do not show all, and everything that
        was asked for by name is read by name."""
        missing = wanted.registries - found.keys()
        named = wanted.linked | wanted.bare
        unseen = {key for key in named if key[0] in found and key[1] not in found[key[0]].collections}
        if not missing and not unseen:
            return found
        asked = self._ask(Wanted(frozenset(missing), bare=frozenset(unseen)), exactly=True)
        answers = self.fetch(asked.parts, "looking up what was not found")
        with well_formed("looking up what was not found"):
            there = asked.sort(answers)
            collections = [node for node in there.collections if node["__typename"] != SEQUENCE]
            names = [text(node, "name") for node in (*there.registries, *collections)]
        if not names:
            return found
        self.missed_by_searches += len(names)
        return self.read(wanted, exactly=True)

    def _assemble(self, wanted: Wanted, nodes: Found, *, exactly: bool) -> dict[str, LiveRegistry]:
        found = self._registries(nodes.registries, wanted)
        by_key = self._collections(nodes.collections, found)
        for key in (wanted.linked | wanted.bare) - by_key.keys():
            self.ids.collections.pop(key, None)
        for node in nodes.links:
            self._link(node, by_key)
        for key, live in by_key.items():
            if key not in wanted.linked:
                continue
            if exactly:
                self._not_shown[f"{key[0]}/{key[1]}", "links"] = nodes.hidden[key]
                live.unseen = (live.unseen or 0) + nodes.hidden[key] if nodes.proven else live.unseen or None
            if not self.dialect.next_index and not live.unseen:
                live.next_index = max(live.links, default=-1) + 1  # Assumed: indices count up, and none is skipped.
        return found

    # Registries ------------------------------------------------------------------------------------------------------

    def _registries(self, nodes: Iterable[Json], wanted: Wanted) -> dict[str, LiveRegistry]:
        found: dict[str, LiveRegistry] = {}
        unfinished: list[str] = []
        for node in nodes:
            name = text(node, "name").removeprefix(REGISTRY_PREFIX)
            if name not in wanted.registries or name == node["name"]:
                continue
            self.ids.registries[name] = node["id"]
            found[name] = self._registry(name, node, with_members=name in wanted.members)
            if ((node.get("artifactTypes") or {}).get("pageInfo") or {}).get("hasNextPage"):
                unfinished.append(name)
        for name in wanted.registries - found.keys():
            self.ids.registries.pop(name, None)
        for name, types in zip(unfinished, self._more_types(unfinished), strict=True):
            if found[name].artifact_types is not None:
                found[name].artifact_types = frozenset(node["name"] for node in types)
        return found

    def _more_types(self, names: Sequence[str]) -> list[Any]:
        if not names:
            return []
        entity = self._session.entity
        return self.fetch(lambda _: [documents.more_types(name, entity) for name in names], "reading artifact types")

    def _registry(self, name: str, node: Json, *, with_members: bool) -> LiveRegistry:
        types = protected = None
        if self.dialect.registry_types and not a_bool(node, "allowAllArtifactTypesInRegistry"):
            types = self._names(node["artifactTypes"], name, "types")
        if self.dialect.protected_aliases:
            protected = frozenset(texts(node, "protectedAliases"))
        live = LiveRegistry(
            name,
            node["description"],
            Visibility.RESTRICTED if node["access"] == "RESTRICTED" else Visibility.ORGANIZATION,
            types,
            protected,
            types_told=self.dialect.registry_types,
        )
        if with_members:
            told = self.dialect.members and node["members"] is not None and node["teamMembers"] is not None
            live.members = self._members(node) if told else None
            live.role = self._role(live.members, live.visibility)
            if "readOnly" in node:
                self.read_only[name] = bool(node["readOnly"])
        return live

    def _names(self, page: Json, *place: str) -> frozenset[str]:
        """The names in a list; what came as null is counted as not shown at that place."""
        nodes = [edge["node"] if edge is not None else None for edge in a_list(page, "edges")]
        self._not_shown[place] = nodes.count(None)
        return frozenset(text(node, "name") for node in nodes if node is not None)

    def _members(self, node: Json) -> dict[str, Role]:
        members: dict[str, Role] = {}
        for each in a_list(node, "members"):
            self._member(members, _user_name(each), text(each, "id"), each["role"]["name"])
        for each in a_list(node, "teamMembers"):
            team = each["team"]
            self._member(members, TEAM_PREFIX + text(team, "name"), text(team, "id"), each["role"]["name"])
        return members

    def _member(self, members: dict[str, Role], name: str, id_: str, role: str) -> None:
        if role not in list(Role):
            raise BackendError(
                f"{name} has the role {role!r}, which this regsync does not know",
                "leave `members` out of the manifest, or use a newer regsync",
                code="unknown-role",
            )
        members[name] = Role(role)
        self.ids.members[name] = id_

    def _role(self, members: dict[str, Role] | None, visibility: Visibility) -> Role | None:
        """The user's role: what they or their teams were given, and what the organization gives. None: not known for sure."""
        if members is None:
            return Role.ADMIN if self.organization_role() is Role.ADMIN else None
        mine = {self._session.user, *(TEAM_PREFIX + team for team in self._session.teams)}
        roles = [role for name, role in members.items() if name in mine]
        if Role.ADMIN in roles:
            return Role.ADMIN
        in_organization = self.organization_role()
        if in_organization in (None, Role.ADMIN):
            return in_organization  # An organization's admins are admins of all its registries.
        if visibility is Visibility.ORGANIZATION and in_organization is not None:
            roles.append(in_organization)
        return min(roles, key=lambda role: role.strength, default=None)

    def organization_role(self) -> Role | None:
        """The role of the key's owner in the organization; None where the server does not tell. Asked once."""
        if not self._asked_role:
            self._asked_role = True
            self._in_organization = organization_role(self._fetcher.client, self._session)
        return self._in_organization

    # Collections and links -------------------------------------------------------------------------------------------

    def _collections(
        self, nodes: Iterable[Json], registries: dict[str, LiveRegistry]
    ) -> dict[tuple[str, str], LiveCollection]:
        found: dict[tuple[str, str], LiveCollection] = {}
        unfinished: list[tuple[tuple[str, str], str]] = []
        for node in nodes:
            if node["project"] is None:
                self._fetcher.unseen += 1
                continue
            name = text(node["project"], "name").removeprefix(REGISTRY_PREFIX)
            if name not in registries or node["__typename"] == SEQUENCE:
                continue
            key = name, text(node, "name")
            tags = self._names(node["tags"], f"{key[0]}/{key[1]}", "tags")
            live = LiveCollection(
                node["name"], text(node["defaultArtifactType"], "name"), node["description"], tags, next_index=None
            )
            live.unseen = self._not_shown[f"{key[0]}/{key[1]}", "tags"]
            if self.dialect.next_index:
                live.next_index = maybe(node, "nextVersionIndex", int)
            found[key] = registries[name].collections[node["name"]] = live
            self.ids.collections[key] = node["id"]
            if (node["tags"].get("pageInfo") or {}).get("hasNextPage"):
                unfinished.append((key, node["id"]))
        if unfinished:
            parts = [documents.more_tags(id_) for _, id_ in unfinished]
            for (key, _), all_tags in zip(unfinished, self.fetch(lambda _: parts, "reading tags"), strict=True):
                found[key].tags = frozenset(node["name"] for node in all_tags)
        return found

    def _link(self, node: Json, collections: dict[tuple[str, str], LiveCollection]) -> None:
        where = node["artifactCollection"]
        if where is None or where["project"] is None:
            self._fetcher.unseen += 1
            return
        key = text(where["project"], "name").removeprefix(REGISTRY_PREFIX), text(where, "name")
        live = collections.get(key)
        if live is not None:  # Else a search shows its links and not itself: it is looked up yet, if it was asked for.
            place_link(live, node)


def _user_name(member: Json) -> str:
    """Raises `BackendError` for a member without one, who might be anybody: declared, or not listed."""
    name = maybe(member, "username", str)
    if not name:
        raise BackendError(
            f"the server tells no user name of member {text(member, 'id')}, so members cannot be compared",
            "leave `members` out of the manifest, or ask that person to choose a user name",
            code="unnamed-member",
        )
    return name
