# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plugins say of variables, names of files and names of tasks commands no terminal and no log, whatever is in them."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.thingspace.fota.plugins.filter.plan_markdown import plan_markdown
from ansible_collections.thingspace.fota.plugins.filter.plan_report import plan_report
from ansible_collections.thingspace.fota.plugins.filter.rollout_approval import rollout_approval
from ansible_collections.thingspace.fota.plugins.filter.upgrades_page import upgrades_page
from ansible_collections.thingspace.fota.plugins.module_utils._text import message
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.collector import Collector, Event
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.document import document
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files.approval import DIGEST, PLAN
from support.checkout import ROOT
from support.result_texts import check_texts

Say = t.Callable[[], t.Any]
HOSTILE = "::error::injected\n::error::injected\x1b[2J\u202e\u2028##[error]\ud800"
PLUGINS = sorted(path for folder in ("action", "callback", "filter", "inventory", "lookup") for path in (ROOT / "plugins" / folder).glob("*.py"))


def refusal(call: Say) -> Say:
    def say() -> str:
        with pytest.raises(AnsibleFilterError) as caught:
            call()
        return str(caught.value)

    return say


def approval(given: dict[str, t.Any], accounts: list[str]) -> Say:
    return lambda: rollout_approval(given, accounts)["fault"]


def page(**given: t.Any) -> Say:
    return refusal(lambda: upgrades_page([], **given))


# Of each filter: what it says of what it is given.
FILTERS: dict[str, list[Say]] = {
    "plan_markdown": [refusal(lambda: plan_markdown({"format_version": HOSTILE}))],
    "plan_report": [lambda: plan_report([{"failed": True, "msg": HOSTILE, "warnings": [HOSTILE]}], host=HOSTILE)],
    "rollout_approval": [
        approval({PLAN: HOSTILE}, ["a"]),
        approval({DIGEST: {"a": "d", HOSTILE: "d"}}, ["a"]),
        approval({DIGEST: {"a": "d"}}, [HOSTILE]),
    ],
    "upgrades_page": [page(generated=HOSTILE), page(limit=HOSTILE), page(devices=HOSTILE), page(devices=[{HOSTILE: 1}])],
}


def check(told: t.Any) -> None:
    """Look at a sentence, or at a document: sentences stand in its lists of warnings and as messages of its errors."""
    if isinstance(told, str):
        assert message(told) == told
        return
    check_texts(told)
    for sentence in [*told["warnings"], *(error["message"] for error in told["errors"])]:
        check(sentence)


def test_every_filter_has_a_case() -> None:
    assert FILTERS.keys() == {path.stem for path in PLUGINS if path.parent.name == "filter"}


@pytest.mark.parametrize("name", FILTERS)
def test_what_filters_say_commands_nothing(name: str) -> None:
    for say in FILTERS[name]:
        check(say())


def test_names_of_tasks_and_troubles_in_a_report_command_nothing() -> None:
    collector = Collector()
    event = Event(host=HOSTILE, task_id="t", task=HOSTILE, action="thingspace.fota.rollout", result={"failed": True, "changed": True}, failed=True)
    collector.begin(event)
    collector.retry(event)
    told = document(*collector.records(failed_hosts=(), check_mode=False), [HOSTILE])
    assert (len(told["errors"]), len(told["warnings"])) == (1, 2)
    check(told)


# Every plugin that there is: what it raises and warns of is a sentence of its own, or has passed the one place for texts.
_SAFE = {"message", "lines"}


def unsafe(source: str) -> list[int]:
    """The lines where a plugin tells ansible-core something that is neither constant nor made safe."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _tells(node.func) and not all(_is_safe(argument) for argument in node.args[:1])
    ]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _tells(function: ast.expr) -> bool:
    of_display = isinstance(function, ast.Attribute) and _name(function.value).lstrip("_") == "display"
    return of_display or _name(function).startswith("Ansible") and _name(function).endswith(("Error", "Failure", "Fail"))


def _is_safe(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) or isinstance(argument, ast.Call) and _name(argument.func) in _SAFE


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_plugin_raises_and_warns_of_is_safe(path: Path) -> None:
    assert unsafe(path.read_text(encoding="utf-8")) == []


def test_an_unsafe_sentence_is_found() -> None:
    for call in ('raise AnsibleError(f"{x} is wrong")', "raise errors.AnsibleParserError(str(error))", "self._display.warning(x)", "display.error(f'{x}')"):
        assert unsafe(call) == [1]
    for call in ('raise AnsibleError("wrong")', "raise AnsibleError(_text.message(x))", "self.display.warning(message(x))", "raise InputError(x)"):
        assert unsafe(call) == []
