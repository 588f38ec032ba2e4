"""What imports what in regsync, by module and by wing; and the wings as an arrow diagram."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import regsync

PACKAGE = Path(regsync.__file__).parent
HOUSES = ("manifest", "local", "backends", "backends.wandb")
"""Folders whose folders and files are wings of their own."""
WORDS = {"names", "alike", "diagnostics", "git", "hiding", "system", "version", "schema_files", "slots"}
"""What everyone uses, and no arrow has to say so."""
DOORS = {"", "__main__", "api"}

Graph = Mapping[str, set[str]]


def imports() -> Graph:
    """For each module of regsync, the modules of regsync that it imports: at its top, in a function, or for types only."""
    modules = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found: dict[str, set[str]] = {module: set() for module in modules}
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found[module] |= {alias.name for alias in node.names} & set(modules)
            elif isinstance(node, ast.ImportFrom) and node.module in modules:
                named = (f"{node.module}.{alias.name}" for alias in node.names)
                found[module] |= {name if name in modules else node.module for name in named}
    return found


def wing_of(module: str) -> str:
    """`backends.wandb.reading` for `regsync.backends.wandb.reading.moves`; for a house itself, its own name."""
    parts = module.split(".")[1:]
    if parts[:3] == ["backends", "wandb", "backend"]:
        return "backends.wandb"
    depth = 1
    while ".".join(parts[:depth]) in HOUSES and depth < len(parts):
        depth += 1
    return ".".join(parts[:depth])


def wings(modules: Graph) -> Graph:
    """The same by wing, without what everyone uses."""
    found: dict[str, set[str]] = {}
    for module, others in modules.items():
        own = wing_of(module)
        if own in WORDS or own in DOORS:
            continue
        found.setdefault(own, set()).update(wing_of(other) for other in others)
    return {wing: others - WORDS - {wing} for wing, others in found.items() if others or wing not in HOUSES}


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    left = [start]
    while left:
        new = graph.get(left.pop(), set()) - seen
        seen |= new
        left += new
    return seen


def essential(graph: Graph) -> Graph:
    """Without the arrows that other arrows imply."""
    return {
        wing: {other for other in others if not any(other in _reachable(graph, one) for one in others - {other})}
        for wing, others in graph.items()
    }


def diagram(graph: Graph) -> str:
    """Mermaid: a box a wing, boxes of a house in a frame, an arrow from who imports to what is imported."""
    boxes = sorted(graph)
    lines = ["flowchart TD", *_boxes(boxes, "")]
    lines += [f"  {_id(wing)} --> {_id(other)}" for wing in boxes for other in sorted(graph[wing])]
    return "\n".join(lines)


def _boxes(boxes: list[str], house: str) -> list[str]:
    """What is drawn inside a frame (outside of all: ""), frames within it last."""
    inside = [wing for wing in boxes if wing.rpartition(".")[0] == house and wing not in HOUSES]
    lines = [f"  {_id(wing)}[{wing.rpartition('.')[2]}]" for wing in [*([house] if house in boxes else []), *inside]]
    for frame in (each for each in HOUSES if each.rpartition(".")[0] == house):
        lines += [f'  subgraph {_id(frame)}_frame["{frame.rpartition(".")[2]}/"]']
        lines += [f"  {line}" for line in _boxes(boxes, frame)]
        lines += ["  end"]
    return lines


def _id(wing: str) -> str:
    return wing.replace(".", "_")
