"""Templates and style of every page that regsync makes: of plans and receipts, and of the Registry App."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regsync.looks.escape import plain

_TEMPLATES = Path(__file__).parent / "templates"


def environment(folder: Path, *, keep_lines: bool = False) -> Environment:
    """The templates of a folder, and those that all pages share.

    Every text that goes into one is written out by `plain` (`keep_lines` as there) and then escaped; what is `Markup` already is
    left as it is. What a template asks for and does not get is an error.
    """

    def harmless(value: Any) -> Any:
        return (
            plain(value, keep_lines=keep_lines) if isinstance(value, str) and not isinstance(value, Markup) else value
        )

    return Environment(
        loader=FileSystemLoader([folder, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style() -> str:
    """Colours, letters and boxes of every page."""
    return (_TEMPLATES / "style.css").read_text("utf-8")
