"""Protected aliases, as whoever runs this: put on, moved, taken off, and what they guard."""

import wandb

from tests.interop.steps.common import arguments, refused, report

given = arguments()
target = f"wandb-registry-{given['registry']}/models"


def version(key):
    return wandb.Api().artifact(f"acme-org/{target}:{key}")


def put(key, alias):
    found = version(key)
    found.aliases.append(alias)
    found.save()


def take(key, alias):
    found = version(key)
    found.aliases.remove(alias)
    found.save()


def delete_collection():
    version("latest").collection.delete()


def relink():
    wandb.Api().artifact(given["source"]).link(target, aliases=["production"])


tries = {
    "ordinary": lambda: put("v1", "canary"),
    "link": relink,
    "put": lambda: put("v1", "production"),
    "take": lambda: take("v1", "production"),
    "back": lambda: put("v0", "production"),
    "move": lambda: put("v1", "production"),
    "unlink": lambda: version("v0").unlink(),
    "delete collection": delete_collection,
    "delete source": lambda: wandb.Api().artifact(given["guarded_source"]).delete(delete_aliases=True),
}
report(**{name: refused(tries[name]) for name in given["tries"]})
