"""Who is signed in, and what every page looks like."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment

from regsync.local.store.actor import Actor
from regsync.local.store.database import to_json
from regsync.looks.environment import environment
from regsync.looks.environment import style as looks
from regsync.slots import dataclass

COOKIE = "regsync-session"
LIFETIME = 12 * 3600
"""Seconds that somebody stays signed in."""
MOST_SESSIONS = 1000
"""Sessions kept; the oldest is signed out for a new one beyond."""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in. `proof` comes with each of their forms, and no other site can know it."""

    actor: Actor
    token: str
    proof: str
    until: float


class Sessions:
    """Who is signed in to this process. Nothing of it is written down."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()
        self._guard = threading.Lock()

    def sign_in(self, actor: Actor) -> Visitor:
        """A session for somebody whose key has been looked at."""
        token = secrets.token_urlsafe(32)
        proof = hmac.new(self._secret, token.encode(), hashlib.sha256).hexdigest()
        visitor = Visitor(replace(actor, plan="", commit=""), token, proof, time.monotonic() + LIFETIME)
        with self._guard:
            self._visitors[token] = visitor
            while len(self._visitors) > MOST_SESSIONS:
                self._visitors.popitem(last=False)
        return visitor

    def find(self, token: str | None) -> Visitor | None:
        """Whose session that is; None for one that is made up, over, or signed out."""
        visitor = self._visitors.get(token or "")
        return visitor if visitor and time.monotonic() < visitor.until else None

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._guard:
            self._visitors.pop(token, None)


def style() -> str:
    """The style of all pages."""
    return looks() + (_TEMPLATES / "pages.css").read_text("utf-8")


def render(template: str, visitor: Visitor | None, **values: Any) -> str:
    """A page. Every text is written out and escaped, as in the HTML of a plan.

    What a form sends back (`value="{{ … | e }}"`) is only escaped: it must come back as it is.
    """
    return _environment().get_template(template).render(visitor=visitor, **values)


def registry_url(organization: str, registry: str) -> str:
    """The page of a registry, where W&B's client says that it is."""
    return f"/orgs/{quote(organization, safe='')}/registry/{quote(registry, safe='')}"


def collection_url(organization: str, entity: str, registry: str, collection: str, index: int | None = None) -> str:
    """The page of a collection or (`index`) of a version in it, where W&B's client says that it is."""
    path = f"{entity}/wandb-registry-{registry}/{collection}"
    version = "" if index is None else f"&view=membership&version=v{index}"
    return f"{registry_url(organization, registry)}?selectionPath={quote(path, safe='')}{version}"


def page_url(organization: str, registry: str, page: str, /, **values: Any) -> str:
    """A page beside that of a registry."""
    return f"{registry_url(organization, registry)}/{page}?{query(**values)}"


def query(**values: Any) -> str:
    """What stands behind the question mark of an address; what is empty is left out."""
    return urlencode({name: value for name, value in values.items() if value not in (None, "")})


def change_url(change: str, **values: Any) -> str:
    """The form of a change."""
    return f"/change/{change}?{query(**values)}"


def project_url(entity: str, project: str) -> str:
    """The artifact browser of a project."""
    return f"/{quote(entity, safe='')}/{quote(project, safe='')}/artifacts"


def run_url(name: str) -> str:
    """The page of a run, from its full name: `acme-ml/fraud/train`."""
    entity, project, run = (quote(part, safe="") for part in name.split("/", 2))
    return f"/{entity}/{project}/runs/{run}"


def source_url(entity: str, project: str, kind: str, name: str, index: int) -> str:
    """The page of a version where it was logged."""
    return "/".join(("", *(quote(part, safe="") for part in (entity, project, "artifacts", kind, name)), f"v{index}"))


@cache
def _environment() -> Environment:
    made = environment(_TEMPLATES, keep_lines=True)
    made.globals.update(
        registry_url=registry_url,
        collection_url=collection_url,
        change_url=change_url,
        page_url=page_url,
        query=query,
        project_url=project_url,
        run_url=run_url,
        source_url=source_url,
        quote=lambda text: quote(text, safe=""),
        as_json=to_json,
    )
    return made
