"""What somebody sees and may do, as one line for each thing that they try."""

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, refused, report

given = arguments()
api = wandb.Api()
tried = {}
for name in given["registries"]:
    tried[name] = {
        "load": refused(api.registry, name, ORGANIZATION),
        "version": refused(api.artifact, f"acme-org/wandb-registry-{name}/models:v0"),
    }
found = [registry.name for registry in api.registries(organization=ORGANIZATION)] if given["list"] else []
report(tried=tried, found=sorted(set(found) & set(given["registries"])))
