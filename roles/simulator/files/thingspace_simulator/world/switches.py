# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Standing behaviours where the documents are silent, disagree or promise nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..hostile.texts import TEXTS
from .checks import typed


@dataclass
class Switches:
    """The position of every switch; BEHAVIOURS.md says what each means."""

    # upgrades: from the request to the device list
    pending_reads: int = 1
    append_validation: str = field(default="at_once", metadata={"choices": ("at_once", "later")})
    re_append: str = field(default="failure", metadata={"choices": ("failure", "success")})
    remove_absent: str = field(default="failure", metadata={"choices": ("failure", "success")})
    rejected_devices: str = field(default="listed", metadata={"choices": ("listed", "vanish")})
    removed_devices: str = field(default="vanish", metadata={"choices": ("vanish", "listed")})
    removed_status: str = "Device Removed"
    rejected_status: str = "Device Rejected"
    visible_after_reads: int = 0
    visible_after_seconds: float = 0.0
    reported_after_seconds: float = 0.0
    known_devices_only: bool = False
    max_devices_per_request: int | None = None
    # upgrades: what may be done when
    put_while_pending: bool = True
    cancelled_upgrades: str = field(default="vanish", metadata={"choices": ("vanish", "listed")})
    empty_upgrades: str = field(default="stay", metadata={"choices": ("stay", "vanish")})
    past_start_dates: str = field(default="accept", metadata={"choices": ("accept", "refuse")})
    auto_start: bool = True
    on_demand_seconds: float = 5400.0
    run_seconds: float = 14400.0
    run_result: str = field(default="Finished", metadata={"choices": ("Finished", "UpgradeFailed")})
    # how things are said
    put_answer: str = field(default="Reason", metadata={"choices": ("Reason", "reason", "resultReason", "upgrade")})
    append_success_status: str = "AddDeviceSucceed"
    append_failure_status: str = "AddDeviceFailed"
    remove_success_status: str = "RemoveDeviceSucceed"
    remove_failure_status: str = "RemoveDeviceFailed"
    device_statuses: str = field(default="spaced", metadata={"choices": ("spaced", "joined")})
    date_format: str = field(default="date", metadata={"choices": ("date", "datetime")})
    end_date_shown: bool = True
    not_modifiable_code: str = "INVALID_PARAMETER"
    not_modifiable_message: str = "Upgrade has already started and cannot be modified"
    unknown_upgrade: str = field(default="400", metadata={"choices": ("400", "404")})
    expired_session: str = field(default="uws", metadata={"choices": ("uws", "uws_401", "location", "cloud_connector")})
    account_error: str = field(default="uws", metadata={"choices": ("uws", "location", "diagnostics")})
    gateway_code: str = field(default="string", metadata={"choices": ("string", "number")})
    callback_credentials: str = field(default="shown", metadata={"choices": ("shown", "hidden")})
    # pages
    report_page_size: int = field(default=100, metadata={"least": 1})
    device_page_size: int = field(default=1000, metadata={"least": 1})
    license_paging: str = field(default="offset", metadata={"choices": ("offset", "imei")})
    # what no document says, and nobody should rely on
    pages: str = field(default="end", metadata={"choices": ("end", "repeated", "alternating", "empty")})
    more_flag: str = field(default="boolean", metadata={"choices": ("boolean", "string", "number", "letter")})
    device_lists: str = field(default="shown", metadata={"choices": ("shown", "missing_in_reports", "null_in_reports", "missing")})
    report_lists: str = field(default="shown", metadata={"choices": ("shown", "left_out", "renamed")})
    report_rows: str = field(default="whole", metadata={"choices": ("whole", "no_day", "odd_day", "no_firmware", "odd_firmware", "odd_status")})
    texts: str = field(default="plain", metadata={"choices": tuple(TEXTS)})
    # tokens and connections
    same_bearer: bool = True
    bearer_seconds: float = 3600.0
    session_idle_seconds: float = 1200.0
    failed_logins_allowed: int = 5
    keep_alive: bool = True
    latency: float = 0.0

    def change(self, values: dict[str, Any]) -> None:
        """Set switches, all of them or, where one is wrong, none (``ValueError``)."""
        known = {item.name: item for item in fields(self)}
        for name, value in typed("switches", values, "dict").items():
            if name not in known:
                raise ValueError(f"no switch is called {name!r}; there are: {', '.join(sorted(known))}")
            choices = known[name].metadata.get("choices")
            if choices and value not in choices:
                raise ValueError(f"switch {name}: {value!r} is none of {', '.join(choices)}")
            typed(f"switch {name}", value, str(known[name].type))
            if value is not None and not isinstance(value, str) and value < known[name].metadata.get("least", 0):
                raise ValueError(f"switch {name} must be {known[name].metadata['least']} or more")
        for name, value in values.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
