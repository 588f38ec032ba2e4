"""An example for every command, shown below its options."""

from __future__ import annotations

EXAMPLES = {
    "init": "regsync init registries-repository --from-live",
    "import": "regsync --backend wandb import model -o registries",
    "local": "regsync local seed seed.yaml",
    "local init": "regsync local init --org acme",
    "local seed": "regsync local seed seed.yaml",
    "local user": "regsync local user add alice --admin",
    "local user add": "regsync local user add alice --admin",
    "local user key": "regsync local user key alice",
    "local user list": "regsync local user list --format json",
    "local org": "regsync local org add acme --member alice:admin",
    "local org add": "regsync local org add acme --member alice:admin",
    "local team": "regsync local team add acme-ml --member alice",
    "local team add": "regsync local team add acme-ml --member alice",
    "local artifact": "regsync local artifact log acme-ml/fraud/detector --type model --file model.bin",
    "local artifact log": "regsync local artifact log acme-ml/fraud/detector --type model --file model.bin",
    "local serve": "regsync local serve --port 8080",
    "local info": "regsync local info --db rehearsal.db",
    "validate": "regsync validate registries",
    "render": "regsync render registries --overlay staging.yaml",
    "fmt": "regsync fmt registries --check",
    "promote": "regsync promote model/fraud-detector --from staging --to production registries",
    "set": "regsync set model/fraud-detector:canary=acme-ml/fraud/detector:v13 registries",
    "accept": "regsync accept model/fraud-detector:production registries",
    "plan": "regsync plan registries -o plan.json",
    "show": "regsync show plan.json --format markdown",
    "apply": "regsync apply plan.json",
    "undo": "regsync undo --last -o undo.json",
    "receipts": "regsync receipts",
    "drift": "regsync drift registries",
    "history": "regsync history model/fraud-detector:production",
    "unmanaged": "regsync unmanaged registries",
    "why": "regsync why model/fraud-detector:production registries",
    "graph": "regsync graph registries --format dot",
    "comment": "regsync comment plan.json --github",
    "reviewed": "regsync reviewed --github -o plan.json",
    "doctor": "regsync --backend wandb doctor registries",
    "help": "regsync help plan",
    "schema": "regsync schema manifest > manifest.schema.json",
    "completion": 'eval "$(regsync completion bash)"',
}
"""By the command's words behind `regsync`."""


def epilog(name: str) -> str | None:
    """What stands below the options of a command."""
    example = EXAMPLES.get(name)
    return f"\b\nExample:\n  {example}" if example else None
