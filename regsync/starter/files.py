"""The files that a repository of manifests starts with: what `regsync init` writes.

They are data: the settings in `regsync/starter/templates/`, the workflows in `examples/github` and `examples/gitlab` of the repository,
which an installed package has as `regsync/examples`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from regsync.schema_files import schema_text

MANIFESTS = "registries"
"""The folder of the manifests."""
SCHEMA = "schemas/manifest.v1.schema.json"
_TEMPLATES = Path(__file__).parent / "templates"
_EXAMPLES = Path(__file__).parents[1] / "examples"
_SETTINGS = {
    ".editorconfig": "editorconfig",
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".vscode/extensions.json": "vscode-extensions.json",
    ".vscode/settings.json": "vscode-settings.json",
}


class Ci(StrEnum):
    """Whose workflows to write."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


_WORKFLOWS = {Ci.GITHUB: ".github/workflows/", Ci.GITLAB: ""}
"""Where the host looks for workflows."""


PLACEHOLDERS = {Ci.GITHUB: ("OWNER/regsync", "COMMIT"), Ci.GITLAB: ("GROUP/regsync", "COMMIT")}
"""What the workflows have in place of the repository of regsync that is used, and of a commit of it."""


def starter_files(
    ci: Ci, manifests: Mapping[str, str] | None = None, organization: str | None = None
) -> dict[str, str]:
    """The texts by path. `manifests`: by file name, instead of the one to start from, which `organization` is put into."""
    found = dict(manifests) if manifests is not None else {"model.yaml": _first_manifest(organization)}
    files = {f"{MANIFESTS}/{name}": with_mode_line(text, name) for name, text in sorted(found.items())}
    files[SCHEMA] = schema_text("manifest")
    files |= workflows(ci)
    files |= {path: _template(name) for path, name in _SETTINGS.items()}
    return files


def workflows(ci: Ci) -> dict[str, str]:
    """The host's workflows by path: plan in the pull request, apply after the merge, drift every night."""
    if ci not in _WORKFLOWS:
        return {}
    examples = _EXAMPLES if _EXAMPLES.exists() else _EXAMPLES.parents[1] / "examples"
    found = sorted((examples / ci).glob("*.yml"))
    return {f"{_WORKFLOWS[ci]}{path.name}": path.read_text("utf-8") for path in found}


def with_mode_line(text: str, name: str) -> str:
    """The manifest with the line that tells editors which schema it follows. `name` is its path in the folder of manifests."""
    up = "../" * (name.count("/") + 1)
    return f"# yaml-language-server: $schema={up}{SCHEMA}\n{text}"


def _first_manifest(organization: str | None) -> str:
    from regsync.manifest.editing.splice import quoted

    text = _template("model.yaml")
    if organization is None:
        return text
    first, _, rest = text.partition("\n# organization:")
    return f"{first}\norganization: {quoted(organization.replace('${', '$${'))}\n{rest.partition(chr(10))[2]}"


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")
