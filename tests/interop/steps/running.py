"""A run that prints, is asked to stop, and is taken back to an earlier step; and lists of what this server has none of."""

import sys

import wandb

from tests.interop.steps.common import TEAM, arguments, report

project = f"running-{arguments()['label']}"
with wandb.init(entity=TEAM, project=project, settings=wandb.Settings(silent=True)) as run:
    for step in range(5):
        run.log({"loss": 5 - step})
        print(f"at step {step}")
    print("what went wrong", file=sys.stderr)
    path = f"{TEAM}/{project}/{run.id}"
    newer = hasattr(wandb.Api().run(path), "stop")
    if newer:
        wandb.Api().run(path).stop()
    run_id = run.id

found = wandb.Api().run(path)
printed, last = [], []
if newer:
    printed = [
        [line.number, line.level, line.content.strip(), bool(line.timestamp)] for line in found.console_logs(per_page=2)
    ]
    last = [line.content.strip() for line in found.console_logs(last=1)]

with wandb.init(
    entity=TEAM, project=project, settings=wandb.Settings(silent=True), resume_from=f"{run_id}?_step=2"
) as run:
    run.log({"loss": 0.5})
again = wandb.Api().run(path)
api = wandb.Api()


def heard(ask):
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what the test wants to read
        return f"{type(error).__name__}: {error}"


report(
    none={
        "sweeps": heard(lambda: len(list(api.project(project, TEAM).sweeps()))),
        "sweep": heard(lambda: api.sweep(f"{TEAM}/{project}/absent")),
        "reports": heard(lambda: len(list(api.reports(f"{TEAM}/{project}")))),
        "automations": heard(lambda: len(list(api.automations(TEAM)))),
        "all_automations": heard(lambda: len(list(api.automations()))),
        "integrations": heard(lambda: len(list(api.integrations(TEAM)))),
        "jobs": heard(lambda: api.list_jobs(TEAM, project)),
        "queue": heard(lambda: api.run_queue(TEAM, "absent").id),
    },
    newer=newer,
    printed=printed,
    last=last,
    state=found.state,
    losses=[row["loss"] for row in again.history(pandas=False)],
    summary=again.summary.get("loss"),
)
