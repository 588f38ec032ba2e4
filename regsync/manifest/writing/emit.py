"""YAML as a careful person types it, from plain values: PyYAML's emitter, with lists indented and long lists one item a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from regsync.names import has_hidden

_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_LONGEST_LINE = 80
"""Characters of a list in brackets; a longer one is written one item a line."""
_LONGEST_KEY = 1000
"""Characters of a key as it is written. YAML allows 1024 for one without `?`."""
READ_AS_OTHER = re.compile(r"[-+]?[0-9][0-9_]*([eE][-+]?[0-9]+)?|0[xo][0-9a-fA-F]+|[yYnN]")
"""Unquoted, these are numbers or booleans to other readers of YAML than PyYAML."""


class Inline(dict[str, str]):
    """A map that is written in braces."""


class YamlDumper(yaml.SafeDumper):
    """PyYAML's emitter with the habits that the module describes. For `yaml.serialize`; not for objects."""

    analysis: Any
    allow_unicode: Any

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def check_simple_key(self) -> bool:
        """Keys stand before their colon, whatever their length: PyYAML writes those over 128 characters with a `?`."""
        event: Any = self.event
        if not isinstance(event, yaml.ScalarEvent):
            return bool(super().check_simple_key())
        if self.analysis is None:
            self.analysis = self.analyze_scalar(event.value)
        return "\n" not in event.value and len(repr(event.value)) < _LONGEST_KEY

    def choose_scalar_style(self) -> Any:
        """Double quotes where any are needed, so that they look alike; single ones around `"` and `\\`."""
        style = super().choose_scalar_style()
        return '"' if style == "'" and not set('"\\') & set(self.analysis.scalar) else style

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Characters that nobody can see are written as escapes."""
        before = self.allow_unicode
        self.allow_unicode = not has_hidden(text)
        super().write_double_quoted(text, split)
        self.allow_unicode = before


def emit(value: Mapping[str, Any]) -> str:
    """A map of maps, lists, texts and None as YAML. The same value gives the same text."""
    text: str = yaml.serialize(_node(value), Dumper=YamlDumper, width=10**9, allow_unicode=True)
    return text


def _node(value: Any) -> yaml.Node:
    if value is None:
        return yaml.ScalarNode(_NULL, "null")
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Inline):
        pairs = [(_scalar(key), _scalar(each, "" if _is_word(each) else '"')) for key, each in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=True)
    if isinstance(value, Mapping):
        entries = [(_scalar(key), _node(each)) for key, each in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", entries, flow_style=not entries)
    return yaml.SequenceNode("tag:yaml.org,2002:seq", [_node(each) for each in value], flow_style=_is_short(value))


def _scalar(value: str, style: str = "") -> yaml.Node:
    if READ_AS_OTHER.fullmatch(value) or has_hidden(value):
        style = '"'
    elif "\n" in value:
        style = "|"
    return yaml.ScalarNode(_TEXT, value, style=style or None)


def _is_word(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9_-]+", text))


def _is_short(items: Iterable[Any]) -> bool:
    """Whether a list goes into one line. Versions (with their `/`) and pinned versions have a line each."""
    texts = [each for each in items if isinstance(each, str) and "/" not in each]
    return len(texts) == len(list(items)) and sum(len(text) + 2 for text in texts) <= _LONGEST_LINE
