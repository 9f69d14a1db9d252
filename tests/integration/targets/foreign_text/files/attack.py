# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every module, the role of rollouts and the inventory with a service and with files that say the worst, and judges what came out.

    attack.py FOLDER ROOT FORMAT

FOLDER is empty, ROOT the address of a simulator without /api, FORMAT the one of results on the screen. Credentials and ansible's own
variables come from the environment. It runs the ansible of its own Python, so that a unit test and an integration target can be the same.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import unicodedata
import urllib.parse
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COMMANDS = "\n::error::injected\r\n  ::add-mask::x\n##[error]injected ##vso[task.complete result=Failed]x"
TEXT = f" kept \ud83d\x1b[31m\x9b31m\x7f\x00\u202e\u2028::error::injected\u200b\ufeff {{{{ 7 * 191 }}}} {{% raw %}}{COMMANDS}"
# What begins as a command wraps to the start of a line somewhere.
TEXT += " ".join(f"{'x' * length} ::error::injected" for length in range(50, 80, 3))
NAMES: dict[str, Any] = {
    "__ansible_type": "TaggedStr",
    "__ansible_unsafe": "x",
    "__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n00",
    "_ansible_no_log": True,
    "ansible_facts": {"ansible_connection": TEXT},
    "::error::injected": "::error::injected",
    "cut\ud83d\x1b\u2028": "\ud83d",
    "cut\\ud83d\\x1b\\u2028": 1,
    "someName": 1,
    "some_name": 2,
    "huge": 10**3000,
    "long": 2**63,
    "nan": float("nan"),
    "infinite": float("inf"),
    "msg": TEXT,
    "warnings": [TEXT],
    "failed": True,
}
FIELDS = {**NAMES, "deep": [NAMES, [NAMES]]}
FREE = {"reason", "resultreason", "releasenote", "participantname", "model", "make", "mdn", "purchasetype"}


def spoiled(value: Any, every: bool, name: str = "") -> Any:
    """An answer with fields that nobody knows, and text behind those that mean nothing, or behind all."""
    if isinstance(value, dict):
        return {**FIELDS, **{key: spoiled(item, every, key) for key, item in value.items()}}
    if isinstance(value, list):
        return [spoiled(item, every, name) for item in value]
    return value + TEXT if isinstance(value, str) and (every or name.lower() in FREE) else value


class Hostile(http.server.BaseHTTPRequestHandler):
    """Hands requests on to the simulator. The first part of the path says what becomes of the answer."""

    protocol_version = "HTTP/1.1"
    root = ""

    def do_GET(self) -> None:
        how, rest = self.path[1:].split("/", 1)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self._ask(f"/{rest}", body)
        if how == "refused":
            status, answer = 400, json.dumps({"errorCode": f"CODE{TEXT}", "errorMessage": f"no{TEXT}"}).encode()
        elif how == "page":
            status, answer = 200, f"<title>{TEXT}</title>".encode("utf-8", "surrogatepass")
        elif how != "plain":
            answer = json.dumps(spoiled(json.loads(answer), how == "every")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_GET

    def _ask(self, path: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.root).netloc)
        try:
            connection.request(self.command, path, body, {name: value for name, value in self.headers.items() if name != "Host"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def log_message(self, *arguments: Any) -> None:
        pass


def write_files(folder: Path) -> None:
    """Rollout files and device files that hold, or are called, what commands."""
    devices = ["990003425730535"]
    known = {"upgrade_id": "60b5d639-ccdc-4db8-8824-069bd94c95bf", "devices": devices}
    new = {"firmware_name": "F", "firmware_to": "2", "start_date": "2999-01-01", "devices": devices}
    wrong: list[dict[str, Any]] = [{**known, "name": f"x{TEXT}"}, {**known, "name": "x\ud83d"}]
    ends = (TEXT, "\ud83d", "\n::error::injected", "\u202e")
    wrong += [{**new, key: f"x{end}"} for key in ("firmware_name", "firmware_to", "start_date") for end in ends]
    wrong += [{**known, "devices": [f"9{TEXT}"]}, {**known, "x\n::error::injected\ud83d": 1}, {**known, "devices_column": "\x9b"}]
    wrong += [{**{key: known[key] for key in ("upgrade_id",)}, "devices_file": f"none{TEXT}"}]
    (folder / "text").write_text(TEXT.replace("\ud83d", "").replace("\x00", ""), encoding="utf-8")
    for name in ("r", "right", "files"):
        (folder / name).mkdir()
    for number, entry in enumerate(wrong):
        name = "::error::injected\n::error::injected\u202e\x9b" if number == 0 else str(number)
        (folder / "r" / f"{name}.json").write_text(json.dumps({"account": "0402196254-00001", "upgrades": [entry]}), encoding="utf-8")
    right = {"account": "0402196254-00001", "upgrades": [{**known, "name": "x::1 # [error] 🚀"}]}
    (folder / "right" / "right.json").write_text(json.dumps(right), encoding="utf-8")
    # A file with a zero byte is told as no text at all.
    raw = TEXT.replace("\x00", "").encode("utf-8", "backslashreplace")
    for ending in ("txt", "csv", "yml"):
        (folder / "files" / f"w.{ending}").write_bytes(raw if ending != "csv" else b"imei,x\n" + raw + b"\n")
    (folder / "files" / "w.json").write_text(json.dumps([TEXT]), encoding="utf-8")
    (folder / "files" / "::error::injected\n##[error]\u202e.txt").write_bytes(raw)
    inventory = "plugin: thingspace.fota.upgrades\naccount: 0402196254-00001\ninclude_devices: true\n"
    (folder / "fleet.thingspace.yml").write_text(inventory, encoding="utf-8")


def ran(folder: Path, *words: str | Path, **variables: str) -> tuple[str, str]:
    """What a program of ansible printed, as output and as errors."""
    command = [Path(sys.executable).parent / words[0], *words[1:]]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "true", "ANSIBLE_FORCE_COLOR": "false", **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape")


def shown_faults(what: str, text: str) -> list[str]:
    """What a terminal or a CI log would obey, with what stands around it."""
    found = [match.start() for match in re.finditer(r"^\s*::[A-Za-z-]+[^:\n]*::|##\w*\[", text, re.MULTILINE)]
    found += [index for index, char in enumerate(text) if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    return [f"{what} would be obeyed: {text[max(0, index - 200) : index + 60]!r}" for index in found[:3]]


# Of a failure; not internal, which is a mistake of ours.
KINDS = {"input", "rail", "state", "rejected", "not_visible", "access_token", "session_token", "not_found", "forbidden", "login", "timeout", "service"}


def result_faults(name: str, result: dict[str, Any]) -> list[str]:
    """What is missing in the result of a module."""
    if "results" in result:
        return [fault for index, part in enumerate(result["results"]) for fault in result_faults(f"{name}[{index}]", part)]
    if "requests" not in result or (result.get("failed") and (result.get("error") or {}).get("kind") not in KINDS):
        return [f"the result of {name} is lost: {json.dumps(result)[:2000]}"]
    text = json.dumps(result)
    if result.get("msg") and not result["msg"].isprintable():
        return [f"the message of {name} is no line: {result['msg']!r}"]
    return [f"{name} evaluated a template"] if "1337" in text else []


def field_faults(upgrade: dict[str, Any]) -> list[str]:
    """What of the fields that nobody knows is not told of an upgrade, at any depth."""
    told = {"service___ansible_type": "TaggedStr", "service___ansible_unsafe": "x", "service__ansible_no_log": True, "huge": str(10**3000)}
    told |= {"long": str(2**63), "nan": "NaN", "infinite": "Infinity", "service_cut\\ud83d\\x1b\\u2028": "\\ud83d", "cut\\ud83d\\x1b\\u2028": 1}
    told |= {": :error::injected": ": :error::injected", "some_name": 1, "service_some_name": 2}
    objects = {"upgrade": upgrade, "deep": upgrade["deep"][0], "deeper": upgrade["deep"][1][0], "device": upgrade["devices"][0]}
    return [f"{place}: {name} is {item.get(name)!r}" for place, item in objects.items() for name, value in told.items() if item.get(name) != value]


def judge(folder: Path, printed: str, listed: str) -> list[str]:
    faults = [*shown_faults("the run", printed), *shown_faults("the inventory", listed)]
    try:
        results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [*faults, f"there are no results: {error}: {printed[-3000:]}"]
    tokens = results.pop("tokens")
    for name, result in results.items():
        faults += result_faults(name, result)
    if not faults:
        faults += field_faults(results["upgrade_info"]["results"][0]["upgrades"][0])
    for report in ("wrong", "right", "every", "plan"):
        for ending in ("md", "json"):
            text = (folder / f"{report}.{ending}").read_text(encoding="utf-8")
            faults += shown_faults(f"{report}.{ending}", text.replace("\u200b", ""))
    wrong = json.loads((folder / "wrong.json").read_text(encoding="utf-8"))
    if wrong["counts"]["upgrades"] or not wrong["errors"] or {error["kind"] for error in wrong["errors"]} != {"input"}:
        faults.append(f"hostile rollout files were not refused as such: {wrong}")
    hosts = json.loads(listed)["_meta"]["hostvars"]
    if not hosts or not all("device_count" in values and len(values["devices"]) == values["device_count"] for values in hosts.values()):
        faults.append(f"the inventory is not whole: {listed[:2000]}")
    return faults + [f"a token is shown: {printed.index(token)}" for token in tokens if token in printed]


def main(folder: Path, root: str, result_format: str) -> str:
    write_files(folder)
    Hostile.root = root
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    variables = {"hostile": url, "folder": str(folder), "text": "{{ lookup('ansible.builtin.file', folder ~ '/text') }}"}
    playbook: list[str | Path] = ["ansible-playbook", HERE / "hostile.yml", "-i", "localhost,", "-vvv", "--diff", "-e", json.dumps(variables)]
    plan = {f"THINGSPACE_PLAN_{kind.upper()}": str(folder / f"plan.{ending}") for kind, ending in (("markdown", "md"), ("json", "json"))}
    plan |= {"ANSIBLE_CALLBACKS_ENABLED": "thingspace.fota.plan", "ANSIBLE_CALLBACK_RESULT_FORMAT": result_format}
    printed = "\n".join(ran(folder, *playbook, **plan))
    (folder / "printed.txt").write_text(printed, encoding="utf-8", errors="surrogateescape")
    listed, warned = ran(folder, "ansible-inventory", "-i", "fleet.thingspace.yml", "--list", THINGSPACE_API_URL=f"{url}/free/api")
    (folder / "printed.txt").write_text(printed, encoding="utf-8", errors="surrogateescape")
    return "\n".join(judge(folder, f"{printed}\n{warned}", listed))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]) or None)
