# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a schedule may hold of a network, of lists and of texts that mean no good. Each kind of attack has a name."""

from __future__ import annotations

import random
import typing as t

from thingspace_simulator.hostile import texts as hostile_texts

Json = dict[str, t.Any]

# How a module may be told to stop: by a signal, or because its task is over.
LEASE = "lease"
STOPS = ["SIGINT", "SIGTERM", "SIGHUP", LEASE]

TEXTS = [kind for kind in hostile_texts.TEXTS if kind != "plain"]
# What libraries say of requests that were never sent, said by the network of requests that it has carried out.
_WORDS = [
    "Tunnel connection failed: 502 Bad Gateway",
    "OSError('Tunnel connection failed: 407 Proxy Authentication Required')",
    "[Errno 111] Connection refused",
    "Failed to establish a new connection: [Errno 113] No route to host",
    "NewConnectionError('<urllib3.connection.HTTPConnection object>: Name or service not known')",
    "ConnectTimeoutError(Connection timed out. (connect timeout=30))",
    "SSLCertVerificationError: certificate verify failed: do_handshake",
    "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)",
    "\x1b[2J::error::injected",
]
_IN_WORDS = ["no_http", "no_http", "reason", "chunk_size", "header"]
_BROKEN = ["chunk_cut", "two_lengths", "gzip", "bytes", "half_character"]
_GATEWAY: list[Json] = [
    {"do": "status", "status": 404, "body": ""},
    {"do": "status", "status": 404, "body": {"message": "no Route matched with those values"}},
    {"do": "html", "status": 404},
]
# Of a change they do not say whether it was made.
_FOREIGN: list[Json] = [
    {"do": "html", "status": 403},
    {"do": "html", "status": 400},
    {"do": "status", "status": 409, "body": {}},
    {"do": "status", "status": 401, "body": {"message": "Unauthorized"}},
    {"do": "status", "status": 425, "body": ""},
]


def _words(dice: random.Random) -> Json:
    return {"do": "garbled", "shape": dice.choice(_IN_WORDS), "text": dice.choice(_WORDS), "applied": dice.random() < 0.6}


def _broken(dice: random.Random) -> Json:
    return {"do": "garbled", "shape": dice.choice(_BROKEN), "applied": dice.random() < 0.6}


_FAULTS: dict[str, tuple[int, t.Callable[[random.Random], Json]]] = {
    "words": (5, _words),
    "broken": (4, _broken),
    "interim": (2, lambda dice: {"do": "interim", "status": dice.choice([102, 103])}),
    "doubled": (1, lambda dice: {"do": "doubled"}),
    "unmentioned": (8, lambda dice: {"do": "leave_out", "devices": sorted(dice.sample(range(12), dice.randint(1, 6)))}),
    "carried out": (4, lambda dice: {"do": "status", "status": 429, "applied": True}),
    "foreign": (4, lambda dice: {**dice.choice(_FOREIGN), "applied": dice.random() < 0.6}),
    "gateway": (5, lambda dice: dict(dice.choice(_GATEWAY))),
}
_SWITCHES: dict[str, list[Json]] = {
    "pages": [{"pages": kind} for kind in ("repeated", "alternating", "empty")],
    "flags": [{"more_flag": spelling, "report_page_size": size} for spelling in ("string", "number", "letter") for size in (1, 2)],
    "lists": [{"device_lists": kind} for kind in ("missing_in_reports", "null_in_reports", "missing")],
    "reports": [{"report_lists": "left_out"}, {"report_lists": "renamed"}]
    + [{"report_rows": kind} for kind in ("no_day", "odd_day", "no_firmware", "odd_firmware", "odd_status")],
    "refusals": [{"rejected_status": status} for status in ("Rejected", "AddDeviceFailed", "Request Denied", "Invalid Device")],
    "texts": [{"texts": kind} for kind in TEXTS],
}


def fault(dice: random.Random) -> Json:
    """What the network makes of a request."""
    weights = [weight for weight, dummy in _FAULTS.values()]
    return _FAULTS[dice.choices(list(_FAULTS), weights)[0]][1](dice)


def stop(dice: random.Random) -> Json:
    """Somebody ends the task."""
    return {"do": "stop", "how": dice.choice(STOPS)}


def switches(dice: random.Random) -> Json:
    """What lists and texts are like."""
    return dict(dice.choice(_SWITCHES[dice.choice(list(_SWITCHES))]))
