"""The objects of the schema: one class a type, an attribute or method a field. They read the store and decide nothing.

The modules refer to each other as `nodes.<module>` inside functions, because the types of the schema do so too.
"""

from regsync.local.server.nodes import accounts, collections, files, listings, projects, runs, versions

__all__ = ["accounts", "collections", "files", "listings", "projects", "runs", "versions"]
