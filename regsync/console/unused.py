"""What libraries load for uses that are none of ours, left out in the process of the command line.

Whoever imports regsync into a program of theirs keeps all of these libraries; only `regsync.__main__` calls `leave_out`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_DATES = "email.utils"


def leave_out() -> None:
    """Call it before anything else is imported.

    httpx loads rich and pygments, where they are installed, for a command line of its own: half of what loading it takes. httpcore
    loads trio for those who use httpx with it. A module that is None cannot be imported, and both go on without.
    """
    for unused in ("httpx._main", "trio"):
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
    sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds jsonschema_rs, which loads `email.utils`, and with it fifteen modules, to read the date of its own build."""

    def find_spec(self, name: str, path: Any = None, target: object = None) -> ModuleSpec | None:
        if name != "jsonschema_rs":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None or _DATES in sys.modules:
            return spec
        loader, load = spec.loader, spec.loader.exec_module

        def load_undated(module: ModuleType) -> None:
            sys.modules[_DATES] = stands_in = _Dates(_DATES)
            try:
                load(module)
            except Exception:  # noqa: BLE001 - whatever it is, it is raised again if it has nothing to do with this
                stands_in.take_out()
                load(module)
            finally:
                stands_in.take_out()

        loader.exec_module = load_undated  # type: ignore[method-assign]
        return spec


class _Dates(ModuleType):
    """Stands in for `email.utils` while jsonschema_rs is loaded, and leaves a date as it is written.

    Asked for anything else, or later, it answers with what `email.utils` has.
    """

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
