# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a plan is the one that was approved. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, StateError
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Plan


def check_given(expected: str | None) -> None:
    """Raise InputError for an empty digest: whoever gives one wants no other plan, and an empty one would let every plan pass."""
    if expected is not None and not expected.strip():
        raise InputError("expect_plan_digest is empty: give the digest of the approved plan, or leave the option out.")


def check_plan(expected: str | None, digest: str | None, plans: t.Iterable[Plan]) -> None:
    """Raise StateError if a digest was approved and the plan has another one.

    Args:
        digest: of these plans together.
    """
    if expected is None or expected.strip().lower() == digest:
        return
    plans = list(plans)
    append, remove = sum(len(plan.append) for plan in plans), sum(len(plan.remove) for plan in plans)
    raise StateError(
        f"The plan is not the one that was approved: expect_plan_digest is {expected.strip()[:64]}, and this plan ({append} to append, "
        f"{remove} to remove) has {digest}. Nothing was written; have the new plan reviewed."
    )
