"""A registry with one collection of some versions of a new artifact; as the registry's admin."""

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, log, report

given = arguments()
wandb.Api().create_registry(
    name=given["registry"], visibility=given.get("visibility", "organization"), organization=ORGANIZATION
)
sources = log(f"{given['registry']}-source", "model", given["versions"])
for source in sources:
    source.link(f"wandb-registry-{given['registry']}/models")
report(sources=[source.qualified_name for source in sources])
