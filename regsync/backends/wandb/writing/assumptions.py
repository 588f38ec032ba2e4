"""What `docs/wandb.md` assumes of a server, as data: each with what regsync does where it is wrong, and how it is checked.

A check acts on a throw-away registry and looks at what the server did. It says so in words of its own: neither a name, nor a
key, nor a server's message can be in what it returns, so that anybody can post it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from regsync.backends.checkup import Seen
from regsync.backends.wandb.writing.bench import Bench
from regsync.names import TEAM_PREFIX, Role, Visibility
from regsync.slots import dataclass

AS_ASSUMED: Final = True
DIFFERS: Final = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """`text` and `otherwise` are a row of the table in `docs/wandb.md`. Checks run in the order of the list: each finds what those
    before it have left."""

    name: str
    text: str
    otherwise: str
    check: Callable[[Bench], Seen]


def _search(bench: Bench) -> Seen:
    found = bench.found_by_search(bench.registry)
    if not found:
        return Seen(DIFFERS, "a search for the name does not find a registry that is there")
    if bench.found_by_search(bench.registry.upper()):
        return Seen(DIFFERS, "a search finds the registry under another spelling")
    return Seen(AS_ASSUMED, "a search finds the registry by exactly its name")


def _look_up(bench: Bench) -> Seen:
    shown = bench.is_there(bench.registry)
    return Seen(shown, f"a look-up by name {'shows' if shown else 'does not show'} a registry that is there")


def _page(bench: Bench) -> Seen:
    size = bench.page_size
    taken = bench.takes_page(size)
    return Seen(taken, f"a page of {size} is {'given' if taken else 'refused'}")


def _features(bench: Bench) -> Seen:
    number = bench.features
    return Seen(number is not None, "no features are told" if number is None else f"{number} features are announced")


def _organization(bench: Bench) -> Seen:
    role = bench.organization_role()
    if role is None:
        return Seen(DIFFERS, "the role in the organization is not told")
    return Seen(AS_ASSUMED, f"the role in the organization is told: {role.value}")


def _edit(bench: Bench) -> Seen:
    bench.edit_only_description("second")
    live = bench.live()
    if live.description != "second":
        return Seen(DIFFERS, "the new description is not there")
    if live.artifact_types is not None or live.visibility is not Visibility.ORGANIZATION:
        return Seen(DIFFERS, "an edit changes settings that it does not name")
    return Seen(AS_ASSUMED, "an edit changes what it names, and nothing else")


def _clear(bench: Bench) -> Seen:
    bench.edit(description="to be cleared")
    bench.edit(description=None)
    left = bench.live().description
    if left is None:
        return Seen(AS_ASSUMED, "null clears a description")
    return Seen(DIFFERS, "null makes a description empty" if left == "" else "null leaves a description as it is")


def _empty(bench: Bench) -> Seen:
    bench.edit(description="")
    left = bench.live().description
    if left == "":
        return Seen(AS_ASSUMED, "an empty description stays empty")
    return Seen(DIFFERS, "an empty description becomes null" if left is None else "the description stays as it was")


def _together(bench: Bench) -> Seen:
    if bench.write_together(["first", "second"]):
        return Seen(AS_ASSUMED, "two mutations of one document are both carried out")
    return Seen(DIFFERS, "a document with two mutations is refused")


def _empty_collection(bench: Bench) -> Seen:
    type_id = bench.make_type()
    if type_id is None:
        return Seen(DIFFERS, "an artifact type cannot be made by itself")
    if not bench.make_collection("empty", type_id):
        return Seen(DIFFERS, "a collection cannot be made without a link")
    there = "empty" in bench.live().collections
    return Seen(there, "an empty collection is made" if there else "an empty collection is not shown")


def _link_answer(bench: Bench) -> Seen:
    told = bench.link(0)
    links = bench.links()
    if 0 not in links.values():
        return Seen(DIFFERS, "a link is not shown by the read right after it")
    shown = next(index for index, which in links.items() if which == 0)
    if told != shown:
        return Seen(
            DIFFERS, "a link's answer tells no index" if told is None else "a link's answer tells another index"
        )
    return Seen(AS_ASSUMED, "a link's answer tells the index that a read shows")


def _next_index(bench: Bench) -> Seen:
    highest = max(bench.links(), default=-1)
    bench.link(1)
    got = max(bench.links())
    return Seen(got == highest + 1, f"the next link gets {got - highest} more than the highest index")


def _again(bench: Bench) -> Seen:
    before = bench.links()
    bench.link(0)
    same = bench.links() == before
    return Seen(same, "linking again leaves the link as it is" if same else "linking again makes another link")


def _move(bench: Bench) -> Seen:
    if not (bench.set_alias(0, "probe one") and bench.aliases().get("probe one") == 0):
        return Seen(DIFFERS, "an alias is not set")
    bench.set_alias(1, "probe one")
    moved = bench.aliases() == {"probe one": 1}
    return Seen(moved, "one call moves an alias" if moved else "an alias is not moved by adding it to another version")


def _history(bench: Bench) -> Seen:
    moves = bench.moves("probe one")
    if moves is None:
        return Seen(DIFFERS, "the server does not tell who moved aliases")
    if not moves:
        return Seen(DIFFERS, "the server tells of no move")
    return Seen(AS_ASSUMED, "the server tells the moves of an alias")


def _take_alias(bench: Bench) -> Seen:
    bench.remove_alias(1, "probe one")
    gone = not bench.aliases()
    return Seen(gone, "an alias is taken off, and the link stays" if gone else "the alias is still there")


def _latest(bench: Bench) -> Seen:
    bench.unlink(1)
    links = bench.links()
    if 1 in links.values():
        return Seen(DIFFERS, "an unlinked version is still shown")
    latest = bench.latest()
    right = latest is not None and latest == max(links, default=None)
    return Seen(right, f"after an unlink, latest is {'the highest index that is left' if right else 'somewhere else'}")


def _reuse(bench: Bench) -> Seen:
    bench.link(1)
    index = next((index for index, which in bench.links().items() if which == 1), None)
    if index is None:
        return Seen(DIFFERS, "a version that was unlinked cannot be linked again")
    return Seen(index > 1, "a version that is linked again gets " + ("a new index" if index > 1 else "its old index"))


def _tags(bench: Bench) -> Seen:
    bench.add_tags(["one", "two words"])
    if bench.tags() != {"one", "two words"}:
        return Seen(DIFFERS, "tags are not as they were set")
    bench.remove_tags(["one"])
    right = bench.tags() == {"two words"}
    return Seen(right, "tags are added and taken off" if right else "a tag is not taken off")


def _tag_pages(bench: Bench) -> Seen:
    bench.live()
    told = bench.tag_pages
    return Seen(told, f"a collection {'tells' if told else 'does not tell'} whether it has more tags")


def _rename_collection(bench: Bench) -> Seen:
    before = bench.links()
    bench.describe_collection("described")
    if not bench.rename_collection():
        return Seen(DIFFERS, "a collection is not renamed")
    after = bench.collection_now()
    kept = after is not None and after.description == "described" and bench.links() == before
    return Seen(kept, f"a renamed collection {'keeps' if kept else 'loses'} its links and description")


def _clear_collection(bench: Bench) -> Seen:
    bench.describe_collection(None)
    now = bench.collection_now()
    cleared = now is not None and now.description is None
    return Seen(cleared, "null " + ("clears" if cleared else "does not clear") + " a collection's description")


def _member(bench: Bench) -> Seen:
    member = TEAM_PREFIX + bench.team
    if not bench.add_team():
        return Seen(DIFFERS, "a team is not added as a member")
    first = (bench.live().members or {}).get(member)
    if first is None:
        return Seen(DIFFERS, "a team that was added is not among the members")
    wanted = Role.VIEWER if first is not Role.VIEWER else Role.MEMBER
    bench.set_team_role(wanted)
    if (bench.live().members or {}).get(member) is not wanted:
        return Seen(DIFFERS, "the role of a team is not set")
    bench.remove_team()
    gone = member not in (bench.live().members or {})
    return Seen(
        gone, f"a team gets the role {first.value} at first, then the one that is set" if gone else "a team stays"
    )


def _rename(bench: Bench) -> Seen:
    bench.rename()
    kept = bench.is_there(bench.registry) and bool(bench.links())
    return Seen(
        kept, "a renamed registry keeps its contents" if kept else "a registry is not renamed with its contents"
    )


def _delete_collection(bench: Bench) -> Seen:
    bench.delete_collection()
    if bench.collection_now() is not None:
        return Seen(DIFFERS, "a deleted collection is still shown")
    kept = bench.sources_are_there()
    return Seen(kept, f"the sources of a deleted collection {'stay' if kept else 'are gone'}")


ASSUMPTIONS: Final = (
    Assumption(
        "look-up",
        "`project(name, entityName)` shows a registry that is there, at once.",
        "A plan could propose to make it; `upsertModel` says that it did not, and the apply stops.",
        _look_up,
    ),
    Assumption(
        "search",
        "A search finds a registry by exactly its name; case counts.",
        "What comes back is compared with what was asked for; nothing of another name is taken for it.",
        _search,
    ),
    Assumption("page", "A page of a list may hold 1,000 items.", "It is asked for in pages of 100.", _page),
    Assumption(
        "features",
        "`serverInfo` is null or lacks a feature only where the server cannot do it.",
        "It is asked for less.",
        _features,
    ),
    Assumption(
        "organization-role",
        "An organization's admins are admins of its registries [doc], and `members` of an organization can be read.",
        'Roles are "not told"; nothing else depends on it.',
        _organization,
    ),
    Assumption(
        "edit",
        "`upsertModel` edits what is given and leaves the rest.",
        "All settings go along with an edit, as they were read.",
        _edit,
    ),
    Assumption(
        "clear",
        "Null clears the description of a registry.",
        'The operation fails, and the hint is to write `description: ""`.',
        _clear,
    ),
    Assumption(
        "empty",
        "An empty description is kept as it is.",
        "The receipt is not `verified`; leave the description out.",
        _empty,
    ),
    Assumption("together", "A document may hold several mutations.", "It gets them one by one.", _together),
    Assumption(
        "empty-collection",
        "`createArtifactPortfolio` and `createArtifactType` still exist.",
        "A collection is made by its first link; see below.",
        _empty_collection,
    ),
    Assumption(
        "link-answer",
        "`linkArtifact` answers with the index of the link, and a read shows it at once.",
        "The receipt is not `verified` until a read shows it.",
        _link_answer,
    ),
    Assumption(
        "next-index",
        "The next link gets one more than the highest index in the collection (W&B does not tell it; it differs after "
        "the highest was unlinked).",
        "The apply stops at the first link that gets another number; the receipt says which. Plan again.",
        _next_index,
    ),
    Assumption(
        "link-again",
        "Linking a version that is linked already returns the link it has.",
        "Not relied on: links are read first.",
        _again,
    ),
    Assumption(
        "move-alias",
        "Adding an alias that another version holds moves it.",
        "The operation is read again, and the receipt is not `verified`.",
        _move,
    ),
    Assumption(
        "alias-history",
        "`aliasActionHistory` is as the types of 2023 have it: `sourceArtifact` is what the alias held before, `targetArtifact` what it "
        "holds after. Neither its order nor the words of `actionType` are relied on.",
        "Nobody is named, or the wrong version is shown as the former one; no operation rests on it.",
        _history,
    ),
    Assumption("remove-alias", "Taking an alias off leaves the link.", "The receipt is not `verified`.", _take_alias),
    Assumption(
        "latest",
        "`latest` goes to the highest remaining index when its holder is unlinked.",
        "`latest` is shown, never bound to.",
        _latest,
    ),
    Assumption("index-reuse", "Indices are never reused.", "References are matched by source, not by index.", _reuse),
    Assumption("tags", "Tags are added and taken off one by one.", "The receipt is not `verified`.", _tags),
    Assumption(
        "tag-pages",
        "The tags of a collection come with `pageInfo`.",
        "Left out, and the tags of the first page are taken.",
        _tag_pages,
    ),
    Assumption(
        "rename-collection",
        "A renamed collection keeps its links and its description.",
        "Both are repeated and read again; the receipt is not `verified`.",
        _rename_collection,
    ),
    Assumption(
        "clear-collection",
        "Null clears the description of a collection.",
        'The operation fails, and the hint is to write `description: ""`.',
        _clear_collection,
    ),
    Assumption(
        "members",
        "A new member gets the role that the server gives at first, and `updateProjectMember` (for a team "
        "`updateProjectTeamMember`) sets it.",
        "The member is taken off again, and the receipt says so.",
        _member,
    ),
    Assumption("rename", "A renamed registry keeps what is in it.", "The receipt is not `verified`.", _rename),
    Assumption(
        "delete-collection",
        "Deleting a collection leaves the source versions.",
        "A deletion needs consent; the plan says what it takes away.",
        _delete_collection,
    ),
)
