# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tutorial, typed along: its files are saved, its commands are run one after the other, and they print what it shows.

A block below a line such as "Save as `run.yml`:" is a file. A block of `sh` is typed, a block of `text` without a name is what came of it.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.run_playbook import Run, run_playbook

PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"(?:^Save as `(?P<file>[^`\n]+)`:\n\n)?^```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "8480"


class Block(t.NamedTuple):
    file: str
    kind: str
    text: str


def blocks() -> list[Block]:
    return [Block(found["file"] or "", found["kind"], found["text"]) for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


class Shell:
    """What somebody has who types along: a folder, and the variables that were exported."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._exported = {"ANSIBLE_PIPELINING": "true"}  # this many commands take long enough
        self.runs: list[Run] = []

    def save(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")

    def type(self, line: str) -> None:
        command, *words = shlex.split(line)
        if command == "export":
            self._exported.update({name: value for name, dummy, value in (word.partition("=") for word in words)})
            return
        assert command == "ansible-playbook", f"nobody runs {line}"
        playbook = (self._folder / words[0]).read_text(encoding="utf-8")
        run = run_playbook(self._folder, playbook, *words[1:], inventory="", **self._exported)
        assert run.code == 0, f"{line}\n{run.text}"
        assert "DEPRECATION" not in run.text
        self.runs.append(run)

    def expect(self, text: str) -> None:
        """Every line was printed by the last command, in this order; `...` stands for anything."""
        printed = self.runs[-1].text.splitlines()
        position = 0
        for line in text.splitlines():
            pattern = re.compile(".*".join(re.escape(part) for part in line.strip().split("...")))
            hits = [number for number, row in enumerate(printed) if number >= position and pattern.fullmatch(row.strip())]
            assert hits, f"not printed: {line}\n{self.runs[-1].text}"
            position = hits[0] + 1


def ask(port: str, call: str, body: bytes | None = None) -> dict[str, t.Any]:
    """A control call of the simulator: GET, with a body POST."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_simulator/{call}", body, timeout=10) as answer:
        return t.cast("dict[str, t.Any]", json.load(answer))


def test_the_tutorial_runs_from_its_first_step_to_its_last(tmp_path: Path) -> None:
    shell, port = Shell(tmp_path), free_port()
    log: list[dict[str, t.Any]] = []
    state: dict[str, t.Any] = {}
    try:
        for block in blocks():
            text = block.text.replace(PORT, port)
            if block.file:
                shell.save(block.file, text)
            elif block.kind == "sh":
                for line in text.splitlines():
                    if "stop.yml" in line:
                        log, state = ask(port, "requests")["requests"], ask(port, "state")
                    shell.type(line)
            else:
                assert block.kind == "text", f"neither saved nor typed nor shown: {block.text}"
                shell.expect(text)
        with pytest.raises(urllib.error.URLError):
            ask(port, "health")
    finally:
        with contextlib.suppress(OSError):  # it is gone, if all went well
            ask(port, "stop", b"{}")
    assert [(upgrade["start_date"], upgrade["status"]) for upgrade in state["upgrades"]] == [("2036-12-02", "Finished")]
    done = [entry["operation"] for entry in log]
    assert done.count("schedule") == 2
    assert done.count("cancel") == 1
    assert done.count("login") == done.count("logout") == len([run for run in shell.runs if "Do one step" in run.text])
    assert {"firmware", "devices", "history", "subscription", "licenses", "assign", "modify", "by_status", "register", "callbacks", "deregister"} <= set(done)


def test_every_file_of_the_tutorial_is_yaml_or_a_list_of_devices() -> None:
    files = [block for block in blocks() if block.file]
    assert all(block.kind == ("yaml" if block.file.endswith(".yml") else "text") for block in files)
    assert all(isinstance(yaml.safe_load(block.text), list) for block in files if block.kind == "yaml")
    assert not [block for block in blocks() if block.kind == "yaml" and not block.file], "a step that nobody saves"
