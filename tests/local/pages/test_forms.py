"""Sessions and forms without a browser: proofs, other sites, two people at once, strangers, typed input that is kept."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from regsync.local.store.database import open_store
from tests.backends.wandb.worlds import KEYS, everything, served, write_world
from tests.local.pages.world import HOSTILE, SEED

_MODELS = {"organization": "acme", "registry": "zoo", "collection": "models", "version": "v1"}
COLLECTION = "/orgs/acme/registry/zoo?selectionPath=acme-org/wandb-registry-zoo/models"
SignIn = Callable[[str], httpx.Client]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_world(tmp_path / "registry.db", SEED)


@pytest.fixture
def sign_in(path: Path) -> Iterator[SignIn]:
    clients = []
    with served(path) as url:

        def act(name: str) -> httpx.Client:
            client = httpx.Client(base_url=url)
            clients.append(client)
            answer = client.post("/signin", data={"key": KEYS[name], "to": "/registry/"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/registry/")
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=lax" in cookie
            return client

        yield act
        for client in clients:
            client.close()


def proof(client: httpx.Client) -> str:
    found = re.search(r'name="proof" value="(\w+)"', client.get("/registry/").text)
    assert found
    return found[1]


def send(client: httpx.Client, what: str, **values: str) -> httpx.Response:
    return client.post(f"/change/{what}", data={"proof": proof(client), **values})


def aliases(path: Path) -> dict[str, int]:
    return dict(everything(path).registries["zoo"].collections["models"].aliases)


def test_a_form_without_the_proof_of_its_session_changes_nothing(path: Path, sign_in: SignIn) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    before = aliases(path)
    for proof_given in ({}, {"proof": ""}, {"proof": "0" * 64}, {"proof": proof(bob)}):
        answer = alice.post("/change/add-aliases", data={**_MODELS, "aliases": "x", **proof_given})
        assert answer.status_code == 403
    assert aliases(path) == before


@pytest.mark.parametrize("what", ["/change/add-aliases", "/signin", "/signout"])
def test_other_sites_are_refused(sign_in: SignIn, what: str) -> None:
    alice = sign_in("alice")
    data = {**_MODELS, "aliases": "x", "proof": proof(alice), "key": KEYS["bob"]}
    assert alice.post(what, data=data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert alice.post(what, json=data).status_code == 415


def test_a_form_is_no_way_into_the_api(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    assert alice.post("/graphql", data={"query": "{ viewer { id } }"}).status_code == 415
    assert alice.post("/graphql", json={"query": "{ viewer { id } }"}).status_code == 401


def test_without_a_session_every_page_leads_to_the_sign_in(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    token = proof(alice)
    assert alice.post("/signout", data={"proof": token}).status_code == 303
    for path in ("/registry/", "/orgs/acme/registry/zoo", "/change/link", "/acme-ml/fraud/artifacts"):
        answer = alice.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/signin")
    assert alice.post("/change/add-aliases", data={**_MODELS, "aliases": "x", "proof": token}).status_code == 303


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil"]
)
def test_the_sign_in_leads_nowhere_else(sign_in: SignIn, to: str) -> None:
    answer = sign_in("alice").post("/signin", data={"key": KEYS["alice"], "to": to})
    assert answer.headers["location"] == "/registry/"


def test_two_people_at_once(path: Path, sign_in: SignIn) -> None:
    """Bob agrees to take staging from v0; meanwhile alice has moved it. He is asked again, from v2 this time."""
    alice, bob = sign_in("alice"), sign_in("bob")
    assert (
        send(
            alice, "link", **_MODELS, team="acme-ml", project="fraud", artifact="detector", source_version="v5"
        ).status_code
        == 303
    )
    asked = send(bob, "add-aliases", **_MODELS, aliases="staging")
    assert asked.status_code == 409
    agreed = {"agreed": "v0 staging"}
    assert agreed["agreed"] in asked.text
    moved = send(alice, "add-aliases", **{**_MODELS, "version": "v2"}, aliases="staging", **agreed)
    assert moved.status_code == 303
    again = send(bob, "add-aliases", **_MODELS, aliases="staging", **agreed)
    assert again.status_code == 409
    assert "<b>staging</b>, from v2" in again.text
    assert aliases(path)["staging"] == 2
    assert send(bob, "add-aliases", **_MODELS, aliases="staging", agreed="v2 staging").status_code == 303
    assert aliases(path)["staging"] == 1
    gone = send(alice, "remove-alias", **{**_MODELS, "version": "v2"}, alias="staging")
    assert gone.status_code == 409
    assert "on v1 by now" in gone.text
    off = {**_MODELS, "version": "v1", "alias": "staging"}
    assert send(alice, "remove-alias", **off).status_code == 303
    late = send(bob, "remove-alias", **off)
    assert late.status_code == 409
    assert "staging is on no version by now; nothing was changed" in late.text


def test_a_restricted_registry_does_not_exist_for_those_outside_it(sign_in: SignIn) -> None:
    bob, carol = sign_in("bob"), sign_in("carol")
    assert "secret" in carol.get("/registry/").text
    assert "secret" not in bob.get("/registry/").text
    hidden, absent = bob.get("/orgs/acme/registry/secret"), bob.get("/orgs/acme/registry/absent")
    assert (hidden.status_code, hidden.text.replace("secret", "")) == (404, absent.text.replace("absent", ""))
    for what in ("create-collection", "describe", "set-member", "link"):
        values = {"organization": "acme", "registry": "secret", "collection": "x", "member": "carol", "role": "admin"}
        assert bob.get(f"/change/{what}", params=values).status_code == 404
        sources = {"team": "acme-ml", "project": "fraud", "artifact": "detector", "source_version": "v1"}
        assert send(bob, what, **values, **sources, type="model").status_code == 404


def test_what_was_typed_is_kept_and_the_refusal_is_in_words(sign_in: SignIn) -> None:
    bob = sign_in("bob")
    typed = '"><script>alert(1)</script>'
    answer = send(bob, "create-collection", organization="acme", registry="model", collection="x", type=typed)
    assert answer.status_code == 400
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert 'role="alert"' in answer.text


def test_odd_input_is_refused_and_is_no_defect(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    odd = {
        **_MODELS,
        "version": "v" + "9" * 40,
        "aliases": "\ud7ff\x00",
        "role": "king",
        "visibility": "x",
        "agreed": "v1",
    }
    for what in ("add-aliases", "remove-alias", "link", "set-member", "restrict", "create-registry", "nix", "protect"):
        assert 400 <= send(alice, what, **odd).status_code < 500, what
    assert alice.get("/registry/", params={"page": "-1"}).status_code == 200
    assert alice.get("/orgs/acme/registry/zoo", params={"page": "9" * 30, "selectionPath": ""}).status_code == 200
    assert alice.get("/orgs/acme/registry/zoo", params={"selectionPath": "a/b"}).status_code == 404


def test_a_manifest_that_manages_a_thing_is_named(path: Path, sign_in: SignIn) -> None:
    alice = sign_in("alice")
    digest = "sha256:" + "a" * 64
    store = open_store(path)
    with store.write() as tx:
        tx.run(
            """INSERT INTO events (at, actor, kind, organization, address, after, plan, manifest_commit)
               VALUES (?, 'alice', 'set-alias', 'acme', 'zoo/models:staging', '0', ?, 'c0ffee1')""",
            tx.now,
            digest,
        )
    store.close()
    page = alice.get("/change/remove-alias", params={**_MODELS, "version": "v0", "alias": "staging"}).text
    assert digest in page
    assert "The next apply takes a change made here back" in page
    (link,) = {html.unescape(each) for each in re.findall(r'href="([^"]*plan=[^"]*)"', page)}
    changed = alice.get(link).text
    assert "What a plan changed in zoo" in changed
    assert changed.count("<td>set-alias</td>") == 1, "and nothing that others did"
    assert "commit <code>c0ffee1</code>, as alice said" in changed
    assert "That plan changed nothing here" in alice.get("/orgs/acme/registry/zoo/history", params={"plan": "nix"}).text
    assert f'href="{html.escape(link)}"' in alice.get(COLLECTION).text, (
        "the collection leads to the plans that changed it"
    )


def form(client: httpx.Client, what: str, **values: str) -> dict[str, str]:
    """What the browser sends of a form that somebody opened and has not filled in yet."""
    page = client.get(f"/change/{what}", params=values).text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.split('<form class="stacked"')[1])
    return {name: html.unescape(value) for name, value in hidden}


ZOO = {"organization": "acme", "registry": "zoo"}
BOTH: dict[str, tuple[str, dict[str, str], str, dict[str, str], str]] = {
    "description": ("describe", {"description": "a"}, "describe", {"description": "b"}, "to “a”"),
    "visibility": (
        "restrict",
        {"visibility": "restricted"},
        "restrict",
        {"visibility": "organization"},
        "from organization to restricted",
    ),
    "types": ("allow-types", {"types": "model, x"}, "allow-types", {"types": "y"}, "from every type to model, x"),
    "roles": (
        "set-member",
        {"member": "carol", "role": "viewer"},
        "set-member",
        {"member": "carol", "role": "member"},
        "gave the role viewer to carol",
    ),
    "members": (
        "set-member",
        {"member": "carol", "role": "viewer"},
        "remove-member",
        {"member": "carol"},
        "viewer to carol",
    ),
    "protected aliases": ("protect", {"aliases": "gold"}, "protect", {"aliases": "silver"}, "protected gold"),
    "a protection taken off": ("unprotect", {"alias": "live"}, "unprotect", {"alias": "live"}, "protection off live"),
}


def test_a_form_sends_back_names_that_nobody_can_read(path: Path, sign_in: SignIn) -> None:
    """On the page they are written out; what the form sends is the name itself."""
    alice = sign_in("alice")
    odd = "a\u2028" + HOSTILE
    held = {**_MODELS, "version": "v0"}
    assert send(alice, "add-aliases", **form(alice, "add-aliases", **held), aliases=odd).status_code == 303
    moved = {**_MODELS, "version": "v1", "aliases": odd}
    asked = alice.post("/change/add-aliases", data={**form(alice, "add-aliases", **_MODELS), "aliases": odd})
    assert asked.status_code == 409
    (agreed,) = re.findall(r'name="agreed" value="([^"]*)"', asked.text)
    assert send(alice, "add-aliases", **moved, agreed=html.unescape(agreed)).status_code == 303
    assert aliases(path)[odd] == 1
    for alias, version in ((odd, "v1"), (HOSTILE, "v0")):
        fields = form(alice, "remove-alias", **{**_MODELS, "version": version}, alias=alias)
        assert fields["alias"] == alias
        assert alice.post("/change/remove-alias", data=fields).status_code == 303
        assert alias not in aliases(path)


@pytest.mark.parametrize("setting", BOTH)
def test_a_setting_that_somebody_else_changed_meanwhile(path: Path, sign_in: SignIn, setting: str) -> None:
    """Both have the form open; the second to save is told what the first did, and asked. Saved then, it is so."""
    first, theirs, second, mine, told = BOTH[setting]
    alice, bob = sign_in("alice"), sign_in("bob")
    assert send(alice, "set-member", **form(alice, "set-member", **ZOO), member="bob", role="admin").status_code == 303
    assert send(alice, "protect", **form(alice, "protect", **ZOO), aliases="live").status_code == 303
    open_first, open_second = form(alice, first, **ZOO), form(bob, second, **ZOO)
    assert alice.post(f"/change/{first}", data={**open_first, **theirs}).status_code == 303
    before = everything(path).registries["zoo"]
    asked = bob.post(f"/change/{second}", data={**open_second, **mine})
    assert asked.status_code == 409
    assert "<li>alice " in asked.text
    assert told in html.unescape(re.sub(r"\s+", " ", asked.text))
    assert everything(path).registries["zoo"] == before
    (seen,) = re.findall(r'name="seen" value="(\d+)"', asked.text)
    again = bob.post(f"/change/{second}", data={**open_second, **mine, "seen": seen})
    if setting in ("visibility", "a protection taken off"):  # The first has left nothing that could be done.
        assert again.status_code in (404, 409)
    else:
        assert again.status_code == 303
        assert everything(path).registries["zoo"] != before


def test_the_same_by_two_people_needs_no_question(path: Path, sign_in: SignIn) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    open_first, open_second = form(alice, "describe", **ZOO), form(bob, "describe", **ZOO)
    for client, fields in ((alice, open_first), (bob, open_second)):
        assert client.post("/change/describe", data={**fields, "description": "the same"}).status_code == 303


def test_what_was_seen_counts_from_the_page_with_the_gear(sign_in: SignIn) -> None:
    """Bob looks at the settings; meanwhile alice describes the registry; the form that he opens then says so at once."""
    alice, bob = sign_in("alice"), sign_in("bob")
    (link,) = re.findall(r'href="(/change/describe[^"]*)"', bob.get("/orgs/acme/registry/zoo/settings").text)
    fields = form(alice, "describe", **ZOO)
    assert alice.post("/change/describe", data={**fields, "description": "told"}).status_code == 303
    page = html.unescape(bob.get(html.unescape(link)).text)
    assert "to “told”" in page
    assert "Save anyway" in page
    assert "to “told”" not in bob.get("/change/describe", params=ZOO).text


def test_a_form_that_does_not_say_what_it_has_seen_has_seen_nothing(path: Path, sign_in: SignIn) -> None:
    alice = sign_in("alice")
    assert send(alice, "describe", **form(alice, "describe", **ZOO), description="first").status_code == 303
    for seen in ({}, {"seen": ""}, {"seen": "-1"}, {"seen": "x"}, {"seen": "9" * 99}):
        assert send(alice, "describe", **ZOO, **seen, description="second").status_code == 409
    assert everything(path).registries["zoo"].description == "first"


def test_nothing_typed_is_told(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    for what in ("protect", "allow-types", "set-member"):
        assert send(alice, what, **form(alice, what, **ZOO), role="viewer").status_code == 400


def test_a_form_of_a_session_that_is_over_is_not_lost(path: Path, sign_in: SignIn) -> None:
    """Somebody fills in a form over lunch: after signing in again it is there as it was, and nothing is changed before it is sent."""
    alice = sign_in("alice")
    before = aliases(path)
    fields = {**form(alice, "add-aliases", **_MODELS), "aliases": "typed, and kept"}
    alice.cookies.clear()
    late = alice.post("/change/add-aliases", data=fields)
    assert late.status_code == 303
    assert fields["proof"] not in late.headers["location"]
    page = alice.get(late.headers["location"]).text
    assert "your session was over, so nothing was changed" in page
    (to,) = re.findall(r'name="to" value="([^"]*)"', page)
    signed_in = alice.post("/signin", data={"key": KEYS["alice"], "to": html.unescape(to)})
    assert 'value="typed, and kept"' in alice.get(signed_in.headers["location"]).text
    assert aliases(path) == before


def test_every_refusal_is_a_page(sign_in: SignIn) -> None:
    """In a browser nobody reads JSON: proofs that do not fit, addresses that lead nowhere."""
    bob = sign_in("bob")
    browser = {"Accept": "text/html,*/*"}
    for answer in (
        bob.post("/change/add-aliases", data={**_MODELS, "proof": "x"}, headers=browser),
        bob.post("/signout", data={"proof": "x"}, headers=browser),
        bob.get("/orgs/acme/registry/zoo/elsewhere", headers=browser),
        bob.get("/no/such/page/anywhere", headers=browser),
    ):
        assert 400 <= answer.status_code < 500
        assert 'role="alert"' in answer.text, answer.text


@pytest.mark.parametrize(
    "query",
    ["add-aliases?{}&collection=nix&version=v0", "add-aliases?{}&collection=models&version=v99", "delete-collection?{}&collection=nix",
     "create-registry", "create-registry?organization=nix", "describe?organization=acme&registry=nix"],
)  # fmt: skip
def test_nobody_fills_in_a_form_about_nothing(sign_in: SignIn, query: str) -> None:
    answer = sign_in("alice").get("/change/" + query.format("organization=acme&registry=zoo"))
    assert answer.status_code == 404
    assert "Not found" in answer.text


@pytest.mark.parametrize(
    "address",
    ["/registry/", "/orgs/acme/registry/zoo", "/acme-ml/fraud/artifacts",
     "/orgs/acme/registry/zoo?selectionPath=acme-org/wandb-registry-zoo/models"],
)  # fmt: skip
def test_beyond_the_last_page(sign_in: SignIn, address: str) -> None:
    text = sign_in("alice").get(f"{address}{'&' if '?' in address else '?'}page=99").text
    assert "There is nothing on page 99" in text
    assert "To the first page" in text
    assert "Delete collection" not in text


def test_addresses_that_people_shorten(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    for address, to in (
        ("/acme-ml/fraud", "/acme-ml/fraud/artifacts"),
        ("/acme-ml/fraud/artifacts/model", "/acme-ml/fraud/artifacts"),
        ("/acme-org", "/registry/"),
        ("/acme-org/wandb-registry-zoo", "/orgs/acme/registry/zoo"),
        ("/acme-org/wandb-registry-zoo/artifacts", "/orgs/acme/registry/zoo"),
    ):
        answer = alice.get(address)
        assert (answer.status_code, answer.headers["location"]) == (302, to)
    assert "detector:v5" in alice.get("/acme-ml/fraud/artifacts/model/detector").text
