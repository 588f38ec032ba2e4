"""The rest of a working day: runs resumed and listed, drafts of new versions, types, time to live, deletion."""

from datetime import timedelta

import wandb

from tests.interop.steps.common import ORGANIZATION, TEAM, arguments, log, refused, report

name = arguments()["registry"]
quiet = wandb.Settings(silent=True)
api = wandb.Api()
api.create_registry(name=name, visibility="organization", organization=ORGANIZATION)
project = f"day-{name}"
with wandb.init(entity=TEAM, project=project, settings=quiet, config={"lr": 0.1}, tags=["a"], notes="first") as run:
    artifact = wandb.Artifact(f"{name}-day", type="model")
    with artifact.new_file("one.txt") as file:
        file.write(name)
    run.log({"loss": 0.5})
    run.link_artifact(artifact, f"wandb-registry-{name}/models", aliases=["production"])
    run_id = run.id
with wandb.init(entity=TEAM, project=project, settings=quiet, id=run_id, resume="must") as run:
    resumed = run.id == run_id
    used = [
        run.use_artifact(path).qualified_name
        for path in (f"wandb-registry-{name}/models:production", f"{name}-day:latest")
    ]
same = log(f"{name}-same", "dataset", 1)[0]

kept = wandb.Api().run(f"{TEAM}/{project}/{run_id}")
kept.notes = "second"
kept.update()
kept = wandb.Api().run(f"{TEAM}/{project}/{run_id}")

draft = api.artifact(f"{TEAM}/{project}/{name}-day:v0").new_draft()
with draft.new_file("two.txt") as file:
    file.write("two")
draft.save()
draft.wait()
lasting = api.artifact(f"{TEAM}/{project}/{name}-day:v1")
files = sorted(file.name for file in lasting.files())
lasting.ttl = timedelta(days=3)
lasting.save()
ttl = api.artifact(f"{TEAM}/{project}/{name}-day:v1").ttl
lasting.link(f"wandb-registry-{name}/models")
linked_ttl = wandb.Api().artifact(f"{TEAM}/{project}/{name}-day:v1").ttl

types = {kind.name: [found.name for found in kind.collections()] for kind in api.artifact_types(f"{TEAM}/{project}")}
versions = [found.name for found in api.artifacts("model", f"{TEAM}/{project}/{name}-day", per_page=1)]
source = api.artifact_collection("model", f"{TEAM}/{project}/{name}-day")
source.description = "Logged every day"
source.save()
source.type = "dataset"
moved = api.artifact_collection("dataset", f"{TEAM}/lab/{name}-same")
moved.type = "evaluation"
moved.save()
moved = api.artifact(f"{TEAM}/lab/{name}-same:v0").type
kept_alias = refused(api.artifact(f"{TEAM}/{project}/{name}-day:v1").delete)
api.artifact(f"{TEAM}/{project}/{name}-day:v1").delete(delete_aliases=True)

report(
    resumed=resumed,
    used=used,
    run={
        "state": kept.state,
        "config": kept.config,
        "loss": kept.summary.get("loss"),
        "tags": kept.tags,
        "notes": kept.notes,
        "files": "wandb-metadata.json" in {file.name for file in kept.files()},
    },
    runs=[found.id for found in api.runs(f"{TEAM}/{project}", filters={"state": "finished"})],
    projects=project in {found.name for found in api.projects(TEAM)},
    draft=files,
    ttl=ttl.days,
    linked_ttl=linked_ttl is None,
    types=types,
    versions=versions,
    other_type=refused(source.save),
    moved=moved,
    description=api.artifact_collection("model", f"{TEAM}/{project}/{name}-day").description,
    kept_alias=kept_alias,
    dangling=refused(wandb.Api().artifact, f"wandb-registry-{name}/models:v1"),
    still_linked=wandb.Api().artifact(f"wandb-registry-{name}/models:v0").source_version,
    exists=[api.artifact_exists(path) for path in (same.qualified_name, f"{same.qualified_name}9")],
)
