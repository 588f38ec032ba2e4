"""A team made and filled by an admin of the organization, and where runs go by default."""

import wandb

from tests.interop.steps.common import arguments, report

name = arguments()["team"]
api = wandb.Api()
team = api.create_team(name)


def inside():
    return sorted([member.username, member.admin] for member in wandb.Api().team(name).members)


made = inside()
invited = [team.invite("bob"), team.invite("bob"), team.invite("eve"), team.invite("bob@acme.example")]
after = inside()
left = [member.delete() for member in wandb.Api().team(name).members if member.username == "bob"]
report(made=made, invited=invited, after=after, left=left, at_last=inside())
