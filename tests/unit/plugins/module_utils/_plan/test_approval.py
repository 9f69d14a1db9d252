# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, StateError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan, check_given, check_plan

PLANS = [Plan(frozenset("ab"), frozenset("c")), Plan(remove=frozenset("d"))]


@pytest.mark.parametrize("expected", ["", " ", "\n"])
def test_an_empty_digest_approves_nothing(expected: str) -> None:
    with pytest.raises(InputError) as caught:
        check_given(expected)
    assert caught.value.message == "expect_plan_digest is empty: give the digest of the approved plan, or leave the option out."


@pytest.mark.parametrize("expected", [None, "ab12", " AB12\n"])
def test_what_is_approved_or_asks_for_no_approval_goes_on(expected: str | None) -> None:
    check_given(expected)
    check_plan(expected, "ab12", PLANS)


@pytest.mark.parametrize(("expected", "shown"), [("cd", "cd"), (" cd ", "cd"), ("x" * 70, "x" * 64)])
def test_another_plan_is_told_with_its_size(expected: str, shown: str) -> None:
    with pytest.raises(StateError) as caught:
        check_plan(expected, "ab12", iter(PLANS))
    assert caught.value.message == (
        f"The plan is not the one that was approved: expect_plan_digest is {shown}, and this plan (2 to append, 2 to remove) has ab12. "
        "Nothing was written; have the new plan reviewed."
    )
