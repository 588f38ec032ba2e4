"""Cases that read like a page: the files of one run, and what must come of them.

```
# Why this case is here.
=== options --var team=acme-ml --overlay overlay.yaml
=== model.yaml
apiVersion: regsync/v1
=== expected
model.yaml:3:5: error: …
```
Every file but the overlays and variable files is named on the command line, so the case is one call of `load`.
With REGSYNC_UPDATE=1 in the environment a run of the tests writes what it saw into the cases; review the diff.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
UPDATE = bool(os.environ.get("REGSYNC_UPDATE"))


@dataclass(frozen=True)
class Case:
    """One case file. `files` hold the contents of each, without `expected`."""

    path: Path
    comment: str
    options: dict[str, Any]
    files: dict[str, str]
    expected: str

    @property
    def manifests(self) -> list[str]:
        extra = [*self.options["overlays"], *self.options["variable_files"]]
        return [name for name in self.files if name not in extra]

    def write_files(self, folder: Path) -> None:
        for name, text in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())

    def update(self, expected: str) -> None:
        head, _, _ = self.path.read_text("utf-8").partition("=== expected\n")
        self.path.write_text(f"{head}=== expected\n{expected}", "utf-8")


def read_case(path: Path) -> Case:
    """Read a case file. A file's last line break belongs to it, unless its header line ends in ` (no line break)`."""
    comment, *parts = path.read_text("utf-8").split("=== ")
    options: dict[str, Any] = {"overlays": [], "variable_files": [], "variables": {}}
    files: dict[str, str] = {}
    expected = ""
    for part in parts:
        title, _, text = part.partition("\n")
        if title.startswith("options"):
            options |= _options(shlex.split(title)[1:])
        elif title == "expected":
            expected = text
        elif title.endswith(" (no line break)"):
            files[title.removesuffix(" (no line break)")] = text.removesuffix("\n")
        else:
            files[title] = text
    return Case(path, comment, options, files, expected)


def _options(words: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"overlays": [], "variable_files": [], "variables": {}}
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "--var":
            name, _, text = value.partition("=")
            result["variables"][name] = text
        elif option == "--organization":
            result["organization"] = value
        else:
            result[{"--overlay": "overlays", "--var-file": "variable_files"}[option]].append(value)
    return result


def cases(folder: str) -> list[Any]:
    """The cases of a folder, as parameters of a test."""
    import pytest

    return [pytest.param(read_case(path), id=path.stem) for path in sorted((HERE / folder).glob("*.case"))]
