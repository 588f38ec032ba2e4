"""What libraries do, while they are loaded, for uses that are none of ours: left out in the process of the command line.

Whoever imports regsync into a program of theirs keeps all of these libraries as they are; only `regsync.__main__` calls `leave_out`.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_DATES = "email.utils"
_compile = re.compile


def leave_out() -> None:
    """Call it before anything else is imported.

    httpx loads rich and pygments, where they are installed, for a command line of its own: half of what loading it takes. httpcore
    loads trio for those who use httpx with it. A module that is None cannot be imported, and both go on without.
    """
    for unused in ("httpx._main", "trio"):
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
    sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds some modules, each once, that are loaded in the manner of `_MANNERS`; as ever, if that fails."""

    def __init__(self) -> None:
        self._left = dict(_MANNERS)

    def find_spec(self, name: str, path: Any = None, target: object = None) -> ModuleSpec | None:
        manner = self._left.pop(name, None)
        if manner is None:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        loader, load = spec.loader, spec.loader.exec_module

        def load_so(module: ModuleType) -> None:
            try:
                with manner():
                    load(module)
            except Exception:  # noqa: BLE001 - if it has nothing to do with the manner, it is raised again
                load(module)

        loader.exec_module = load_so  # type: ignore[method-assign]
        return spec


@contextmanager
def _undated() -> Iterator[None]:
    """Nobody loads `email.utils`, and the fifteen modules that it needs, to read a date."""
    if _DATES in sys.modules:
        yield
        return
    sys.modules[_DATES] = stands_in = _Dates(_DATES)
    try:
        yield
    finally:
        stands_in.take_out()


class _Dates(ModuleType):
    """Stands in for `email.utils`, and leaves a date as it is written. Asked for anything else, or later, it answers as that does."""

    def parsedate_to_datetime(self, written: str) -> Any:
        return written if sys.modules.get(_DATES) is self else self._itself().parsedate_to_datetime(written)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python asks whether it is a package.
            raise AttributeError(name)
        return getattr(self._itself(), name)

    def take_out(self) -> None:
        if sys.modules.get(_DATES) is self:
            del sys.modules[_DATES]

    def _itself(self) -> Any:
        self.take_out()
        return importlib.import_module(_DATES)


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Patterns are compiled when they are first asked for anything."""
    re.compile = _Pattern  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile


class _Pattern:
    """Becomes a pattern of `re`, but for functions of `re` that are given one: only for modules that call its methods."""

    def __init__(self, *pattern: Any) -> None:
        self._pattern = pattern

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # How it is copied, say.
            raise AttributeError(name)
        value = getattr(_compile(*self._pattern), name)
        setattr(self, name, value)
        return value


_MANNERS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "jsonschema_rs": _undated,  # The date is that of its own build.
    "yaml.reader": _uncompiled,  # Its pattern of 65,000 signs is for where there is no libyaml.
    **dict.fromkeys(("platform", "tokenize", "yaml.constructor", "yaml.resolver"), _uncompiled),
}
