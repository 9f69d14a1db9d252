# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results become a document: counts, drift, digests, errors, and nothing counted twice."""

from __future__ import annotations

import hashlib
import json
import typing as t

import hypothesis
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.thingspace.fota.plugins.filter.plan_report import plan_report
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.document import as_json, document
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.records import Record
from hypothesis import strategies as st
from support.plan_samples import (
    ACCOUNT,
    CANARY,
    DIGEST,
    FIRMWARE,
    PLANNED,
    VERSION,
    WAVE,
    Result,
    a_plan,
    devices,
    entry,
    failure,
    part,
    rollout,
    scheduling,
    upgrade,
    upgrade_devices,
)

A, B, C = devices(1, 3)
EMPTY = hashlib.sha256(b"").hexdigest()
KEYS = [
    *("format_version", "check_mode", "drift", "failed", "changes_known", "plan_digest", "plan_digests", "truncated", "counts"),
    *("errors", "warnings", "upgrades", "moved", "licenses", "callbacks"),
]
LICENSE: Result = {
    **part(5, [A], [B]),
    "account": ACCOUNT, "total_licenses": 9, "assigned_licenses": 5, "candidates_added": [C], "candidates_removed": [],
    "candidates_added_count": 1, "candidates_removed_count": 0, "candidates_count": 1,
    "cancelled_upgrades": [{"upgrade_id": WAVE, "firmware_name": FIRMWARE, "start_date": "2026-12-08", "device_count": 1, "devices": [B]}],
}
LISTENER: Result = {
    "account": ACCOUNT, "name": "Fota", "url": "https://u:p@new.example/x", "previous_url": "https://old.example/x",
    "changed_fields": ["url"], "changed": True, "requests": 2, "msg": "replaced",
}


def hosts(results: t.Mapping[str, list[Result]], check_mode: bool = True) -> dict[str, t.Any]:
    """The document of what several hosts said, one after the other."""
    return document([Record(result, host) for host, several in results.items() for result in several], check_mode)


def test_the_keys_are_those_of_the_contract() -> None:
    report = plan_report([a_plan()], check_mode=True, host="localhost")
    assert list(report) == KEYS
    assert (report["format_version"], report["check_mode"], report["drift"], report["failed"]) == (1, True, True, False)
    assert report["counts"] == {
        "upgrades": 4, "changed": 3, "scheduled": 1, "cancelled": 0, "added": 27, "removed": 3, "moved": 1,
        "unchanged": 47, "rejected": 1, "before": 50, "after": 74, "past": 1,
    }
    assert report["moved"] == [{"device_id": "990000000000020", "from": WAVE, "to": CANARY, "from_name": "wave 1", "to_name": "canary"}]
    assert [row["name"] for row in report["upgrades"]] == ["canary", "wave 1", "wave 2", "last year"]
    assert report["plan_digests"] == {ACCOUNT: DIGEST}
    assert report["plan_digest"] == DIGEST
    assert report["upgrades"][0]["hosts"] == ["localhost"]


def test_nothing_of_the_options_enters_a_report() -> None:
    text = json.dumps(plan_report([a_plan(), upgrade_devices(added=[A]), {**LISTENER, "invocation": {"module_args": {"password": "token-in-the-options"}}}]))
    assert "token-in-the-options" not in text
    assert "module_args" not in text
    assert "u:p@" not in text


def test_a_move_to_an_upgrade_that_is_yet_to_be_scheduled_has_a_name() -> None:
    waves = (entry("a", "change", 5, [], [A], upgrade_id=WAVE), entry("b", "schedule", 0, [A], upgrade_id=None, start_date="2026-12-15T00:00:00Z"))
    report = plan_report([rollout(*waves, moved=[{"device_id": A, "from": WAVE, "to": PLANNED}], moved_count=1)])
    assert report["moved"][0]["to_name"] == "b"


@pytest.mark.parametrize(
    ("results", "drift", "failed"),
    [
        ([], None, False),
        ([{"skipped": True, "changed": False}], None, False),
        ([upgrade_devices()], False, False),
        ([upgrade_devices(added=[A])], True, False),
        ([upgrade_devices(**failure("rail", "too many"))], True, True),
        ([upgrade_devices(**failure("state", "another plan"))], True, True),
        ([upgrade_devices(**failure("rejected", "refused"))], False, True),
        ([upgrade_devices(None, **failure("session_token", "over"))], None, True),
        ([upgrade_devices(None, **failure("unreachable", "out of reach")), upgrade_devices(added=[A])], True, True),
        ([upgrade_devices(None, **failure("unreachable", "out of reach")), upgrade_devices()], None, True),
        ([{"failed": True, "msg": "a template failed"}], None, True),
        ([{"unreachable": True, "msg": "ssh"}], None, True),
        ([{"censored": "hidden", "changed": True}], True, False),
        ([{"censored": "hidden", "changed": False}], False, False),
        ([{"censored": "hidden", "changed": False, "failed": True}], None, True),
        ([{"msg": "of another module", "changed": False}], None, False),
        ([LISTENER], True, False),
        ([{**LISTENER, "changed": False}], False, False),
    ],
)
def test_drift_and_failure_are_told_apart(results: list[Result], drift: bool | None, failed: bool) -> None:
    report = plan_report(results, check_mode=True)
    assert (report["drift"], report["failed"]) == (drift, failed)
    assert bool(report["errors"]) is failed


def test_warnings_of_a_loop_are_told_wherever_ansible_core_keeps_them() -> None:
    quiet, loud = upgrade_devices(), {**upgrade_devices(), "warnings": ["doubtful"]}
    for loop in ({"results": [quiet, quiet], "warnings": ["doubtful"]}, {"results": [quiet, loud]}, {"results": [quiet, loud], "warnings": ["doubtful"]}):
        assert plan_report([loop])["warnings"] == ["doubtful"]
    assert plan_report([{"results": []}])["upgrades"] == []


def test_a_hidden_task_is_told() -> None:
    report = hosts({"h1": [{"censored": "hidden", "changed": True}]})
    assert report["warnings"] == ["A task on h1 is hidden by no_log: what it would do or did is not in this report."]


def test_the_same_plan_from_many_hosts_is_one_row() -> None:
    alone = hosts({"h1": [a_plan(), upgrade_devices(added=[A], upgrade_id=DIGEST)]})
    many = hosts({f"h{number}": [a_plan(), upgrade_devices(added=[A], upgrade_id=DIGEST)] for number in range(8, 0, -1)})
    assert many["counts"] == alone["counts"]
    assert many["plan_digest"] == alone["plan_digest"]
    assert [row["hosts"] for row in many["upgrades"]] == [[f"h{number}" for number in range(1, 9)]] * 5


def test_of_cut_lists_nothing_is_counted_twice_either() -> None:
    cut = upgrade_devices(added=[A], added_count=5000, after_count=5010, truncated=True)
    report = hosts({"h1": [cut], "h2": [cut]})
    assert report["counts"]["added"] == 5000
    assert report["truncated"] is True


def test_where_one_host_applied_and_others_found_nothing_to_do() -> None:
    done = upgrade_devices(10, [A], [B])
    report = hosts({"h1": [done], "h2": [upgrade_devices(10, plan_digest=EMPTY)]}, check_mode=False)
    assert report["counts"] | {"before": 10, "after": 10, "added": 1, "removed": 1, "upgrades": 1, "changed": 1} == report["counts"]
    assert report["plan_digest"] == DIGEST


def test_several_tasks_about_one_upgrade_in_check_mode() -> None:
    results = [upgrade_devices(10, [A]), upgrade_devices(10, [], [B, C], plan_digest=EMPTY[::-1])]
    report = plan_report(results, check_mode=True)
    (row,) = report["upgrades"]
    assert (row["before"], row["after"], row["added"], row["removed"], row["unchanged_count"]) == (10, 9, [A], [B, C], 8)
    assert report["plan_digest"] not in (DIGEST, EMPTY[::-1])


def test_predicted_upgrades_and_their_devices_are_the_same_upgrades() -> None:
    against_nothing: dict[str, t.Any] = {"upgrade_id": None, "firmware_name": None, "firmware_to": None, "start_date": None, "upgrade": {"account": ACCOUNT}}
    for count in (2, 3):
        # A loop over each module, then a loop over both; twice, as from two hosts.
        scheduled = [scheduling(count=count), scheduling(count=1, upgrade={**upgrade(None, count=1), "start_date": "2026-12-08"})]
        filled = [upgrade_devices(0, [A, B], **against_nothing), upgrade_devices(0, [C], **against_nothing)]
        for results in (scheduled + filled, [scheduled[0], filled[0], scheduled[1], filled[1]]):
            report = hosts({"h1": results, "h2": results})
            assert report["counts"] | {"upgrades": 2, "scheduled": 2, "added": count + 1, "before": 0, "after": count + 1} == report["counts"]
            assert [row["added"] for row in report["upgrades"]] == [[A, B], [C]]
            assert [row["name"] for row in report["upgrades"]] == [f"{FIRMWARE} to {VERSION} on 2026-12-0{day}" for day in (1, 8)]


def test_an_upgrade_that_was_scheduled_and_then_filled() -> None:
    results = [scheduling(upgrade_id=CANARY, count=3), upgrade_devices(3, plan_digest=EMPTY), scheduling("none", upgrade_id=WAVE, count=4)]
    report = plan_report(results)
    assert report["counts"] | {"upgrades": 2, "scheduled": 1, "added": 3, "before": 4, "after": 7} == report["counts"]
    assert report["upgrades"][0]["module"] == "upgrade, upgrade_devices"


def test_a_cancelled_upgrade() -> None:
    report = plan_report([scheduling("cancel", upgrade_id=CANARY, count=4)], check_mode=True)
    assert report["counts"] | {"cancelled": 1, "removed": 4, "before": 4, "after": 0, "changed": 1} == report["counts"]


def test_rejected_devices_of_an_upgrade_are_no_members() -> None:
    seen = {**upgrade(CANARY, count=3), "devices_by_status": {"Queued": 1, " device rejected": 2}}
    assert plan_report([scheduling("none", upgrade=seen)])["counts"]["before"] == 1


def test_licenses_and_listener() -> None:
    report = hosts({"h1": [LICENSE, LISTENER], "h2": [LICENSE, LISTENER]})
    (licenses,), (listener,) = report["licenses"], report["callbacks"]
    assert (licenses["added"], licenses["candidates_added"], licenses["cancelled_upgrades"][0]["upgrade_id"]) == ([A], [C], WAVE)
    assert (listener["url"], listener["previous_url"], listener["hosts"]) == ("https://***@new.example/x", "https://old.example/x", ["h1", "h2"])
    assert report["plan_digests"] == {f"licenses/{ACCOUNT}": DIGEST}
    assert report["counts"]["added"] == 0


def test_several_digests_make_one() -> None:
    report = plan_report([upgrade_devices(added=[A]), upgrade_devices(upgrade_id=WAVE, plan_digest=EMPTY)])
    assert report["plan_digests"] == {CANARY: DIGEST, WAVE: EMPTY}
    assert report["plan_digest"] == hashlib.sha256(f'[["{CANARY}", "{DIGEST}"], ["{WAVE}", "{EMPTY}"]]'.encode()).hexdigest()


def test_several_plans_for_one_upgrade_make_one_digest_whatever_they_are_called() -> None:
    # Keys are texts of the service and of users: no line end in one makes it two.
    def digests(*named: tuple[str, str]) -> str:
        return str(plan_report([upgrade_devices(upgrade_id=key, plan_digest=digest) for key, digest in named])["plan_digest"])

    one = digests((f"{CANARY} {DIGEST}\n{WAVE}", DIGEST), ("x", DIGEST))
    other = digests((CANARY, DIGEST), (WAVE, DIGEST), ("x", DIGEST))
    assert one != other
    assert digests((CANARY, DIGEST), (CANARY, EMPTY[::-1])) != digests((CANARY, f"{DIGEST}\n{CANARY} {EMPTY[::-1]}"), (CANARY, EMPTY))


def test_upgrades_whose_names_read_alike_stay_two() -> None:
    names = [("A to B", "C"), ("A", "B to C")]
    results = [scheduling(upgrade={**upgrade(None, count=1), "firmware_name": name, "firmware_to": version}) for name, version in names]
    assert [(row["firmware_name"], row["firmware_to"]) for row in plan_report(results)["upgrades"]] == names


def test_errors_name_what_they_are_about() -> None:
    broken = entry("b", "change", 5, [A], upgrade_id=WAVE, error={"kind": "service", "status": 500, "code": "X", "message": "broken"})
    told = hosts({"h1": [rollout(broken, **{**failure("service", "1 of 1 failed"), "changed": True})]}, False)["errors"]
    assert told == [
        {"name": None, "account": ACCOUNT, "upgrade_id": None, "host": "h1", "kind": "service", "message": "1 of 1 failed"},
        {"name": "b", "account": ACCOUNT, "upgrade_id": WAVE, "host": "h1", "kind": "service", "message": "broken"},
    ]
    # What ansible-core quotes of the playbook stays out.
    msg = "The task includes an option with an undefined variable.\n\nThe error appears to be in 'p.yml'\n    password: secret-in-the-playbook"
    assert plan_report([{"failed": True, "msg": msg}])["errors"][0]["message"] == "The task includes an option with an undefined variable."
    conditional = plan_report([upgrade_devices(failed=True, failed_when_result=True)])["errors"][0]
    assert (conditional["kind"], "failed_when" in conditional["message"]) == (None, True)


def test_ignored_failures_are_failures() -> None:
    assert plan_report([upgrade_devices(**{**failure("rail", "too many"), "failed": False, "failed_when_result": False})])["failed"] is True


def test_warnings_are_told_once_and_those_about_ansible_not_at_all() -> None:
    noise = "Host 'x' is using the discovered Python interpreter at '/usr/bin/python3'"
    assert plan_report([upgrade_devices(warnings=["w", noise]), upgrade_devices(warnings=["w"])])["warnings"] == ["w"]


def test_loops_and_single_results_may_be_given() -> None:
    items = [upgrade_devices(added=[A]), {"skipped": True, "changed": False}, upgrade_devices(upgrade_id=WAVE)]
    assert plan_report({"results": items, "changed": True})["counts"]["upgrades"] == 2
    assert plan_report(upgrade_devices())["counts"]["upgrades"] == 1


@pytest.mark.parametrize("given", ["text", 3, None, ["text"]])
def test_what_is_no_result_is_refused(given: object) -> None:
    with pytest.raises(AnsibleFilterError, match="plan_report needs"):
        plan_report(given)


@st.composite
def declared_waves(draw: st.DrawFn) -> list[Result]:
    names = draw(st.lists(st.text(min_size=1), max_size=6))
    waves = []
    for index, name in enumerate(names):
        before, more, less = draw(st.integers(0, 50)), draw(st.integers(0, 50)), draw(st.integers(0, 50))
        ids = st.one_of(st.none(), st.just(f"id-{index}"))
        wave = entry(name, draw(st.sampled_from(["none", "change", "schedule", "past", "?"])), before + less, devices(index * 100, more), upgrade_id=draw(ids))
        wave |= {"removed": devices(5000 + index * 100, less), "removed_count": less, "firmware_name": f"F{index}", "changed": bool(more or less)}
        waves.append(wave)
    return waves


@hypothesis.given(st.lists(declared_waves(), max_size=3), st.integers(1, 3), st.booleans())
def test_counts_are_sums_whatever_the_number_of_hosts(rollouts: list[list[Result]], number: int, check_mode: bool) -> None:
    results = [rollout(*waves, account=f"A-{place}") for place, waves in enumerate(rollouts)]
    for place, waves in enumerate(rollouts):
        for wave in waves:
            wave["upgrade_id"] = wave["upgrade_id"] and f"{place}-{wave['upgrade_id']}"
    report = hosts({f"h{host}": results for host in range(number)}, check_mode)
    waves = [wave for several in rollouts for wave in several]
    assert report["counts"]["upgrades"] == len(waves)
    assert report["counts"]["added"] == sum(wave["added_count"] for wave in waves)
    assert report["counts"]["removed"] == sum(wave["removed_count"] for wave in waves)
    assert report["counts"]["before"] == sum(wave["before_count"] for wave in waves)
    assert json.loads(as_json(report)) == report


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize("odd", [{"upgrade": 1}, {"upgrade": {"devices_by_status": ["Queued"]}}, {"added_count": float("nan")}])
@pytest.mark.parametrize("result", [upgrade_devices(), scheduling()])
def test_what_is_no_number_and_no_dictionary_counts_as_none(result: Result, odd: Result) -> None:
    assert json.loads(as_json(plan_report([{**result, **odd}])))


@hypothesis.given(st.sampled_from([upgrade_devices(), scheduling(), a_plan(), LICENSE, LISTENER]), st.data())
def test_odd_values_break_nothing(result: Result, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.sampled_from(sorted(result)), max_size=4))
    odd = {**result, **{key: data.draw(ANYTHING) for key in keys}}
    if isinstance(odd.get("upgrade"), dict):
        within = data.draw(st.lists(st.sampled_from(["account", "devices_by_status", "device_count", "status", "upgrade_id"]), max_size=2))
        odd["upgrade"] = {**odd["upgrade"], **{key: data.draw(ANYTHING) for key in within}}
    report = plan_report([odd], check_mode=data.draw(st.booleans()))
    assert json.loads(as_json(report)) == report
