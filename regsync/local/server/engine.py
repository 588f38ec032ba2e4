"""Executing GraphQL documents against `schema.graphql`.

The schema is the contract. An object of it is a Python object with an attribute or method for each field, in snake
case; a field's record of the store is replaced by the object that shows it (`showing.py`). Arguments and input fields
arrive in snake case too, and one that the client left out does not arrive at all.
A document's mutations run one after the other, each in a savepoint of its own, so one that fails takes back nothing
but itself. What they wrote is committed before it is answered, some mutations at a time (`session.py`), and together with
those of other requests (`groups.py`).

The shape of an error, and the HTTP status that goes with it, are W&B's, as its users quote them: a refused request is
`403 {"errors": [{"message", "path", "extensions": {"code": "PERMISSION_ERROR"}}], "data": {"upsertBucket": null}}`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import graphql
from graphql import DocumentNode, GraphQLError, GraphQLResolveInfo

from regsync.local.server import cost
from regsync.local.server.budget import Budget, Exhausted
from regsync.local.server.completion import Completion
from regsync.local.server.contract import schema, snake
from regsync.local.server.documents import Documents
from regsync.local.store.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Locked,
    NotFound,
    RegistryError,
    Unauthorized,
)
from regsync.slots import NamedTuple

_log = logging.getLogger("regsync.server")


class Answer(NamedTuple):
    """A GraphQL response: the HTTP status and the JSON body."""

    status: int
    body: dict[str, Any]


class Refusal(NamedTuple):
    """How an error is shown: HTTP status where nothing else in the document worked, and the code in `extensions`."""

    status: int
    code: str


def refusal(error: BaseException | None) -> Refusal:
    """What an error raised by a resolver is to the client.

    409 would say that asking again may help; here it never does, for changes are made one after the other.
    """
    match error:
        case Invalid() | UnicodeError() | OverflowError() | RecursionError():
            return Refusal(400, "BAD_USER_INPUT")
        case Unauthorized():
            return Refusal(401, "UNAUTHENTICATED")
        case Forbidden():
            return Refusal(403, "PERMISSION_ERROR")
        case NotFound():
            return Refusal(404, "NOT_FOUND")
        case Conflict():
            return Refusal(400, "CONFLICT")
        case Locked():
            return Refusal(503, "UNAVAILABLE")
        case RegistryError():
            return Refusal(500, "STORAGE_ERROR")
        case _:
            return Refusal(500, "INTERNAL_ERROR")


_documents = Documents()
_snake = lru_cache(maxsize=4096)(snake)


def _resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    name = _snake(info.field_name)
    budget: Budget = info.context
    budget.spend_field()
    value = source.get(name) if isinstance(source, Mapping) else getattr(source, name)
    if callable(value):
        value = value(**arguments)
    if isinstance(value, str):
        budget.spend_text(len(value))
        return value
    return info.root_value.shown(value)


def _typename(value: Any, *_: Any) -> str:
    return str(value.typename)


class Asked(NamedTuple):
    """One operation of a valid document, ready to be executed."""

    document: DocumentNode
    variables: dict[str, Any] | None
    operation: str | None

    @property
    def changes(self) -> int | None:
        """How many changes it asks for, 0 if it only reads; None where that cannot be told at a glance."""
        chosen = graphql.get_operation_ast(self.document, self.operation)
        if chosen is None or chosen.operation is not graphql.OperationType.MUTATION:
            return 0
        fields = chosen.selection_set.selections
        return len(fields) if all(isinstance(field, graphql.FieldNode) for field in fields) else None


def asked(text: str, variables: dict[str, Any] | None, operation: str | None) -> Asked | Answer:
    """What a document asks for; the refusal where it is not valid, or could cost too much."""
    try:
        document = _documents.affordable(text, operation, variables)
    except cost.TooCostlyError as error:
        return Answer(400, {"errors": [_plain(error, "TOO_COSTLY")]})
    except GraphQLError as error:
        return Answer(400, {"errors": [_plain(error, "GRAPHQL_VALIDATION_FAILED")]})
    if isinstance(document, tuple):
        return Answer(400, {"errors": [_plain(error, "GRAPHQL_VALIDATION_FAILED") for error in document]})
    return Asked(document, variables, operation)


def is_known(text: str, variables: dict[str, Any] | None, operation: str | None) -> bool:
    """Whether `asked` has found out before all that it finds out, so that it takes no time to speak of."""
    return _documents.is_known(text, operation, variables)


def execute(text: str, variables: dict[str, Any] | None, operation: str | None, root: Any) -> Answer:
    """`asked` and `answer`."""
    found = asked(text, variables, operation)
    return found if isinstance(found, Answer) else answer(found, root)


def answer(asked: Asked, root: Any) -> Answer:
    """Run one operation of a document. `root` has the fields of Query and of Mutation. Never raises for the client's mistakes.

    Raises the `FileProblem` family where what mutations wrote could not be committed: then nobody may be told that it was.
    """
    budget: Budget = root.session.budget
    try:
        result = graphql.execute_sync(
            schema(),
            asked.document,
            root_value=root,
            context_value=budget,
            variable_values=asked.variables,
            operation_name=asked.operation,
            field_resolver=_resolve,
            type_resolver=_typename,
            executor_class=Completion,
        )
    except GraphQLError as error:
        return Answer(400, {"errors": [_plain(error, "GRAPHQL_VALIDATION_FAILED")]})
    except Exhausted:
        return _exhausted(budget)
    if budget.reason is not None:
        return _exhausted(budget)
    root.session.settle()
    if not result.errors:
        return Answer(200, {"data": result.data})
    if any(error.path is None for error in result.errors):
        return Answer(400, {"errors": [_plain(error, "BAD_USER_INPUT") for error in result.errors]})
    refusals = [refusal(error.original_error) for error in result.errors]
    body = {
        "errors": [_shown(error, refused) for error, refused in zip(result.errors, refusals, strict=True)],
        "data": result.data,
    }
    partly = any(value is not None for value in (result.data or {}).values())
    return Answer(200 if partly else refusals[0].status, body)


def _exhausted(budget: Budget) -> Answer:
    """No answer is better than half of one. 400, because asking the same again would end the same."""
    message = f"{budget.reason}: ask for less at once; of several mutations, the first may have been done"
    return Answer(400, {"errors": [{"message": message, "extensions": {"code": "TOO_COSTLY"}}], "data": None})


def _plain(error: GraphQLError, code: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": error.message, "extensions": {"code": code}}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return shown


def _shown(error: GraphQLError, refused: Refusal) -> dict[str, Any]:
    message = error.message
    if isinstance(error.original_error, RegistryError):
        hint = error.original_error.hint
        message = f"{message} ({hint})" if hint else message
    elif refused.code == "INTERNAL_ERROR":
        _log.error("resolving %s failed", error.path, exc_info=error.original_error)
        message = "internal error; the server's own output says more"
    return {"message": message, "path": error.path, "extensions": {"code": refused.code}}
