# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which plan of each account was approved, and why an approval is none. Pure."""

from __future__ import annotations

import json
import typing as t

Given = t.Mapping[str, object]
Digests = dict[str, str]
PLAN = "thingspace_rollout_approved_plan"
DIGEST = "thingspace_rollout_expect_plan_digest"
_FORMAT_VERSION = 1


class NotApproved(Exception):
    """Why nothing was approved that the rollout files declare."""


def approved(given: Given, report: str | None, accounts: t.Sequence[str]) -> Digests:
    """The digest of each account, none at all where no approval is asked for. Raises NotApproved.

    A variable that is given and empty asks for an approval that there is none of: ``-e x=$DIGEST`` must not apply everything when DIGEST is empty.

    Args:
        given: those of the two variables that are defined, whatever their values.
        report: what is in the file that the first of them names, None if it cannot be read.
        accounts: those that the rollout files declare.
    """
    for name, value in given.items():
        if not value or isinstance(value, str) and not value.strip():
            what = "the report of the approved plan" if name == PLAN else "the digest of the approved plan"
            raise NotApproved(f"{name} is given and empty: give {what}, or leave the variable out, and whatever the files declare is applied.")
    if len(given) > 1:
        raise NotApproved(f"Both {PLAN} and {DIGEST} are given: one of them is enough.")
    if PLAN in given:
        return _of_accounts(_of_report(given[PLAN], report), accounts)
    if DIGEST in given:
        return _of_digest(given[DIGEST], accounts)
    return {}


def _of_report(path: object, text: str | None) -> t.Mapping[object, object]:
    if not isinstance(path, str):
        raise NotApproved(f"{PLAN} is no path: give the file with the report of the approved plan.")
    try:
        report = json.loads(text or "")
    # Half a file, or lists in lists in lists.
    except (ValueError, RecursionError):
        report = None
    digests = report.get("plan_digests") if isinstance(report, dict) and report.get("format_version") == _FORMAT_VERSION else None
    if not isinstance(digests, dict):
        raise NotApproved(f"{path} is not there or is no report of a plan, so no plan was approved.")
    if report.get("check_mode") is not True:
        raise NotApproved(f"{path} is the report of an apply. Approved is a plan: make one, and have it read.")
    if report.get("failed") is not False:
        raise NotApproved(f"{path} is the report of a plan that failed, so no plan was approved.")
    return digests


def _of_digest(given: object, accounts: t.Sequence[str]) -> Digests:
    if isinstance(given, t.Mapping):
        return _of_accounts(given, accounts)
    if not isinstance(given, str):
        raise NotApproved(f"{DIGEST} is neither a digest nor a dictionary of account and digest.")
    if len(accounts) > 1:
        raise NotApproved(
            f"One digest is approved, and the rollout files declare {len(accounts)} accounts: give {DIGEST} as a dictionary with one for each, "
            "such as plan_digests of the report."
        )
    return dict.fromkeys(accounts, given.strip())


def _of_accounts(digests: t.Mapping[t.Any, object], accounts: t.Sequence[str]) -> Digests:
    """One for each account, and none for another. Whatever is no text is no digest."""
    known = {str(account): digest.strip() for account, digest in digests.items() if isinstance(digest, str) and digest.strip()}
    missing = [account for account in accounts if account not in known]
    if missing:
        raise NotApproved(f"No plan was approved for {', '.join(missing)}, which the rollout files declare.")
    others = [str(account) for account in digests if str(account) not in accounts]
    if others:
        raise NotApproved(f"A plan was approved for {', '.join(others)}, which no rollout file declares any more.")
    return known
