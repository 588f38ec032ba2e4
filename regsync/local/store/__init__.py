"""The registry in one SQLite file, with the semantics of W&B's. How to use it: `regsync.local`."""
