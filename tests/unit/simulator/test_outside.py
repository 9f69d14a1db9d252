# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log, the seed, the process and the control calls."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from support.simulator_client import ACCOUNT, UPGRADE, A, B, Client
from thingspace_simulator import Simulator, background

FILES = Path(__file__).resolve().parents[3] / "roles" / "simulator" / "files"


def test_one_connection_serves_many_requests(sim: Simulator, client: Client) -> None:
    for dummy in range(5):
        client.upgrade()
    assert {record.connection for record in sim.requests} == {1}
    sim.misbehave(keep_alive=False)
    client.upgrade()
    client.upgrade()
    assert {record.connection for record in sim.requests} == {1, 2}


def test_the_log_knows_no_secret(sim: Simulator, client: Client) -> None:
    access, session = sim.tokens()
    owner = sim.credentials
    secrets = {access, session, owner.app_secret, owner.password, "callback-password"}
    requests.post(
        f"{sim.api_url}/m2m/v1/session/login?leak={owner.password}",
        json={"username": owner.username, "password": owner.password, session: 1},
        headers={"Authorization": f"Bearer {access}", "User-Agent": f"x {session}"},
        timeout=5,
    )
    client.call(
        "POST",
        f"/callbacks/{ACCOUNT}",
        {"name": "Fota", "url": "https://example.org", "username": "u", "password": "callback-password"},
    )
    client.call("GET", f"/firmware/{access}")
    told = requests.get(f"{sim.control_url}/requests", timeout=5).text
    told += requests.get(f"{sim.control_url}/state", timeout=5).text
    assert not [secret for secret in secrets if secret in told]
    assert sim.requests[0].json == {"username": owner.username, "password": "[hidden]", "[hidden]": 1}
    assert sim.requests[0].bearer == "right"


def test_control_calls_do_what_the_python_api_does(sim: Simulator) -> None:
    def post(name: str, body: object = None) -> requests.Response:
        return requests.post(f"{sim.control_url}/{name}", json=body, timeout=5)

    seed = {"upgrades": [{"upgrade_id": UPGRADE, "devices": [A, {"first": "001000000000000", "count": 3}]}]}
    assert post("seed", seed).json()["upgrades"][0]["members"][0] == "001000000000000"
    client = Client(sim)
    assert post("misbehave", {"re_append": "success"}).json()["re_append"] == "success"
    assert post("fault", {"on": "PUT /upgrades", "do": "status", "status": 503}).status_code == 200
    assert client.put("append", B).status_code == 503
    assert client.put("append", A).json()["deviceList"][0]["status"] == "AddDeviceSucceed"
    assert post("clock", {"advance": 1300}).status_code == 200
    assert requests.get(f"{sim.control_url}/state", timeout=5).json()["sessions_open"] == 0  # dead of idleness, though nobody has said so yet
    assert client.put("append", A).status_code == 400
    numbers = [item["number"] for item in requests.get(f"{sim.control_url}/requests?since=1", timeout=5).json()["requests"]]
    assert numbers == [2, 3]
    for name, body in (("misbehave", {"x": 1}), ("fault", {"do": "slow"}), ("seed", {"x": 1}), ("seed", []), ("clock", {"set": 5})):
        assert post(name, body).status_code == 400
    state = post("reset").json()
    assert len(state["upgrades"][0]["members"]) == 4
    assert state["switches"]["re_append"] == "failure"
    assert requests.get(f"{sim.control_url}/nothing", timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"account": []}, "unknown account"),
        ({"upgrades": [{"devices": [990003425730535]}]}, "string of 15 digits"),
        ({"upgrades": [{"devices": [], "imeis": []}]}, "unknown imeis"),
        ({"upgrades": [{"status": "Scheduled"}]}, "Scheduled"),
        ({"upgrades": [{"upgrade_id": UPGRADE}, {"upgrade_id": UPGRADE}]}, "already"),
        ({"accounts": {ACCOUNT: {"devices": [{"imei": A, "colour": "red"}]}}}, "unknown colour"),
        ({"switches": {"re_append": 1}}, "re_append"),
        ({"switches": {"latency": -1}}, "latency must be a number of 0 or more"),
        ({"switches": {"device_page_size": 0}}, "device_page_size must be 1 or more"),
        ({"switches": []}, "switches must be an object"),
        ({"credentials": {"password": 1234}}, "password must be a string"),
        ({"accounts": ACCOUNT}, "accounts must be a list"),
        ({"accounts": {ACCOUNT: {"active": "no"}}}, "active must be true or false"),
        ({"accounts": {ACCOUNT: {"history": {A: {}}}}}, "history of .* must be a list"),
        ({"accounts": {ACCOUNT: {"callbacks": {"Fota": {}}}}}, "Callback: url missing"),
        ({"refused_devices": [A]}, "refused_devices must be an object"),
        ({"upgrades": {}}, "upgrades must be a list"),
        ({"upgrades": [{"upgrade_id": "my-upgrade"}]}, "is no UUID"),
        ({"upgrades": [{"rejected": {"x": "y"}}]}, "'x' is no IMEI"),
        ({"upgrades": [{"rejected": [A]}]}, "rejected must be an object"),
        ({"upgrades": [{"devices": A}]}, "devices must be a list"),
        ({"upgrades": [{"start_date": "+99999999"}]}, "isoformat"),
        ({"upgrades": [{"firmware_to": 2.0}]}, "firmware_to must be a string"),
        ({"unknown_devices": [{"first": A, "count": 1_000_001}]}, "is the most"),
        ({"unknown_devices": [{"first": A}]}, "count must be a whole number"),
        ({"unknown_devices": [{"first": 990003425730535, "count": 1}]}, "first must be an IMEI"),
        ({"now": 5}, "a moment must be a string"),
        ({"faults": {}}, "faults must be a list"),
        *(
            ({"faults": [{"request": "GET /", "do": do, **arguments}]}, message)
            for do, arguments, message in (
                ("status", {"status": "429"}, "status must be a whole number"),
                ("status", {"status": 999}, "HTTP has no status 999"),
                ("status", {"times": "2"}, "times must be a whole number of 0 or more or null"),
                ("status", {"times": 0}, "times must be 1 or more"),
                ("status", {"nth": "2"}, "nth must be a whole number"),
                ("slow", {"seconds": "2"}, "seconds must be a number"),
                ("refuse", {"devices": [A]}, "devices must be an object"),
                ("another_writer", {"add": [1]}, "an item must be a string"),
                ([], {}, "do must be a string"),
            )
        ),
    ],
)
def test_bad_seeds_are_explained_and_change_nothing(sim: Simulator, seed: dict[str, object], message: str) -> None:
    sim.add_upgrade(upgrade_id=UPGRADE)
    with pytest.raises(ValueError, match=message):
        sim.load(seed)
    assert UPGRADE in sim.service.upgrades


def test_many_devices_are_quick(sim: Simulator) -> None:
    sim.add_upgrade(upgrade_id=UPGRADE, devices=[{"first": "990000000000000", "count": 100_000}])
    client = Client(sim)
    begun = time.monotonic()
    assert len(client.upgrade()["deviceList"]) == 100_000
    client.put("append", *(f"{number:015d}" for number in range(1000)))
    assert time.monotonic() - begun < 3.0


def test_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        Simulator(host="0.0.0.0")


def test_background_start_and_stop_may_be_said_twice(tmp_path: Path) -> None:
    def background(action: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "thingspace_simulator.background", action, str(tmp_path), *options]
        environment = {**os.environ, "PYTHONPATH": str(FILES)}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30, check=False)

    def done(*arguments: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(background(*arguments).stdout)
        return result

    seed = tmp_path / "seed.json"
    seed.write_text("{}")
    with_seed = ("start", "--state", str(seed))
    assert done("stop") == {"changed": False}
    first = done(*with_seed)
    try:
        assert done(*with_seed) == {**first, "changed": False}
        seed.write_text(json.dumps({"upgrades": [{}]}))
        again = done(*with_seed)
        assert (again["changed"], again["pid"]) == (True, first["pid"])
        assert len(requests.get(f"{again['control_url']}/state", timeout=5).json()["upgrades"]) == 1
        seed.write_text(json.dumps({"upgrade": []}))
        assert "unknown upgrade" in background(*with_seed).stderr
    finally:
        assert done("stop") == {"changed": True}
    assert done("stop") == {"changed": False}
    assert "0-65535" in background("start", "--port", "70000").stderr
    assert background(*with_seed).stderr.startswith("thingspace_simulator: seed: unknown upgrade")
    with pytest.raises(requests.ConnectionError):
        requests.get(first["control_url"], timeout=5)


@pytest.mark.parametrize("answer", ['HTTP/1.1 404 Not Found\r\nContent-Length: 21\r\n\r\n{"error":"not found"}', "SSH-2.0-OpenSSH_9.6\r\n"])
def test_a_note_whose_port_belongs_to_something_else_is_ignored(tmp_path: Path, answer: str) -> None:
    class Other(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(9999)
            self.request.sendall(answer.encode())

    with socketserver.TCPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        port = server.server_address[1]
        note = tmp_path / "simulator.json"
        note.write_text(json.dumps({"pid": 4242, "port": port, "digest": "", "control_url": f"http://127.0.0.1:{port}/_simulator"}))
        assert background.stop(tmp_path, 5.0) == {"changed": False}
        with pytest.raises(background.NoStart if answer.startswith("HTTP") else http.client.HTTPException):
            background._call(f"http://127.0.0.1:{port}/")
        server.shutdown()
    assert not note.exists()


@pytest.mark.parametrize("ending", ["SIGTERM", "stop", "without its port file"])
def test_the_process(tmp_path: Path, ending: str) -> None:
    seed, port_file = tmp_path / "seed.json", tmp_path / "port"
    seed.write_text(json.dumps({"upgrades": [{"upgrade_id": UPGRADE}]}))
    command = [sys.executable, "-m", "thingspace_simulator", "--state", str(seed), "--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(FILES)}) as process:
        assert process.stdout is not None
        api_url = process.stdout.readline().strip()
        assert api_url == f"http://127.0.0.1:{port_file.read_text().strip()}/api"
        control = api_url.replace("/api", "/_simulator")
        health = requests.get(f"{control}/health", timeout=5).json()
        assert health == {"status": "ok", "api_url": api_url, "pid": process.pid}
        if ending == "stop":
            requests.post(f"{control}/stop", timeout=5)
        elif ending == "without its port file":
            port_file.unlink()
        else:
            process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(timeout=5) == 0
        finally:
            process.kill()
    assert not port_file.exists()
