"""Add, move and remove aliases; tags and metadata of versions; collections edited and deleted."""

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, log, refused, report

name = arguments()["registry"]
api = wandb.Api()
registry = api.create_registry(name=name, visibility="organization", organization=ORGANIZATION)
target = f"wandb-registry-{name}/models"
for source in log(f"{name}-source", "model", 3):
    source.link(target)


def version(key):
    return wandb.Api().artifact(f"{target}:{key}")


def aliases():
    return {key: sorted(version(key).aliases) for key in ("v0", "v1", "v2")}


one = version("v1")
one.aliases.extend(["production", "champion 1"])
one.save()
added = aliases()

two = version("v2")
two.aliases.append("production")
two.save()
moved = aliases()

one = version("v1")
one.aliases.remove("champion 1")
one.save()
removed = aliases()

reserved = {}
for word in ("latest", "v7"):
    zero = version("v0")
    zero.aliases.append(word)
    reserved[word] = refused(zero.save)

tagged = version("v0")
tagged.tags = ["fraud", "EU 2026"]
tagged.metadata["auc"] = 0.91
tagged.description = "Tabular"
tagged.save()
tagged.tags.remove("fraud")
tagged.save()
seen = version("v0")
original = wandb.Api().artifact(seen.source_qualified_name)

collection = version("v0").collection
collection.name = "detectors"
collection.description = "Card fraud"
collection.tags = ["tabular", "fraud"]
collection.save()
collection.tags = ["tabular"]
collection.save()
found = wandb.Api().artifact_collection("model", f"acme-org/wandb-registry-{name}/detectors")
collection_facts = {
    "name": found.name,
    "description": found.description,
    "tags": sorted(found.tags),
    "type": found.type,
    "is_sequence": found.is_sequence(),
    "aliases": sorted(found.aliases),
    "versions": sorted(item.name for item in found.artifacts(per_page=1)),
}
old_name = refused(version, "v0")
found.delete()

report(
    added=added,
    moved=moved,
    removed=removed,
    reserved=reserved,
    version={"tags": seen.tags, "metadata": seen.metadata, "description": seen.description},
    source={"tags": original.tags, "metadata": original.metadata, "aliases": sorted(original.aliases)},
    collection=collection_facts,
    old_name=old_name,
    deleted=refused(wandb.Api().artifact, f"wandb-registry-{name}/detectors:v0"),
    source_is_kept=wandb.Api().artifact_exists(seen.source_qualified_name),
)
