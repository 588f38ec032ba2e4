"""Metrics, comparison, lineage and files of versions: what they show, to whom, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from regsync.local.pages import comparing
from regsync.local.pages.details import details
from regsync.local.pages.differences import compare
from regsync.local.pages.lineage import lineage
from regsync.local.pages.versions import in_project, in_registry
from regsync.local.store import accounts, artifacts, collections, contents, links, projects, registries, sequences, uses
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction
from tests.attack.people import KEYS, SECRET, Server, make_server

HOSTILE = '"><script>alert(1)</script> & / ? % \u202e'
ZOO = "/orgs/acme/registry/zoo"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with make_server(tmp_path / "registry.db") as made:
        with made.store.write() as tx:
            registries.create(tx, accounts.organization(tx, "acme"), "zoo")
        log(
            made.store,
            [{"accuracy": 0.5, "steps": 10}, {"accuracy": 0.9, HOSTILE: 3}, {"accuracy": 0.7, "note": HOSTILE}],
        )
        yield made


def log(store: Store, metadata: list[dict[str, object]], collection: str = "models") -> None:
    """Versions with that metadata, each made by the run `maker` and linked into a collection of `zoo`."""
    staged = [contents.stage_bytes(store, f"{collection} {number}".encode()) for number in range(len(metadata))]
    with store.write() as tx:
        zoo = registries.get(tx, accounts.organization(tx, "acme"), "zoo")
        project = projects.ensure(tx, "acme-ml", "lab")
        run, _ = projects.upsert_run(tx, project, "maker")
        for values, content in zip(metadata, staged, strict=True):
            version, _ = sequences.log(
                tx, project, collection, "model", files={"a file.html": content}, metadata=values, run=run
            )
            links.link(tx, zoo, collection, version)


def see(server: Server, user: str, address: str, **asked: str) -> httpx.Response:
    server.client.cookies.clear()
    server.client.post("/signin", data={"key": KEYS[user]})
    return server.client.get(address, params=asked, follow_redirects=False)


def order(answer: httpx.Response) -> list[int]:
    """The versions of a page of metrics, from top to bottom."""
    found = answer.text.split('<th scope="row">')[1:]
    return [int(each.split(">v", 1)[1].split("<")[0]) for each in found]


def test_metrics_side_by_side_in_the_order_of_one_of_them(server: Server) -> None:
    assert order(see(server, "alice", f"{ZOO}/metrics", collection="models")) == [2, 1, 0]
    best = see(server, "alice", f"{ZOO}/metrics", collection="models", by="accuracy", down="1")
    assert order(best) == [1, 2, 0]
    assert 'aria-sort="descending"' in best.text
    assert "accuracy, from 0.5 to 0.9 on this page" in best.text
    assert "<polyline points=" in best.text
    worst = see(server, "alice", f"{ZOO}/metrics", collection="models", by="steps")
    assert order(worst) == [0], "versions without the metric are left out, and the page says so"
    assert "Versions that have steps in their metadata" in worst.text


def test_metrics_that_are_nested_have_dotted_names(server: Server) -> None:
    log(server.store, [{"val": {"acc": 0.5, "top": {"5": 1}}, "list": [1]}, {"val": {"acc": 0.25}}], "nested")
    found = see(server, "alice", f"{ZOO}/metrics", collection="nested", by="val.acc")
    assert order(found) == [1, 0]
    assert "val.acc, from 0.25 to 0.5 on this page" in found.text
    assert ">val.top.5<" in found.text
    assert "list" not in found.text.split("<table>")[1]


def test_the_order_follows_metadata_that_changes_and_versions_that_go(server: Server) -> None:
    log(server.store, [{"n": 1}, {"n": 2}, {"n": 3}], "moving")
    with server.store.write() as tx:
        zoo = registries.get(tx, accounts.organization(tx, "acme"), "zoo")
        moving = collections.get(tx, zoo, "moving")
        first, second, third = (artifacts.by_id(tx, links.get(tx, moving, f"v{n}").artifact_id) for n in range(3))
        artifacts.set_metadata(tx, first, {"n": 9, "m": 1})
        links.unlink(tx, zoo, moving, second)
        artifacts.set_metadata(tx, third, {})
    assert order(see(server, "alice", f"{ZOO}/metrics", collection="moving", by="n")) == [0]
    with server.store.write() as tx:
        artifacts.delete(tx, artifacts.by_id(tx, first.id), with_aliases=True)
    assert "No version here has that number" in see(server, "alice", f"{ZOO}/metrics", collection="moving", by="n").text


def test_two_versions_compared(server: Server) -> None:
    text = see(server, "alice", f"{ZOO}/compare", collection="models", old="v0", new="v1").text
    assert "<h1>v0 and v1</h1>" in text
    assert "<td>0.5</td><td>0.9</td>" in text
    assert "<td>10</td><td>—</td>" in text
    assert "a file.html" in text


def test_lineage_names_the_run_that_made_it_what_that_used_and_who_used_it(server: Server) -> None:
    log(server.store, [{}], "rows")
    with server.store.write() as tx:
        project = projects.get(tx, "acme-ml", "lab")
        models, rows = (sequences.find(tx, project, name) for name in ("models", "rows"))
        assert models
        assert rows
        held = [links.get(tx, each, "v0").artifact_id for each in (models, rows)]
        model, data = (artifacts.by_id(tx, key) for key in held)
        uses.record(tx, projects.run(tx, project, "maker"), data)
        uses.record(tx, projects.upsert_run(tx, project, "reader")[0], model)
    text = see(server, "alice", f"{ZOO}/lineage", collection="models", version="v0").text
    assert '<p><a href="/acme-ml/lab/runs/maker">acme-ml/lab/maker</a></p>' in text
    assert "<li>acme-ml/lab/rows:v0</li>" in text
    assert '<li><a href="/acme-ml/lab/runs/reader">acme-ml/lab/reader</a></li>' in text
    assert text.count(">→</text>") == 3
    outside = see(server, "dan", f"{ZOO}/lineage", collection="models", version="v0").text
    assert "models" in outside
    assert ">→</text>" not in outside
    for hidden in ("acme-ml", "maker", "reader"):
        assert hidden not in outside, "dan is in no team that may see the project"


LOGGED = "/acme-ml/lab/artifacts/model/models"


def test_a_version_where_it_was_logged_has_the_same(server: Server) -> None:
    page = see(server, "alice", f"{LOGGED}/v1")
    assert page.status_code == 200
    assert "acme-ml/lab/models:v1" in page.text
    for name, content in (("file?path=a+file.html", b"models 1"), ("lineage", None), ("compare?new=latest", None)):
        assert f'href="{LOGGED}/v1/{name}"' in page.text
        answer = see(server, "alice", f"{LOGGED}/v1/{name.partition('?')[0]}", path="a file.html", new="latest")
        assert answer.status_code == 200
        assert content in (None, answer.content)
    compared = see(server, "alice", f"{LOGGED}/v0/compare", new="v1").text
    assert "<h1>v0 and v1</h1>" in compared
    assert "<td>0.5</td><td>0.9</td>" in compared
    assert (
        '<p><a href="/acme-ml/lab/runs/maker">acme-ml/lab/maker</a></p>'
        in see(server, "alice", f"{LOGGED}/v1/lineage").text
    )
    assert see(server, "carol", f"{LOGGED}/v1").status_code == 404, "carol is not in the team"


@pytest.mark.parametrize(
    "other", ["acme-ml/lab/models:v2", "acme/wandb-registry-zoo/models:v2", "acme-org/wandb-registry-zoo/models:v2",
              "wandb-registry-zoo/models:v2", "acme-ml/lab/models"]
)  # fmt: skip
def test_any_two_versions_are_compared(server: Server, other: str) -> None:
    log(server.store, [{"accuracy": 0.25}], "others")
    text = see(server, "alice", f"{ZOO}/compare", collection="others", old="v0", new=other).text
    assert "<h1>acme/wandb-registry-zoo/others:v0 and " in text
    assert "models:v2</h1>" in text
    assert "<td>0.25</td><td>0.7</td>" in text


@pytest.mark.parametrize(
    "other",
    [
        "acme-ml/secret/weights:v0",
        "acme/wandb-registry-vault/weights:v0",
        "acme-ml/nix/x:v0",
        "a/b",
        "a/b/c/d",
        "/",
        "v99",
    ],
)
def test_nothing_hidden_is_compared(server: Server, other: str) -> None:
    answer = see(server, "carol", f"{ZOO}/compare", collection="models", old="v0", new=other)
    assert answer.status_code == 404
    assert "missing, or not visible" in answer.text


def test_a_link_whose_source_was_deleted(server: Server) -> None:
    with server.store.write() as tx:
        gone = in_project(tx, "acme-ml", "lab", "models", "v0").version
        artifacts.delete(tx, gone, with_aliases=True)
    page = see(server, "alice", ZOO, selectionPath="acme-org/wandb-registry-zoo/models")
    assert "Its source was deleted" in page.text
    assert gone.digest not in page.text.split("History")[0]
    assert "View v0" not in page.text
    for show in ("lineage", "file", "compare"):
        assert see(server, "alice", f"{ZOO}/{show}", collection="models", version="v0", old="v0").status_code == 404


def test_many_files_are_cut_into_pages(server: Server) -> None:
    with server.store.write() as tx:
        found = in_project(tx, "acme-ml", "lab", "models", "v0").version
        tx.many(
            "INSERT INTO artifact_files (artifact_id, path, digest, size) VALUES (?, ?, 'x', 1)",
            [(found.id, f"part-{number:03}") for number in range(120)],
        )
    first = see(server, "alice", f"{LOGGED}/v0").text
    assert f'href="{LOGGED}/v0?page=2"' in first
    assert "part-119" not in first
    assert "part-119" in see(server, "alice", f"{LOGGED}/v0", page="3").text
    assert "none that this key may read on this page" in see(server, "alice", f"{LOGGED}/v0", page="4").text


def test_a_run_at_the_address_that_the_client_prints(server: Server) -> None:
    with server.store.write() as tx:
        model = in_registry(tx, "acme", "zoo", "models", "v0").version
        uses.record(tx, projects.run(tx, projects.get(tx, "acme-ml", "lab"), "maker"), model)
    page = see(server, "alice", "/acme-ml/lab/runs/maker").text
    made, used = (part.split("</ul>")[0] for part in page.split("<ul>")[1:])
    for number in range(3):
        assert f'<a href="{LOGGED}/v{number}">acme-ml/lab/models:v{number}</a>' in made
    assert used.count("<li>") == 1
    assert "acme-ml/lab/models:v0" in used
    assert see(server, "carol", "/acme-ml/lab/runs/maker").status_code == 404
    assert see(server, "alice", "/acme-ml/lab/runs/nix").status_code == 404


def test_a_file_is_saved_and_never_shown_as_a_page(server: Server) -> None:
    answer = see(server, "alice", f"{ZOO}/file", collection="models", version="v1", path="a file.html")
    assert (answer.status_code, answer.content) == (200, b"models 1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20file.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert see(server, "alice", f"{ZOO}/file", collection="models", version="v1", path="none").status_code == 404


@pytest.mark.parametrize("page", ["metrics", "compare", "lineage", "file"])
def test_a_hidden_registry_looks_like_one_that_is_not_there(server: Server, page: str) -> None:
    asked = {"collection": "weights", "version": "v0", "path": "weights.bin", "old": "v0", "new": "v0"}
    for stranger in ("carol", "eve"):
        hidden = see(server, stranger, f"/orgs/acme/registry/vault/{page}", **asked)
        absent = see(server, stranger, f"/orgs/acme/registry/vaulx/{page}", **asked)
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.text.replace("vault", "vaulx").split("</header>")[1] == absent.text.split("</header>")[1]


def test_a_restricted_viewer_gets_no_file_and_no_name_of_one(server: Server) -> None:
    asked = {"collection": "weights", "version": "v0", "path": "weights.bin", "old": "v0", "new": "v0"}
    vault = "/orgs/acme/registry/vault"
    assert see(server, "rita", f"{vault}/file", **asked).status_code == 403
    assert see(server, "dan", f"{vault}/file", **asked).content == SECRET
    compared = see(server, "rita", f"{vault}/compare", **asked)
    assert compared.status_code == 200
    assert "weights.bin" not in compared.text


def test_names_and_values_of_strangers_are_only_text(server: Server) -> None:
    asked = {"collection": "models", "old": "v1", "new": "v2", "by": HOSTILE, "down": HOSTILE}
    for page in ("metrics", "compare"):
        text = see(server, "alice", f"{ZOO}/{page}", **asked).text
        assert "&lt;script&gt;" in text
        assert "<script" not in text
        assert "\u202e" not in text
        assert "style=" not in text


@pytest.mark.parametrize("values", [{"n": 10**400}, {"n": 1.7e308}, {"n": True}, {"n": [1]}, {}])
def test_metadata_that_no_plot_can_draw(server: Server, values: dict[str, object]) -> None:
    log(server.store, [values, {"n": -1.7e308}], "odd")
    assert see(server, "alice", f"{ZOO}/metrics", collection="odd", by="n").status_code == 200


def test_a_page_asks_the_same_whatever_there_is(server: Server) -> None:
    def statements() -> list[int]:
        found = []
        shown: list[Callable[[Transaction], object]] = [
            lambda tx: comparing.metrics(tx, "acme", "zoo", {"collection": "many", "by": "n"}),
            lambda tx: compare(tx, in_registry(tx, "acme", "zoo", "many", "v0"), {"new": "v1"}),
            lambda tx: lineage(tx, in_registry(tx, "acme", "zoo", "many", "v0"), {}),
            lambda tx: details(tx, in_registry(tx, "acme", "zoo", "many", "v0"), {}),
        ]
        for show in shown:
            asked: list[str] = []
            with server.store.read(acting(server, "carol")) as tx:
                tx._connection.set_trace_callback(asked.append)
                show(tx)
                tx._connection.set_trace_callback(None)
            found.append(len(asked))
        return found

    log(server.store, [{"n": number} for number in range(60)], "many")
    few = statements()
    log(server.store, [{"n": number, "more": 1} for number in range(60, 180)], "many")
    assert statements() == few


def acting(server: Server, name: str) -> Actor:
    with server.store.read() as tx:
        return accounts.actor(tx, name)
