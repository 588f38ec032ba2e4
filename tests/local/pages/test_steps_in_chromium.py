"""Both documentation pages, followed in a real Chromium: each numbered step of their web-app tabs is a line here.

What was clicked is then read with the real client and with `regsync plan`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.backends.wandb.script import DETECTOR
from tests.backends.wandb.worlds import KEYS
from tests.commands.inside import Cli
from tests.interop.clients import Client
from tests.local.pages.conftest import Served
from tests.local.pages.person import Person

pytestmark = pytest.mark.needs("chromium", "chromedriver")


IsSo = Callable[[str], bool]


@pytest.fixture
def is_so(cli: Cli, server: Served, monkeypatch: pytest.MonkeyPatch) -> IsSo:
    """Whether `regsync plan` of that manifest, against the server that shows the pages, finds nothing to do."""
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])

    def planned(snippet: str) -> bool:
        Path("snippet.yaml").write_text(snippet, encoding="utf-8")
        ran = cli("--backend", f"wandb:{server.url}", "plan", "snippet.yaml", "--detailed-exitcode")
        assert ran.code in (0, 2), ran
        assert ("No changes" in ran.out) == (ran.code == 0), ran
        return ran.code == 0

    return planned


def test_custom_aliases(browser: Chrome, server: Served, tmp_path: Path, is_so: IsSo) -> None:
    """Use aliases to point to a specific artifact version › Custom aliases › W&B Registry."""
    bob = Person(browser, server.url, "bob")
    bob.open("/registry/")  # 1. Navigate to the W&B Registry.
    bob.click("zoo")
    bob.click("View details of models")  # 2. Click the View details button in a collection.
    bob.click("View v1")  # 3. Select the View button for a specific artifact version.
    bob.click("Add aliases")  # 4. Select the plus icon to add one or more aliases.
    bob.fill("Aliases", "best, production candidate")
    bob.click("Show as manifest")
    assert bob.typed("Aliases") == "best, production candidate"
    snippet = bob.snippet
    assert not is_so(snippet)
    bob.click("Add")
    assert "production candidate" in bob.text
    assert is_so(snippet)
    client = Client("newest", Path(sys.executable), server.url, tmp_path)
    read = client.run("read_one", "alice", name="acme-org/wandb-registry-zoo/models:best")
    assert read["source"].endswith("detector:v1"), read


def test_an_alias_that_is_elsewhere_asks_before_it_moves(browser: Chrome, server: Served, is_so: IsSo) -> None:
    bob = Person(browser, server.url, "bob")
    bob.open("/orgs/acme/registry/zoo?selectionPath=acme-org%2Fwandb-registry-zoo%2Fmodels&view=membership&version=v1")
    bob.click("Add aliases")
    bob.fill("Aliases", "staging")
    bob.click("Add")
    assert "staging, from v0" in bob.alert
    bob.click("Move")
    assert is_so(_aliases("zoo", "models", staging=f"{DETECTOR}:v1"))
    bob.click("Take staging off")
    bob.click("Take off")
    assert is_so(_aliases("zoo", "models", staging="absent"))


def test_protected_aliases(browser: Chrome, server: Served, is_so: IsSo) -> None:
    """Create protected aliases in a registry."""
    alice = Person(browser, server.url, "alice")
    alice.open("/registry/")  # 1. Navigate to the Registry App.
    alice.click("zoo")  # 2. Select a registry.
    alice.click("Settings of zoo")  # 3. Click the gear button.
    alice.click("Add protected aliases")  # 4. Within the Protected Aliases section, click on the plus icon.
    alice.fill("Aliases", "golden, silver")
    alice.click("Protect")
    assert "golden" in alice.text
    alice.click("Take silver off the list")
    alice.click("Take off the list")
    assert is_so(_settings("zoo", "protected_aliases: [golden, {silver: absent}]"))
    bob = Person(browser, server.url, "bob")
    bob.open("/orgs/acme/registry/zoo?selectionPath=acme-org%2Fwandb-registry-zoo%2Fmodels&view=membership&version=v1")
    bob.click("Add aliases")
    bob.fill("Aliases", "golden")
    bob.click("Add")
    assert "permission denied" in bob.alert
    assert bob.typed("Aliases") == "golden"


def test_link_from_the_registry_app(browser: Chrome, server: Served, tmp_path: Path, is_so: IsSo) -> None:
    """Link an artifact version to a registry › Registry App."""
    bob = Person(browser, server.url, "bob")
    bob.open("/registry/")  # 1. Navigate to the Registry App.
    bob.click("zoo")
    bob.hover("More for models")  # 2. Hover next to the name of the collection.
    bob.unfold("More for models")  # 3. Select the menu icon next to View details.
    bob.click("Link new version")  # 4. From the dropdown, select Link new version.
    bob.choose("Team", "acme-ml")  # 5. From the Team dropdown, select the team.
    bob.click("Next")
    bob.choose("Project", "fraud")  # 5. From the Project dropdown, select the project that contains the artifact.
    bob.click("Next")
    assert bob.choices("Artifact") == ["detector"]
    bob.choose("Artifact", "detector")  # 6. From the Artifact dropdown, select the artifact.
    bob.click("Next")
    bob.choose("Version", "v3")  # 7. From the Version dropdown, select the version to link.
    bob.click("Next")
    bob.fill("Aliases", "fresh")
    bob.click("Link to registry")
    assert bob.heading == "models"
    assert is_so(_aliases("zoo", "models", fresh=f"{DETECTOR}:v3"))
    client = Client("newest", Path(sys.executable), server.url, tmp_path)
    assert client.run("read_one", "alice", name="acme-org/wandb-registry-zoo/models:latest")["source"].endswith(":v3")


def test_link_from_the_artifact_browser(browser: Chrome, server: Served, is_so: IsSo) -> None:
    """Link an artifact version to a registry › Artifact browser."""
    bob = Person(browser, server.url, "bob")
    bob.open("/acme-ml/fraud/artifacts")  # 1. Go to the project's artifact browser.
    bob.click("Artifacts")  # 2. Select the Artifacts icon on the left sidebar.
    bob.click("detector:v4")  # 3. Click the artifact version to link.
    assert "Version overview" in bob.text
    bob.click("Link to registry")  # 4. Within Version overview, click Link to registry.
    bob.choose("Select a registered model or collection", "zoo/models")  # 5. Select from the menu.
    bob.click("Next step")  # 6. Click Next step.
    bob.fill("Aliases", "browsed")  # 7. (Optional) Aliases.
    bob.click("Link to registry")  # 8. Click Link to registry.
    assert is_so(_aliases("zoo", "models", browsed=f"{DETECTOR}:v4"))


def test_view_linked_artifacts(browser: Chrome, server: Served) -> None:
    """View linked artifacts in a registry."""
    bob = Person(browser, server.url, "bob")
    bob.open("/registry/")  # 1. Go to the Registry App.
    bob.click("zoo")  # 2. Select the registry.
    bob.click("models")  # 3. Select the collection.
    bob.click("Show metrics")  # 4. If artifacts log metrics, compare them across versions by clicking Show metrics.
    assert bob.heading == "Metrics of models"
    assert "v0" in bob.text
    bob.browser.back()
    bob.click("View v0")  # 4. From the list of artifact versions, select the version.
    assert bob.heading == "v0"
    assert "Full Name\nwandb-registry-zoo/models:v0" in bob.text  # 5. Full Name, metadata, usage, lineage.
    assert DETECTOR in bob.text
    assert "Metadata" in bob.text
    assert 'wandb.Api().artifact("acme/wandb-registry-zoo/models:v0")' in bob.text
    bob.click("Lineage")
    assert bob.heading == "Lineage of v0"


def test_whether_a_registry_exists(browser: Chrome, server: Served) -> None:
    """Link an artifact version to a registry › Python SDK: search for the name of the registry in the app."""
    bob = Person(browser, server.url, "bob")
    bob.open("/registry/")
    bob.fill("Search registries", "zo")
    bob.click("Search")
    assert bob.offers("zoo")
    assert not bob.offers("model")


def test_the_entity_of_a_team(browser: Chrome, server: Served) -> None:
    """Troubleshooting › Find your team entity: the team's page, and its address."""
    bob = Person(browser, server.url, "bob")
    bob.open("/acme-ml/fraud/artifacts")
    bob.click("acme-ml")  # 1. Visit the team's profile page.
    assert bob.browser.current_url == f"{server.url}/acme-ml"  # 2. Copy the address: its last part is the entity.
    assert 'wandb.init(entity="acme-ml", project="PROJECT")' in bob.text
    bob.click("fraud")
    assert bob.heading == "Artifacts"


def test_the_path_of_a_registry(browser: Chrome, server: Served, is_so: IsSo) -> None:
    """Where to find the path of a registry: the generated code, and an empty collection, deleted again."""
    alice = Person(browser, server.url, "alice")
    alice.open("/registry/")  # 1. Go to the Registry App.
    alice.click("Create a registry in acme")
    alice.fill("Name", "Golden Datasets")
    alice.click("Create registry")  # 2. Click the registry.
    assert alice.heading == "Golden Datasets"
    assert 'target_path = "acme/wandb-registry-Golden Datasets/COLLECTION"' in alice.text  # 3. The generated code.
    alice.click("Create a collection")  # 4. An empty collection; where there is none, create one.
    alice.fill("Name", "raw_images")
    alice.fill("Type", "dataset")
    alice.click("Create collection")
    assert 'target_path = "acme/wandb-registry-Golden Datasets/raw_images"' in alice.text  # 5. The target path.
    alice.unfold("More for raw_images")
    alice.click("Delete collection")  # 6. (Optional) Delete the collection.
    alice.click("Delete collection")
    assert "raw_images" not in alice.text.split("History")[0]
    assert is_so(_settings("Golden Datasets", "collections: {raw_images: absent}"))


def test_the_gear(browser: Chrome, server: Served, is_so: IsSo) -> None:
    alice = Person(browser, server.url, "alice")
    alice.open("/orgs/acme/registry/first%20name/settings")
    alice.click("Give somebody a role")
    alice.fill("User or team", "nobody-here")
    alice.choose("Role", "viewer")
    alice.click("Give role")
    assert "no such user or team" in alice.alert
    assert (alice.typed("User or team"), alice.typed("Role")) == ("nobody-here", "viewer")
    alice.fill("User or team", "bob")
    alice.click("Give role")
    alice.click("Accept more types")
    alice.fill("Types", "dataset")
    alice.click("Accept")
    alice.click("Change the description")
    alice.fill("Description", "told")
    alice.click("Save")
    alice.click("Change the visibility")
    alice.choose("Visibility", "restricted")
    alice.click("Save")
    settled = "members: {bob: viewer}\n    artifact_types: [dataset]\n    description: told\n    visibility: restricted"
    assert is_so(_settings("first name", settled))
    alice.click("Change the visibility")
    alice.choose("Visibility", "organization")
    alice.click("Save")
    assert "cannot be opened to the organization again" in alice.alert


def _settings(registry: str, block: str) -> str:
    return f"apiVersion: regsync/v1\norganization: acme\nregistries:\n  {registry}:\n    {block}\n"


def _aliases(registry: str, collection: str, **aliases: str) -> str:
    inner = ", ".join(f"{alias}: '{version}'" for alias, version in aliases.items())
    return _settings(registry, f"collections: {{{collection}: {{aliases: {{{inner}}}}}}}")
