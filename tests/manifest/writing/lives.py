"""Live states as a server might show them: every legal name, and some that no manifest can hold."""

from __future__ import annotations

import hashlib

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from regsync import names
from regsync.core.live import Live, LiveCollection, LiveRegistry, ReadProof, Version
from regsync.names import Role, Visibility

TRICKY = [
    "yes",
    "No",
    "y",
    "null",
    "~",
    "12",
    "1e5",
    "0x1f",
    "2024-01-31",
    "<<",
    "=",
    "- a",
    "a: b",
    "a #b",
    "#a",
    " padded ",
    "'",
    '"',
    "\\",
    "\\n",
    "{a}",
    "[a",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "?",
    "? a",
    "-",
    "a,b",
    "${team}",
    "$${",
    "absent",
    "日本",
    "e\u0301",
    "\u202eback",
    "line\u2028break",
    "\x85",
    "\ufeff",
    "\U0010ffff",
    "x" * 128,
    "é" * 128,
    "latest",
    "v3",
    "a/b",
    "a:b",
    "production candidate",
]
ANY = st.text(st.characters(exclude_categories=[]), min_size=1, max_size=8)
NAMES = st.one_of(st.sampled_from(TRICKY), st.sampled_from(["a", "b", "production", "staging"]), ANY)
"""Names of every kind, legal or not."""
TYPES = st.sampled_from(["model", "dataset", "a b", "job", "wandb-x", "yes", "12"])
DESCRIPTIONS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "Card fraud", "two\nlines", "two\nlines\n", " lead", "trail \nx", "a\n\n\nb\n\n", "\t", "x\r\ny"]
    ),
    st.text(st.sampled_from("ab \n#:-'\"\\${}"), max_size=12),
    st.text(max_size=12),
)
SOURCES = st.one_of(
    st.builds(
        "{}/{}/{}:{}".format,
        st.sampled_from(["acme-ml", "e e", "${team}"]),
        st.sampled_from(["fraud", "it's", "12"]),
        st.sampled_from(["detector", "mödel", "a#b", "- x"]),
        st.sampled_from(["v0", "v1", "v2", "v12", "v999999999", "v1000000000", "latest"]),
    ),
    st.just(""),
    st.just("not a version"),
)


@st.composite
def collections(draw: DrawFn, name: str) -> LiveCollection:
    kind = draw(TYPES)
    sources = draw(st.lists(SOURCES, max_size=5, unique_by=lambda source: source or object()))
    indices = draw(st.lists(st.integers(0, 9), min_size=len(sources), max_size=len(sources), unique=True))
    links = {}
    for number, (index, source) in enumerate(zip(sorted(indices), sources, strict=True)):
        digest = hashlib.md5(f"{source}{number if not source else ''}".encode(), usedforsecurity=False).hexdigest()
        odd = draw(st.integers(0, 9)) == 0
        links[index] = Version(
            f"id-{name}-{number}", source, digest.upper() if odd else digest, "other" if odd else kind
        )
    aliases = draw(st.dictionaries(NAMES, st.sampled_from(sorted(links)), max_size=5)) if links else {}
    return LiveCollection(
        name,
        kind,
        draw(DESCRIPTIONS),
        frozenset(draw(st.sets(NAMES, max_size=3))),
        links,
        aliases,
        max(links, default=None),
    )


@st.composite
def registries(draw: DrawFn, name: str) -> LiveRegistry:
    found = draw(st.sets(NAMES, max_size=3))
    return LiveRegistry(
        name,
        draw(DESCRIPTIONS),
        draw(st.sampled_from(Visibility)),
        draw(st.none() | st.frozensets(TYPES, max_size=3)),
        draw(st.none() | st.frozensets(NAMES, max_size=3)),
        draw(st.none() | st.dictionaries(NAMES.flatmap(_member), st.sampled_from(Role), max_size=3)),
        {each: draw(collections(each)) for each in sorted(found)},
    )


def _member(name: str) -> SearchStrategy[str]:
    return st.sampled_from([name, f"team:{name}"])


@st.composite
def lives(draw: DrawFn) -> Live:
    """One to three registries."""
    found = draw(st.sets(NAMES, min_size=1, max_size=3))
    return Live({name: draw(registries(name)) for name in sorted(found)}, ReadProof(True, 1, 1))


def legal(text: str, problem: str | None, *, key: bool = True) -> bool:
    """Whether a manifest can hold the name, said anew: the rules of names, half surrogates, variables in keys."""
    problem = problem or names.wildcard_problem(text)
    return problem is None and not (key and "${" in text) and text.encode("utf-8", "ignore").decode() == text


def legal_alias(text: str) -> bool:
    return legal(text, names.alias_problem(text))
