"""Link by run and by artifact, to new and existing collections, link again, unlink, read by index and by alias."""

import wandb

from tests.interop.steps.common import ORGANIZATION, TEAM, arguments, link_facts, log, refused, report

name = arguments()["registry"]
api = wandb.Api()
registry = api.create_registry(name=name, visibility="organization", organization=ORGANIZATION)
target = f"wandb-registry-{name}"

with wandb.init(entity=TEAM, project="lab", settings=wandb.Settings(silent=True)) as run:
    first = wandb.Artifact(f"{name}-source", type="model")
    with first.new_file("weights.txt") as file:
        file.write(f"first {name}")
    by_run = link_facts(run.link_artifact(first, f"{target}/by run", aliases=["staging", "best one"]))
    logged = run.log_artifact(first).wait()

(second,) = log(f"{name}-source", "model")
by_artifact = link_facts(second.link(f"{target}/by run"))
plain = link_facts(second.link(f"{target}/by artifact"))
with_organization = link_facts(second.link(f"{ORGANIZATION}/{target}/with organization", aliases=["x"]))
with_entity = link_facts(second.link(f"acme-org/{target}/with entity"))
again = link_facts(logged.link(f"{target}/by run", aliases=["again"]))

read = {
    key: link_facts(api.artifact(f"{target}/by run:{key}")) for key in ("v0", "v1", "staging", "best one", "latest")
}
read["organization"] = link_facts(api.artifact(f"{ORGANIZATION}/{target}/by run:v1"))
link_of_link = link_facts(api.artifact(f"{target}/by run:v0").link(f"{target}/copy"))

(dataset,) = log(f"{name}-data", "dataset")
other_type = refused(dataset.link, f"{target}/by run")
no_registry = refused(dataset.link, f"{target}-missing/any")

linked = {place.qualified_name for place in api.artifact(second.qualified_name).linked_artifacts}
api.artifact(f"{target}/by run:v1").unlink()
after_unlink = {
    "gone": refused(api.artifact, f"{target}/by run:v1"),
    "latest": link_facts(api.artifact(f"{target}/by run:latest")),
    "source": api.artifact_exists(second.qualified_name),
}
(third,) = log(f"{name}-source", "model")
next_index = link_facts(third.link(f"{target}/by run"))["version"]
api.artifact(f"{target}/by run:{next_index}").delete()

report(
    by_run=by_run,
    by_artifact=by_artifact,
    plain=plain,
    with_organization=with_organization,
    with_entity=with_entity,
    again=again,
    read=read,
    link_of_link=link_of_link,
    other_type=other_type,
    no_registry=no_registry,
    linked=sorted(linked),
    after_unlink=after_unlink,
    next_index=next_index,
    deleted_link=refused(api.artifact, f"{target}/by run:{next_index}"),
    third_is_kept=api.artifact_exists(third.qualified_name),
    unlink_source=refused(third.unlink),
)
