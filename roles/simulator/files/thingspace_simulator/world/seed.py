# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a seed (a JSON object) to a world. BEHAVIOURS.md documents the format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..control.faults import Fault
from ..server.messages import is_imei
from ..service import Service
from .checks import check_keys, make, texts, typed
from .clock import Clock, day_after, midnight
from .lifecycle import plan_start
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

MOST_DEVICES = 1_000_000  # of one range


def load(service: Service, content: dict[str, Any] | None) -> None:
    """Make the service the world that the seed describes; a bad seed changes nothing (``ValueError``)."""
    content = content or {}
    check_keys("seed", content, SEED_KEYS)
    switches = Switches()
    switches.change(content.get("switches", {}))
    faults = [fault(item) for item in typed("faults", content.get("faults", []), "list")]
    world = World(make(Credentials, content.get("credentials", {})))
    accounts = content.get("accounts", [DEFAULT_ACCOUNT])
    for name in accounts if isinstance(accounts, dict) else typed("accounts", accounts, "list"):
        typed("an account", name, "str")
        world.accounts[name] = _account(name, accounts[name] if isinstance(accounts, dict) else {})
    world.refusals = {
        **dict.fromkeys(imeis(content.get("unknown_devices", [])), NOT_FOUND),
        **dict.fromkeys(imeis(content.get("ineligible_devices", [])), NOT_ELIGIBLE),
        **texts("refused_devices", content.get("refused_devices", {})),
    }
    clock = Clock()
    if "now" in content:
        clock.set(content["now"])
    for item in typed("upgrades", content.get("upgrades", []), "list"):
        check_keys("upgrade", item, UPGRADE_KEYS)
        add_upgrade(world, clock, switches, **item)
    service.clock = clock
    service.become(world, switches, faults)


def fault(content: dict[str, Any]) -> Fault:
    """A fault from ``{request, do, nth, times, ...arguments}``.

    ``on``, as the Python API calls ``request``, is understood too, and ``true``, which YAML makes of it.
    """
    typed("a fault", content, "dict")
    arguments = {"on" if name in ("request", "true") else name: value for name, value in content.items()}
    known = {name: arguments.pop(name) for name in ("on", "do", "nth", "times") if name in arguments}
    if not {"on", "do"} <= set(known):
        raise ValueError("a fault needs 'request' (METHOD /path) and 'do'")
    return Fault(**known, arguments=arguments)


def imeis(content: Any) -> Iterator[str]:
    """The IMEIs of a list whose items are IMEIs or ranges ``{first, count}``."""
    for item in typed("devices", content, "list"):
        if isinstance(item, dict):
            check_keys("range of devices", item, ("first", "count"))
            first, count = item.get("first"), typed("range of devices: count", item.get("count"), "int")
            if not isinstance(first, str) or not is_imei(first):
                raise ValueError("range of devices: first must be an IMEI (a string of 15 digits)")
            if count > MOST_DEVICES or int(first) + count > 10**15:
                raise ValueError(f"range of devices: count is {count}, and {MOST_DEVICES} is the most, up to IMEI 999999999999999")
            yield from (f"{number:015d}" for number in range(int(first), int(first) + count))
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
    given = {"account": account, "upgrade_id": upgrade_id, "firmware_name": firmware_name, "firmware_to": firmware_to, "start_date": start_date}
    for key, text in given.items():
        typed(f"upgrade: {key}", text, "str")
    typed("upgrade: end_date", end_date, "str | None")
    refused = texts("upgrade: rejected", rejected or {})
    if set(upgrade_id.lower()) - set("0123456789abcdef-"):
        raise ValueError(f"upgrade_id {upgrade_id!r} is no UUID: it may hold 0 to 9, a to f and dashes")
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
        devices={**listed, **{imei: Entry(REJECTED, refused[imei]) for imei in imeis(list(refused))}},
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
    if re.fullmatch(r"[+-]\d{1,5}", text):
        return day_after(clock.today(), int(text))
    midnight(text)
    return text


def _account(name: str, content: Any) -> Account:
    check_keys(f"account {name}", content, ACCOUNT_KEYS)

    def part(key: str, kind: str) -> Any:
        return typed(f"account {name}: {key}", content.get(key, {"bool": True, "list": [], "dict": {}}[kind]), kind)

    account = Account(name, part("accessible", "bool"), part("active", "bool"))
    account.subscription = make(Subscription, part("subscription", "dict"))
    account.firmware = [make(Firmware, item) for item in part("firmware", "list")]
    for item in part("devices", "list"):
        if isinstance(item, dict) and "imei" in item:
            account.devices[item["imei"]] = make(Device, item)
        else:
            account.devices.update({imei: Device(imei) for imei in imeis([item])})
    account.licenses = dict.fromkeys(imeis(part("licenses", "list")), "2018-03-02T16:03:06.000Z")
    account.callbacks = {key: make(Callback, item) for key, item in part("callbacks", "dict").items()}
    for imei, rows in part("history", "dict").items():
        account.history[imei] = [make(HistoryRow, row) for row in typed(f"account {name}: history of {imei}", rows, "list")]
    return account
