"""List and search registries, collections and versions: filters, pages of every size, and (newer clients) orders."""

import inspect

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, log, refused, report

prefix = arguments()["prefix"]
api = wandb.Api()
for name, description in (("alpha", "first"), ("beta", "second"), ("gamma", None)):
    api.create_registry(
        name=f"{prefix}-{name}", visibility="organization", organization=ORGANIZATION, description=description
    )
versions = log(f"{prefix}-source", "model", 4, auc=[0.5, 0.6, 0.7, 0.8], deep=[{"n": number} for number in range(4)])
for number, version in enumerate(versions):
    version.link(f"wandb-registry-{prefix}-alpha/many", aliases=[f"n{number}"])
versions[0].link(f"wandb-registry-{prefix}-alpha/zero")
versions[1].link(f"wandb-registry-{prefix}-beta/one", aliases=["prod"])
versions[2].link(f"wandb-registry-{prefix}-beta/two")
tagged = api.artifact(f"wandb-registry-{prefix}-beta/two:v0")
tagged.tags = ["good"]
tagged.save()
collection = tagged.collection
collection.tags = ["tabular"]
collection.description = "Two"
collection.save()

mine = {"name": {"$regex": f"{prefix}-"}}


def registries(filter, **more):
    return [found.name.removeprefix(f"{prefix}-") for found in api.registries(ORGANIZATION, filter, **more)]


def collections(filter, **more):
    found = api.registries(ORGANIZATION, mine).collections(filter, **more)
    return [item.name for item in found]


def linked(filter, **more):
    return [item.name for item in api.registries(ORGANIZATION, mine).versions(filter=filter, **more)]


can_order = "order" in inspect.signature(api.registries).parameters
ordered = {}
if can_order:
    alpha = api.registry(f"{prefix}-alpha", ORGANIZATION)
    ordered = {
        "registries": [registries(mine, order=word) for word in ("name", "-name", "+created_at", "-created_at")],
        "collections": [collections(None, order=word, per_page=1) for word in ("name", "-name")],
        "versions": [
            [item.name for item in alpha.versions(order=word, per_page=2)] for word in ("linked_at", "-linked_at")
        ],
        "by registry": [found.name for found in api.registries(ORGANIZATION, mine, order="-name").collections()],
        "count": len(api.registries(ORGANIZATION, mine).collections()),
        "wrong": refused(registries, mine, order="size"),
    }

report(
    registries={
        "regex": sorted(registries(mine)),
        "pages": {size: sorted(registries(mine, per_page=size)) for size in (1, 2, 3, 100)},
        "name": registries({"name": f"{prefix}-beta"}),
        "in": sorted(registries({"name": {"$in": [f"{prefix}-beta", f"{prefix}-gamma", "other"]}})),
        "or": sorted(registries({"$or": [{"name": f"{prefix}-beta"}, {"name": f"{prefix}-alpha"}]})),
        "and": registries({"$and": [mine, {"description": "second"}]}),
        "not": sorted(registries({"$and": [mine, {"description": {"$ne": "second"}}]})),
        "none": registries({"name": "no such registry"}),
    },
    collections={
        "all": sorted(collections(None)),
        "pages": {size: sorted(collections(None, per_page=size)) for size in (1, 2, 100)},
        "regex": sorted(collections({"name": {"$regex": "^(one|two)$"}})),
        "tag": collections({"tag": "tabular"}),
        "description": collections({"description": {"$regex": "Tw"}}),
    },
    versions={
        "all": sorted(linked(None)),
        "pages": {size: sorted(linked(None, per_page=size)) for size in (1, 3, 100)},
        "alias": linked({"alias": "prod"}),
        "tag": sorted(linked({"tag": "good"})),
        "or": sorted(linked({"$or": [{"alias": "prod"}, {"alias": {"$in": ["n0", "n3"]}}]})),
        "latest": sorted(linked({"alias": "latest"})),
        "metadata": sorted(linked({"metadata.auc": {"$gte": 0.7}})),
        "metadata inside": sorted(linked({"metadata.deep.n": 3})),
        "of collections": sorted(
            item.name for item in api.registries(ORGANIZATION, mine).collections({"name": "many"}).versions()
        ),
        "of one registry": sorted(item.name for item in api.registry(f"{prefix}-beta", ORGANIZATION).versions()),
    },
    can_order=can_order,
    ordered=ordered,
)
