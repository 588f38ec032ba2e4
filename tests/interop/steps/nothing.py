"""What the client lists that this server has none of: sweeps, reports, queues, automations, integrations."""

import wandb

from tests.interop.steps.common import arguments, report

given = arguments()
entity, project = given["entity"], given["project"]
api = wandb.Api()


def heard(ask):
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what the test wants to read
        return f"{type(error).__name__}: {error}"


report(
    sweeps=heard(lambda: len(list(api.project(project, entity).sweeps()))),
    sweep=heard(lambda: api.sweep(f"{entity}/{project}/absent")),
    reports=heard(lambda: len(list(api.reports(f"{entity}/{project}")))),
    automations=heard(lambda: len(list(api.automations(entity)))),
    all_automations=heard(lambda: len(list(api.automations()))),
    integrations=heard(lambda: len(list(api.integrations(entity)))),
    jobs=heard(lambda: api.list_jobs(entity, project)),
    queue=heard(lambda: api.run_queue(entity, "absent").id),
)
