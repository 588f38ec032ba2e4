"""Many things in few requests: parts are packed into documents, lists are read to their end, documents travel together.

A part is one top-level field of a query. What a caller gets is the whole of it: a list with an end that the server
announced, and with as many items as the server counts. Anything less is a `BackendError`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection.answers import DocumentRefusedError, PartialAnswerError, a_list, well_formed
from regsync.backends.wandb.connection.options import Options
from regsync.backends.wandb.connection.transport import ReadOnlyClient
from regsync.slots import NamedTuple, dataclass
from regsync.stages import Stage, stage

Json = dict[str, Any]
SMALL_PAGE = 100
"""What the client asks for (`wandb/apis/public/registries/registries_search.py`): a size that servers are known to take."""
MORE_PAGES_WEIGHT = 200
SMALL_DOCUMENT = 200
"""Weight up to which different kinds of things share a document. Larger ones are sent beside each other: the same look-ups come
again, alone or with others, and a server that keeps what it has read reads each document once."""
_NAMED = re.compile(r"(\$|\.\.\.)(\w+)")


class Variable(NamedTuple):
    """A GraphQL type and a value."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field to query. `text` uses its `variables` by name; `after` and `first` are added where it is a list.

    `inside`: the steps from the field to the list, for a list deeper down. `weight`: about how many items it will bring.
    """

    text: str
    variables: Mapping[str, Variable]
    in_organization: bool = False
    """Below `organization { orgEntity { … } }`, in place of at the top."""
    is_list: bool = False
    inside: tuple[str, ...] = ()
    names_all: bool = False
    """Everything that is wanted of the list is asked for by name, so that more in the server's count is nothing to miss."""
    counts_unseen: bool = False
    """What the server announces and does not show to this key stands as None at the end of the list, and is not counted in
    `Fetcher.unseen`."""
    may_be_absent: bool = False
    """Null on the way to the list means that what holds it is not there: an empty list."""
    weight: int = 1
    most_pages: int | None = None
    """Read no more pages of the list than these. What is read is then not proven to be the whole."""
    fragments: Mapping[str, str] = field(default_factory=dict)
    """By name, `on Type { … }`: what many parts of a document spread, so that the server reads and checks it once and not once
    for each. It may use the part's variables, and fragments that stand before it."""
    page_size: int | None = None
    """Ask for no more items in one page: a server weighs every list as if it were full."""
    aside: str = ""
    """What kind of thing it is, of those that are asked beside a read and are no part of its proof: its pages and what it does not
    show are not counted. Kinds share a small document only."""


@dataclass(slots=True)
class _Job:
    part: Part
    items: list[Any] = field(default_factory=list)
    value: Any = None
    after: str | None = None
    seen: set[str] = field(default_factory=set)
    pages: int = 0
    unseen: int = 0
    """Nodes that came as null: the key may not see them."""
    before: list[Any] | None = None
    """What the first reading brought, where the server counts more than that."""

    counted: int | None = None
    """How many items the server says there are."""

    @property
    def weight(self) -> int:
        return MORE_PAGES_WEIGHT if self.pages else self.part.weight

    @property
    def expected(self) -> int:
        """About how many items it will have brought."""
        if self.pages and self.part.is_list and self.after is None:
            return len(self.items)
        known = self.part.weight if self.counted is None else self.counted
        return max(known, len(self.items) + (1 if self.after is not None else 0))

    @property
    def got(self) -> int:
        """How many items it has brought."""
        return len(self.items) if self.part.is_list else self.expected if self.pages else 0


class Fetcher:
    """Reads parts. `organization` is the display name, for parts in it. Counts `pages`, for the proof of a read.

    `is_final`: whether a refusal is about a field, so that asking for less at once would not help. `first_page`: the size to
    begin with; once such a page was full and another one follows, the server is asked for more at once.
    """

    def __init__(
        self,
        client: ReadOnlyClient,
        organization: str | None,
        options: Options,
        is_final: Callable[[str], bool] = lambda _: False,
        first_page: int | None = None,
    ) -> None:
        self.pages = 0
        self.client = client
        self._organization = organization
        self.options = options
        self.unseen = 0
        """How many things were announced that the key may not see."""
        self._page_size = min(options.page_size, first_page or options.page_size)
        self._small = self._page_size < options.page_size
        self._is_final = is_final
        self._pool: ThreadPoolExecutor | None = None

    def fetch(self, parts: Sequence[Part], what: str) -> list[Any]:
        """For each part its value, or (for a list) all nodes. Raises `DocumentRefusedError` and `BackendError`."""
        where = f"{self.client.host}: {what}"
        jobs = [_Job(part) for part in parts]
        left = jobs
        with stage(what, "items", sum(job.expected for job in jobs)) as reading:
            while left:
                documents = self._pack(left)
                for document, answers in zip(documents, self._ask_all(documents, what, reading), strict=True):
                    for job, answer in zip(document, answers, strict=True):
                        self._take(job, answer, where)
                left = [job for job in left if job.after is not None]
                reading.reach(sum(job.got for job in jobs), sum(job.expected for job in jobs))
        return [job.items if job.part.is_list else job.value for job in jobs]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    # Packing and asking ----------------------------------------------------------------------------------------------

    def _pack(self, jobs: Sequence[_Job]) -> list[list[_Job]]:
        """Documents of at most `weight_per_document`, in order; a part that is heavier travels alone."""
        documents: list[list[_Job]] = []
        room = 0
        all_in_one = sum(job.weight for job in jobs) <= SMALL_DOCUMENT
        for job in jobs:
            other = bool(documents) and not all_in_one and documents[-1][-1].part.aside != job.part.aside
            if not documents or job.weight > room or other:
                documents.append([])
                room = self.options.weight_per_document
            documents[-1].append(job)
            room -= job.weight
        return documents

    def _ask_all(self, documents: list[list[_Job]], what: str, reading: Stage) -> list[list[Any]]:
        """The answers to all documents, before any is looked at. `reading` advances by what each was expected to bring."""
        if len(documents) == 1:
            return [self._ask(documents[0], what)]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.options.in_flight, thread_name_prefix="regsync-read")
        answers = []
        arriving = self._pool.map(lambda document: self._ask(document, what), documents)
        for document, answer in zip(documents, arriving, strict=True):
            answers.append(answer)
            reading.advance(sum(job.part.weight for job in document if not job.pages))
        return answers

    def _ask(self, jobs: list[_Job], what: str) -> list[Any]:
        """The raw value of each job's field. A document that is too much for the server is asked for in halves."""
        page_size = self._page_size  # Another thread may lower it meanwhile; what was refused is this one.
        try:
            return self._ask_once(jobs, what, page_size)
        except PartialAnswerError:
            if page_size <= SMALL_PAGE or not any(job.part.is_list for job in jobs):
                raise
            answer = self._ask_once(jobs, what, SMALL_PAGE)
        except DocumentRefusedError as error:
            if self._is_final(error.message):
                raise
            if len(jobs) > 1:
                half = len(jobs) // 2
                return self._ask(jobs[:half], what) + self._ask(jobs[half:], what)
            if not jobs[0].part.is_list or page_size <= SMALL_PAGE:
                raise
            answer = self._ask_once(jobs, what, SMALL_PAGE)
        self._page_size, self._small = SMALL_PAGE, False
        return answer

    def _ask_once(self, jobs: list[_Job], what: str, page_size: int) -> list[Any]:
        document, variables = self._document(jobs, page_size)
        data = self.client.read(document, variables, what)
        with well_formed(f"{self.client.host}: {what}"):
            return [self._value(job, number, data) for number, job in enumerate(jobs)]

    def _document(self, jobs: Sequence[_Job], page_size: int) -> tuple[str, dict[str, Any]]:
        declared: list[str] = []
        shared: dict[tuple[str, Any], str] = {}
        values: dict[str, Any] = {}
        texts: list[str] = []
        fragments = _Fragments()
        for number, job in enumerate(jobs):
            variables = dict(job.part.variables)
            if job.part.is_list:
                variables |= {
                    "after": Variable("String", job.after or None),
                    "first": Variable("Int", min(page_size, job.part.page_size or page_size)),
                }
            known: dict[str, str] = {}
            for name, (type_, value) in variables.items():
                # What many parts have in common (a registry, a length) is declared once: servers check each variable.
                known[f"${name}"] = "$" + shared.setdefault((type_, value), f"p{number}_{name}")
                if known[f"${name}"][1:] not in values:
                    declared.append(f"{known[f'${name}']}: {type_}")
                    values[known[f"${name}"][1:]] = value
            for name, text in job.part.fragments.items():
                known[f"...{name}"] = "..." + fragments.add(name, _renamed(text, known), number)
            texts.append(f"p{number}: {_renamed(job.part.text, known)}")
        texts, spread = fragments.spread_in(texts)
        inner = [text for text, job in zip(texts, jobs, strict=True) if job.part.in_organization]
        outer = [text for text, job in zip(texts, jobs, strict=True) if not job.part.in_organization]
        if inner:
            declared.append("$organization: String!")
            values["organization"] = self._organization
            outer.append(f"organization(name: $organization) {{ orgEntity {{ {' '.join(inner)} }} }}")
        head = f"query Read({', '.join(declared)})" if declared else "query Read"
        return " ".join([f"{head} {{ {' '.join(outer)} }}", *spread]), values

    def _value(self, job: _Job, number: int, data: Json) -> Any:
        if not job.part.in_organization:
            return data.get(f"p{number}")
        entity = (data.get("organization") or {}).get("orgEntity")
        if entity is None:
            raise BackendError(
                f"organization {self._organization!r} is missing, or not visible to this key any more",
                code="no-organization",
            )
        return entity.get(f"p{number}")

    # Pages -----------------------------------------------------------------------------------------------------------

    def _take(self, job: _Job, value: Any, where: str) -> None:
        self.pages += not job.part.aside
        job.pages += 1
        job.after = None
        if not job.part.is_list:
            job.value = value
            return
        try:
            for step in job.part.inside:
                if value is None and job.part.may_be_absent:
                    return
                value = value[step]
            if value is None and job.part.may_be_absent and not job.part.inside:
                return
            edges = [edge["node"] if edge is not None else None for edge in a_list(value, "edges")]
            nodes = [node for node in edges if node is not None]
            more, cursor = value["pageInfo"]["hasNextPage"], value["pageInfo"].get("endCursor")
            total = value.get("totalCount")
            if not isinstance(more, bool) or not isinstance(total, int | None) or not all(nodes):
                raise TypeError(more)
            job.unseen += len(edges) - len(nodes)
            job.counted = total
        except (TypeError, KeyError, AttributeError):
            raise BackendError(
                f"{where}: page {job.pages} of a list is not of the form that the API promises",
                "nothing is concluded from it; run this again, and report it if it happens again",
                code="malformed-answer",
            ) from None
        job.items += nodes
        if not more:
            self._end(job, total, where)
            return
        if self._small and len(edges) >= self._page_size:
            self._page_size, self._small = self.options.page_size, False
        if job.pages == job.part.most_pages:
            return
        if not cursor or cursor in job.seen or job.pages >= self.options.max_pages:
            raise BackendError(
                f"{where}: the list does not end: after {job.pages} pages the server "
                + (
                    "gives the same page again" if cursor in job.seen else "announces one more that cannot be asked for"
                ),
                "nothing is concluded from it; run this again, and report it to whoever runs the server if it happens again",
                code="endless-list",
            )
        job.seen.add(cursor)
        job.after = cursor

    def _end(self, job: _Job, total: object, where: str) -> None:
        """Is that all? A server may count what the key cannot see; then it shows the same, and no more, when it is asked again."""
        missing = total - len(job.items) if isinstance(total, int) else 0
        if 0 < missing <= job.unseen:  # It may count what came as null, or not.
            missing = 0
        if missing > 0 and job.before is None:
            job.before, job.items, job.unseen, job.pages, job.seen = job.items, [], 0, 0, set()
            job.after = ""
            return
        is_same = job.items == job.before and (job.part.names_all or job.part.counts_unseen)
        if missing < 0 or (missing > 0 and not is_same):
            raise BackendError(
                f"{where}: the server counts {total} items and answered {len(job.items)}",
                "run this again, in case something changed while it was read; if the key cannot see all of them, use one that "
                "can, or name what is meant in place of `unlisted: remove`",
                code="incomplete-list",
            )
        unseen = job.unseen + max(missing, 0)
        if job.part.counts_unseen:
            job.items += [None] * unseen
        elif not job.part.aside:
            self.unseen += unseen


class _Fragments:
    """The fragments of one document: each once, under a name of its own where parts use one with different variables."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        """By text."""
        self._users: Counter[str] = Counter()

    def add(self, name: str, text: str, number: int) -> str:
        """Part `number` spreads this; the name that it has in the document."""
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = f"{name}{number}" if name in self._users else name
        self._users[known] += 1
        return known

    def spread_in(self, parts: Sequence[str]) -> tuple[list[str], list[str]]:
        """The parts and the fragments that they spread. What one part alone uses, with variables of its own, stands in that part:
        servers limit how many fragments a document has."""
        own: dict[str, str] = {}
        rest: list[str] = []
        for text, name in self._names.items():
            whole = _renamed(text, own)
            if self._is_own(text, name):
                own[f"...{name}"] = f"... {whole}"
            else:
                rest.append(f"fragment {name} {whole}")
        return [_renamed(part, own) for part in parts] if own else list(parts), rest

    def _is_own(self, text: str, name: str) -> bool:
        return self._users[name] == 1 and "$" in text


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """A text with other names for its variables and for what it spreads."""
    return _NAMED.sub(lambda found: names.get(found[0], found[0]), text)
