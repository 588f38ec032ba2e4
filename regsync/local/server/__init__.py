"""`regsync local serve`: W&B's API over an embedded registry, for the real `wandb` client. `docs/server.md` says what is spoken.

`schema.graphql` is the contract; `contract.py` loads it and `engine.py` executes documents against it. A request is a
`Session` (who asks, in which transaction); `root.py` puts together what it can ask: `query.py` and `mutations/`. `nodes/` has
the objects of the schema, `nodes/listings.py` the lists that come in pages (`pages.py`) with filters (`filters.py`).
Files go up and down through `transfer.py`, at signed `addresses.py`; runs report through `streams.py`. `app.py` is the HTTP
side, `run.py` the process. Nothing here decides what is allowed or what a change means: the store does (`regsync.local`).
"""
