"""Users and teams as members of a registry, and their roles."""

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, refused, report

name = arguments()["registry"]
api = wandb.Api()
registry = api.create_registry(name=name, visibility="restricted", organization=ORGANIZATION)


def people():
    return {member.user.username: str(getattr(member.role, "value", member.role)) for member in registry.user_members()}


def teams():
    return {member.team.name: str(getattr(member.role, "value", member.role)) for member in registry.team_members()}


bob, carol, team = api.user("bob"), api.user("carol"), api.team("acme-ml")
at_first = people()
registry.add_members(bob, carol.id, team)
added = {"people": people(), "teams": teams()}
registry.update_member(bob, "member").update_member(carol, role="viewer").update_member(team, role="member")
changed = {"people": people(), "teams": teams()}
registry.remove_members(carol, team)
registry.remove_members(carol)
removed = {"people": people(), "teams": teams()}

report(
    at_first=at_first,
    added=added,
    changed=changed,
    removed=removed,
    bad_role=refused(registry.update_member, bob, "owner"),
    team_members=sorted(member.username for member in team.members),
    stranger=api.user("eve") is None,
)
