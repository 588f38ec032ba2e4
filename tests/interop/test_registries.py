"""Registries, members and what others see, through the real client."""

from __future__ import annotations

from tests.interop.clients import Client


def test_create_edit_rename_delete(client: Client) -> None:
    # The older client itself refuses an empty description.
    descriptions = ["" if client.label == "newest" else "Models", "Models that may reach production"]
    seen = client.run("registries", "alice", prefix=f"life {client.label}", descriptions=descriptions)
    name = f"life {client.label} one"
    assert seen["created"] == {
        "name": name,
        "full_name": f"wandb-registry-{name}",
        "entity": "acme-org",
        "organization": "acme",
        "description": None,
        "visibility": "organization",
        "all_types": True,
        "types": [],
    }
    assert "please use a different name" in seen["taken"]
    assert seen["descriptions"] == descriptions
    assert seen["typed"] == {
        **seen["created"],
        "description": "Models that may reach production",
        "all_types": False,
        "types": ["dataset", "model"],
    }
    assert "Cannot remove artifact type" in seen["unsaved_type"]
    renamed = {"name": f"life {client.label} renamed", "full_name": f"wandb-registry-life {client.label} renamed"}
    assert seen["renamed"] == {**seen["typed"], **renamed, "same_id": True}
    assert "Failed to load registry" in seen["old_name"]
    assert (seen["closed"]["visibility"], seen["closed"]["description"]) == ("restricted", "For members")
    assert (seen["closed"]["types"], seen["closed"]["all_types"]) == (["model"], False)
    assert "Failed to save registry" in seen["opened"]
    assert "Failed to load registry" in seen["gone"]
    assert "Failed to delete registry" in seen["deleted_twice"]
    assert "Invalid project/registry name" in seen["bad_name"]
    assert "not found" in seen["bad_organization"]


def test_members_and_roles(client: Client) -> None:
    seen = client.run("members", "alice", registry=f"members-{client.label}")
    alice, first = {"alice": "admin"}, "restricted_viewer"
    assert seen["at_first"] == alice
    assert seen["added"] == {"people": {**alice, "bob": first, "carol": first}, "teams": {"acme-ml": first}}
    assert seen["changed"] == {"people": {**alice, "bob": "member", "carol": "viewer"}, "teams": {"acme-ml": "member"}}
    assert seen["removed"] == {"people": {**alice, "bob": "member"}, "teams": {}}
    assert seen["bad_role"]
    assert seen["team_members"] == ["alice", "bob"]
    assert seen["stranger"]


def test_what_others_see(client: Client) -> None:
    everyone, closed = f"seen-by-all-{client.label}", f"seen-by-members-{client.label}"
    client.run("prepare", "alice", registry=everyone, versions=1)
    client.run("prepare", "alice", registry=closed, versions=1, visibility="restricted")
    for name, sees in {"alice": [everyone, closed], "bob": [everyone], "carol": [everyone], "eve": []}.items():
        seen = client.run("visibility", name, registries=[everyone, closed], list=name != "eve")
        assert seen["found"] == sorted(sees)
        for registry, tried in seen["tried"].items():
            assert (tried["load"] == "") == (registry in sees), (name, tried)
            assert (tried["version"] == "") == (registry in sees), (name, tried)
