# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a seed (a JSON object) to a world. BEHAVIOURS.md documents the format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, TypeVar

from .clock import Clock, day_after, midnight
from .faults import Fault
from .lifecycle import plan_start
from .messages import is_imei
from .model import (
    ACCEPTED,
    NOT_ELIGIBLE,
    NOT_FOUND,
    QUEUED,
    REJECTED,
    REQUEST_PENDING,
    STATUSES,
    Account,
    Callback,
    Credentials,
    Device,
    Entry,
    Firmware,
    HistoryRow,
    Subscription,
    Upgrade,
    World,
)
from .service import Service
from .switches import Switches

DEFAULT_ACCOUNT = "0402196254-00001"  # the account of the documents' examples
SEED_KEYS = (
    "accounts",
    "credentials",
    "faults",
    "ineligible_devices",
    "now",
    "refused_devices",
    "switches",
    "unknown_devices",
    "upgrades",
)
ACCOUNT_KEYS = ("accessible", "active", "callbacks", "devices", "firmware", "history", "licenses", "subscription")
UPGRADE_KEYS = (
    "account",
    "devices",
    "end_date",
    "firmware_name",
    "firmware_to",
    "rejected",
    "start_date",
    "status",
    "upgrade_id",
)

Thing = TypeVar("Thing")


def load(service: Service, content: dict[str, Any] | None) -> None:
    """Make the service the world that the seed describes; a bad seed changes nothing (``ValueError``)."""
    content = content or {}
    _check_keys("seed", content, SEED_KEYS)
    switches = Switches()
    switches.change(content.get("switches", {}))
    faults = [fault(item) for item in content.get("faults", [])]
    world = World(_make(Credentials, content.get("credentials", {})))
    accounts = content.get("accounts", [DEFAULT_ACCOUNT])
    for name in accounts:
        world.accounts[name] = _account(name, accounts[name] if isinstance(accounts, dict) else {})
    world.refusals = {
        **dict.fromkeys(imeis(content.get("unknown_devices", [])), NOT_FOUND),
        **dict.fromkeys(imeis(content.get("ineligible_devices", [])), NOT_ELIGIBLE),
        **content.get("refused_devices", {}),
    }
    clock = Clock()
    if "now" in content:
        clock.set(content["now"])
    for item in content.get("upgrades", []):
        _check_keys("upgrade", item, UPGRADE_KEYS)
        add_upgrade(world, clock, switches, **item)
    service.clock = clock
    service.become(world, switches, faults)


def fault(content: dict[str, Any]) -> Fault:
    """A fault from ``{request, do, nth, times, ...arguments}``.

    ``on``, as the Python API calls ``request``, is understood too, and ``true``, which YAML makes of it.
    """
    arguments = {"on" if name in ("request", "true") else name: value for name, value in content.items()}
    known = {name: arguments.pop(name) for name in ("on", "do", "nth", "times") if name in arguments}
    if not {"on", "do"} <= set(known):
        raise ValueError("a fault needs 'request' (METHOD /path) and 'do'")
    return Fault(**known, arguments=arguments)


def imeis(content: list[Any] | set[str] | tuple[str, ...]) -> Iterator[str]:
    """The IMEIs of a list whose items are IMEIs or ranges ``{first, count}``."""
    for item in content:
        if isinstance(item, dict):
            _check_keys("range of devices", item, ("first", "count"))
            first = int(item["first"])
            yield from (f"{number:015d}" for number in range(first, first + item["count"]))
        elif isinstance(item, str) and is_imei(item):
            yield item
        else:
            raise ValueError(f"{item!r} is no IMEI (a string of 15 digits)")


def add_upgrade(
    world: World,
    clock: Clock,
    switches: Switches,
    *,
    account: str = "",
    upgrade_id: str = "",
    status: str = QUEUED,
    devices: Any = (),
    rejected: dict[str, str] | None = None,
    firmware_name: str = "Firmware",
    firmware_to: str = "2.0",
    start_date: str = "+7",
    end_date: str | None = None,
) -> Upgrade:
    """Put an upgrade on record. Dates are YYYY-MM-DD, or ``+7``: days from today."""
    if status not in STATUSES:
        raise ValueError(f"status {status!r} is none of {', '.join(STATUSES)}")
    name = account or next(iter(world.accounts))
    world.accounts.setdefault(name, Account(name))
    pending = status == REQUEST_PENDING
    listed = dict.fromkeys(imeis(devices), Entry(REQUEST_PENDING) if pending else Entry(ACCEPTED, "success"))
    upgrade = Upgrade(
        account=name,
        firmware_name=firmware_name,
        firmware_to=firmware_to,
        start_date=_day(clock, start_date),
        end_date=_day(clock, end_date) if end_date else None,
        status=status,
        devices={**listed, **{imei: Entry(REJECTED, reason) for imei, reason in (rejected or {}).items()}},
        unsettled=set(listed) if pending else set(),
        pending_reads=switches.pending_reads if pending else 0,
    )
    if upgrade_id:
        upgrade.id = upgrade_id.lower()
    if upgrade.id in world.upgrades:
        raise ValueError(f"there is an upgrade {upgrade.id} already")
    if midnight(upgrade.start_date) + 86400 > clock.now():  # one that missed its day waits for ever
        plan_start(clock, switches, upgrade)
    return world.register(upgrade)


def _day(clock: Clock, text: str) -> str:
    if re.fullmatch(r"[+-]\d+", text):
        return day_after(clock.today(), int(text))
    midnight(text)
    return text


def _account(name: str, content: dict[str, Any]) -> Account:
    _check_keys(f"account {name}", content, ACCOUNT_KEYS)
    account = Account(name, content.get("accessible", True), content.get("active", True))
    account.subscription = _make(Subscription, content.get("subscription", {}))
    account.firmware = [_make(Firmware, item) for item in content.get("firmware", [])]
    for item in content.get("devices", []):
        if isinstance(item, dict) and "imei" in item:
            account.devices[item["imei"]] = _make(Device, item)
        else:
            account.devices.update({imei: Device(imei) for imei in imeis([item])})
    account.licenses = dict.fromkeys(imeis(content.get("licenses", [])), "2018-03-02T16:03:06.000Z")
    account.callbacks = {key: _make(Callback, item) for key, item in content.get("callbacks", {}).items()}
    for imei, rows in content.get("history", {}).items():
        account.history[imei] = [_make(HistoryRow, row) for row in rows]
    return account


def _make(kind: type[Thing], content: dict[str, Any]) -> Thing:
    """A dataclass from an object with the same names."""
    _check_keys(kind.__name__, content, [item.name for item in fields(kind)])  # type: ignore[arg-type]
    return kind(**content)


def _check_keys(what: str, content: dict[str, Any], known: Any) -> None:
    if not isinstance(content, dict):
        raise ValueError(f"{what}: an object is needed, not {content!r}")
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise ValueError(f"{what}: unknown {', '.join(unknown)}; there are: {', '.join(known)}")
