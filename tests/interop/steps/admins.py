"""An admin of the server and of its organization makes users, and accounts for machines."""

import wandb

from tests.interop.steps.common import ORGANIZATION, TEAM, refused, report

api = wandb.Api()
made = api.create_user("Zoe.Kim@acme.example", admin=False)
again = refused(api.create_user, "zoe.kim@ACME.example")
broken = refused(api.create_user, "no address")
team = api.team(TEAM)
invited = team.invite("zoe.kim@acme.example")
unknown = team.invite("nobody@acme.example")
service = team.create_service_account("CI of the team")
members = [[member.username, member.account_type, member.admin] for member in team.members]
found = [user.username for user in api.users("eve")]
api.create_registry(organization=ORGANIZATION, name="for-people-of-acme", visibility="organization")
registry = api.create_registry(organization=ORGANIZATION, name="guests", visibility="restricted")
registry.add_members(api.user("eve"))
registry.update_member(api.user("eve"), "viewer")
roles = {member.user.username: member.role for member in registry.user_members()}
report(
    roles=roles,
    made=[made.username, made.email, made.admin],
    again=again,
    broken=broken,
    invited=invited,
    unknown=unknown,
    service=[service.username, service.account_type],
    members=members,
    found=found,
)
