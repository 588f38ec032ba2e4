"""What a guest of one registry sees of the organization that it is in."""

import wandb

from tests.interop.steps.common import ORGANIZATION, refused, report

api = wandb.Api()
report(
    registries=[registry.name for registry in api.registries(organization=ORGANIZATION)],
    members=[member.user.username for member in api.registry("guests", organization=ORGANIZATION).user_members()],
    other=refused(api.registry, "for-people-of-acme", organization=ORGANIZATION),
)
