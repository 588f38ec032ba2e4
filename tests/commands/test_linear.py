"""Twice the things, at most twice the work, for each command on both backends: counted in calls, so that no clock is asked.

What is counted are the functions entered in the thread that runs the command, those of C included (`sys.setprofile`). A loop
inside one call of C is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.backends.wandb.worlds import KEYS, served, write_world
from tests.commands.inside import Cli
from tests.core.test_linear import steps

SLACK = 1.25
"""Sorts take a little more than twice the steps, and pages are full or not."""
SIZES = (8, 16, 32)


def _seed(size: int) -> dict[str, object]:
    return {
        "organization": "acme",
        "users": {"alice": {"api_key": KEYS["alice"], "role": "admin"}},
        "teams": {"acme-ml": ["alice"]},
        "artifacts": {f"acme-ml/p/a{n}": {"type": "model", "versions": 4} for n in range(size)},
        "registries": {"old": {"collections": {f"o{n}": {"type": "model"} for n in range(size)}}},
    }


def _manifest(size: int, version: int, *, extra: str = "") -> str:
    """A registry for four collections, an alias and a link for each version, tags, texts, and places that are empty."""
    lines = ["apiVersion: regsync/v1", "organization: acme", "registries:"]
    for n in range(size):
        if n % 4 == 0:
            lines += [f"  r{n}:", "    protected_aliases: [production]", "    collections:"]
        lines += [
            f"      c{n}:",
            "        type: model",
            f"        description: number {n}",
            f"        tags: [t{n}, all]",
            f"        versions: [acme-ml/p/a{n}:v0, acme-ml/p/a{n}:v1]",
            "        aliases:",
            f"          production: acme-ml/p/a{n}:v{version}",
            f"          staging: acme-ml/p/a{n}:v0",
            f"          own-{n}: acme-ml/p/a{n}:v{version}",
        ]
        if extra:
            lines.append(f"          {extra}")
    return "\n".join(lines) + "\n"


def _theirs(size: int) -> str:
    """What is live after new.yaml, but for texts, tags, members and versions."""
    text = _manifest(size, 2, extra="canary: v0")
    for old, new in (
        ("    protected_aliases", '    members: {"team:acme-ml": viewer}\n    protected_aliases'),
        ("number ", "another "),
        (", all]", ", all, more, and more]"),
        (":v1]", ":v1, acme-ml/p/a0:v3, acme-ml/p/a1:v3]"),
    ):
        text = text.replace(old, new)
    return text


ALLOW = ("--allow", "mass-change", "--allow", "latest-moves", "--allow", "remove-alias", "--allow", "irreversible")
READING = {
    "validate": ("validate", "new.yaml"),
    "render": ("render", "new.yaml"),
    "fmt": ("fmt", "--check", "new.yaml"),
    "plan": ("plan", "new.yaml", *ALLOW, "-o", "new.json"),
    "plan as JSON": ("plan", "new.yaml", *ALLOW, "--format", "json"),
    "graph": ("graph", "new.yaml"),
    "show": ("show", "new.json"),
    "show as Markdown": ("show", "new.json", "--format", "markdown"),
    "show as HTML": ("show", "new.json", "--format", "html"),
    "drift": ("drift", "new.yaml"),
    "why": ("why", "r0/c0:production", "new.yaml"),
    "unmanaged": ("unmanaged", "new.yaml"),
    "history": ("history", "new.yaml"),
    "import": ("import", "-o", "imported"),
}
"""In a world that was bootstrapped from old.yaml; new.yaml moves two of three aliases in each collection and adds one."""


def _bootstrap(cli: Cli) -> dict[str, int]:
    counted = {}

    def counting(name: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
        found = []
        counted[name] = steps(lambda: found.append(cli(*arguments)))
        assert found[0].code in codes, (name, found[0])

    counting("bootstrap: plan", "plan", "old.yaml", *ALLOW, "-o", "old.json")
    counting("bootstrap: apply", "apply", "old.json")
    counting("plan without a change", "plan", "old.yaml", "--detailed-exitcode")
    counting("undo: plan", "undo", "--last", *ALLOW, "-o", "undo.json", codes=(0, 3))
    for name, arguments in READING.items():
        counting(name, *arguments, codes=(0, 1, 2) if name in {"fmt", "drift"} else (0,))
    counting("apply", "apply", "new.yaml", *ALLOW, "--auto-approve")
    counting("promote", "promote", "r0/c0", "--from", "staging", "--to", "production", "new.yaml")
    counting("set", "set", "r0/c0:staging=acme-ml/p/a0:v1", "new.yaml")
    counting("accept", "accept", "old.yaml")
    counting("accept texts, tags, members and versions", "accept", "theirs.yaml")
    counting("accept into an overlay", "accept", "third.yaml", "--overlay", "overlay.yaml")
    for files in (("theirs.yaml",), ("third.yaml", "--overlay", "overlay.yaml")):
        assert "No changes" in cli("plan", *files).out
    return counted


@contextmanager
def _world(folder: Path, size: int, backend: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    folder.mkdir()
    patch.chdir(folder)
    registry = write_world(folder / "registry.db", _seed(size))
    Path("old.yaml").write_text(_manifest(size, 1), encoding="utf-8")
    Path("new.yaml").write_text(_manifest(size, 2, extra="canary: v0"), encoding="utf-8")
    Path("theirs.yaml").write_text(_theirs(size), encoding="utf-8")
    Path("third.yaml").write_text(_manifest(size, 3), encoding="utf-8")
    Path("overlay.yaml").write_text("apiVersion: regsync/v1\norganization: acme\n", encoding="utf-8")
    patch.setenv("REGSYNC_STATE_DIR", str(folder / "state"))
    patch.setenv("WANDB_API_KEY", KEYS["alice"])
    with served(registry) if backend == "wandb" else nullcontext("") as where:
        patch.setenv("REGSYNC_BACKEND", f"wandb:{where}" if where else f"local:{registry}")
        yield


@pytest.mark.parametrize("backend", ["local", "wandb"])
def test_each_command_takes_steps_in_proportion(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """What does not depend on the size cancels out: from n to 2n and from 2n to 4n, the second is at most twice the first."""
    found = []
    for number, size in enumerate((2, *SIZES)):  # The first fills caches and loads modules.
        with _world(tmp_path / f"world-{number}", size, backend, monkeypatch):
            found.append(_bootstrap(cli))
    _, small, middle, large = found
    more = {
        name: (small[name], middle[name], large[name])
        for name in small
        if large[name] - middle[name] > SLACK * 2 * max(middle[name] - small[name], small[name] // 20)
    }
    assert not more
