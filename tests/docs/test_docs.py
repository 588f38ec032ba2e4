"""The documentation is in step with the program. `REGSYNC_UPDATE=1 pytest tests/docs/test_docs.py` rewrites what is generated."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from regsync.commands import COMMANDS, cli
from regsync.core.desired import HazardName

ROOT = Path(__file__).parents[2]
CLI_PAGE = ROOT / "docs" / "cli.md"
INTRODUCTION = """# Commands

What `regsync … --help` says, for every command. Exit codes: 0 done, or nothing to do; 1 error (usage errors too); 2 there are
changes (`plan --detailed-exitcode`, `drift`); 3 refused for safety (a hazard not consented to, a cap); 4 applied in part;
5 stale plan. stdout carries the result, stderr everything else.
"""


def every_command(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None, f"{name} {child} is listed and cannot be loaded"
            yield from every_command(found, f"{name} {child}")


def cli_page() -> str:
    parts = [INTRODUCTION]
    for name, command in every_command(cli, "regsync"):
        settings: dict[str, Any] = {**cli.context_settings, "max_content_width": 100, "terminal_width": 100}
        with click.Context(command, info_name=name, **settings) as context:
            text = command.get_help(context)
        parts.append(f"## {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def test_the_command_page_says_what_help_says() -> None:
    page = cli_page()
    if os.environ.get("REGSYNC_UPDATE"):
        CLI_PAGE.write_text(page, encoding="utf-8")
    assert CLI_PAGE.read_text(encoding="utf-8") == page


def test_every_command_has_its_own_help_and_says_what_it_does() -> None:
    for name, command in every_command(cli, "regsync"):
        assert command.help, f"{name} has no help"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts[0]} has no help"


def test_the_overview_names_every_command() -> None:
    assert list(COMMANDS) == cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("page", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_every_hazard_is_explained() -> None:
    page = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
    for hazard in HazardName:
        assert f"`{hazard}`" in page


def test_the_readme_states_the_nine_guarantees() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Guarantees")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d)\.", section, re.MULTILINE) == [str(number) for number in range(1, 10)]
