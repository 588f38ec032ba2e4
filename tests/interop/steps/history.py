"""Metrics logged step by step, read back in every way that the client has; a run resumed, and deleted."""

import wandb

from tests.interop.steps.common import TEAM, arguments, refused, report

name = arguments()["registry"]
quiet = wandb.Settings(silent=True)
project = f"history-{name}"
with wandb.init(entity=TEAM, project=project, settings=quiet) as run:
    for step in range(20):
        run.log({"loss": 1 / (step + 1), "nan": float("nan")} | ({"accuracy": step} if step % 2 else {}))
    run.log({"table": wandb.Table(columns=["a", "b"], data=[[1, "x"]])})
    run_id = run.id
with wandb.init(entity=TEAM, project=project, settings=quiet, id=run_id, resume="must") as run:
    resumed_at = run.starting_step
    run.log({"loss": 0.01})

found = wandb.Api().run(f"{TEAM}/{project}/{run_id}")
whole = found.history(pandas=False)
few = found.history(samples=5, pandas=False)
keyed = found.history(keys=["accuracy"], pandas=False)
scanned = list(found.scan_history())
some = list(found.scan_history(keys=["accuracy", "_step"], min_step=4, max_step=10, page_size=2))
logged = [[kept.type, kept.name, kept.history_step] for kept in found.logged_artifacts()]
table = wandb.Api().artifact(f"{TEAM}/{project}/run-{run_id}-table:v0")
logged.append([table.type, table.history_step, table.get("table").data, table.logged_by().id == run_id])
summary = {key: found.summary.get(key) for key in ("loss", "accuracy")}
last = found.lastHistoryStep
gone = wandb.Api().run(f"{TEAM}/{project}/{run_id}")
deleted = refused(gone.delete, delete_artifacts=True)

report(
    resumed_at=resumed_at,
    steps=[row["_step"] for row in whole],
    losses=[row.get("loss") for row in whole][:3],
    few=[row["_step"] for row in few],
    keyed=[[row["_step"], row["accuracy"]] for row in keyed],
    scanned=[row["_step"] for row in scanned],
    some=[[row["_step"], row["accuracy"]] for row in some],
    logged=logged,
    table=table.name,
    summary=summary,
    last=last,
    deleted=deleted,
    gone=refused(wandb.Api().run, f"{TEAM}/{project}/{run_id}"),
)
