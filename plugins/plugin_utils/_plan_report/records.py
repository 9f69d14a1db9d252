# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one result of a module tells about a plan. Pure.

Which module made it is seen by the keys that no other module returns, so that a registered result is enough.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .rows import Result, Row, callback_row, devices_row, error_of, license_row, moves, number, rollout_rows, sequence, text, upgrade_rows

_SHAPES = {
    "rollout": {"upgrades", "moved"},
    "license": {"cancelled_upgrades", "candidates_added"},
    "callback": {"previous_url", "changed_fields"},
    "upgrade": {"devices_missing_count", "devices_extra_count"},
    "upgrade_devices": {"upgrade_id", "added_count", "removed_count"},
}
MODULES = tuple(_SHAPES)
# What ansible-core says about itself.
_NOISE = re.compile(r"discovered Python interpreter", re.IGNORECASE)
# A plan that was made and is not allowed: the service has something else than what is declared.
_DRIFTED = ("rail", "state")
_QUOTES = re.compile(r"\n\s*\n|\n?The (?:error appears to be|offending line)")


@dataclasses.dataclass(frozen=True)
class Record:
    """A result, with the host that it came from and its place in the report. ``unknown`` says why there is none.

    ``writes`` says whether its task runs a module that writes. None where that is not known: a failure counts as one.
    """

    result: Result
    host: str | None = None
    order: tuple[t.Any, ...] = ()
    unknown: str | None = None
    writes: bool | None = None


@dataclasses.dataclass
class Part:
    """What one result tells. ``drift`` is None where it tells nothing, ``lost`` says that nobody knows what its task has changed."""

    drift: bool | None
    rows: list[Row] = dataclasses.field(default_factory=list)
    licenses: list[Row] = dataclasses.field(default_factory=list)
    callbacks: list[Row] = dataclasses.field(default_factory=list)
    moved: list[Row] = dataclasses.field(default_factory=list)
    moved_count: int = 0
    errors: list[Row] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    digests: dict[str, str] = dataclasses.field(default_factory=dict)
    truncated: bool = False
    lost: bool = False


def module_of(result: Result) -> str | None:
    """The module that made a result, None for any other."""
    return next((module for module, keys in _SHAPES.items() if keys <= result.keys()), None)


def is_lost(record: Record) -> bool:
    """Whether a module that writes may have run, and its own word is not there.

    ansible-core makes a result of its own when the time of a task is over, when the module crashes or is killed, when it cannot read what the
    module prints, and when the host is out of reach. ``changed`` is false in all of them. What a module says itself has an ``error`` or its keys.
    """
    result = record.result
    if record.writes is False or result.get("skipped"):
        return False
    if record.unknown is not None:
        return bool(record.writes)
    if result.get("changes_known") is False:
        # Its own word: something was sent, and nobody knows what became of it.
        return True
    error = error_of(result)
    if module_of(result) is not None or error is not None and error["kind"]:
        return False
    failed = bool(result.get("failed") or result.get("unreachable"))
    # A censored success still says whether it has changed something.
    return failed or bool(record.writes) and "censored" not in result


def part_of(record: Record) -> Part:
    """What a result tells."""
    return dataclasses.replace(_told(record), lost=is_lost(record))


def _told(record: Record) -> Part:
    result = record.result
    warnings = [line for line in map(text, sequence(result.get("warnings"))) if line and not _NOISE.search(line)]
    if record.unknown is not None:
        return Part(None, warnings=[*warnings, record.unknown])
    module = module_of(result)
    if module is None:
        return _without_a_plan(record, warnings)
    part = Part(_drift_of(result), warnings=warnings, truncated=bool(result.get("truncated")))
    if module == "rollout":
        part.rows += rollout_rows(result)
        part.moved += moves(result, part.rows)
        part.moved_count = number(result.get("moved_count")) or len(part.moved)
        part.truncated = part.truncated or any(row["truncated"] for row in part.rows)
        if result.get("plan_digest"):
            part.digests[text(result.get("account")) or "rollout"] = str(result["plan_digest"])
    elif module == "license":
        part.licenses.append(license_row(result))
        if result.get("plan_digest"):
            part.digests[f"licenses/{text(result.get('account'))}"] = str(result["plan_digest"])
    elif module == "callback":
        part.callbacks.append(callback_row(result))
    elif module == "upgrade":
        part.rows += upgrade_rows(result)
    else:
        row = devices_row(result)
        part.rows.append(row)
        if result.get("plan_digest"):
            part.digests[row["upgrade_id"] or row["name"]] = str(result["plan_digest"])
    part.errors += _errors(result, [*part.rows, *part.licenses, *part.callbacks], module, record.host)
    return part


def _without_a_plan(record: Record, warnings: list[str]) -> Part:
    """A task that ended before its module said anything, or whose result is hidden."""
    result = record.result
    failed, changed = bool(result.get("failed") or result.get("unreachable")), bool(result.get("changed"))
    part = Part(True if changed else None if failed else False, warnings=warnings)
    if "censored" in result:
        part.warnings.append(f"A task{_on(record.host)} is hidden by no_log: what it would do or did is not in this report.")
    if failed:
        told = "The task failed, and no_log hides why." if "censored" in result else _reason(result)
        part.errors.append(_error(None, {}, record.host, told, result))
    elif "censored" not in result:
        part.warnings.append(f"A result{_on(record.host)} is none of a module that plans: it is left out.")
        part.drift = None
    return part


def _on(host: str | None) -> str:
    return f" on {host}" if host else ""


def _reason(result: Result) -> str:
    """Why a task failed, without the lines of the playbook that ansible-core quotes."""
    if result.get("unreachable"):
        return "The host could not be reached."
    told = _QUOTES.split((text(result.get("msg")) or "").strip())[0].strip()
    return told or "The task failed without a reason."


def _drift_of(result: Result) -> bool | None:
    if result.get("changed"):
        return True
    error = error_of(result)
    if error is None:
        return None if result.get("failed") or result.get("unreachable") else False
    if error["kind"] in _DRIFTED:
        return True
    # Devices that the service refuses are told after the plan, which has nothing else to do.
    return False if error["kind"] == "rejected" else None


def _errors(result: Result, rows: list[Row], module: str, host: str | None) -> list[Row]:
    several = module == "rollout"
    errors = [_error(row["name"], row, host, row["error"]["message"], row) for row in rows if row["error"] and several]
    if not error_of(result) and not result.get("failed") and not result.get("unreachable"):
        return errors
    told = _reason(result)
    if not error_of(result) and "failed_when_result" in result:
        told = f"A condition of the playbook (failed_when) failed the task. It said: {told}"
    if told not in [error["message"] for error in errors]:
        only = rows[0] if rows and not several else {}
        errors.insert(0, _error(only.get("name"), only or {"account": text(result.get("account"))}, host, told, result))
    return errors


def _error(name: str | None, row: Result, host: str | None, message: str | None, source: Result) -> Row:
    error = error_of(source)
    known = {key: row.get(key) for key in ("account", "upgrade_id")}
    return {"name": name, **known, "host": host, "kind": error["kind"] if error else None, "message": message or "The task failed without a reason."}
