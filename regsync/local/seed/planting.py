"""Putting a seed into a registry: all of it, or (if anything contradicts what is there) nothing.

A seed only ever adds. What is there already stays as it is: where it merely differs (an alias that has moved since, another
role), the report says so; where it contradicts the seed (other content under the same version), that is an error.
Large seeds are fast because versions, links and aliases are written by the thousand.
"""

from __future__ import annotations

from regsync.diagnostics import DiagnosticsError
from regsync.local.seed.artifacts import plant_artifacts, stage_files
from regsync.local.seed.document import Seed, SeedTeam, SeedUser
from regsync.local.seed.planted import Report
from regsync.local.seed.registries import plant_registries
from regsync.local.store import accounts, identities
from regsync.local.store.accounts import Organization
from regsync.local.store.database import Store, Transaction
from regsync.local.store.errors import Refused


def plant(store: Store, seed: Seed) -> Report:
    """Put a seed into a registry, as the owner of its file.

    Raises `DiagnosticsError` with everything in the way (then nothing is changed), and the `FileProblem` family.
    """
    report = Report()
    staged = stage_files(store, seed)
    with store.write() as tx:
        organization = _organization(tx, seed, report)
        for user in seed.users:
            _user(tx, organization, user, report)
        for team in seed.teams:
            _team(tx, organization, team, report)
        _stop(report)
        plant_artifacts(tx, seed.artifacts, staged, report)
        _stop(report)
        plant_registries(tx, organization, seed.registries, report)
        _stop(report)
    return report


def _stop(report: Report) -> None:
    if report.problems:
        raise DiagnosticsError(report.problems)


def _organization(tx: Transaction, seed: Seed, report: Report) -> Organization:
    known = [each for each in accounts.organizations(tx) if each.name == seed.organization]
    report.count("organization", made=not known)
    return known[0] if known else accounts.add_organization(tx, seed.organization)


def _user(tx: Transaction, organization: Organization, wanted: SeedUser, report: Report) -> None:
    row = tx.one(
        """SELECT u.id, m.role FROM users u
           LEFT JOIN organization_members m ON m.user_id = u.id AND m.organization_id = ? WHERE u.name = ?""",
        organization.id,
        wanted.name,
    )
    report.count("user", made=row is None)
    try:
        if row is None:
            made, key = accounts.add_user(tx, wanted.name, wanted.api_key)
            if wanted.api_key is None:
                report.keys[made.name] = key
            objection = identities.client_objection(key)
            if objection is not None:
                report.notes.append(f"the key of {wanted.name}: {objection}")
        elif wanted.api_key is not None and not identities.is_key_of(tx, row["id"], wanted.api_key):
            report.problem(f"user {wanted.name!r} is there with another API key", wanted.origin, "keys never change")
        if row is None or row["role"] is None:
            accounts.set_organization_member(tx, organization, accounts.user(tx, wanted.name), wanted.role)
        else:
            report.left(f"the role of {wanted.name}", row["role"], wanted.role.value)
    except Refused as error:
        report.problem(str(error), wanted.origin, error.hint)


def _team(tx: Transaction, organization: Organization, wanted: SeedTeam, report: Report) -> None:
    try:
        known = {team.name: team for team in accounts.teams(tx, organization)}
        report.count("team", made=wanted.name not in known)
        team = known.get(wanted.name) or accounts.add_team(tx, organization, wanted.name)
        inside = {user.name for user, _ in accounts.team_members(tx, team)}
        for name in wanted.users:
            if name not in inside:
                accounts.set_team_member(tx, team, accounts.user(tx, name))
    except Refused as error:
        report.problem(f"team {wanted.name!r}: {error}", wanted.origin, error.hint)
