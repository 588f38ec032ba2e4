"""Single lines of a manifest: how deep they are indented, the comment behind a value, blank lines around others."""

from __future__ import annotations

import re
from collections.abc import Container

_AT_THE_MARGIN = re.compile(r"^#( *)(?! )(.*)$")
_WAS_YAML = re.compile(r"- |-\r?$|[^\s#][^#]*:\s|[^\s#][^#]*:$")


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


def commented_where_it_stood(text: str, inside: Container[int] = ()) -> str:
    r"""With the signs of lines that an editor commented out in the first column (`#      - a`) where the lines were.

    Those of prose, in which something stands close behind the sign, stay; so do lines `inside` texts, which are no comments.

    >>> commented_where_it_stood("tags:\n  - a\n#  - b\n#    c\n# why\n")
    'tags:\n  - a\n#  - b\n#    c\n# why\n'
    >>> commented_where_it_stood("tags:\n  - a\n#  - b: 1\n#    c: 2\n")
    'tags:\n  - a\n  # - b: 1\n  #   c: 2\n'
    """
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        run: list[re.Match[str]] = []
        while (
            at + len(run) < len(lines)
            and at + len(run) not in inside
            and (found := _AT_THE_MARGIN.match(lines[at + len(run)]))
        ):
            run.append(found)
        depth = min((len(each[1]) for each in run), default=0)
        if depth > 1 and _WAS_YAML.match(run[0][2]):
            for number, each in enumerate(run):
                lines[at + number] = f"{' ' * depth}# {each[1][depth:]}{each[2]}"
        at += len(run) or 1
    return "\n".join(lines)
