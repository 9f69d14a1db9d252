# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as an approval of which plan, and that nothing else does."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.filter.rollout_approval import rollout_approval
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files.approval import DIGEST, PLAN, NotApproved, approved
from hypothesis import given
from hypothesis import strategies as st

ONE, TWO = "0402196254-00001", "0402196254-00002"
D, E = "d" * 64, "e" * 64
REPORT: dict[str, t.Any] = {"format_version": 1, "check_mode": True, "failed": False, "plan_digests": {ONE: D, TWO: E}}


def report(**changes: t.Any) -> str:
    return json.dumps({name: value for name, value in {**REPORT, **changes}.items() if value != "left out"})


APPROVED: list[tuple[dict[str, t.Any], str | None, list[str], dict[str, str]]] = [
    ({}, None, [ONE, TWO], {}),
    ({PLAN: "plan.json"}, report(), [ONE, TWO], {ONE: D, TWO: E}),
    ({PLAN: "plan.json"}, " \n" + report(more=[{}]), [TWO, ONE], {ONE: D, TWO: E}),
    ({DIGEST: D}, None, [ONE], {ONE: D}),
    ({DIGEST: f" {D}\n"}, None, [ONE], {ONE: D}),
    ({DIGEST: {ONE: D, TWO: E}}, None, [ONE, TWO], {ONE: D, TWO: E}),
]


@pytest.mark.parametrize(("variables", "text", "accounts", "expected"), APPROVED)
def test_what_is_an_approval(variables: dict[str, t.Any], text: str | None, accounts: list[str], expected: dict[str, str]) -> None:
    assert approved(variables, text, accounts) == expected
    assert rollout_approval(variables, accounts, text) == {"digests": expected, "fault": ""}


EMPTY: list[t.Any] = ["", " ", "\n", None, False, 0, {}, []]
NO_DIGESTS: list[t.Any] = ["", " ", None, False, 0, [E], {"a": E}]
ODD: list[t.Any] = [True, 1, ["plan.json"], {"a": "b"}]
VERSIONS: list[t.Any] = [None, 2, "1", "left out"]
NO_MAPPINGS: list[t.Any] = [None, [], "d", "left out"]
NOT_TRUE: list[t.Any] = [False, None, "true", "left out"]
NOT_FALSE: list[t.Any] = [True, None, "", "left out"]
NO_TEXTS: list[t.Any] = [True, 1, [D]]
REFUSED: list[tuple[dict[str, t.Any], str | None, list[str], str]] = [
    *(({name: value}, report(), [ONE], f"{name} is given and empty: give the ") for name in (PLAN, DIGEST) for value in EMPTY),
    ({PLAN: "plan.json", DIGEST: ""}, report(), [ONE, TWO], f"{DIGEST} is given and empty"),
    ({PLAN: "plan.json", DIGEST: D}, report(), [ONE, TWO], "Both "),
    *(({PLAN: value}, report(), [ONE, TWO], f"{PLAN} is no path") for value in ODD),
    *(({DIGEST: value}, None, [ONE], f"{DIGEST} is neither a digest nor") for value in NO_TEXTS),
    *(({PLAN: "x"}, text, [ONE, TWO], "x is not there or is no report of a plan") for text in (None, "", "{", "[1]", "1", "null", "[" * 100_000)),
    *(({PLAN: "x"}, report(format_version=value), [ONE, TWO], "x is not there or is no report") for value in VERSIONS),
    *(({PLAN: "x"}, report(plan_digests=value), [ONE, TWO], "x is not there or is no report") for value in NO_MAPPINGS),
    *(({PLAN: "x"}, report(check_mode=value), [ONE, TWO], "x is the report of an apply") for value in NOT_TRUE),
    *(({PLAN: "x"}, report(failed=value), [ONE, TWO], "x is the report of a plan that failed") for value in NOT_FALSE),
    ({PLAN: "x"}, report(plan_digests={}), [ONE], f"No plan was approved for {ONE}, which the rollout files declare."),
    *(({DIGEST: {ONE: D, TWO: value}}, None, [ONE, TWO], f"No plan was approved for {TWO}, which") for value in NO_DIGESTS),
    ({DIGEST: {ONE: D}}, None, [ONE, TWO], f"No plan was approved for {TWO}, which the rollout files declare."),
    ({DIGEST: {ONE: D, TWO: E}}, None, [ONE], f"A plan was approved for {TWO}, which no rollout file declares any more."),
    ({DIGEST: {ONE: D, TWO: None}}, None, [ONE], f"A plan was approved for {TWO}, which no rollout file declares any more."),
    ({DIGEST: D}, None, [ONE, TWO], "One digest is approved, and the rollout files declare 2 accounts"),
]


@pytest.mark.parametrize(("variables", "text", "accounts", "says"), REFUSED)
def test_what_is_no_approval(variables: dict[str, t.Any], text: str | None, accounts: list[str], says: str) -> None:
    with pytest.raises(NotApproved) as caught:
        approved(variables, text, accounts)
    assert str(caught.value).startswith(says)
    assert rollout_approval(variables, accounts, text) == {"digests": {}, "fault": str(caught.value)}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([ONE, TWO, "x"]), inner, max_size=3),
)
TEXTS = st.none() | st.just(report()) | VALUES.map(json.dumps)


@given(st.dictionaries(st.sampled_from([PLAN, DIGEST]), VALUES, min_size=1), TEXTS, st.sampled_from([[ONE], [ONE, TWO]]))
def test_whatever_is_given_every_account_has_a_digest_or_nothing_is_applied(variables: dict[str, t.Any], text: str | None, accounts: list[str]) -> None:
    found = rollout_approval(variables, accounts, text)
    assert bool(found["fault"]) != (set(found["digests"]) == set(accounts))
    assert all(isinstance(digest, str) and digest.strip() for digest in found["digests"].values())


def test_a_fault_commands_no_terminal_and_no_log() -> None:
    """The path is what somebody gave, and is shown by a task that fails."""
    fault = rollout_approval({PLAN: "x\n::error::y\x1b[2J\u202e\ud83d.json"}, accounts=[ONE], report=None)["fault"]
    assert fault == "x : :error: :y\\x1b[2J\\u202e\\ud83d.json is not there or is no report of a plan, so no plan was approved."
