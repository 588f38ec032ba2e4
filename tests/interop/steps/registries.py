"""Create, load, edit, rename and delete registries."""

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, refused, report

given = arguments()
prefix = given["prefix"]
api = wandb.Api()


def facts(registry):
    return {
        "name": registry.name,
        "full_name": registry.full_name,
        "entity": registry.entity,
        "organization": registry.organization,
        "description": registry.description,
        "visibility": registry.visibility,
        "all_types": registry.allow_all_artifact_types,
        "types": sorted(registry.artifact_types),
    }


def load(name):
    return api.registry(name, ORGANIZATION)


made = api.create_registry(name=f"{prefix} one", visibility="organization", organization=ORGANIZATION)
created = facts(made)
first_id = made.id
taken = refused(
    api.create_registry, name=f"{prefix} one", visibility="organization", organization=ORGANIZATION, description="again"
)

descriptions = []
for text in given["descriptions"]:
    made.description = text
    made.save()
    descriptions.append(load(f"{prefix} one").description)

made.allow_all_artifact_types = False
made.artifact_types.append("model")
made.save()
made.artifact_types.append("dataset")
made.save()
typed = facts(load(f"{prefix} one"))
unsaved_type = refused(made.artifact_types.remove, "model")

made.name = f"{prefix} renamed"
made.save()
renamed = {**facts(load(f"{prefix} renamed")), "same_id": made.id == first_id}
old_name = refused(load, f"{prefix} one")

restricted = api.create_registry(
    name=f"{prefix} closed",
    visibility="restricted",
    organization=ORGANIZATION,
    description="For members",
    artifact_types=["model"],
)
closed = facts(restricted)
restricted.visibility = "organization"
opened = refused(restricted.save)

made.delete()
report(
    created=created,
    taken=taken,
    descriptions=descriptions,
    typed=typed,
    unsaved_type=unsaved_type,
    renamed=renamed,
    old_name=old_name,
    closed=closed,
    opened=opened,
    gone=refused(load, f"{prefix} renamed"),
    deleted_twice=refused(made.delete),
    bad_name=refused(api.create_registry, name="a/b", visibility="organization", organization=ORGANIZATION),
    bad_organization=refused(api.registry, "any", "no such organization"),
)
