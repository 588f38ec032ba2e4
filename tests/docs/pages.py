"""Console examples of documentation pages, as commands that can be run and output that must be seen.

A line that starts with `$ ` is a command; the lines below it are part of its output, in that order. `# exits 2` behind a
command is its exit code, 0 where nothing is said.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Command:
    """`line` is where it stands in the page, from 1."""

    text: str
    line: int
    code: int = 0
    output: list[str] = field(default_factory=list)


def fences(page: Path, language: str) -> list[tuple[int, str]]:
    """The fenced blocks of a language, with the number of the line that each starts behind."""
    text = page.read_text("utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start()) + 1, match[1]) for match in found]


def commands(page: Path) -> list[Command]:
    """Every command of a page, in order."""
    found: list[Command] = []
    for start, block in fences(page, "console"):
        for number, line in enumerate(block.splitlines(), start=start + 1):
            if line.startswith("$ "):
                text, _, comment = line[2:].partition("  # exits ")
                found.append(Command(text.strip(), number, int(comment or 0)))
            elif line.strip():
                found[-1].output.append(line)
    return found


def run_page(page: Path, folder: Path, meanwhile: Callable[[int, int], None] = lambda line, before: None) -> None:
    """Run the commands of a page in a folder, and check exit codes and output.

    `meanwhile`: called before each command, with its line and that of the command before it.
    """
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "GIT_AUTHOR_NAME": "Alice",
        "GIT_AUTHOR_EMAIL": "alice@example.com",
        "GIT_COMMITTER_NAME": "Alice",
        "GIT_COMMITTER_EMAIL": "alice@example.com",
        "LANG": "C.UTF-8",
    }
    before = 0
    for command in commands(page):
        meanwhile(command.line, before)
        before = command.line
        done = subprocess.run(
            ["sh", "-c", command.text], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        seen = done.stdout + done.stderr
        place = f"{page.name}:{command.line}: {command.text}"
        assert done.returncode == command.code, f"{place}\n{seen}"
        lines = iter(seen.splitlines())
        for expected in command.output:
            assert any(expected in line for line in lines), f"{place}\nno line {expected!r} in:\n{seen}"


def check_generated(page: Path, name: str, text: str) -> None:
    """Fails where a page's block `<!-- generated: NAME -->` … `<!-- end -->` is not this text; with REGSYNC_UPDATE=1, writes it."""
    before = page.read_text("utf-8")
    block = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    after, count = block.subn(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", before)
    assert count == 1, f"{page.name} has {count} blocks {name}"
    if os.environ.get("REGSYNC_UPDATE"):
        page.write_text(after, encoding="utf-8")
    assert page.read_text("utf-8") == after, f"{page.name}: REGSYNC_UPDATE=1 writes the block {name} anew"
