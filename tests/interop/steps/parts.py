"""Artifacts logged in parts: one that builds on the version before, and one that several runs log together."""

from pathlib import Path

import wandb

from tests.interop.steps.common import TEAM, arguments, report

label = arguments()["label"]
quiet = wandb.Settings(silent=True)
project = f"parts-{label}"


def part(name, text, **more):
    made = wandb.Artifact(name, type="dataset", **more)
    with made.new_file(f"{text}.txt") as file:
        file.write(text)
    return made


def contents(path):
    found = wandb.Api().artifact(path)
    folder = found.download()
    files = {name: Path(folder, name).read_text() for name in sorted(found.manifest.entries)}
    return [found.version, sorted(found.aliases), files, found.file_count, found.size]


with wandb.init(entity=TEAM, project=project, settings=quiet) as run:
    for text in ("one", "two"):
        run.log_artifact(part("grows", text, incremental=True)).wait()

for text in ("a", "b"):
    with wandb.init(entity=TEAM, project=project, settings=quiet, group="workers") as run:
        run.upsert_artifact(part("shared", text))
before = wandb.Api().artifact_exists(f"{TEAM}/{project}/shared:latest")
with wandb.init(entity=TEAM, project=project, settings=quiet, group="workers") as run:
    run.finish_artifact(part("shared", "c"), aliases=["whole"]).wait()
with wandb.init(entity=TEAM, project=project, settings=quiet, group="workers") as run:
    run.finish_artifact(part("shared", "d")).wait()

report(
    grown=[contents(f"{TEAM}/{project}/grows:v{index}") for index in (0, 1)],
    before=before,
    shared=[contents(f"{TEAM}/{project}/shared:v{index}") for index in (0, 1)],
)
