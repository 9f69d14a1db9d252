# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulator sends when it is told to be hostile, as it comes out of a socket."""

from __future__ import annotations

import json
import re
import socket
import typing as t

import pytest
from support.simulator_client import ACCOUNT, UPGRADE, A, B, Client
from thingspace_simulator import Simulator
from thingspace_simulator.hostile.texts import TEXTS
from thingspace_simulator.hostile.wire import SHAPES

PATH = f"/fota/v1/upgrades/{ACCOUNT}/upgrade/{UPGRADE}"
TEXT = "Tunnel connection failed: 502"


def ask(sim: Simulator, count: int = 1, end: bool = True) -> bytes:
    """Everything that comes back for so many reads of the upgrade on one connection, each sent when something came for the one before."""
    access, session = sim.tokens()
    head = f"GET /api{PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {access}\r\nVZ-M2M-Token: {session}\r\n"
    with socket.create_connection(("127.0.0.1", sim.port), timeout=10) as connection:
        came = b""
        for number in range(count):
            last = "Connection: close\r\n" if end and number == count - 1 else ""
            connection.sendall(f"{head}{last}\r\n".encode())
            came += connection.recv(65536)
        while part := connection.recv(65536):
            came += part
    return came


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_garbled_answers(sim: Simulator, client: Client, shape: str, applied: bool) -> None:
    sim.fault(on="GET /upgrades", do="garbled", shape=shape, text=TEXT, applied=applied)
    came = ask(sim, end=False)
    assert (TEXT.encode() in came) == (shape in ("no_http", "reason", "chunk_size", "header", "bytes"))
    assert came.startswith(b"HTTP/1.1 ") == (shape not in ("no_http", "bytes"))
    assert sim.requests[0].status is None
    # The connection has ended, and nothing is wrong with the next one.
    assert set(client.listed()) == {A}


@pytest.mark.parametrize("applied", [False, True])
def test_a_change_behind_a_garbled_answer(sim: Simulator, client: Client, applied: bool) -> None:
    sim.fault(on="PUT /upgrades", do="garbled", shape="reason", text=TEXT, applied=applied)
    assert client.put("append", B).reason == TEXT
    assert (B in sim.members(UPGRADE)) == applied


def test_the_final_answer_follows_an_interim_one_when_more_is_asked(sim: Simulator, client: Client) -> None:
    sim.fault(on="GET /upgrades", do="interim", status=103)
    came = ask(sim, count=2)
    assert re.findall(rb"HTTP/1.1 (\d+)", came) == [b"103", b"200", b"200"]


def test_a_doubled_answer(sim: Simulator, client: Client) -> None:
    sim.fault(on="GET /upgrades", do="doubled")
    assert ask(sim).count(b"HTTP/1.1 200 OK") == 2


def test_an_answer_that_leaves_devices_out(sim: Simulator, client: Client) -> None:
    sim.fault(on="* /upgrades", do="leave_out", devices=[A], times=None)
    assert client.outcome("append", A, B) == [(B, "AddDeviceSucceed", "Device added Successfully")]
    assert set(client.listed()) == {B}
    assert sim.members(UPGRADE) == {A, B}


def pages(client: Client, path: str, cursor: str, most: int = 6) -> list[t.Any]:
    """What a simple client reads that believes what it is told."""
    found: list[t.Any] = []
    index = 0
    while len(found) < most:
        page = client.get(f"{path}/index/{index}")
        found.append(page)
        if not page[next(name for name in page if name.startswith("hasMore"))]:
            break
        index = page[cursor]
    return found


@pytest.mark.parametrize(
    ("kind", "wanted"), [("end", "12"), ("repeated", "111111"), ("alternating", "121212"), ("empty", "1.....")], ids=["end", "repeated", "alternating", "empty"]
)
def test_lists_that_do_not_end(sim: Simulator, client: Client, kind: str, wanted: str) -> None:
    sim.add_upgrade(account=ACCOUNT, firmware_name="second")
    sim.misbehave(pages=kind, report_page_size=1)
    found = pages(client, f"/reports/{ACCOUNT}/status/Queued", "lastSeenUpgradeId")
    seen = ["".join("2" if upgrade["firmwareName"] == "second" else "1" for upgrade in page["reportList"]) or "." for page in found]
    assert "".join(seen) == wanted
    assert len({page["lastSeenUpgradeId"] for page in found}) == len(found)


@pytest.mark.parametrize(("spelling", "flag"), [("string", "false"), ("number", 0), ("letter", "N")])
def test_flags_that_are_neither_true_nor_false(sim: Simulator, client: Client, spelling: str, flag: t.Any) -> None:
    sim.misbehave(more_flag=spelling)
    assert client.get(f"/reports/{ACCOUNT}/status/Queued/index/0")["hasMoreFlag"] == flag
    assert client.get(f"/licenses/{ACCOUNT}/cancel/index/0")["hasMoreData"] == flag


def test_upgrades_without_their_devices(sim: Simulator, client: Client) -> None:
    path = f"/reports/{ACCOUNT}/status/Queued/index/0"
    sim.misbehave(device_lists="null_in_reports")
    assert client.get(path)["reportList"][0]["deviceList"] is None
    sim.misbehave(device_lists="missing_in_reports")
    assert "deviceList" not in client.get(path)["reportList"][0]
    assert "deviceList" in client.upgrade()
    sim.misbehave(device_lists="missing")
    assert "deviceList" not in client.upgrade()


def test_reports_without_their_list(sim: Simulator, client: Client) -> None:
    path = f"/reports/{ACCOUNT}/status/Queued/index/0"
    whole = client.get(path)
    sim.misbehave(report_lists="left_out")
    assert client.get(path) == {name: value for name, value in whole.items() if name != "reportList"}
    sim.misbehave(report_lists="renamed")
    assert client.get(path)["reportlist"] == whole["reportList"]


@pytest.mark.parametrize(
    ("rows", "name", "told"),
    [("no_day", "startDate", None), ("odd_day", "startDate", "day "), ("no_firmware", "firmwareName", None), ("odd_firmware", "firmwareName", " ")]
    + [("odd_status", "status", "Scheduled")],
)
def test_reports_that_do_not_tell_what_an_upgrade_is(sim: Simulator, client: Client, rows: str, name: str, told: str | None) -> None:
    sim.misbehave(report_rows=rows)
    row = client.get(f"/reports/{ACCOUNT}/status/Queued/index/0")["reportList"][0]
    assert name not in row if told is None else row[name].startswith(told)
    assert client.upgrade()[name] not in ("Scheduled", None)


@pytest.mark.parametrize("kind", sorted(TEXTS.keys() - {"plain"}))
def test_hostile_texts_leave_what_documents_name(sim: Simulator, client: Client, kind: str) -> None:
    sim.refuse([B])
    sim.misbehave(texts=kind)
    text, fields = TEXTS[kind]
    answer = client.put("append", B)
    assert answer.status_code == 200
    (refused,) = json.loads(answer.text)["deviceList"]
    assert (refused["deviceId"], refused["status"], refused["Reason"]) == (B, "AddDeviceFailed", f"Device not found.{text}")
    assert refused.keys() == {"deviceId", "status", "Reason", *fields}
    assert client.call("GET", f"/upgrades/{ACCOUNT}/upgrade/x").json()["errorMessage"] == f"Invalid uuid{text}"
