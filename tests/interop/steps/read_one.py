"""Read one linked version by its full name."""

import wandb

from tests.interop.steps.common import arguments, link_facts, report

report(**link_facts(wandb.Api().artifact(arguments()["name"])))
