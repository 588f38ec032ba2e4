"""What a server's features mean for whoever uses regsync with it."""

from __future__ import annotations

from regsync.backends.checkup import Finding, State
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.session import Session
from regsync.diagnostics import counted


def facts(session: Session, dialect: Dialect, source: str) -> list[Finding]:
    """Findings about the key and the server."""
    known = session.features
    told = "tells no features; it is taken for an old one" if known is None else f"announces {len(known)} features"
    return [
        Finding("key", State.OK, f"from {source}"),
        Finding("features", State.OK if known else State.NOTE, f"the server {told}"),
        *_consequences(dialect),
    ]


def searching(has_index: bool | None) -> list[Finding]:
    """What follows from an index of searches, where the server tells of one."""
    if not has_index:
        return []
    text = "registries are searched through an index of their own, which may lag behind what was just written"
    hint = "nothing to do: regsync looks up by name, and trusts the answer to a link; a check after an apply may take a moment longer"
    return [Finding("search index", State.NOTE, text, hint)]


def completeness(missed: int | None, unseen: int) -> list[Finding]:
    """What this run learned of how complete lists and searches are. `missed` None: there was no list to compare searches with."""
    found = [Finding("searches", State.OK, "show what look-ups by name show")]
    if missed is None:
        text = "cannot be compared with what registries list themselves: this key is shown no such list"
        hint = "nothing that is not named can be removed with it; name what is to go as `absent`"
        found = [Finding("searches", State.NOTE, text, hint)]
    if missed:
        text = f"do not show {counted(missed, 'thing')} that a look-up by name shows"
        hint = "nothing to do: regsync looks up by name whatever they do not find, and asks none for what is to go"
        found = [Finding("searches", State.NOTE, text, hint)]
    if unseen:
        text = f"{counted(unseen, 'thing')} announced in lists cannot be seen with this key"
        found.append(Finding("lists", State.NOTE, text, "they are left alone, and never taken for absent"))
    return found


def _consequences(dialect: Dialect) -> list[Finding]:
    found = []
    if dialect.protected_aliases:
        found.append(Finding("protected aliases", State.OK, "read and set by regsync"))
    else:
        found.append(
            Finding(
                "protected aliases",
                State.NOTE,
                "this server lets only its web app edit the list",
                "a plan says what a person must do in the registry's settings, once",
            )
        )
    if not dialect.next_index:
        text = "not told by this server; taken to be one more than the highest in the collection"
        hint = "where that is wrong, an apply stops at the first link that gets another number"
        found.append(Finding("next version", State.NOTE, text, hint))
    if not dialect.members:
        text = "the server does not show this key who the members of registries are, nor what its role is"
        hint = "leave `members` out of the manifests, or use the key of a person who may see them"
        found.append(Finding("members", State.NOTE, text, hint))
    if not dialect.registry_types:
        text = "this server does not tell which artifact types a registry accepts"
        found.append(Finding("artifact types", State.NOTE, text, "leave artifact_types out of the manifests"))
    if not dialect.membership_by_name:
        text = "this server is asked for whole collections before an alias is set: more requests"
        found.append(Finding("alias checks", State.NOTE, text))
    return found
