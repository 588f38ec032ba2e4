"""What is hidden from somebody is not told: no name, no count, no different error."""

from __future__ import annotations

from regsync.local.store import accounts, links, projects, registries, sequences
from regsync.local.store.ids import Kind, encode
from regsync.names import Role
from tests.attack.people import Server, artifact_id, uploaded

MEMBER = """mutation M($project: ID!, $member: ID!) { updateProjectMember(input: {projectId: $project, userId: $member,
              userProjectRole: "viewer"}) { success } }"""
TEAM = """mutation M($project: ID!, $team: ID!) { updateProjectTeamMember(input: {projectId: $project, teamId: $team,
            teamProjectRole: "viewer"}) { success } }"""


def open_link(server: Server, registry: str = "open", **roles: Role) -> None:
    """The team's version in a registry that the whole organization sees."""
    server.registry(registry, **roles)
    with server.store.write() as tx:
        place = registries.get(tx, accounts.organization(tx, "acme"), registry)
        links.link(tx, place, "weights", server_version(tx), ["staging"])


def server_version(tx):  # type: ignore[no-untyped-def]
    from regsync.local.store import artifacts
    from regsync.names import SourceRef

    return artifacts.resolve(tx, SourceRef("acme-ml", "secret", "weights", "v0"))


def test_how_many_artifacts_a_hidden_project_has(server: Server) -> None:
    """Through the type of a version that is linked where the viewer may look."""
    open_link(server)
    query = """query Q($id: ID!) { artifact(id: $id) { artifactType { name
                 artifactCollections(first: 5) { totalCount edges { node { name } } } artifactCollection(name: "weights") { id } } } }"""
    told = server.ask("carol", query, id=artifact_id(server.version()))["data"]["artifact"]["artifactType"]
    assert told == {"name": "model", "artifactCollections": {"totalCount": 0, "edges": []}, "artifactCollection": None}
    assert server.ask("bob", query, id=artifact_id(server.version()))["data"]["artifact"]["artifactType"][
        "artifactCollection"
    ]


def test_another_organizations_teams_through_a_user_of_both(server: Server) -> None:
    with server.store.write() as tx:
        globex, bob = accounts.organization(tx, "globex"), accounts.user(tx, "bob")
        accounts.set_organization_member(tx, globex, bob, Role.MEMBER)
        accounts.set_team_member(tx, accounts.entity(tx, "globex-ml"), bob)
    query = '{ users(query: "bob") { edges { node { teams { edges { node { name } } } organizations { name } } } } }'
    (told,) = (edge["node"] for edge in server.ask("carol", query)["data"]["users"]["edges"])
    assert [edge["node"]["name"] for edge in told["teams"]["edges"]] == ["acme-ml"]
    assert told["organizations"] == [{"name": "acme"}]


def test_names_through_counted_ids(server: Server) -> None:
    """Users and teams of other organizations, and personal entities, look like ids that were never given."""
    server.registry("ritas", rita=Role.ADMIN)
    with server.store.read() as tx:
        project = encode(Kind.PROJECT, registries.get(tx, accounts.organization(tx, "acme"), "ritas").id)
        eve = accounts.user(tx, "eve")
        hidden = [accounts.entity(tx, name).id for name in ("globex-ml", "globex-org", "eve", "bob")]
    strangers = [server.ask("rita", MEMBER, project=project, member=encode(Kind.USER, key)) for key in (eve.id, 9999)]
    assert strangers[0] == strangers[1]
    teams = [server.ask("rita", TEAM, project=project, team=encode(Kind.ENTITY, key)) for key in (*hidden, 9999)]
    assert all(answer == teams[-1] for answer in teams)
    assert "eve" not in str(strangers)
    assert "globex" not in str(teams)


def test_where_a_version_was_logged_in_the_errors_of_those_who_cannot_see_it(server: Server) -> None:
    open_link(server, dan=Role.MEMBER)
    version = artifact_id(server.version())
    documents = [
        'mutation M($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } } }',
        'mutation M($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }',
        """mutation M($id: ID!) { createArtifactFiles(input: {artifactFiles: [{artifactID: $id, name: "x"}]})
             { files { edges { cursor } } } }""",
        """mutation M($id: ID!) { createArtifactManifest(input: {artifactID: $id, digest: "x", name: "x", entityName: "x",
             projectName: "x", type: FULL}) { artifactManifest { id } } }""",
        """mutation M($id: ID!) { addAliases(input: {artifactID: $id, aliases: [{entityName: "dan-team", projectName: "p",
             artifactCollectionName: "mine", alias: "x"}]}) { success } }""",
        """mutation M($id: ID!) { linkArtifact(input: {artifactID: $id, entityName: "acme-org",
             projectName: "wandb-registry-data", artifactPortfolioName: "mine"}) { versionIndex } }""",
    ]  # fmt: skip
    with server.store.write() as tx:
        acme = accounts.organization(tx, "acme")
        registries.create(tx, acme, "data", artifact_types=["dataset"])
    uploaded(server, "dan", "dan-team", "p", "mine", {"a": b"1"})
    for document in documents:
        answer = server.ask("dan", document, id=version)
        assert answer.get("errors"), document
        assert "acme-ml" not in str(answer["errors"]), answer
        assert "secret" not in str(answer["errors"]), answer


def test_a_registry_in_the_error_of_whoever_may_not_see_it(server: Server) -> None:
    """Deleting a version is refused because of a protected alias somewhere; where, is not told."""
    with server.store.write() as tx:
        registries.protect(tx, registries.get(tx, accounts.organization(tx, "acme"), "vault"), "production")
    document = (
        "mutation M($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } } }"
    )
    answer = server.ask("bob", document, id=artifact_id(server.version()))
    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert "vault" not in str(answer)


def test_an_entity_that_there_is_not_and_one_that_is_hidden(server: Server) -> None:
    document = 'mutation M($entity: String!) { upsertModel(input: {entityName: $entity, name: "p"}) { inserted } }'
    told = [
        str(server.ask("rita", document, entity=name)).replace(name, "NAME")
        for name in ("globex-ml", "acme-ml", "nobody")
    ]
    assert told[0] == told[1] == told[2]


def test_a_client_id_of_somebody_else_does_not_hide_mine(server: Server) -> None:
    assert uploaded(server, "bob", "acme-ml", "p", "mine", {"a": b"1"}, client_id="the-same").get("errors") is None
    assert uploaded(server, "eve", "globex-ml", "p", "other", {"a": b"2"}, client_id="the-same").get("errors") is None
    query = '{ clientIDMapping(clientID: "the-same") { serverID } }'
    assert server.ask("bob", query)["data"]["clientIDMapping"]["serverID"] == artifact_id(
        server.version("mine", project="p")
    )
    assert server.codes("carol", query) == ["NOT_FOUND"]


def test_the_role_allows_it_although_the_source_is_hidden(server: Server) -> None:
    """A member of a registry edits a version of it and links it on, without being in the team that logged it."""
    open_link(server, dan=Role.MEMBER)
    server.registry("second")
    with server.store.write() as tx:
        tx.run("UPDATE artifacts SET ttl_seconds = 60")
    version = artifact_id(server.version())
    edit = 'mutation E($id: ID!) { updateArtifact(input: {artifactID: $id, metadata: "{}", description: "d"}) { artifact { id } } }'
    link = """mutation L($id: ID!) { linkArtifact(input: {artifactID: $id, entityName: "acme-org",
                projectName: "wandb-registry-second", artifactPortfolioName: "w"}) { versionIndex } }"""
    assert server.codes("dan", edit, id=version) == []
    assert server.codes("dan", link, id=version) == []


def test_a_way_that_forgets_to_ask_shows_nothing(server: Server) -> None:
    """The gate in front of every record: whatever way led to it."""
    from regsync.local.server.addresses import Addresses, Signer
    from regsync.local.server.session import Session
    from regsync.local.server.showing import NODES, SEEN, shown

    assert set(NODES) == set(SEEN)
    with server.store.read() as tx:
        vault = registries.get(tx, accounts.organization(tx, "acme"), "vault")
        project = projects.get(tx, "acme-ml", "secret")
        eve, acme, carol = accounts.user(tx, "eve"), accounts.organization(tx, "acme"), accounts.actor(tx, "carol")
        hidden = [vault, project, eve, accounts.organization(tx, "globex"), accounts.entity(tx, "globex-ml"),
                  server_version(tx), sequences.find(tx, project, "weights")]  # fmt: skip
        assert acme.id
    with Session(server.store, carol, Addresses("http://x", Signer())) as session:
        assert [shown(session, one) for one in hidden] == [None] * len(hidden)
        assert shown(session, hidden) == []
        assert shown(session, acme) is not None
