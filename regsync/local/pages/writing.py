"""Carrying out a form, and showing it: again with what was typed where it was refused, and asking where an alias would move."""

from __future__ import annotations

from regsync.local.changing.change import AsksFirst, in_git
from regsync.local.changing.managed import Managed, last_plan
from regsync.local.changing.meanwhile import ChangedMeanwhile, Other, changes, since
from regsync.local.pages.choosing import collections_for, steps_to
from regsync.local.pages.forms import FORMS, Form, Values, changes_seen, place, result
from regsync.local.pages.reading import Page
from regsync.local.store import accounts, collections, links, members, projects, registries
from regsync.local.store.access import missing
from regsync.local.store.actor import Actor
from regsync.local.store.database import Stop, Store, Transaction
from regsync.local.store.errors import NotFound, Refused
from regsync.names import REGISTRY_PREFIX, Role
from regsync.slots import NamedTuple


class Done(NamedTuple):
    """It was carried out; the page that shows it."""

    url: str


class Asked(NamedTuple):
    """It was not carried out: the form again, and the status that the answer has."""

    page: Page
    status: int


def form_named(name: str) -> Form:
    """Raises `NotFound`."""
    return FORMS.get(name) or missing("page")


def shown(
    tx: Transaction, name: str, values: Values, *, problem: Refused | None = None, snippet_only: bool = False
) -> Page:
    """The form of a change with these values, and the same change as a manifest."""
    form = form_named(name)
    _require_subject(tx, name, form, values)
    return Page(
        "change.jinja",
        {
            "form": form,
            "name": name,
            "values": values,
            "problem": problem,
            "moves": problem.moves if isinstance(problem, AsksFirst) else None,
            "agreed": "\n".join(f"v{index} {alias}" for alias, index in problem.moves.items())
            if isinstance(problem, AsksFirst)
            else "",
            "snippet": _snippet(tx, form, values),
            "managed": _managed(tx, form, values),
            "asks": isinstance(problem, ChangedMeanwhile),
            "others": _others(tx, form, values),
            "seen": changes(tx, place(values)) if form.shared else "",
            "previewed": snippet_only,
        },
    )


def _require_subject(tx: Transaction, name: str, form: Form, values: Values) -> None:
    """Raise `NotFound`: nobody fills in a form about what is not there, or what they do not see."""
    if name == "create-registry":
        accounts.organization(tx, values.get("organization", ""))
        return
    registry = place(values).get(tx)
    if "collection" in form.keys:
        collection = collections.get(tx, registry, values.get("collection", ""))
        if "version" in form.keys:
            links.get(tx, collection, values.get("version", ""))


def carry_out(store: Store, actor: Actor, stop: Stop, name: str, values: Values) -> Done | Asked:
    """Do what a form says. Refused, it comes back with what was typed."""
    form = form_named(name)
    try:
        if values.get("preview"):
            with store.read(actor, stop) as tx:
                return Asked(shown(tx, name, values, snippet_only=True), 200)
        change = form.make(values)
        with store.write(actor, stop) as tx:
            change.carry_out(tx)
            return Done(result(tx, change))
    except Refused as error:
        if isinstance(error, NotFound):
            raise
        with store.read(actor, stop) as tx:
            return Asked(shown(tx, name, values, problem=error), error.code)


def settings_page(tx: Transaction, organization: str, name: str) -> Page:
    """What stands behind the gear of a registry."""
    values = {"organization": organization, "registry": name}
    at = place(values)
    registry = at.get(tx)
    return Page(
        "settings.jinja",
        {
            "registry": registry,
            "place": at,
            "types": None if registry.all_types else registries.accepted_types(tx, registry),
            "protected": registries.protected_aliases(tx, registry),
            "members": members.members(tx, registry),
            "role": registries.role(tx, registry),
            "roles": tuple(Role),
            "forms": FORMS,
            "managed": last_plan(tx, at),
            "seen": changes(tx, at),
        },
    )


def link_steps(tx: Transaction, values: Values) -> Page:
    """**Link new version**: Team, Project, Artifact, Version, each list depending on the one before; then the aliases."""
    at = place(values)
    registry = at.get(tx)
    collection = collections.get(tx, registry, values.get("collection", ""))
    steps = steps_to(tx, collection, accounts.organization(tx, at.organization), values)
    chosen = {step.name: step.chosen for step in steps}
    if not chosen.get("source_version"):
        return Page("link.jinja", {"registry": registry, "collection": collection, "steps": steps})
    known = {"organization": at.organization, "registry": at.registry, "collection": collection.name, **chosen}
    return shown(tx, "link", {**known, "aliases": values.get("aliases", "")})


def link_to_registry(tx: Transaction, values: Values) -> Page:
    """**Link to registry** from the artifact browser: choose a collection; then the aliases."""
    project = projects.get(tx, values.get("team", ""), values.get("project", ""))
    sequence = collections.get(tx, project, values.get("artifact", ""))
    links.get(tx, sequence, values.get("source_version", ""))
    source = {key: values.get(key, "") for key in ("team", "project", "artifact", "source_version")}
    choice = None
    for organization in accounts.organizations(tx):
        if organization.id == project.organization_id:
            choice, chosen = collections_for(tx, organization, sequence.type, values)
            if chosen is not None:
                into = {"registry": chosen.project.removeprefix(REGISTRY_PREFIX), "collection": chosen.name}
                typed = {"organization": organization.name, "aliases": values.get("aliases", ""), **into}
                return shown(tx, "link", {**source, **typed})
    return Page("publish.jinja", {"source": source, "choice": choice, "type": sequence.type})


def _snippet(tx: Transaction, form: Form, values: Values) -> str:
    try:
        return in_git(form.make(form.with_examples(values)), tx)
    except Refused:
        return ""


def _others(tx: Transaction, form: Form, values: Values) -> list[Other]:
    """What others did since the page was made that these values come from; told now, it is asked about no more."""
    if not form.shared or "seen" not in values:
        return []
    return since(tx, place(values), form.shared, changes_seen(values), values.get("member", ""))


def _managed(tx: Transaction, form: Form, values: Values) -> Managed | None:
    for inner in form.managed(values):
        try:
            if found := last_plan(tx, place(values), inner):
                return found
        except Refused:
            return None
    return None
