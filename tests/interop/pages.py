"""The vendor's own code samples, as runnable scripts: placeholders filled in, and nothing else changed.

The two pages lie in `../shared/seeds/` beside a checkout of this project. They are not ours, so they are not kept here;
where they are absent, `OWN_SAMPLE` makes the same calls in the same order.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PAGES = Path(__file__).parents[3] / "shared" / "seeds"

OWN_SAMPLE = """
import wandb

run = wandb.init(entity="<team_entity>", project="<project_name>")
artifact = wandb.Artifact(name="<name>", type="<type>")
artifact.add_file(local_path="<local_path_to_artifact>")
run.link_artifact(
    artifact=artifact, target_path="wandb-registry-<registry_name>/<collection_name>", aliases=["<alias_1>", "<alias_2>"]
)
"""

_FENCE = re.compile(r"^([ \t]*)```python[ \t]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_PLACEHOLDER = re.compile(r"<(\w+)>")


class Sample(NamedTuple):
    """One sample: where it stands, its code, and whether it links a version."""

    name: str
    code: str
    links: bool


def samples() -> list[Sample]:
    """Every sample that can run by itself: those that import wandb, each with the block that continues it."""
    found = []
    for page in sorted(PAGES.glob("*.txt")) if PAGES.is_dir() else []:
        blocks = [textwrap.dedent(match[2]) for match in _FENCE.finditer(page.read_text(encoding="utf-8"))]
        for number, block in enumerate(blocks):
            following = blocks[number + 1] if number + 1 < len(blocks) else ""
            continued = block + following if following.lstrip().startswith("artifact = wandb.") else block
            if "import wandb" in block:
                found.append(Sample(f"{page.stem}-{number}", continued, "link_artifact" in continued))
    return found or [Sample("own", OWN_SAMPLE, True)]


def filled(code: str, values: Mapping[str, str]) -> str:
    """The sample with its placeholders filled in. Fails for a placeholder that the test does not know."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], code)
