"""Files of many sizes go up with an artifact and come down through its link, byte for byte; references; use by a run."""

import random
from pathlib import Path

import wandb

from tests.interop.steps.common import ORGANIZATION, TEAM, arguments, report

name = arguments()["registry"]
dice = random.Random(name)
contents = {
    "empty.bin": b"",
    "small.txt": "Grüße\n".encode(),
    "folder/inner/odd name (1).bin": dice.randbytes(16 * 1024),
    "folder/just over.bin": dice.randbytes(16 * 1024 + 1),
    "large.bin": dice.randbytes(3_000_000),
}
target = f"wandb-registry-{name}"
quiet = wandb.Settings(silent=True)
wandb.Api().create_registry(name=name, visibility="organization", organization=ORGANIZATION)
with wandb.init(entity=TEAM, project="lab", settings=quiet) as run:
    artifact = wandb.Artifact(f"{name}-files", type="dataset", metadata={"rows": 3})
    for path, data in contents.items():
        local = Path("up") / path
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(data)
    artifact.add_dir("up")
    run.link_artifact(artifact, f"{target}/files")
    reference = wandb.Artifact(f"{name}-reference", type="dataset")
    reference.add_reference("https://example.invalid/data.csv", name="elsewhere.csv", checksum=False)
    run.link_artifact(reference, f"{target}/references")

found = wandb.Api().artifact(f"{target}/files:latest")
found.download(root="down", skip_cache=True)
for path in contents:
    found.get_entry(path).download(root="one by one", skip_cache=True)

with wandb.init(entity=TEAM, project="lab", settings=quiet) as run:
    used = run.use_artifact(f"{target}/files:v0")
    run_path = f"{run.entity}/{run.project}/{run.id}"
user = wandb.Api().run(run_path)

report(
    different={
        folder: [path for path, data in contents.items() if (Path(folder) / path).read_bytes() != data]
        for folder in ("down", "one by one")
    },
    extra=sorted(
        str(path.relative_to("down"))
        for path in Path("down").rglob("*")
        if path.is_file() and str(path.relative_to("down")) not in contents
    ),
    listed={file.name: file.size for file in found.files(per_page=2)},
    sizes={path: len(data) for path, data in contents.items()},
    total=found.size,
    metadata=found.metadata,
    reference={
        path: entry.ref for path, entry in wandb.Api().artifact(f"{target}/references:v0").manifest.entries.items()
    },
    used_by=[f"{one.entity}/{one.project}/{one.id}" == run_path for one in used.used_by()],
    used=[item.source_qualified_name for item in user.used_artifacts()],
    logged=sorted(item.name for item in found.logged_by().logged_artifacts()),
    state=user.state,
)
