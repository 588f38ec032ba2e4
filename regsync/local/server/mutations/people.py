"""Teams and who is in them, and what people choose for themselves."""

from __future__ import annotations

from typing import Any

from regsync.local.server.nodes.accounts import key_shown
from regsync.local.server.session import Session
from regsync.local.store import accounts, people, user_keys
from regsync.local.store.access import missing, organization_role, sees_entity, sees_user
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, Forbidden, Invalid
from regsync.local.store.ids import Kind, decode, encode
from regsync.names import Role

Json = dict[str, Any]


class PeopleMutations:
    """Mutations of teams and users. Somebody whom the key does not see is treated as somebody who does not exist."""

    session: Session

    def create_team(self, input: Json) -> Json:
        """In the organization whose admin the viewer is; its first admin is the viewer, or the user who is named."""
        with self.session.write() as tx:
            team = accounts.add_team(tx, _organization(tx), input["team_name"])
            first = _named(tx, input.get("team_admin_user_name") or self.session.actor.name)
            accounts.set_team_member(tx, team, first, Role.ADMIN)
        return {"entity": team}

    def create_invite(self, input: Json) -> Json:
        """Who is invited to a team is in it at once: nobody has to accept here."""
        with self.session.write() as tx:
            team, user = _team(tx, input["entity_name"]), _invited(tx, input)
            if any(known.id == user.id for known, _ in accounts.team_members(tx, team)):
                raise Conflict(f"{user.name} is already in team {team.name}")
            people.invite(tx, team, user, Role.ADMIN if input.get("admin") else Role.MEMBER)
            now, email = tx.now, people.about(tx, [user])[user.id].email
        invite = {
            "id": encode(Kind.USER, user.id),
            "name": user.name,
            "email": email,
            "created_at": now,
            "to_user": user,
        }
        return {"invite": invite}

    def delete_invite(self, input: Json) -> Json:
        """Takes a member, whose id is that of their user, out of a team."""
        with self.session.write() as tx:
            team = _team(tx, input.get("entity_name") or "")
            key = decode(input.get("id") or "", Kind.USER)
            user = accounts.user_by_id(tx, key) if sees_user(tx, key) else missing("user")
            accounts.remove_team_member(tx, team, user)
        return {"success": True}

    def update_user(self, input: Json) -> Json:
        """Users change themselves alone."""
        me = self.session.actor
        if input.get("id") not in (None, encode(Kind.USER, me.user_id or 0)):
            raise Forbidden("permission denied: users change themselves alone")
        with self.session.write() as tx:
            if input.get("default_entity") is not None:
                accounts.set_default_entity(tx, input["default_entity"])
            user = accounts.user(tx, me.name)
        return {"user": user}

    def create_user(self, input: Json) -> Json:
        """A user of no organization, by their address. Nobody is told: the owner of the file gives them a key."""
        with self.session.write() as tx:
            made = people.add_by_address(tx, input["email"], server_admin=bool(input.get("admin")))
        return {"user": made}

    def create_service_account(self, input: Json) -> Json:
        with self.session.write() as tx:
            made = people.add_service_account(tx, _team(tx, input["entity_name"]), input["description"])
        return {"user": made}

    def generate_api_key(self, input: Json) -> Json:
        """One more key of the viewer. This answer alone tells it."""
        with self.session.write() as tx:
            key, secret = user_keys.make(tx, input.get("description"))
        return {"api_key": key_shown(key, secret)}

    def delete_api_key(self, input: Json) -> Json:
        with self.session.write() as tx:
            user_keys.delete(tx, _key(tx, input["id"]))
        return {"success": True}


def _key(tx: Transaction, text: str) -> user_keys.Key:
    try:
        return user_keys.by_id(tx, decode(text, Kind.API_KEY))
    except Invalid:
        return user_keys.first_of(tx, decode(text, Kind.FIRST_KEY))


def _organization(tx: Transaction) -> Organization:
    """The only organization whose admin the actor is. Raises `Forbidden`, `Invalid`."""
    found = [known for known in accounts.organizations(tx) if organization_role(tx, known.id) is Role.ADMIN]
    if not found:
        raise Forbidden("permission denied: only an admin of an organization adds teams")
    if len(found) > 1:
        names = ", ".join(known.name for known in found)
        raise Invalid(
            f"which organization? You are an admin of {names}", hint="use `regsync local team add NAME --org ORG`"
        )
    return found[0]


def _team(tx: Transaction, name: str) -> Entity:
    key = tx.value("SELECT id FROM entities WHERE name = ? AND kind = 'team'", name)
    if key is None or not sees_entity(tx, key):
        missing(f"team {name!r}")
    return accounts.entity_by_id(tx, key)


def _invited(tx: Transaction, input: Json) -> User:
    """The user of an invitation, by their name or their address. Raises `Invalid` where neither is given."""
    if input.get("username"):
        return _named(tx, input["username"])
    if not input.get("email"):
        raise Invalid("who is invited? Give their user name, or the address that they were made by")
    found = people.by_address(tx, input["email"])
    if found is None or not sees_user(tx, found.id):
        missing(f"user {input['email']!r}")
    return found


def _named(tx: Transaction, name: str) -> User:
    key = tx.value("SELECT id FROM users WHERE name = ?", name)
    if key is None or not sees_user(tx, key):
        missing(f"user {name!r}")
    return accounts.user_by_id(tx, key)
