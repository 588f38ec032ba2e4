"""The embedded registry: W&B Registry's semantics over one SQLite file.

How to use it: open a `Store` once, start a transaction as somebody, and pass the transaction to the functions of the
noun's module. Nothing outside of a `with` block; what a block did is kept as a whole, or (if it raises) not at all.

    store = open_store(Path(".regsync/registry.db"))
    with store.read() as tx:
        alice = identities.authenticate(tx, api_key)              # an Actor; without one, the owner of the file acts
    with store.write(alice) as tx:
        acme = accounts.organization(tx, "acme")                # by display name; acme.entity is "acme-org"
        model = registries.get(tx, acme, "model")
        version = artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "detector", "v12"))
        link, made = links.link(tx, model, "fraud-detector", version, ["staging"])
        fraud = collections.get(tx, model, "fraud-detector")
        aliases.set_aliases(tx, fraud, link.index, ["production"])

Modules of `store`: `database` (file, transactions), `errors`, `ids` (W&B's opaque ids), `actor`, `access` (roles), `accounts`
(organizations, teams, users), `projects` (projects and runs), `contents` (file contents), `sequences` (logging artifacts),
`uses` (which runs read and logged what), `artifacts` (versions), `registries`, `members`, `collections`, `links`, `aliases`,
`events` (the history), `bulk` (fast reads for planning). `seed` makes worlds from YAML, `server` speaks W&B's API.

Every function checks what the acting user may do and raises the `errors.Refused` family; things that the actor cannot see
are `NotFound`. Functions return frozen values as they were read: fetch again after a change.

For queries that no function answers (a server's filters and pages), use `tx.all(sql, …)` over the tables of `schema.sql`, and
`access.readable_entities` and `registries.visible` for what the actor may see.
"""
