"""A team's own collections of links: in a project, and in the older model registry."""

import inspect

import wandb

from tests.interop.steps.common import ORGANIZATION, TEAM, arguments, link_facts, log, refused, report

label = arguments()["label"]
api = wandb.Api()
first, second = log(f"trained-{label}", "model", 2)
linked = []
for target in (f"{TEAM}/model-registry/Detector {label}", f"{TEAM}/lab/best-{label}"):
    api.artifact(f"{TEAM}/lab/trained-{label}:v0").link(target, aliases=["first"])
    api.artifact(f"{TEAM}/lab/trained-{label}:v1").link(target, aliases=["production"])
    linked.append(link_facts(wandb.Api().artifact(f"{target}:production")))

best = wandb.Api().artifact_collection("model", f"{TEAM}/lab/best-{label}")
best.description = "the best of each week"
best.save()
sorts = {"order": "+version_index"} if "order" in inspect.signature(wandb.Api.artifacts).parameters else {}
versions = [found.version for found in wandb.Api().artifacts("model", f"{TEAM}/lab/best-{label}", **sorts)]
versions = versions if sorts else versions[::-1]  # The older client has no order, and lists the newest first.
path = f"{TEAM}/lab/best-{label}:production"
moved = wandb.Api().artifact(f"{TEAM}/lab/best-{label}:v0")
moved.aliases = [*moved.aliases, "production"]
moved.save()
after = sorted(wandb.Api().artifact(path).aliases)
taken = refused(log, f"best-{label}", "model")
wandb.Api().artifact(f"{TEAM}/lab/best-{label}:v1").unlink()
left = [found.version for found in wandb.Api().artifacts("model", f"{TEAM}/lab/best-{label}")]
with wandb.init(entity="acme-ml", project="lab", settings=wandb.Settings(silent=True)) as run:
    used = run.use_artifact(path).source_qualified_name
foreign = refused(api.artifact(f"{TEAM}/lab/trained-{label}:v0").link, f"acme-data/model-registry/stolen-{label}")
wandb.Api().artifact_collection("model", f"{TEAM}/lab/best-{label}").delete()
report(
    linked=linked,
    kind=[
        best.is_sequence(),
        wandb.Api().artifact_collection("model", f"{TEAM}/model-registry/Detector {label}").is_sequence(),
    ],
    description=best.description,
    versions=versions,
    after=after,
    taken=taken,
    left=left,
    used=used,
    foreign=foreign,
    gone=wandb.Api().artifact_collection_exists(f"{TEAM}/lab/best-{label}", "model"),
    registries=[found.name for found in api.registries(organization=ORGANIZATION)],
)
