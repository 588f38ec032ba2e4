"""Try to link an artifact of the user's own entity."""

import wandb

from tests.interop.steps.common import arguments, refused, report

target = arguments()["target"]
with wandb.init(project="mine", settings=wandb.Settings(silent=True)) as run:
    artifact = wandb.Artifact("private", type="model")
    with artifact.new_file("weights.txt") as file:
        file.write(run.id)
    by_run = refused(run.link_artifact, artifact, target)
    logged = run.log_artifact(artifact).wait()
report(**{"by run": by_run, "by artifact": refused(logged.link, target)})
