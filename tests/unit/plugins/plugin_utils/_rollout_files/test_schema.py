# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter of the schema says what the library jsonschema says, about our schema and all of its parts."""

from __future__ import annotations

import copy
import json
import typing as t

import jsonschema
import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._ansible.options import rollout_options
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files.load import SCHEMA
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files.schema import KEYWORDS, flaws
from hypothesis import given, settings
from hypothesis import strategies as st

Json = t.Any
ROLLOUT: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))
LIBRARY = jsonschema.Draft202012Validator(ROLLOUT)
ENTRY: Json = ROLLOUT["properties"]["upgrades"]["items"]
GOOD: Json = {
    "account": "0402196254-00001",
    "defaults": {"firmware_name": "F", "firmware_to": "2.1", "state": "exact", "max_removals": 3},
    "upgrades": [
        {"name": "canary", "start_date": "2026-12-01", "devices": ["990003425730535", 990003425730535], "max_removal_percent": 50.5},
        {"upgrade_id": "60b5d639-ccdc-4db8-8824-069bd94c95bf", "devices_file": "waves/1.csv", "batch_size": 1000.0, "allow_empty": True},
    ],
}


def parts(schema: Json) -> t.Iterator[Json]:
    """A schema and every schema in it."""
    yield schema
    for name in ("properties", "$defs"):
        for part in schema.get(name, {}).values():
            yield from parts(part)
    for part in [*schema.get("allOf", []), *(schema[name] for name in ("items", "not") if name in schema)]:
        yield from parts(part)


# Values that stand near a border of the schema, and any JSON at all.
NEAR = st.sampled_from(
    [None, True, False, 0, -1, 1, 0.5, 100, 100.0, 101, 3.0, 99999999999999, 100000000000000, 999999999999999, 1e15, float("inf"), 10**400, "", " ", "exact"]
    + ["2026-12-01", "2026-12-1", "990003425730535", " 990003425730535 ", "99000342573053", "a\nb", "0402196254-00001", "-1", [], {}, ["x"], {"x": 1}]
    + ["0402196254-00001\n", "2026-12-01\n"]
)
KEYS = sorted({key for part in parts(ROLLOUT) for key in part.get("properties", {})}) + ["devices_fiel", ""]
ANY = st.recursive(NEAR | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4))


@st.composite
def documents(draw: st.DrawFn) -> Json:
    """A good document with some of its parts replaced, removed or added."""
    document = copy.deepcopy(GOOD)
    for _change in range(draw(st.integers(0, 3))):
        place: Json = document
        while True:
            if not isinstance(place, (dict, list)):
                break
            steps = list(place) if isinstance(place, dict) else list(range(len(place)))
            deeper = [step for step in steps if isinstance(place[step], (dict, list))]
            if not deeper or not draw(st.booleans()):
                break
            place = place[draw(st.sampled_from(deeper))]
        if isinstance(place, dict):
            key = draw(st.sampled_from([*place, *KEYS]))
            if draw(st.booleans()):
                # A copy: what is drawn may be one of the strategy's own values, and the next change goes into it.
                place[key] = copy.deepcopy(draw(ANY))
            else:
                place.pop(key, None)
        elif isinstance(place, list):
            place.append(copy.deepcopy(draw(ANY)))
    return document


def ours(document: Json) -> set[tuple[str | int, ...]]:
    """Where it is wrong, as the library tells it: missing and unknown keys are told where they are missing or unknown."""
    return {flaw.path[:-1] if flaw.keyword in ("required", "additionalProperties") else flaw.path for flaw in flaws(ROLLOUT, document)}


def theirs(document: Json) -> set[tuple[str | int, ...]]:
    return {tuple(error.absolute_path) for error in LIBRARY.iter_errors(document)}


def test_a_good_document_is_good() -> None:
    assert ours(GOOD) == theirs(GOOD) == set()


@given(documents())
def test_both_find_the_same_places_in_documents_that_are_nearly_good(document: Json) -> None:
    assert ours(document) == theirs(document)


@given(ANY)
def test_both_find_the_same_places_in_anything(document: Json) -> None:
    assert ours(document) == theirs(document)


@pytest.mark.parametrize("part", list(parts(ROLLOUT)), ids=lambda part: part.get("title", "part"))
@settings(max_examples=25)
@given(value=ANY)
def test_both_find_the_same_in_every_part(part: Json, value: Json) -> None:
    whole = {**part, "$defs": ROLLOUT["$defs"]}
    assert bool(list(flaws(whole, value))) is not jsonschema.Draft202012Validator(whole).is_valid(value)


def test_the_schema_is_one_and_uses_no_keyword_that_the_interpreter_does_not_know() -> None:
    jsonschema.Draft202012Validator.check_schema(ROLLOUT)
    assert {keyword for part in parts(ROLLOUT) for keyword in part} - KEYWORDS == set()
    for wrong in ({"multipleOf": 2}, {"$ref": "https://example.com/"}, {"additionalProperties": True}):
        with pytest.raises(ValueError, match="schema|additionalProperties"):
            list(flaws(wrong, {}))


def test_editors_find_a_title_and_a_description_for_every_key() -> None:
    keys = [part for schema in parts(ROLLOUT) for part in schema.get("properties", {}).values()]
    described = [ROLLOUT["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in keys]
    assert len(described) > 30
    assert all(part["title"] and part["description"].endswith(".") for part in described)
    assert all("errorMessage" in part for part in parts(ROLLOUT) if "pattern" in part or "not" in part)


def test_an_upgrade_of_a_file_takes_what_the_module_takes() -> None:
    entry = rollout_options()["upgrades"]["options"]
    assert ENTRY["properties"].keys() == entry.keys()
    assert ROLLOUT["properties"]["defaults"]["properties"].keys() == entry.keys() - {"name"}
    for name, option in {**rollout_options(), **entry}.items():
        known = ROLLOUT["$defs"].get(name)
        if known:
            assert known.get("enum") == option.get("choices"), name
            assert known.get("default") == rollout_options().get(name, option).get("default"), name
