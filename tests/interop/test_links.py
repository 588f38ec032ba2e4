"""Links, aliases, tags and files, through the real client."""

from __future__ import annotations

from tests.interop.clients import Client


def test_link_and_unlink(client: Client) -> None:
    name = f"links-{client.label}"
    seen = client.run("linking", "alice", registry=name)
    registry, first, second = f"wandb-registry-{name}", f"acme-ml/lab/{name}-source:v0", f"acme-ml/lab/{name}-source:v1"

    def link(collection: str, index: int, aliases: list[str], source: str) -> dict[str, object]:
        full_name = f"{registry}/{collection}:v{index}"
        return {
            "full_name": full_name,
            "qualified_name": f"acme-org/{full_name}",
            "version": f"v{index}",
            "aliases": aliases,
            "source": source,
            "is_link": True,
        }

    assert seen["by_run"] == link("by run", 0, ["best one", "latest", "staging"], first)
    assert seen["by_artifact"] == link("by run", 1, ["latest"], second)
    assert seen["plain"] == link("by artifact", 0, ["latest"], second)
    assert seen["with_organization"] == link("with organization", 0, ["latest", "x"], second)
    assert seen["with_entity"] == link("with entity", 0, ["latest"], second)
    assert seen["again"] == link("by run", 0, ["again", "best one", "staging"], first)
    assert {key: read["aliases"] for key, read in seen["read"].items()} == {
        "v0": ["again", "best one", "staging"],
        "v1": ["latest"],
        "staging": ["again", "best one", "staging"],
        "best one": ["again", "best one", "staging"],
        "latest": ["latest"],
        "organization": ["latest"],
    }
    assert {key: read["version"] for key, read in seen["read"].items()} == {
        "v0": "v0",
        "v1": "v1",
        "staging": "v0",
        "best one": "v0",
        "latest": "v1",
        "organization": "v1",
    }
    assert seen["link_of_link"] == link("copy", 0, ["latest"], first)
    assert "'dataset'" in seen["other_type"]
    assert "missing, or not visible" in seen["no_registry"]
    places = {"by run:v1", "by artifact:v0", "with organization:v0", "with entity:v0"}
    assert seen["linked"] == sorted(f"acme-org/{registry}/{place}" for place in places)
    assert seen["after_unlink"]["gone"]
    assert seen["after_unlink"]["latest"]["version"] == "v0"
    assert seen["after_unlink"]["source"] is True
    assert seen["next_index"] == "v2"
    assert seen["deleted_link"]
    assert seen["third_is_kept"] is True
    assert "not a linked artifact" in seen["unlink_source"]


def test_aliases_tags_and_collections(client: Client) -> None:
    seen = client.run("aliases", "alice", registry=f"aliases-{client.label}")
    assert seen["added"] == {"v0": [], "v1": ["champion 1", "production"], "v2": ["latest"]}
    assert seen["moved"] == {"v0": [], "v1": ["champion 1"], "v2": ["latest", "production"]}
    assert seen["removed"] == {"v0": [], "v1": [], "v2": ["latest", "production"]}
    assert all(reason for reason in seen["reserved"].values())
    assert seen["version"] == {"tags": ["EU 2026"], "metadata": {"auc": 0.91}, "description": "Tabular"}
    assert seen["source"]["tags"] == ["EU 2026"]
    assert seen["source"]["metadata"] == {"auc": 0.91}
    assert seen["collection"] == {
        "name": "detectors",
        "description": "Card fraud",
        "tags": ["tabular"],
        "type": "model",
        "is_sequence": False,
        "aliases": ["latest", "production", "v0", "v1", "v2"],
        "versions": ["detectors:v0", "detectors:v1", "detectors:v2"],
    }
    assert seen["old_name"]
    assert seen["deleted"]
    assert seen["source_is_kept"] is True


def test_files_come_down_as_they_went_up(client: Client) -> None:
    seen = client.run("files", "bob", registry=f"files-{client.label}")
    assert seen["different"] == {"down": [], "one by one": []}
    assert seen["extra"] == []
    assert seen["listed"] == seen["sizes"]
    assert seen["total"] == sum(seen["sizes"].values())
    assert seen["metadata"] == {"rows": 3}
    assert seen["reference"] == {"elsewhere.csv": "https://example.invalid/data.csv"}
    assert seen["used_by"] == [True]
    assert seen["used"] == [f"acme-ml/lab/files-{client.label}-files:v0"]
    assert seen["logged"] == [f"files-{client.label}-files:v0", f"files-{client.label}-reference:v0"]
    assert seen["state"] == "finished"


def test_search(client: Client) -> None:
    prefix = f"search-{client.label}"
    seen = client.run("search", "alice", prefix=prefix)
    everything = ["alpha", "beta", "gamma"]
    assert seen["registries"] == {
        "regex": everything,
        "pages": {"1": everything, "2": everything, "3": everything, "100": everything},
        "name": ["beta"],
        "in": ["beta", "gamma"],
        "or": ["alpha", "beta"],
        "and": ["beta"],
        "not": ["alpha", "gamma"],
        "none": [],
    }
    names = ["many", "one", "two", "zero"]
    assert seen["collections"] == {
        "all": names,
        "pages": {"1": names, "2": names, "100": names},
        "regex": ["one", "two"],
        "tag": ["two"],
        "description": ["two"],
    }
    links = ["many:v0", "many:v1", "many:v2", "many:v3", "one:v0", "two:v0", "zero:v0"]
    assert seen["versions"] == {
        "all": links,
        "pages": {"1": links, "3": links, "100": links},
        "alias": ["one:v0"],
        "tag": ["many:v2", "two:v0"],
        "or": ["many:v0", "many:v3", "one:v0"],
        "latest": ["many:v3", "one:v0", "two:v0", "zero:v0"],
        "metadata": ["many:v2", "many:v3", "two:v0"],
        "metadata inside": ["many:v3"],
        "of collections": ["many:v0", "many:v1", "many:v2", "many:v3"],
        "of one registry": ["one:v0", "two:v0"],
    }
    assert seen["can_order"] is (client.label == "newest")
    if seen["can_order"]:
        assert seen["ordered"]["registries"] == [everything, everything[::-1]] * 2
        assert seen["ordered"]["collections"] == [names, names[::-1]]
        linked = ["many:v0", "many:v1", "many:v2", "many:v3", "zero:v0"]
        assert seen["ordered"]["versions"] == [linked, linked[::-1]]
        assert sorted(seen["ordered"]["by registry"][:2]) == ["one", "two"]
        assert seen["ordered"]["count"] == 4
        assert seen["ordered"]["wrong"]
