"""Link and download an artifact that `regsync local seed` or `local artifact log` made, without any client."""

from base64 import b64encode
from pathlib import Path

import wandb

from tests.interop.steps.common import ORGANIZATION, arguments, link_facts, report

given = arguments()
api = wandb.Api()
api.create_registry(name=given["registry"], visibility="organization", organization=ORGANIZATION)
linked = api.artifact(given["source"]).link(f"wandb-registry-{given['registry']}/models")
linked.download(root="down", skip_cache=True)
linked.verify("down")
report(
    files={
        str(path.relative_to("down")): b64encode(path.read_bytes()).decode()
        for path in Path("down").rglob("*")
        if path.is_file()
    },
    metadata=linked.metadata,
    link=link_facts(linked),
)
