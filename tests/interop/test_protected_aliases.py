"""Protected aliases as an admin and as a member, through the real client.

The client cannot set the list: the vendor's documentation says that only a person can. This server lets regsync set it.
"""

from __future__ import annotations

from tests.interop.clients import Client
from tests.local.server.asking import ask

PROTECT = """mutation Protect($name: String!) {
  upsertModel(input: {entityName: "acme-org", name: $name, protectedAliases: ["production"]}) {
    inserted project { protectedAliases }
  }
}"""


def test_only_admins_touch_protected_aliases(client: Client) -> None:
    name = f"protected-{client.label}"
    sources = client.run("prepare", "alice", registry=name, versions=2)["sources"]
    protected = ask(client.server, "alice", PROTECT, name=f"wandb-registry-{name}")
    assert protected["data"]["upsertModel"] == {"inserted": False, "project": {"protectedAliases": ["production"]}}

    given = {"registry": name, "source": sources[0], "guarded_source": sources[0]}
    as_member = ["ordinary", "link", "put"]
    seen = client.run("protected", "bob", tries=as_member, **given)
    assert seen["ordinary"] == ""
    assert "linking" not in seen["link"]
    for tried in ("link", "put"):
        assert "permission" in seen[tried], seen

    # dan is in the organization and not in the team: the source is invisible to him, the link is not.
    assert client.run("protected", "dan", tries=["ordinary"], **given) == {"ordinary": ""}
    assert client.run("read_one", "dan", name=f"acme-org/wandb-registry-{name}/models:canary")["source"].startswith("/")

    seen = client.run("protected", "alice", tries=["put", "take", "back"], **given)
    assert seen == {"put": "", "take": "", "back": ""}

    guarded = ["move", "unlink", "delete collection", "delete source"]
    seen = client.run("protected", "bob", tries=guarded, **given)
    for tried in guarded[:3]:
        assert "permission" in seen[tried], seen
    assert "protected alias" in seen["delete source"]
    assert "protected alias" in client.run("protected", "alice", tries=["delete source"], **given)["delete source"]

    seen = client.run("protected", "alice", tries=["move", "unlink", "delete source", "delete collection"], **given)
    assert seen == {"move": "", "unlink": "", "delete source": "", "delete collection": ""}
