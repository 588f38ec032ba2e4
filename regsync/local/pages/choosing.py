"""What there is to choose from, each list depending on the choices before: what the visitor sees and what can be linked.

Long lists are cut. What a cut list does not show can be typed, so whatever exists can be chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from regsync.local.store import aliases, collections, projects, registries
from regsync.local.store.access import SEES_REGISTRY, readable_entities, viewer
from regsync.local.store.accounts import Organization
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.names import REGISTRY_PREFIX, version_index
from regsync.slots import NamedTuple

MOST_CHOICES = 100
"""Rows that a list to choose from has at most."""


class Choice(NamedTuple):
    """A list to choose from: `is_cut` where there is more than it shows, `chosen` is "" where nothing that exists was chosen.

    `unknown` is what was asked for and cannot be chosen; "" where there is no such thing.
    """

    name: str
    label: str
    options: list[str]
    is_cut: bool
    chosen: str
    unknown: str


def steps_to(
    tx: Transaction, collection: Collection, organization: Organization, asked: Mapping[str, str]
) -> list[Choice]:
    """Team, project, artifact, version: the lists up to the first in which nothing was chosen."""
    found: list[Choice] = []
    team = _choice("team", "Team", _teams(tx, organization), asked)
    if not team.chosen and team.is_cut and asked.get("team") in _teams(tx, organization, asked["team"]):
        team = team._replace(chosen=asked["team"], unknown="")
    found.append(team)
    if not team.chosen:
        return found
    names = [each.name for each in projects.of_entity(tx, team.chosen, most=MOST_CHOICES + 1)]
    project = projects.find(tx, team.chosen, asked.get("project", ""))
    found.append(_choice("project", "Project", names, asked, exists=project is not None))
    if project is None:
        return found
    names = _sequences(tx, project.id, collection.type)
    sequence = collections.find(tx, project, asked.get("artifact", ""))
    fits = sequence is not None and sequence.type == collection.type
    found.append(_choice("artifact", "Artifact", names, asked, exists=fits))
    if sequence is None or not fits:
        return found
    rows = tx.tuples(
        "SELECT version_index FROM memberships WHERE collection_id = ? ORDER BY version_index DESC LIMIT ?",
        sequence.id,
        MOST_CHOICES + 1,
    )
    wanted = asked.get("source_version", "")
    exists = version_index(wanted) is not None and aliases.holder(tx, sequence, wanted) is not None
    found.append(_choice("source_version", "Version", [f"v{index}" for (index,) in rows], asked, exists=exists))
    return found


def _choice(name: str, label: str, names: list[str], asked: Mapping[str, str], *, exists: bool | None = None) -> Choice:
    wanted = asked.get(name, "")
    chosen = wanted if (wanted in names if exists is None else exists) else ""
    return Choice(name, label, names[:MOST_CHOICES], len(names) > MOST_CHOICES, chosen, "" if chosen else wanted)


def _teams(tx: Transaction, organization: Organization, name: str | None = None) -> list[str]:
    readable = readable_entities(tx)
    rows = tx.tuples(
        """SELECT name FROM entities WHERE kind = 'team' AND organization_id = ? AND (? OR id IN (SELECT value FROM json_each(?)))
             AND name = coalesce(?, name) ORDER BY name LIMIT ?""",
        organization.id,
        readable is None,
        json.dumps([*(readable or ())]),
        name,
        MOST_CHOICES + 1,
    )
    return [each for (each,) in rows]


def _sequences(tx: Transaction, project: int, type_name: str) -> list[str]:
    rows = tx.tuples(
        """SELECT c.name FROM artifact_types t CROSS JOIN collections c ON c.project_id = t.project_id AND c.type_id = t.id
           WHERE t.project_id = ? AND t.name = ? ORDER BY c.name LIMIT ?""",
        project,
        type_name,
        MOST_CHOICES + 1,
    )
    return [name for (name,) in rows]


def collections_for(
    tx: Transaction, organization: Organization, type_name: str, asked: Mapping[str, str]
) -> tuple[Choice, Collection | None]:
    """The collections of an organization's registries that hold a type, as `REGISTRY/COLLECTION`; and the one chosen (`into`)."""
    rows = tx.all(
        f"""SELECT substr(p.name, :prefix) || '/' || c.name AS name
            FROM organizations o CROSS JOIN projects p ON p.entity_id = o.entity_id CROSS JOIN registries r ON r.project_id = p.id
              CROSS JOIN artifact_types t ON t.project_id = p.id AND t.name = :type
              CROSS JOIN collections c ON c.project_id = p.id AND c.type_id = t.id
            WHERE o.id = :organization AND {SEES_REGISTRY} ORDER BY p.name, c.name LIMIT :most""",  # noqa: S608 - a constant
        {
            **viewer(tx),
            "organization": organization.id,
            "type": type_name,
            "prefix": len(REGISTRY_PREFIX) + 1,
            "most": MOST_CHOICES + 1,
        },
    )
    name, _, inside = asked.get("into", "").partition("/")
    registry = registries.find(tx, organization, name)
    found = collections.find(tx, registry, inside) if registry else None
    chosen = found if found is not None and found.type == type_name else None
    names = [row["name"] for row in rows]
    label = "Select a registered model or collection"
    return _choice("into", label, names, asked, exists=chosen is not None), chosen
