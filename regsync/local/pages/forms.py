"""The form of each change: its fields, the change that they make, and the page that shows the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from regsync.local.changing import contents, meanwhile, settings
from regsync.local.changing.change import Change, Place
from regsync.local.pages.frame import collection_url, registry_url
from regsync.local.store import accounts
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.names import Role, SourceRef, Visibility, parse_version_ref, version_index
from regsync.slots import NamedTuple, dataclass

Values = Mapping[str, str]
"""What a form holds: a text for each field."""


class Field(NamedTuple):
    """A field that a person fills in. `options`: what may be chosen, in place of typing. `example` stands for what is not typed yet."""

    name: str
    label: str
    example: str
    options: tuple[str, ...] = ()
    is_long: bool = False
    help: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """`keys` are fields that a person does not see: what the form is about. `managed`: which address a plan may have set.

    `shared`: kinds of events; what others did of these since the page was made is told and asked about (`changing.meanwhile`).
    """

    title: str
    button: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    make: Callable[[Values], Change]
    managed: Callable[[Values], tuple[str, ...]]
    shared: tuple[str, ...] = ()

    def with_examples(self, values: Values) -> dict[str, str]:
        """The values, with examples for what must be typed and is not yet."""
        examples = {each.name: each.example for each in self.fields if not values.get(each.name)}
        return {**values, **examples}


def place(values: Values) -> Place:
    """The registry that a form is about."""
    return Place(values.get("organization", ""), values.get("registry", ""))


def words(text: str) -> tuple[str, ...]:
    """What was typed with commas or line ends in between; without repetition."""
    found = (each.strip() for each in re.split(r"[,\r\n]", text))
    return tuple(dict.fromkeys(each for each in found if each))


def seen(values: Values) -> dict[str, int]:
    """From which version somebody has agreed to take each alias: `v1 production` a line."""
    agreed = {}
    for line in values.get("agreed", "").split("\n"):  # Other ends of lines may be in an alias.
        version, _, alias = line.removesuffix("\r").partition(" ")
        if (index := version_index(version)) is not None:
            agreed[alias] = index
    return agreed


def changes_seen(values: Values) -> int:
    """How many changes of the settings the page has seen; 0 where a form does not tell."""
    text = values.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def result(tx: Transaction, change: Change) -> str:
    """The page that shows what a change has done."""
    at = change.place
    match change:
        case contents.CreateCollection():
            return _inside(tx, at, change.name)
        case contents.LinkVersion():
            return _inside(tx, at, change.collection)
        case contents.SetAliases() | contents.RemoveAlias():
            return _inside(tx, at, change.collection, change.index)
        case settings.CreateRegistry() | contents.DeleteCollection():
            return registry_url(at.organization, at.registry)
        case _:
            return f"{registry_url(at.organization, at.registry)}/settings"


def _inside(tx: Transaction, at: Place, collection: str, index: int | None = None) -> str:
    entity = accounts.organization(tx, at.organization).entity
    return collection_url(at.organization, entity, at.registry, collection, index)


def _described(values: Values) -> str | None:
    """Nothing typed is no description, not an empty one."""
    return values.get("description", "").replace("\r\n", "\n") or None


def _role(values: Values) -> Role:
    if values.get("role") not in tuple(Role):
        raise Invalid(f"{values.get('role')!r} is no role", hint=f"one of {', '.join(Role)}")
    return Role(values["role"])


def _visibility(values: Values) -> Visibility:
    if values.get("visibility") not in tuple(Visibility):
        raise Invalid(f"{values.get('visibility')!r} is no visibility", hint=f"one of {', '.join(Visibility)}")
    return Visibility(values["visibility"])


def _index(values: Values) -> int:
    index = version_index(values.get("version", ""))
    if index is None:
        raise Invalid(f"{values.get('version')!r} is no version of a collection", hint="a version is v0, v1, …")
    return index


def _source(values: Values) -> SourceRef:
    text = f"{values.get('team')}/{values.get('project')}/{values.get('artifact')}:{values.get('source_version')}"
    try:
        found = parse_version_ref(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is no artifact version: {error}") from error
    if not isinstance(found, SourceRef):
        raise Invalid(f"{text!r} is no artifact version")
    return found


def _of_registry(values: Values) -> tuple[str, ...]:
    return ("",)


def _of_collection(values: Values) -> tuple[str, ...]:
    return (f"/{values.get('collection', '')}",)


def _of_aliases(values: Values) -> tuple[str, ...]:
    names = (values["alias"],) if values.get("alias") else words(values.get("aliases", ""))
    return tuple(f"/{values.get('collection', '')}:{each}" for each in names)


_TYPE_HELP = "A type is never taken away again."
_DESCRIPTION = Field("description", "Description", "DESCRIPTION", is_long=True, optional=True)
_ALIASES = Field("aliases", "Aliases", "ALIAS", help="One or more, with commas between them.")
_SOURCE_KEYS = ("organization", "registry", "collection", "team", "project", "artifact", "source_version", "agreed")
_HERE = ("organization", "registry")
_SETTING = (*_HERE, "seen")

FORMS: Mapping[str, Form] = {
    "create-registry": Form(
        "Create a registry",
        "Create registry",
        ("organization",),
        (
            Field("registry", "Name", "NAME", help="Without wandb-registry- before it."),
            _DESCRIPTION,
            Field("visibility", "Visibility", "organization", tuple(Visibility)),
            Field(
                "types", "Accepted types", "", optional=True, help=f"With commas; none means every type. {_TYPE_HELP}"
            ),
        ),
        lambda v: settings.CreateRegistry(place(v), _described(v), _visibility(v), words(v.get("types", ""))),
        _of_registry,
    ),
    "create-collection": Form(
        "Create a collection",
        "Create collection",
        _HERE,
        (
            Field("collection", "Name", "NAME"),
            Field("type", "Type", "TYPE", help="The artifact type of everything in it. It never changes."),
            _DESCRIPTION,
        ),
        lambda v: contents.CreateCollection(place(v), v.get("collection", ""), v.get("type", ""), _described(v)),
        _of_collection,
    ),
    "delete-collection": Form(
        "Delete a collection",
        "Delete collection",
        (*_HERE, "collection"),
        (),
        lambda v: contents.DeleteCollection(place(v), v.get("collection", "")),
        _of_collection,
    ),
    "link": Form(
        "Link a version",
        "Link to registry",
        _SOURCE_KEYS,
        (_ALIASES._replace(optional=True, example="", help=f"{_ALIASES.help} Without any, only latest comes to it."),),
        lambda v: contents.LinkVersion(
            place(v), v.get("collection", ""), _source(v), words(v.get("aliases", "")), seen(v)
        ),
        _of_aliases,
    ),
    "add-aliases": Form(
        "Add aliases",
        "Add",
        (*_HERE, "collection", "version", "agreed"),
        (_ALIASES,),
        lambda v: contents.SetAliases(
            place(v), v.get("collection", ""), _index(v), words(v.get("aliases", "")), seen(v)
        ),
        _of_aliases,
    ),
    "remove-alias": Form(
        "Take an alias off",
        "Take off",
        (*_HERE, "collection", "version", "alias"),
        (),
        lambda v: contents.RemoveAlias(place(v), v.get("collection", ""), v.get("alias", ""), _index(v)),
        _of_aliases,
    ),
    "protect": Form(
        "Add protected aliases",
        "Protect",
        _SETTING,
        (_ALIASES,),
        lambda v: settings.Protect(place(v), words(v.get("aliases", "")), changes_seen(v)),
        _of_registry,
        meanwhile.PROTECTED,
    ),
    "unprotect": Form(
        "Take a protection off",
        "Take off the list",
        (*_SETTING, "alias"),
        (),
        lambda v: settings.Unprotect(place(v), v.get("alias", ""), changes_seen(v)),
        _of_registry,
        meanwhile.PROTECTED,
    ),
    "set-member": Form(
        "Give a role",
        "Give role",
        _SETTING,
        (
            Field("member", "User or team", "NAME", help="A team is written team:NAME."),
            Field("role", "Role", "member", tuple(Role)),
        ),
        lambda v: settings.SetMember(place(v), v.get("member", ""), _role(v), changes_seen(v)),
        _of_registry,
        meanwhile.MEMBERS,
    ),
    "remove-member": Form(
        "Take a role away",
        "Take role away",
        (*_SETTING, "member"),
        (),
        lambda v: settings.RemoveMember(place(v), v.get("member", ""), changes_seen(v)),
        _of_registry,
        meanwhile.MEMBERS,
    ),
    "allow-types": Form(
        "Accept more types",
        "Accept",
        _SETTING,
        (Field("types", "Types", "TYPE", help=f"With commas. {_TYPE_HELP}"),),
        lambda v: settings.AllowTypes(place(v), words(v.get("types", "")), changes_seen(v)),
        _of_registry,
        meanwhile.TYPES,
    ),
    "describe": Form(
        "Change the description",
        "Save",
        _SETTING,
        (Field("description", "Description", "DESCRIPTION", is_long=True),),
        lambda v: settings.DescribeRegistry(place(v), v.get("description", "").replace("\r\n", "\n"), changes_seen(v)),
        _of_registry,
        meanwhile.DESCRIPTION,
    ),
    "restrict": Form(
        "Change the visibility",
        "Save",
        _SETTING,
        (
            Field(
                "visibility",
                "Visibility",
                "restricted",
                tuple(Visibility),
                help="A restricted registry cannot be opened again.",
            ),
        ),
        lambda v: settings.SetVisibility(place(v), _visibility(v), changes_seen(v)),
        _of_registry,
        meanwhile.VISIBILITY,
    ),
}
