"""What things may be called, and how they are written down.

Rules come from the W&B client (`wandb/sdk/artifacts/_validators.py`, 0.31) and from the Registry documentation;
`docs/wandb.md` lists them with their sources. Each rule is a `NameRule`, used by the manifest schema, by the embedded
registry and by the checks alike, so that a name is never legal in one place and illegal in another.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NewType, Self

from regsync.slots import NamedTuple, dataclass

RegistryName = NewType("RegistryName", str)
CollectionName = NewType("CollectionName", str)
ArtifactType = NewType("ArtifactType", str)
Alias = NewType("Alias", str)
Tag = NewType("Tag", str)
Member = NewType("Member", str)
"""A user name, or `team:` and a team's name."""
Digest = NewType("Digest", str)
"""A W&B artifact digest: lower-case hexadecimal, the same for the same content."""
ArtifactId = NewType("ArtifactId", str)
"""The server's opaque id of one artifact version; a source version and its links share it."""

REGISTRY_PREFIX = "wandb-registry-"
IN_A_REGISTRY = f"/{REGISTRY_PREFIX}"
"""What the full name of a link has in it, and that of no version where it was logged."""
TEAM_PREFIX = "team:"
MAX_TAGS_PER_CALL = 20
MAX_METADATA_KEYS = 100
MIN_API_KEY_LENGTH = 40
LATEST = "latest"
"""The alias that the server keeps on the newest link."""


class Role(StrEnum):
    """What a member may do in a registry, strongest first."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"
    RESTRICTED_VIEWER = "restricted_viewer"

    @property
    def strength(self) -> int:
        """0 for the strongest role; larger is weaker."""
        return _STRENGTHS[self]


_STRENGTHS = {role: strength for strength, role in enumerate(Role)}


class Visibility(StrEnum):
    """Who sees a registry: everyone in the organization, or its members only."""

    ORGANIZATION = "organization"
    RESTRICTED = "restricted"


def quoted(name: object) -> str:
    """A name as it stands in a sentence: in quotes that nothing in the name can close, so that it never goes on as the sentence.

    >>> print(quoted("churn, which stays"), quoted("it's"))
    'churn, which stays' "it's"
    """
    return repr(str(name))


def named(name: object) -> str:
    """A name in a message: as it is where it is one plain word, which says nothing; else `quoted`.

    >>> named("model/fraud"), named("churn, which stays")
    ('model/fraud', "'churn, which stays'")
    """
    text = str(name)
    return text if re.fullmatch(_PLAIN, text) and not has_hidden(text) else quoted(name)


_PLAIN = r"[\w.:/@+=…-]+"


@dataclass(frozen=True, slots=True)
class NameRule:
    """One kind of name: `pattern` must match it whole, and it has at most `max_length` characters."""

    noun: str
    pattern: str
    max_length: int
    says: str

    def problem(self, text: str) -> str | None:
        """What is wrong with `text` as such a name, as the end of a sentence; None where nothing is."""
        if not text:
            return "is empty"
        if len(text) > self.max_length:
            article = "an" if self.noun[0] in "aeiou" else "a"
            return f"has {len(text)} characters; {article} {self.noun} has at most {self.max_length}"
        if not _compiled(self.pattern).fullmatch(text):
            return f"is not a legal {self.noun}: {self.says}"
        return None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# The patterns mean the same to Python's `re` and to JSON Schema (ECMA 262), where `\\w` would not; the schema adds the anchors.
# A word character is any character but ASCII's controls, space and punctuation other than `-` and `_`.
_WORD = r"[^\x00-,./:-@\[-^`{-\x7f]"
_WORD_OR_DOT = r"[^\x00-,/:-@\[-^`{-\x7f]"
_WORD_DOT_OR_SPACE = r"[^\x00-\x1f!-,/:-@\[-^`{-\x7f]"

REGISTRY_RULE = NameRule(
    "registry name", r"[^/\\#?%:\x00-\x1f\x7f]+", 113, "it may not contain / \\ # ? % : or control characters"
)
COLLECTION_RULE = NameRule(
    "collection name", r"[^/:\x00-\x1f\x7f]+", 128, "it may not contain / : or control characters"
)
ARTIFACT_TYPE_RULE = NameRule(
    "artifact type",
    f"{_WORD}({_WORD_DOT_OR_SPACE}*{_WORD_OR_DOT})?",
    128,
    "letters, digits, - _ . and spaces between words only",
)
ALIAS_RULE = NameRule("alias", r"[^/:\x00-\x1f\x7f]+", 128, "it may not contain / : or control characters")
TAG_RULE = NameRule("tag", f"{_WORD}+([ ]+{_WORD}+)*", 128, "letters, digits, - and _, with spaces between words only")
MEMBER_RULE = NameRule("member", r"(team:)?[^/:\x00-\x1f\x7f]+", 128, "a user name, or team: and the name of a team")
ENTITY_RULE = NameRule("entity name", r"[^/:\x00-\x1f\x7f]+", 128, "it may not contain / : or control characters")
DIGEST_RULE = NameRule("digest", r"[0-9a-f]{32,64}", 64, "32 to 64 lower-case hexadecimal digits")

RESERVED_ARTIFACT_TYPES = frozenset({"job", "run_table", "code"})
RESERVED_TYPE_PREFIX = "wandb-"
_SERVER_ALIAS = r"latest|v[0-9]+"
_INDEX = re.compile(r"v(0|[1-9][0-9]{0,8})")
_PART = ENTITY_RULE.pattern.removesuffix("+") + f"{{1,{ENTITY_RULE.max_length}}}"
_SOURCE = f"({_PART})/({_PART})/({_PART}):({_PART})"
_PINNED_LINES = re.compile(f"(?:[^\n]*:{_INDEX.pattern.replace('(', '(?:')}\n)*")


def artifact_type_problem(text: str) -> str | None:
    """`ARTIFACT_TYPE_RULE` and the names that W&B keeps for itself. Source: `_validators.py` of the client."""
    if text in RESERVED_ARTIFACT_TYPES or text.startswith(RESERVED_TYPE_PREFIX):
        return "is a type that W&B keeps for itself"
    return ARTIFACT_TYPE_RULE.problem(text)


def is_reserved_alias(text: str) -> bool:
    """Whether the server hands this alias out itself: `latest`, `v0`, `v1`, … (Registry documentation, "Default aliases")."""
    return bool(_compiled(_SERVER_ALIAS).fullmatch(text))


def alias_problem(text: str) -> str | None:
    """`ALIAS_RULE` and the aliases that belong to the server."""
    if is_reserved_alias(text):
        return "belongs to the server: latest and v0, v1, … are set by linking, never by hand"
    return ALIAS_RULE.problem(text)


_UNSEEN = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e0fff]"
"""Letters and marks that are drawn as nothing: `Default_Ignorable_Code_Point` of Unicode 16 (`DerivedCoreProperties.txt`) as far
as the categories below leave it out, and the empty Braille pattern."""
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_invisible(character: str) -> bool:
    """Whether a reader cannot see this character, or takes it for a plain space, or a terminal would obey it."""
    category = unicodedata.category(character)
    return (
        category in _UNSEEN_CATEGORIES or (category == "Zs" and character != " ") or bool(re.match(_UNSEEN, character))
    )


def has_hidden(text: str) -> bool:
    """Whether a text holds anything invisible beyond ASCII."""
    return not text.isascii() and any(character > "~" and is_invisible(character) for character in text)


def suspicious_characters(text: str) -> str | None:
    """What in `text` could deceive a reader: invisible or direction-changing characters, or letters of several scripts.

    Returns a short description, or None. Such names are legal on the server; they are shown and warned about.
    """
    for character in text:
        if is_invisible(character):
            return f"contains the invisible character U+{ord(character):04X}"
    if unicodedata.normalize("NFC", text) != text:
        return "is not in Unicode's composed form, so that another name may look the same"
    scripts = {unicodedata.name(character, "?").split(" ")[0] for character in text if character.isalpha()} & {
        "LATIN",
        "CYRILLIC",
        "GREEK",
        "ARMENIAN",
        "CHEROKEE",
        "FULLWIDTH",
    }
    if len(scripts) > 1:
        return f"mixes letters of {' and '.join(sorted(script.capitalize() for script in scripts))}"
    return None


def wildcard_problem(name: str) -> str | None:
    """Why a name that is meant as a pattern is none; None for other names."""
    return "is no pattern here: everything is declared by its own name" if name.strip("*") == "" else None


class SourceRef(str):
    """An artifact version by its full name: `entity/project/artifact:version`, where version is `v12` or a source alias.

    It is that text, because there is one for every binding, and most are only compared. Sort them by their `parts`.
    """

    __slots__ = ()

    def __new__(cls, entity: str, project: str, artifact: str, version: str) -> Self:
        return str.__new__(cls, f"{entity}/{project}/{artifact}:{version}")

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Entity, project, artifact, version."""
        entity, project, rest = self.split("/", 2)
        artifact, _, version = rest.rpartition(":")
        return entity, project, artifact, version

    @property
    def entity(self) -> str:
        """The team (or user) whose project it is in."""
        return self.parts[0]

    @property
    def project(self) -> str:
        """The project that it was logged in; a registry's, where a link is meant."""
        return self.parts[1]

    @property
    def artifact(self) -> str:
        """The artifact's name."""
        return self.parts[2]

    @property
    def version(self) -> str:
        """`v12`, or a source alias."""
        return self.rpartition(":")[2]

    def __getnewargs__(self) -> tuple[str, str, str, str]:  # type: ignore[override]
        return self.parts

    @property
    def number(self) -> int | None:
        """The version number, or None where the reference names a source alias such as `latest`."""
        return version_index(self.version)

    @property
    def is_pinned(self) -> bool:
        """Whether this always means the same version. A source alias can move, so it is not pinned."""
        return self.number is not None

    @property
    def means_another(self) -> bool:
        """Whether the version that is meant has another name: a source alias has, and a link in a registry."""
        return not self.is_pinned or self.project.startswith(REGISTRY_PREFIX)


class IndexRef(NamedTuple):
    """A version by its index in the collection at hand: `v7`."""

    number: int

    def __str__(self) -> str:
        return f"v{self.number}"


VersionRef = SourceRef | IndexRef


def version_index(text: str) -> int | None:
    """7 for `v7`; None for anything else (`v07` and `latest` included)."""
    match = _INDEX.fullmatch(text)
    return int(match[1]) if match else None


def parse_version_ref(text: str) -> VersionRef:
    """Read `v7` or `entity/project/artifact:version`.

    Raises `ValueError` with the end of a sentence that says what is wrong.

    >>> parse_version_ref("acme-ml/fraud/detector:v12").number
    12
    >>> parse_version_ref("v7")
    IndexRef(number=7)
    """
    match = _compiled(_SOURCE).fullmatch(text)
    if match:
        return SourceRef(*match.groups())
    index = version_index(text)
    if index is not None:
        return IndexRef(index)
    path, colon, version = text.rpartition(":")
    parts = path.split("/")
    if not colon or len(parts) != 3 or not all(parts) or not version:
        raise ValueError("is not a version: write entity/project/artifact:v3, or v3 for an index of this collection")
    for part in (*parts, version):
        problem = ENTITY_RULE.problem(part)
        if problem:
            raise ValueError(f"is not a version: {part!r} {problem}")
    return SourceRef(parts[0], parts[1], parts[2], version)


def are_pinned_sources(values: Iterable[object]) -> bool:
    """Whether each of them, as nearly all are, is a text that names a pinned version where it was logged, in no registry, in ASCII.

    It is then the text of the `SourceRef` that `parse_version_ref` reads. Only for texts of which it is known that each is a
    version (or `absent`), and on one line.

    >>> are_pinned_sources(["acme-ml/fraud/detector:v12"]), are_pinned_sources(["acme-ml/fraud/detector:v12", "v7"])
    (True, False)
    """
    try:
        lines = "\n".join([*values, ""])  # type: ignore[list-item]
    except TypeError:
        return False
    return lines.isascii() and bool(_PINNED_LINES.fullmatch(lines)) and IN_A_REGISTRY not in lines


class Address(NamedTuple):
    """What a plan, a diagnostic or `--target` points at: `model`, `model/fraud-detector` or `model/fraud-detector:production`."""

    registry: str
    collection: str | None = None
    alias: str | None = None

    def __str__(self) -> str:
        if self.collection is None:
            return self.registry
        if self.alias is None:
            return f"{self.registry}/{self.collection}"
        return f"{self.registry}/{self.collection}:{self.alias}"

    def covers(self, other: Address) -> bool:
        """Whether `other` is this address or lies inside it."""
        return (
            self.registry == other.registry
            and self.collection in (None, other.collection)
            and self.alias in (None, other.alias)
        )


def parse_address(text: str) -> Address:
    """Read an address. Raises `ValueError` with the end of a sentence.

    >>> parse_address("model/fraud-detector:production").alias
    'production'
    """
    _, _, rest = text.partition("/")
    if rest.startswith(REGISTRY_PREFIX) and "/" in rest:
        text = rest  # As W&B's pages write it: ENTITY/wandb-registry-NAME/COLLECTION. No collection has a slash in its name.
    text = text.removeprefix(REGISTRY_PREFIX)
    registry, slash, rest = text.partition("/")
    collection, colon, alias = rest.partition(":")
    parts = [(REGISTRY_RULE, registry)]
    parts += [(COLLECTION_RULE, collection)] if slash else []
    parts += [(ALIAS_RULE, alias)] if colon else []
    for rule, part in parts:
        problem = rule.problem(part)
        if not problem:
            continue
        raise ValueError(
            f"is not an address (the {rule.noun} {problem}): write registry, registry/collection or registry/collection:alias"
        )
    return Address(registry, collection if slash else None, alias if colon else None)


def shared(text: str) -> str:
    """The same text, in memory once: a plan says most of its names many times. What is no text is left to whoever checks it."""
    return sys.intern(text) if type(text) is str else text
