"""Making text from strangers harmless, as `looks.escape` does for pages too."""

from __future__ import annotations

from regsync.looks.escape import plain

__all__ = ["plain"]
