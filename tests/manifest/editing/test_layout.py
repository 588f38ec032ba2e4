"""`regsync fmt`: laws over every legal way of writing a manifest, and what the command does with files."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from regsync.manifest.editing.layout import formatted
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import comments
from regsync.manifest.reading.tree import parse
from tests.budget import share
from tests.manifest.editing.messy import messy_text


def source(text: str) -> Source:
    return Source("m.yaml", text.encode(), "")


def roots(text: str) -> list[object]:
    parsed = parse(text.encode(), "m.yaml")
    assert not parsed.diagnostics, parsed.diagnostics
    return [each.root for each in parsed.documents]


def test_items_that_are_commented_out_stay_in_their_list() -> None:
    """Also where dashes stand below the first letter of the key, as kubectl and PyYAML write them."""
    text = """apiVersion: regsync/v1
registries:
  model:
    collections:
      churn:
        aliases: {}
        versions:
        # - acme-ml/fraud/churn:v0
        - acme-ml/fraud/churn:v1
        # - version: acme-ml/fraud/churn:v2
        #   digest: abcd
        #- acme-ml/fraud/churn:v3
        ## - acme-ml/fraud/churn:v4
        # about the type
        type: model
"""
    laid_out = formatted(source(text))
    assert (
        laid_out
        == """apiVersion: regsync/v1
registries:
  model:
    collections:
      churn:
        # about the type
        type: model
        versions:
          # - acme-ml/fraud/churn:v0
          - acme-ml/fraud/churn:v1
          # - version: acme-ml/fraud/churn:v2
          #   digest: abcd
          #- acme-ml/fraud/churn:v3
          ## - acme-ml/fraud/churn:v4
        aliases: {}
"""
    )
    (document,) = roots(re.sub("#+ ?-", "-", laid_out).replace("#   digest", "  digest"))
    versions = document["registries"]["model"]["collections"]["churn"]["versions"]  # type: ignore[index]
    assert len(versions) == 5
    assert formatted(source(laid_out)) == laid_out


def test_lines_that_are_commented_out_at_the_margin_stay_where_they_stood() -> None:
    """As editors do that put the sign into the first column; prose at the margin stays as it is."""
    text = """# About this file
#   and how: it goes on
apiVersion: regsync/v1
registries:
  model:
    collections:
      churn:
        versions:
        - acme-ml/fraud/churn:v1
#        - acme-ml/fraud/churn:v2:
#            absent
        type: model
        description: "text

#        - of: two paragraphs"
#      fraud:
#        type: model
"""
    laid_out = formatted(source(text))
    assert (
        laid_out
        == """# About this file
#   and how: it goes on
apiVersion: regsync/v1
registries:
  model:
    collections:
      churn:
        type: model
        description: "text

#        - of: two paragraphs"
        versions:
          - acme-ml/fraud/churn:v1
          # - acme-ml/fraud/churn:v2:
          #     absent
      # fraud:
      #   type: model
"""
    )
    assert formatted(source(laid_out)) == laid_out


@share(300)
@given(st.integers(0, 2**32).map(Random))
def test_laws_of_the_layout(random: Random) -> None:
    text, above = messy_text(random)
    assume(not parse(text.encode(), "m.yaml").diagnostics)
    result = formatted(source(text))
    assert roots(result) == roots(text), "the data is the same"
    assert Counter(comments(result)) == Counter(comments(text)), "every comment is there"
    assert formatted(source(result)) == result, "once is enough"
    assert ("\r\n" in result) == ("\r\n" in text)
    assert result.endswith("\n")
    lines = result.replace("\r\n", "\n").split("\n")
    for comment, key in above:
        if any(line.strip() == comment for line in lines):
            number = next(number for number, line in enumerate(lines) if line.strip() == comment)
            below = next(line for line in lines[number + 1 :] if line.strip() and not line.strip().startswith("#"))
            assert re.match(rf" *(- )*['\"]?{re.escape(key)}", below.replace("''", "'")), (comment, key, below)
