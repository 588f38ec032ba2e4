"""Single lines of a manifest: how deep they are indented, the comment behind a value, blank lines around others."""

from __future__ import annotations


def indent_of(line: str) -> int:
    """Spaces before the first other character."""
    return len(line) - len(line.lstrip(" "))


def comment_behind(rest: str) -> str:
    """What stands behind a value: nothing, or a comment with the spaces before it."""
    text = rest.rstrip()
    return text if not text.strip() or text[0] in " \t" else f" {text}"


def stripped(line: str) -> str:
    """Without trailing spaces, unless the first of them is escaped in a quoted text that goes on."""
    text = line.rstrip()
    return line if text.endswith("\\") else text


def trimmed_start(lines: list[str]) -> list[str]:
    """Without a blank line before the others."""
    return lines[1:] if lines and not lines[0] else lines


def trimmed_end(lines: list[str]) -> list[str]:
    """Without a blank line after the others."""
    return lines[:-1] if lines and not lines[-1] else lines


def trimmed(lines: list[str]) -> list[str]:
    """Without blank lines around the others."""
    return trimmed_start(trimmed_end(lines))
