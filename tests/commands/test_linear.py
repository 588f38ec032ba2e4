"""Twice the things, at most twice the work, for each command on both backends: counted in calls, so that no clock is asked.

What is counted are the functions entered in the thread that runs the command, those of C included (`sys.setprofile`). A loop
inside one call of C is not seen.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import yaml

from tests.backends.wandb.worlds import KEYS, served, write_world
from tests.commands.inside import Cli
from tests.core.test_linear import steps
from tests.interop.worlds import api_key

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
    "plan": ("plan", "new.yaml", *ALLOW, "-o", "new.json"),
    "plan as JSON": ("plan", "new.yaml", *ALLOW, "--format", "json"),
    "graph": ("graph", "new.yaml"),
    "drift": ("drift", "new.yaml"),
    "why": ("why", "r0/c0:production", "new.yaml"),
    "unmanaged": ("unmanaged", "new.yaml"),
    "history": ("history", "new.yaml"),
    "import": ("import", "-o", "imported"),
}
"""In a world that was bootstrapped from old.yaml; new.yaml moves two of three aliases in each collection and adds one."""
OFFLINE = {
    "validate": ("validate", "new.yaml"),
    "render": ("render", "new.yaml"),
    "fmt": ("fmt", "--check", "new.yaml"),
    "show": ("show", "new.json"),
    "show as Markdown": ("show", "new.json", "--format", "markdown"),
    "show as HTML": ("show", "new.json", "--format", "html"),
}
"""What asks no backend, so counting it once is enough."""


def _counted(cli: Cli, *arguments: str, codes: tuple[int, ...] = (0,)) -> int:
    found = []
    counted = steps(lambda: found.append(cli(*arguments)))
    assert found[0].code in codes, (arguments, found[0])
    return counted


def _bootstrap(cli: Cli, backend: str) -> dict[str, int]:
    counted = {}

    def counting(name: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
        counted[name] = _counted(cli, *arguments, codes=codes)

    counting("bootstrap: plan", "plan", "old.yaml", *ALLOW, "-o", "old.json")
    counting("bootstrap: apply", "apply", "old.json")
    counting("plan without a change", "plan", "old.yaml", "--detailed-exitcode")
    counting("undo: plan", "undo", "--last", *ALLOW, "-o", "undo.json", codes=(0, 3))
    for name, arguments in (READING | (OFFLINE if backend == "local" else {})).items():
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
def _world(
    folder: Path, size: int, backend: str, patch: pytest.MonkeyPatch, seed: dict[str, object] | None = None
) -> Iterator[None]:
    folder.mkdir()
    patch.chdir(folder)
    registry = write_world(folder / "registry.db", seed or _seed(size))
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
            found.append(_bootstrap(cli, backend))
    assert not _more_than_doubled(found)


def _more_than_doubled(found: Sequence[dict[str, int]]) -> dict[str, tuple[int, int, int]]:
    """The commands that took more, of the worlds of `SIZES`, which come after the first."""
    _, small, middle, large = found
    return {
        name: (small[name], middle[name], large[name])
        for name in small
        if large[name] - middle[name] > SLACK * 2 * max(middle[name] - small[name], small[name] // 20)
    }


def _together(shape: str, **kinds: object) -> str:
    """Registry `r` with one collection `c`: each list and each map in brackets, or with a line for each entry."""

    def written(value: object, indent: str) -> str:
        if shape == "brackets":
            return f" {json.dumps(value)}"
        return f"\n{textwrap.indent(yaml.safe_dump(value, sort_keys=False), indent)}".rstrip()

    lines = ["apiVersion: regsync/v1", "organization: acme", "registries:", "  r:"]
    lines += [f"    members:{written(kinds.pop('members'), '      ')}"] if "members" in kinds else []
    lines += ["    collections:", "      c:", "        type: model"]
    return (
        "\n".join((*lines, *(f"        {key}:{written(value, '          ')}" for key, value in kinds.items()))) + "\n"
    )


def _one_collection(shape: str, size: int) -> dict[str, str]:
    """`ours.yaml`, which has `size` of each kind, and `theirs.yaml`, in which they are gone, others are there, and as many collections."""
    numbers = range(size)
    versions = [f"acme-ml/p/a{n}:v0" for n in numbers]
    tags, aliases = [f"t{n}" for n in numbers], {f"a{n}": f"acme-ml/p/a{n}:v0" for n in numbers}
    members = {f"m{n}": "viewer" for n in numbers}
    ours = _together(shape, members=members, tags=tags, versions=versions, aliases=aliases)
    base = _together(shape, tags=tags, aliases=aliases)
    theirs = _together(
        "lines",
        members={f"{who}{n}": "member" for n in numbers for who in "mk"},
        tags=[f"u{n}" for n in numbers],
        aliases={f"b{n}": f"acme-ml/p/a{n}:v1" for n in numbers},
    )
    overlay = _together(shape, tags=["own"], aliases={"own": "absent"}).replace("        type: model\n", "")
    theirs += "".join(f"      c{n}: {{type: model, tags: [one]}}\n" for n in numbers)
    return {"ours.yaml": ours, "theirs.yaml": theirs, "base.yaml": base, "overlay.yaml": overlay}


@pytest.mark.parametrize("shape", ["brackets", "lines"])
def test_what_one_list_or_map_holds_is_edited_together(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    found: list[dict[str, int]] = []
    for number, size in enumerate((2, *SIZES)):
        people = {f"{who}{n}": {"api_key": api_key(f"{who}{n}")} for n in range(size) for who in "mk"}
        seed = _seed(size)
        seed["users"] |= people  # type: ignore[operator]
        with _world(tmp_path / f"world-{number}", size, "local", monkeypatch, seed):
            for name, text in _one_collection(shape, size).items():
                Path(name).write_text(text, encoding="utf-8")
            assert cli("apply", "theirs.yaml", *ALLOW, "--auto-approve").code == 0
            found.append(
                {
                    name: _counted(cli, *arguments)
                    for name, arguments in {
                        "accept": ("accept", "ours.yaml"),
                        "accept into an overlay": ("accept", "base.yaml", "--overlay", "overlay.yaml"),
                        "import --update": ("import", "--members", "--update", "ours.yaml"),
                    }.items()
                }
            )
            assert "No changes" in cli("plan", "ours.yaml").out
            assert "No changes" in cli("plan", "base.yaml", "--overlay", "overlay.yaml").out
            assert "Everything" in cli("unmanaged", "r", "ours.yaml").out
    assert not _more_than_doubled(found)
