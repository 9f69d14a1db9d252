# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A document becomes a comment: never too long, never cut in silence, in order, and without any power of foreign text."""

from __future__ import annotations

import copy
import re
import typing as t

import hypothesis
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.thingspace.fota.plugins.filter.plan_markdown import plan_markdown
from ansible_collections.thingspace.fota.plugins.filter.plan_report import plan_report
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.escape import Clipper, label, size, width
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.markdown import LIMIT
from hypothesis import strategies as st
from support.checkout import ROOT
from support.plan_samples import (
    ACCOUNT,
    CANARY,
    DIGEST,
    WAVE,
    Result,
    a_plan,
    a_refused_plan,
    devices,
    entry,
    failure,
    part,
    rollout,
    scheduling,
    upgrade_devices,
)

HOSTILE = "</details>\n\n# |x| `@team` ```\n/close #12 !3 ~bug $1 %2 &4 **b** [l](https://evil.example) <img src=x onerror=alert(1)> GH-7"
HOSTILE += " \u202e\x00 \ud800 www.evil.example"
A, B, C = devices(1, 3)


def comment(*results: Result, check_mode: bool = True) -> str:
    return plan_markdown(plan_report(list(results), check_mode=check_mode))


def in_order(text: str, *words: str) -> None:
    places = [text.index(word) for word in words]
    assert places == sorted(places), words


def test_the_order_is_that_of_the_contract() -> None:
    text = comment(a_plan())
    title = "## Firmware rollout plan: 26 added, 2 removed, 1 moved in 3 of 4 upgrades; 1 upgrade scheduled; 1 rejected; 1 past\n"
    assert text.startswith(title)
    in_order(text, "| upgrade |", "```text", "26 devices added", "2 devices removed", "1 device moved", "1 device rejected", "Warnings:", "Digest")
    assert text.count("<details>") == text.count("</details>") == 4
    assert f"Digest `{DIGEST}`: a checksum" in text
    # Shown as a move and nowhere else.
    assert "`wave 1` -> `canary` (1): `990000000000020`" in text
    assert text.count("990000000000020") == 1
    assert "`990013907835573`" in text
    assert "past: not scheduled, its day is over" in text
    assert "in an earlier run: `Device not found.` (1): `990000473475989`" in text
    assert "Shortened" not in text


@pytest.mark.parametrize(("name", "sample"), [("plan", a_plan), ("refused", a_refused_plan)])
def test_the_samples_in_the_docs_are_what_is_rendered(name: str, sample: t.Callable[[], Result]) -> None:
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    shown = page.partition(f"<!-- sample: {name} -->\n")[2].partition("<!-- end of sample -->")[0]
    assert shown.strip() == comment(sample()).strip()


def test_the_docs_name_every_key() -> None:
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    report = plan_report([a_plan()], check_mode=True)
    keys = {*report, *report["counts"], *report["upgrades"][0], *report["moved"][0]}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_what_stops_the_run_stands_at_the_top_in_bold() -> None:
    text = comment(a_refused_plan())
    assert text.startswith("## Firmware rollout plan REFUSED: nothing would be changed\n\n**Refused: a guardrail forbids it. ")
    in_order(text, "25 of 40 devices", "would stop here, too", "| upgrade |")
    broken = comment(rollout(entry("b", "change", 5, [A], upgrade_id=WAVE, error={"kind": "service", "message": "broken"})), check_mode=False)
    assert broken.startswith("## Firmware rollout FAILED: 1 added")
    assert "**Failed: the service failed. `b`: broken**" in broken


def test_what_many_hosts_say_is_said_once() -> None:
    report = plan_report([upgrade_devices(**failure("rail", "too many"))], check_mode=True, host="h1")
    report["errors"] += [{**report["errors"][0], "host": f"h{number}"} for number in range(2, 9)]
    text = plan_markdown(report)
    assert text.count("too many") == 1
    assert "(hosts `h1`, `h2`, `h3`, `h4`, `h5`, ...)" in text


@pytest.mark.parametrize(
    ("results", "check_mode", "line"),
    [
        ([upgrade_devices(10), upgrade_devices(1, upgrade_id=WAVE)], True, "## Firmware rollout plan: no changes, 2 upgrades with 11 devices as declared\n"),
        ([upgrade_devices(10)], False, "## Firmware rollout: no changes, 1 upgrade with 10 devices as declared\n"),
    ],
)
def test_no_changes_is_one_line(results: list[Result], check_mode: bool, line: str) -> None:
    assert comment(*results, check_mode=check_mode) == line


def test_a_run_that_planned_nothing_does_not_look_like_one_without_changes() -> None:
    assert "no changes" not in comment()
    assert "nothing was planned" in comment()
    assert "FAILED" in comment({"failed": True, "msg": "a template failed"})
    hidden = comment({"censored": "hidden", "changed": True})
    assert "no changes" not in hidden
    assert "hidden by no_log" in hidden


def test_a_run_that_was_refused_says_why_and_does_not_wonder() -> None:
    refused = {"failed": True, "msg": "rollouts/a.yml: account is missing", "error": {"kind": "input", "message": "account is missing"}, "changed": False}
    told = plan_markdown(plan_report([refused], check_mode=True))
    assert "account is missing" in told
    assert "Whether something has to be done is unknown." in told
    assert "No task" not in told


def test_after_apply_it_tells_what_was_done() -> None:
    text = comment(a_plan(), check_mode=False)
    assert text.startswith("## Firmware rollout applied: 26 added")
    assert "--check" not in text
    assert "Digest" not in text


def test_a_cycle_of_moves_is_told() -> None:
    assert "without devices for a moment" in comment(rollout(entry("a", "change", 1, [A], [B], upgrade_id=CANARY, empty_meanwhile=True)))


def test_licenses_and_listener() -> None:
    losing: list[Result] = [{"upgrade_id": WAVE, "firmware_name": "F", "start_date": None, "device_count": 2, "devices": []}]
    rejected = [{"device_id": C, "operation": "append", "status": "x", "reason": "none left"}]
    licenses = {**part(5, [A], [B]), "account": ACCOUNT, "cancelled_upgrades": losing, "candidates_added": [], "candidates_removed": []}
    listener = {"account": ACCOUNT, "name": "Fota", "url": "https://u:p@new.example/x", "previous_url": None, "changed_fields": ["url"], "changed": True}
    text = comment({**licenses, "rejected": rejected, "rejected_count": 1}, listener)
    assert text.startswith("## Firmware rollout plan: licenses changed; listener changed\n")
    assert f"**Scheduled upgrades that lose devices with the licenses: `{WAVE}` (2 devices)**" in text
    assert f"- given (1): `{A}`" in text
    assert f"- rejected (1): `{C}`" in text
    assert "none -> `" not in text
    assert "none -> <code>https&#58;&#47;&#47;&#42;&#42;&#42;&#64;new&#46;example&#47;x</code>" in text
    assert "u:p" not in text


def test_lists_that_the_module_cut_are_told_with_exact_counts() -> None:
    text = comment(upgrade_devices(10, [A, B], added_count=5000, after_count=5010, truncated=True))
    assert "5,000 added" in text
    assert f"(5,000): `{A}, {B}` and 4,998 more not listed here" in text
    assert "`result_limit` cut lists" in text


def test_moves_that_the_module_cut_are_not_told_as_something_else() -> None:
    wave = entry("a", "change", 0, [A, B, C], upgrade_id=CANARY, moved_in_count=2)
    text = comment(rollout(wave, moved=[{"device_id": A, "from": WAVE, "to": CANARY}], moved_count=2, truncated=True))
    assert "1 added, 0 removed, 2 moved" in text
    assert "(moved ones are among them)" in text
    assert "- 1 more are in no list, since `result_limit` cut them" in text


def test_devices_of_a_scheduled_upgrade_are_counted_though_its_module_names_none() -> None:
    assert "(3): 3 not listed here" in comment(scheduling(count=3))


# Length.


def many(count: int, each: int, name: str = "wave {}", text: str = "Queued") -> Result:
    waves = []
    for number in range(count):
        refused = [{"device_id": device, "operation": "append", "status": "Device Rejected", "reason": text} for device in devices(900_000, 5)]
        added, removed = devices(number * 10_000, each), devices(number * 10_000 + 5_000, each)
        wave = entry(name.format(number), "change", each, added, removed, upgrade_id=f"60b5d639-ccdc-4db8-8824-{number:012d}", upgrade_status=text)
        waves.append({**wave, "rejected": refused, "rejected_count": 5, "firmware_name": text, "firmware_to": text})
    return rollout(*waves, warnings=[text * 20 + str(number) for number in range(50)])


@pytest.mark.parametrize("count", [1, 100, 2000])
@pytest.mark.parametrize("text", ["Queued", HOSTILE, "𝕏" * 1000])
def test_it_is_never_too_long_and_never_cut_in_silence(count: int, text: str) -> None:
    report = plan_report([many(count, 100_000 // count, text + " {}" if text != "Queued" else "wave {}", text)], check_mode=True)
    shown = plan_markdown(report)
    assert size(shown) <= LIMIT
    assert f"{report['counts']['added']:,} added" in shown.splitlines()[0]
    assert "> Shortened to fit into a comment. Left out:" in shown
    left = re.search(r"([\d,]+) devices", shown[shown.index("> Shortened") :])
    assert left
    listed = len(set(re.findall(r"\b\d{15}\b", shown)))
    assert int(left[1].replace(",", "")) >= 200_000 * 0.99 - listed
    assert shown.count("<details>") == shown.count("</details>")
    if count == 100 and text == "Queued":
        # No upgrade is left out of the table.
        assert all(f"`wave {number}`" in shown for number in range(100))
        assert size(shown) > LIMIT * 0.8


def test_the_most_that_fits_is_shown() -> None:
    shown = comment(upgrade_devices(0, devices(0, 10_000)))
    assert LIMIT - 100 < size(shown) <= LIMIT
    listed = len(re.findall(r"\b\d{15}\b", shown))
    assert f"Left out: {10_000 - listed:,} devices" in shown
    assert f"and {10_000 - listed:,} more not listed here" in shown


def test_rows_that_change_are_kept_before_others() -> None:
    waves = [entry(f"quiet-{number}", "none", 5, upgrade_id=f"q{number}", firmware_name="F" * 90) for number in range(1500)]
    waves[1200] = entry("the one that changes", "change", 5, [A], upgrade_id="q1200")
    assert "the one that changes" in comment(rollout(*waves))


# Foreign text.


def outside_of_code(markdown: str) -> str:
    """What a service would look through for mentions and the like: the text without code, with its character references read."""
    import html

    text = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<code>.*?</code>", "", text)
    return html.unescape(re.sub(r"`[^`\n]*`", "", text))


def everywhere(text: str) -> Result:
    rejected = [{"device_id": text, "operation": "append", "status": text, "reason": text}]
    wave = entry(text, "change", 2, [text, A], [text], upgrade_id=text, upgrade_status=text, firmware_name=text, firmware_to=text, start_date=text)
    wave |= {"rejected": rejected, "rejected_count": 1, "error": {"kind": text, "status": None, "code": text, "message": text}, "action": text}
    return rollout(wave, account=text, moved=[{"device_id": text, "from": text, "to": text}], moved_count=1, plan_digest=text, warnings=[text, text + "2"])


def assert_tame(markdown: str) -> None:
    assert size(markdown) <= LIMIT
    markdown.encode()
    lines = markdown.splitlines()
    # Structure is ours alone.
    assert sum(line.startswith("#") for line in lines) == 1
    assert sum(line.startswith("```") for line in lines) in (0, 2)
    assert not [line for line in lines if line.lstrip(" -").startswith("/") and not line.startswith("- /")]
    tags = set(re.findall(r"<[^>]*>", re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL))))
    assert tags <= {"<br>", "<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    assert markdown.count("<details>") == markdown.count("</details>")
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.sub(r"`[^`\n]*`", "", line).split("|")) for line in table} <= {14}
    seen = outside_of_code(markdown)
    assert not re.search(r"(?<![\w`])@\w", seen)
    assert not re.search(r"[#!~$&][\w\"]", seen.replace("##", ""))
    assert "://" not in seen
    assert all(character.isprintable() or character in "\n\u200b" for character in markdown)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("text", [HOSTILE, "@team", "`", "``` x", "|", "\\|", "a\r\nb", "</details>", "<!--", "/close", "#1", "\u2028x", "😀" * 200, "- x"])
def test_foreign_text_has_no_power(text: str, check_mode: bool) -> None:
    assert_tame(comment(everywhere(text), {**failure("rail", text), "failed": True}, check_mode=check_mode))


MARKUP = st.text(st.sampled_from("@#!|`<>/*_[]()~$%&\\^:-= \n\r\tagx19.\"'{}") | st.characters(), max_size=30)


@hypothesis.given(MARKUP)
def test_no_foreign_text_has_power(text: str) -> None:
    assert_tame(comment(everywhere(text)))


@hypothesis.given(MARKUP, st.integers(2, 60))
def test_labels_keep_their_width_and_their_block(text: str, most: int) -> None:
    shown = label(text, most)
    assert width(shown) == most
    assert "`" not in shown
    assert shown.isprintable()


def test_plain_values_stay_readable() -> None:
    clipper = Clipper()
    assert clipper.code("SR1.2.0.0-10657") == "`SR1.2.0.0-10657`"
    sentence = "wave 1: 25 of 40 devices (62.5 %) would be removed, and it's 30 % (see waves/1.csv)."
    assert clipper.prose(sentence, 200) == sentence
    assert clipper.code(None) == "-"
    assert clipper.count == 0
    assert clipper.code("x" * 101) == f"<code>{'x' * 99}&#8230;</code>"
    assert clipper.count == 1


# Documents.


@pytest.mark.parametrize("given", [None, "text", {}, {"format_version": 2}])
def test_what_is_no_document_is_refused(given: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="plan_markdown needs"):
        plan_markdown(given)


def test_the_document_is_left_as_it_is() -> None:
    report = plan_report([a_plan()], check_mode=True)
    before = copy.deepcopy(report)
    plan_markdown(report)
    assert report == before
