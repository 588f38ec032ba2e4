"""The manifest that a plan holds (`regsync.manifest.writing.render.to_manifest`) as `Desired` again.

It is no file that somebody wrote, so it has no places, no variables and no defaults; its structure and its meaning are
checked like any other manifest's, because whoever can write a plan file can write anything into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yaml.error import Mark

from regsync.core.desired import Desired
from regsync.diagnostics import Diagnostic, RegsyncError
from regsync.manifest.reading.build import build
from regsync.manifest.reading.check import check
from regsync.manifest.reading.tree import MAX_DEPTH, Block, Document, Items

_HERE = Mark("plan", 0, 0, 0, None, 0)


def desired_from(manifest: Mapping[str, Any]) -> Desired:
    """Read it back. Raises `RegsyncError` where it is none that regsync wrote."""
    document = Document(_node(dict(manifest), 0), _HERE)
    problems = check(document)
    if not problems and isinstance(document.root, Block):
        document.root.pop("apiVersion", None)
        desired, findings = build(document.root, None)
        problems = [each for each in findings if each.is_error]
        if not problems:
            return desired
    raise _malformed(problems)


def _malformed(problems: list[Diagnostic]) -> RegsyncError:
    what = problems[0].message if problems else "it is no map"
    return RegsyncError(
        f"this plan is malformed: what it says its manifests declare is no manifest: {what}",
        "make the plan again",
        code="plan-malformed",
    )


def _node(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        block = Block()
        block.mark = _HERE
        block.at = dict.fromkeys(value, (_HERE, _HERE))
        for key, each in value.items():
            block[key] = _node(each, depth + 1)
        return block
    if isinstance(value, list):
        items = Items(_node(each, depth + 1) for each in value)
        items.mark = _HERE
        items.at = [_HERE] * len(value)
        return items
    return value.replace("$${", "${") if isinstance(value, str) else value
