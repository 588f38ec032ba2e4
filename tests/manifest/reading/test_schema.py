"""The published schema: valid itself, in step with the code's rules, and shipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import jsonschema
import pytest

from regsync import names
from regsync.core.desired import HazardName, Kind
from regsync.manifest.reading.check import strict_schema, without_variables
from regsync.schema_files import schema

MANIFEST = schema("manifest")
DEFS = MANIFEST["$defs"]
RULES = {
    "registryName": names.REGISTRY_RULE,
    "collectionName": names.COLLECTION_RULE,
    "artifactType": names.ARTIFACT_TYPE_RULE,
    "aliasName": names.ALIAS_RULE,
    "protectedAliasItem": names.ALIAS_RULE,
    "tagName": names.TAG_RULE,
    "tagItem": names.TAG_RULE,
    "memberName": names.MEMBER_RULE,
    "organizationName": names.ENTITY_RULE,
    "digest": names.DIGEST_RULE,
}


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every subschema, and every other map inside."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts(each)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(MANIFEST)
    jsonschema.Draft202012Validator.check_schema(strict_schema())


@pytest.mark.parametrize("name", RULES)
def test_names_follow_the_rules_of_the_code(name: str) -> None:
    rule = RULES[name]
    assert DEFS[name]["pattern"] == f"^(?:{rule.pattern})$"
    assert DEFS[name]["maxLength"] == rule.max_length
    assert DEFS[name]["minLength"] == 1


@pytest.mark.parametrize("name", ["aliasName", "protectedAliasItem"])
@pytest.mark.parametrize("alias", ["latest", "v0", "v12", "v007"])
def test_aliases_of_the_server_are_refused(name: str, alias: str) -> None:
    assert names.is_reserved_alias(alias)
    assert not jsonschema.Draft202012Validator(DEFS[name] | {"$defs": DEFS}).is_valid(alias)


@pytest.mark.parametrize("name", ["Latest", "v", "vv1", "v1a", "latest2"])
def test_other_aliases_are_not(name: str) -> None:
    assert not names.is_reserved_alias(name)
    assert jsonschema.Draft202012Validator(DEFS["aliasName"]).is_valid(name)


def test_types_of_the_server_are_refused() -> None:
    reserved = DEFS["artifactType"]["not"]["anyOf"]
    assert set(reserved[0]["enum"]) == names.RESERVED_ARTIFACT_TYPES
    assert reserved[1]["pattern"] == f"^{names.RESERVED_TYPE_PREFIX}"


def test_registries_are_named_without_prefix() -> None:
    assert DEFS["registryName"]["not"]["pattern"] == f"^{names.REGISTRY_PREFIX}"


def test_versions_are_those_that_the_code_reads() -> None:
    part = names.ENTITY_RULE.pattern
    version = f"v(?:0|[1-9][0-9]{{0,8}})|{part}/{part}/{part}:{part}"
    assert DEFS["versionRef"]["pattern"] == f"^(?:{version})$"
    assert DEFS["versionItem"]["pattern"] == f"^(?:{version})$"
    assert DEFS["binding"]["pattern"] == f"^(?:absent|{version})$"
    assert DEFS["tooLong"]["pattern"] == f"[^/:]{{{names.ENTITY_RULE.max_length + 1}}}"


@pytest.mark.parametrize("name", ["versionRef", "versionItem", "binding"])
@pytest.mark.parametrize("length", [128, 129])
@pytest.mark.parametrize("place", range(4))
def test_no_part_of_a_version_is_longer_than_the_code_allows(name: str, length: int, place: int) -> None:
    parts = [*"abcd"]
    parts[place] = "é" * length
    text = "{}/{}/{}:{}".format(*parts)
    assert jsonschema.Draft202012Validator(DEFS[name] | {"$defs": DEFS}).is_valid(text) is (length <= 128)
    with pytest.raises(ValueError, match="at most 128") if length > 128 else nullcontext():
        names.parse_version_ref(text)


def test_lists_of_words_are_complete() -> None:
    hazards = [hazard.value for hazard in HazardName]
    kinds = [kind.value for kind in Kind]
    assert DEFS["consentItem"]["propertyNames"]["enum"] == hazards
    assert DEFS["consentItem"]["pattern"] == f"^(?:(?:{'|'.join(hazards)})(?:=[1-9][0-9]{{0,8}})?)$"
    assert list(MANIFEST["properties"]["limits"]["properties"]) == kinds
    assert list(DEFS["unlistedDefault"]["properties"]) == kinds
    assert list(DEFS["unlistedInRegistry"]["properties"]) == kinds
    assert DEFS["role"]["enum"] == [*(role.value for role in names.Role), "absent"]
    assert DEFS["registry"]["properties"]["visibility"]["anyOf"][0]["enum"] == list(names.Visibility)


def test_every_part_says_what_to_write() -> None:
    for name, part in DEFS.items():
        assert part.get("title"), name
        assert part.get("errorMessage") or name in {"variable", "variableName", "metricName"}, name


def test_examples_are_examples() -> None:
    for name, part in DEFS.items():
        validator = jsonschema.Draft202012Validator(part | {"$defs": DEFS})
        for example in part.get("examples", ()):
            assert validator.is_valid(example), (name, example)


def test_objects_are_closed() -> None:
    for part in parts(MANIFEST):
        if "properties" in part and isinstance(part["properties"], dict) and part.get("type") == "object":
            assert "additionalProperties" in part, part.get("title")


def test_without_variables_every_alternative_of_a_variable_is_gone() -> None:
    assert any(part.get("$ref") == "#/$defs/variable" for part in parts(MANIFEST))
    assert not any(part.get("$ref") == "#/$defs/variable" for part in parts(strict_schema()))
    assert without_variables(strict_schema()) == strict_schema()
