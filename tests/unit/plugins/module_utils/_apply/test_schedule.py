# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How upgrades are made and ended at a service that fails in any way, call by call: never two, and never a word that is not known."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from ansible_collections.thingspace.fota.plugins.module_utils._api.account import Account
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import UpgradeKey
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import Phase
from ansible_collections.thingspace.fota.plugins.module_utils._apply.schedule import Scheduler
from ansible_collections.thingspace.fota.plugins.module_utils._errors import StateError, ThingSpaceError, UnsettledError
from support.fake_service import ACCOUNT, KEY, FakeService
from support.fake_waves import lost

OTHER = UpgradeKey("F", "2.2", "2999-01-01")
STANDING = ["LIST RequestPending", "LIST Queued", "LIST InProgress", "LIST Finished"]
ALL = [*STANDING, "LIST RequestFailed"]
FORBIDDEN = ThingSpaceError("It cannot be read.", "forbidden")
BUSY = UnsettledError("Busy.", "service", carried_out=None, retry_after=3, status=429)
UNKNOWN = "Whether the upgrade was scheduled is not known: "
AGAIN = "It was not sent again, since that could make a second one. Run the task again later: it looks for the upgrade first."


class Run:
    """One scheduler, and what can be seen of it."""

    def __init__(self, timeout: float = 10) -> None:
        self.service = FakeService(timeout)
        self.scheduler = Scheduler(Account(self.service.client, ACCOUNT))
        self.asked = 0
        self.failure: ThingSpaceError | None = None

    def _permit(self) -> None:
        self.asked += 1

    def schedule(
        self, devices: str = "ab", known: t.Container[str] = (), end_date: str | None = "2999-02-01", veto: t.Callable[[], None] | None = None
    ) -> Run:
        return self._try(lambda: self.scheduler.schedule(KEY, end_date, frozenset(devices), known, veto or self._permit))

    def cancel(self, upgrade_id: str = "U") -> Run:
        upgrade = self.scheduler.get(upgrade_id)
        assert upgrade
        self.service.calls.clear()
        return self._try(lambda: self.scheduler.cancel(upgrade))

    def wait(self, timeout: float = 100) -> Run:
        return self._try(lambda: self.scheduler.wait(timeout))

    def _try(self, act: t.Callable[[], None]) -> Run:
        try:
            act()
        except ThingSpaceError as error:
            self.failure = error
        return self

    def made_but_lost(self) -> UnsettledError:
        self.service.make(self.service.posted[-1])
        return lost()

    @property
    def told(self) -> tuple[str, str] | None:
        return (self.failure.kind, self.failure.message) if self.failure else None

    @property
    def last(self) -> str | None:
        return self.scheduler.last.upgrade_id if self.scheduler.last else None

    @property
    def knows(self) -> tuple[str | None, bool, bool]:
        """The id of the upgrade, whether it was made or cancelled by us, whether nobody knows."""
        return self.last, self.scheduler.landed, self.scheduler.unsettled


@pytest.fixture
def run() -> Run:
    return Run()


# finding


def test_a_scheduler_knows_nothing_at_first(run: Run) -> None:
    assert run.scheduler.last is None
    assert run.scheduler.landed is False
    assert run.scheduler.unsettled is False


def test_one_that_is_not_there_is_none_and_every_other_failure_is_one(run: Run) -> None:
    run.service.add("U", "ab")
    found = run.scheduler.get("U")
    assert found
    assert (found.upgrade_id, run.scheduler.get("V")) == ("U", None)
    run.service.then("GET", FORBIDDEN)
    with pytest.raises(ThingSpaceError) as failure:
        run.scheduler.get("U")
    assert failure.value is FORBIDDEN


def test_it_is_found_by_its_key_while_it_stands(run: Run) -> None:
    for number, status in enumerate(("RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed")):
        run.service.add(f"U{number}", status=status)
        run.service.add(f"O{number}", status=status, key=OTHER)
    assert [upgrade.upgrade_id for upgrade in run.scheduler.find(KEY)] == ["U0", "U1", "U2", "U3"]
    assert run.service.calls == STANDING
    assert [upgrade.upgrade_id for upgrade in run.scheduler.refused_before(KEY)] == ["U4"]


NO_DAYS: list[t.Any] = [None, "", " ", "soon", "01/02/2999", "20/20/2999", [], {}, True, "2999-01-01?", "2999-01-32"]
NO_NAMES: list[t.Any] = [None, "", " ", "f", "F ", " F", "F\u200b", "\uff26", 7, ["F"]]
NO_VERSIONS: list[t.Any] = [None, "", "2.1 ", "2. 1", 2.1, 2.10, {"name": "2.1"}]
ODD: list[dict[str, t.Any]] = [
    *({"startDate": value} for value in NO_DAYS),
    *({"firmwareName": value} for value in NO_NAMES),
    *({"firmwareTo": value} for value in NO_VERSIONS),
    {"startDate": None, "firmwareName": None, "firmwareTo": None},
    {"startDate": "soon", "firmwareName": "f"},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("status", ["RequestPending", "Queued", "InProgress", "Finished"])
def test_what_may_be_it_is_neither_it_nor_another_one(run: Run, odd: dict[str, t.Any], missing: bool, status: str) -> None:
    body = run.service.add("U", "ab", status=status)
    body.update(odd)
    for name in odd if missing else ():
        del body[name]
    with pytest.raises(StateError) as failure:
        run.scheduler.find(KEY)
    assert f"U ({status})" in failure.value.message
    assert str(KEY) in failure.value.message


@pytest.mark.parametrize("other", [{"firmwareName": "G"}, {"firmwareTo": "2.10"}, {"startDate": "2999-01-02"}, {"startDate": "Wed, 02 Jan 2999 00:00:00 GMT"}])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_what_is_another_one_by_all_that_is_known_is_in_nobodys_way(run: Run, odd: dict[str, t.Any], other: dict[str, t.Any]) -> None:
    if odd.keys() & other.keys():
        return
    run.service.add("U", "ab").update({**odd, **other})
    assert run.scheduler.find(KEY) == []


@pytest.mark.parametrize("status", ["RequestFailed", "UpgradeFailed"])
def test_of_what_has_failed_it_does_not_matter_whether_it_was_it(run: Run, status: str) -> None:
    run.service.add("U", "ab", status=status).update(startDate=None)
    assert run.scheduler.find(KEY, [Phase.REFUSED, Phase.FAILED]) == []


@pytest.mark.parametrize(
    "start",
    [
        "2999-01-01T00:00:00.000Z",
        "2999-01-01 00:00:00 +0000 UTC",
        "2998-12-31T19:00:00-05:00",
        "Tue, 01 Jan 2999 00:00:00 GMT",
        "2999/01/01",
        "01/01/2999 0:0:0",
    ],
)
def test_a_day_may_be_written_in_any_form_that_means_no_other(run: Run, start: str) -> None:
    run.service.add("U", "ab").update(startDate=start)
    assert [upgrade.upgrade_id for upgrade in run.scheduler.find(KEY)] == ["U"]


# making


def test_it_is_made_by_one_request_and_then_looked_for(run: Run) -> None:
    run.schedule("ba")
    assert (run.service.calls, run.knows, run.told, run.asked) == (["POST ab", *STANDING], ("N1", True, False), None, 1)
    wish = {"accountName": ACCOUNT, "firmwareName": "F", "firmwareTo": "2.1", "startDate": "2999-01-01", "endDate": "2999-02-01", "deviceList": ["a", "b"]}
    assert run.service.posted == [wish]


def test_without_an_end_none_is_sent(run: Run) -> None:
    run.schedule(end_date=None)
    assert "endDate" not in run.service.posted[0]


def test_what_must_not_be_scheduled_is_not(run: Run) -> None:
    def refuse() -> None:
        raise StateError("Too late.")

    run.schedule(veto=refuse)
    assert (run.service.calls, run.told) == ([], ("state", "Too late."))


def test_a_refused_post_is_not_sent_again(run: Run) -> None:
    run.service.then("POST", ThingSpaceError("No.", "service"))
    run.schedule()
    assert (run.service.calls, run.told, run.knows) == (["POST ab"], ("service", "No."), (None, False, False))


def test_it_is_looked_for_until_it_is_shown(run: Run) -> None:
    run.service.then("LIST", *[{"reportList": []}] * 10)
    run.schedule()
    # Among those that were refused it is looked for only while there is no other.
    assert (run.service.calls, run.told) == (["POST ab", *ALL, *ALL, *STANDING], None)
    assert run.service.clock.pauses == [0.5, 1.0]


def test_what_is_never_shown_is_a_failure() -> None:
    run = Run(timeout=1)
    run.service.then("LIST", *[{"reportList": []}] * 10)
    run.schedule()
    assert run.service.calls == ["POST ab", *ALL, *ALL]
    assert run.told == (
        "not_visible",
        "The service accepted the upgrade n1 and does not show it in its reports within retry_timeout. Run the task again only when it is "
        "shown: what is not shown would be scheduled a second time.",
    )
    assert run.knows == ("N1", True, False)


def test_one_that_is_refused_at_once_is_shown_too(run: Run) -> None:
    run.service.then("POST", lambda: dict(run.service.add("N1", refused="ab", status="RequestFailed")))
    run.schedule()
    assert (run.service.calls, run.told, run.last) == (["POST ab", *ALL], None, "N1")


@pytest.mark.parametrize(("status", "told"), [("RequestFailed", "RequestFailed"), ("Queued", "RequestPending")])
def test_a_refusal_that_the_reports_show_is_known(run: Run, status: str, told: str) -> None:
    run.service.then("POST", lambda: [dict(run.service.add("N1", "ab", status=status)), {"id": "N1", "status": "RequestPending", "deviceList": []}][1])
    run.schedule()
    assert run.scheduler.last is not None
    assert run.scheduler.last.status == told


def test_one_that_somebody_else_makes_meanwhile_is_told(run: Run) -> None:
    run.service.then("POST", lambda: [run.service.add("V", "c"), run.service.make(run.service.posted[0])][1])
    run.schedule()
    assert run.told == ("state", f"There are 2 upgrades {KEY}: N1 (RequestPending), V (Queued). Cancel all but one of them by upgrade_id.")


@pytest.mark.parametrize("odd", [{"startDate": None}, {"firmwareName": "f"}, {"startDate": "soon", "firmwareTo": None}])
def test_the_one_that_was_made_is_known_by_its_id_whatever_the_reports_tell_of_it(run: Run, odd: dict[str, t.Any]) -> None:
    run.service.then("POST", lambda: [dict(run.service.make(run.service.posted[0])), run.service.upgrades["N1"].update(odd)][0])
    run.schedule()
    assert (run.told, run.knows, len(run.service.posted)) == (None, ("N1", True, False), 1)


def test_another_one_that_is_shown_is_not_the_one_that_was_made() -> None:
    run = Run(timeout=0)
    run.service.then("POST", lambda: [run.service.add("V", "c"), {"id": "N1", "status": "RequestPending", "deviceList": []}][1])
    run.schedule()
    assert run.failure is not None
    assert run.failure.kind == "not_visible"


# a POST that was surely not carried out


def test_what_was_surely_not_carried_out_is_sent_again_after_a_look(run: Run) -> None:
    run.service.then("POST", UnsettledError("Busy.", "service", carried_out=False, retry_after=3))
    run.schedule()
    assert (run.service.calls, run.knows, run.told, run.asked) == (["POST ab", *ALL, "POST ab", *STANDING], ("N2", True, False), None, 2)
    assert run.service.clock.pauses == [3]


def test_it_is_sent_again_as_long_as_the_time_allows() -> None:
    run = Run(timeout=2)
    run.service.then("POST", *(lost(carried_out=False) for dummy in range(9)))
    run.schedule()
    assert (run.service.calls, run.told) == (["POST ab", *ALL, "POST ab", *ALL, "POST ab"], ("unreachable", "The answer was lost."))
    assert run.service.clock.pauses == [0.5, 1.0]
    assert run.knows == (None, False, False)


def test_a_look_that_uses_up_the_time_is_the_last() -> None:
    run = Run(timeout=2)
    run.service.then("POST", lost(carried_out=False)).then("LIST", lambda: run.service.clock.sleep(5))
    run.schedule()
    assert (run.service.calls, run.told) == (["POST ab", *ALL], ("unreachable", "The answer was lost."))


@pytest.mark.parametrize(("error", "ours"), [(BUSY, True), (lost(carried_out=False), False)])
def test_what_was_made_all_the_same_is_ours_unless_nothing_was_sent(run: Run, error: UnsettledError, ours: bool) -> None:
    run.service.then("POST", lambda: [run.service.make(run.service.posted[0]), error][1])
    run.schedule()
    assert (run.service.calls, run.knows) == (["POST ab", *ALL], ("N1", ours, False))


def test_what_was_not_sent_and_may_be_there_is_not_sent_again(run: Run) -> None:
    run.service.then("POST", lambda: [run.service.add("V", "c").update(startDate=None), lost(carried_out=False)][1])
    run.schedule()
    assert (run.service.calls, len(run.service.posted)) == (["POST ab", *ALL], 1)
    assert run.failure is not None
    assert "V (Queued)" in run.failure.message


def test_one_that_somebody_else_has_made_meanwhile_is_taken(run: Run) -> None:
    run.service.add("OLD", refused="z", status="RequestFailed")
    run.service.then("POST", lambda: [run.service.add("V", "c"), lost(carried_out=False)][1])
    run.schedule()
    assert (run.service.calls, run.knows, run.told) == (["POST ab", *ALL], ("V", False, False), None)


def test_two_that_somebody_else_has_made_meanwhile_are_told(run: Run) -> None:
    run.service.add("V", "c")
    run.service.add("W", "d")
    run.service.then("POST", lost(carried_out=False))
    run.schedule()
    assert run.told == ("state", f"There are 2 upgrades {KEY}: V (Queued), W (Queued). Cancel all but one of them by upgrade_id.")


def test_one_that_was_known_before_is_not_the_one_that_was_made(run: Run) -> None:
    run.service.add("OLD", refused="ab", status="RequestFailed")
    run.service.then("POST", lost(carried_out=False))
    run.schedule(known={"old"})
    assert (len(run.service.posted), run.last) == (2, "N2")


@pytest.mark.parametrize("error", [lost(carried_out=False), BUSY])
def test_a_look_that_fails_leaves_it_unknown(run: Run, error: UnsettledError) -> None:
    run.service.then("POST", error).then("LIST", FORBIDDEN)
    run.schedule()
    assert (run.service.calls, run.knows) == (["POST ab", "LIST RequestPending"], (None, False, True))
    assert run.told == (error.kind, f"{error.message} {UNKNOWN}the reports cannot be read (It cannot be read). {AGAIN}")


# a POST without an answer


@pytest.mark.parametrize("error", [lost(None), lost(carried_out=True), UnsettledError("Busy.", "service", carried_out=None, status=429)])
def test_a_lost_post_is_settled_by_the_reports_and_never_sent_again(run: Run, error: UnsettledError) -> None:
    run.service.then("POST", lambda: [run.service.make(run.service.posted[0]), error][1])
    run.service.then("LIST", *[{"reportList": []}] * 5)
    run.schedule()
    assert (run.service.calls, run.knows, run.told) == (["POST ab", *ALL, *ALL], ("N1", True, False), None)
    assert run.service.clock.pauses == [0.5, 1.0]


@pytest.mark.parametrize("late", range(8))
@pytest.mark.parametrize("status", [408, 429, 503])
@pytest.mark.parametrize("retry_after", [None, 1, 500])
def test_however_late_it_is_listed_there_is_one(late: int, status: int, retry_after: float | None) -> None:
    """What was made although the service says that it was busy: one POST, and either it is found or nobody knows."""
    run = Run(timeout=4)
    error = UnsettledError("Busy.", "service", carried_out=None, status=status, retry_after=retry_after)
    run.service.then("POST", lambda: [run.service.make(run.service.posted[-1]), error][1])
    run.service.then("LIST", *[{"reportList": []}] * 5 * late)
    run.schedule()
    assert len(run.service.posted) == 1
    looks = run.service.calls.count("LIST RequestFailed")
    if late < looks:
        assert (run.told, run.knows) == (None, ("N1", True, False))
    else:
        assert run.failure is not None
        assert (run.failure.kind, UNKNOWN in run.failure.message, run.knows) == ("service", True, (None, False, True))
        # It was looked for to the end.
        assert looks > 2


def test_the_pause_that_the_service_asks_for_is_made_once(run: Run) -> None:
    run.service.then("POST", lambda: [run.service.make(run.service.posted[0]), UnsettledError("Busy.", "service", carried_out=None, retry_after=4)][1])
    run.service.then("LIST", *[{"reportList": []}] * 5)
    run.schedule()
    assert (run.last, run.service.clock.pauses) == ("N1", [4, 1.0])


def test_of_several_it_is_the_last(run: Run) -> None:
    run.service.add("OLD", refused="ab", status="RequestFailed")
    run.service.then("POST", lambda: [run.service.add("N1", refused="ab", status="RequestFailed"), lost()][1])
    run.schedule()
    assert run.knows == ("N1", True, False)


def test_a_second_one_that_somebody_else_has_made_is_told(run: Run) -> None:
    run.service.add("OLD", refused="z", status="RequestFailed")
    run.service.add("V", "c")
    run.service.then("POST", run.made_but_lost)
    run.schedule()
    assert run.told == ("state", f"There are 2 upgrades {KEY}: N1 (RequestPending), V (Queued). Cancel all but one of them by upgrade_id.")
    assert run.knows == ("N1", True, False)


@pytest.mark.parametrize(
    ("others", "also"),
    [
        ("", ""),
        ("V", "; there is V, but not with the devices that were sent, so that somebody else may have made it"),
        ("VW", "; there is V, W, but not with the devices that were sent, so that somebody else may have made it"),
    ],
)
def test_a_lost_post_that_no_report_shows_is_not_known(others: str, also: str) -> None:
    run = Run(timeout=1)
    run.service.add("OLD", refused="z", status="RequestFailed")
    for upgrade_id in others:
        run.service.add(upgrade_id, "c")
    error = UnsettledError("Lost at X.", "service", carried_out=None, status=502, code="X", detail="Bad Gateway")
    run.service.then("POST", error)
    run.schedule()
    assert run.service.calls == ["POST ab", *ALL, *ALL]
    assert run.told == ("service", f"Lost at X. {UNKNOWN}it did not come into the reports within retry_timeout{also}. {AGAIN}")
    assert run.failure is not None
    assert run.failure.as_dict() == {"kind": "service", "status": 502, "code": "X", "message": "Bad Gateway"}
    assert run.knows == (None, False, True)


def test_a_lost_post_and_reports_that_cannot_be_read_are_not_known(run: Run) -> None:
    run.service.then("POST", lost()).then("LIST", FORBIDDEN)
    run.schedule()
    assert run.told == ("unreachable", f"The answer was lost. {UNKNOWN}the reports cannot be read (It cannot be read). {AGAIN}")
    assert run.knows == (None, False, True)


# cancelling


def test_it_is_cancelled_by_one_request(run: Run) -> None:
    run.service.add("U", "ab")
    run.cancel()
    assert (run.service.calls, run.knows, run.told, list(run.service.upgrades)) == (["DELETE U"], ("U", True, False), None, [])


def test_one_that_is_gone_was_not_cancelled_by_us(run: Run) -> None:
    run.service.add("U", "ab")
    run.service.then("DELETE", lambda: [run.service.upgrades.pop("U"), ThingSpaceError("Not there.", "not_found")][1])
    run.cancel()
    assert (run.service.calls, run.knows, run.told) == (["DELETE U", "GET U"], (None, False, False), None)


def test_one_that_is_shown_is_not_gone_whatever_its_cancellation_is_answered_with(run: Run) -> None:
    run.service.add("U", "ab")
    run.service.then("DELETE", ThingSpaceError("Not there.", "not_found"))
    run.cancel()
    assert (run.service.calls, run.knows) == (["DELETE U", "GET U"], ("U", False, False))
    assert run.told == ("service", "The upgrade U is still Queued, though its cancellation was answered as if it were not there. Not there.")


def test_whether_one_is_gone_is_not_known_without_a_look(run: Run) -> None:
    run.service.add("U", "ab")
    upgrade = run.scheduler.get("U")
    assert upgrade
    run.service.then("DELETE", ThingSpaceError("Not there.", "not_found")).then("GET", FORBIDDEN)
    with pytest.raises(ThingSpaceError):
        run.scheduler.cancel(upgrade)


@pytest.mark.parametrize("word", ["RequestFailed", "Cancelled", "CampaignAborted"])
@pytest.mark.parametrize(("carried_out", "knows"), [(None, ("U", True, False)), (False, (None, False, False))])
def test_a_lost_answer_is_settled_by_a_read(run: Run, word: str, carried_out: bool | None, knows: tuple[str | None, bool, bool]) -> None:
    body = run.service.add("U", "ab")
    run.service.then("DELETE", lambda: [body.update(status=word), lost(carried_out)][1])
    run.cancel()
    assert (run.service.calls, run.knows, run.told) == (["DELETE U", "GET U"], knows, None)


@pytest.mark.parametrize(("carried_out", "knows"), [(None, ("U", True, False)), (False, (None, False, False))])
def test_one_that_is_not_there_after_a_lost_answer_is_cancelled(run: Run, carried_out: bool | None, knows: tuple[str | None, bool, bool]) -> None:
    run.service.add("U", "ab")
    run.service.then("DELETE", lambda: [run.service.upgrades.pop("U"), lost(carried_out)][1])
    run.cancel()
    assert (run.service.calls, run.knows) == (["DELETE U", "GET U"], knows)


def test_one_that_is_still_there_is_cancelled_again(run: Run) -> None:
    run.service.add("U", "ab")
    run.service.then("DELETE", UnsettledError("Busy.", "service", carried_out=None, retry_after=3))
    run.cancel()
    assert (run.service.calls, run.knows, run.service.clock.pauses) == (["DELETE U", "GET U", "DELETE U"], ("U", True, False), [3])


@pytest.mark.parametrize(
    ("first", "second", "knows"), [(None, False, ("U", True, False)), (False, False, (None, False, False)), (False, None, ("U", True, False))]
)
def test_once_a_request_may_have_been_carried_out_what_is_gone_is_ours(
    run: Run, first: bool | None, second: bool | None, knows: tuple[str | None, bool, bool]
) -> None:
    run.service.add("U", "ab")
    run.service.then("DELETE", lost(first), lost(second), lambda: [run.service.upgrades.pop("U"), ThingSpaceError("Not there.", "not_found")][1])
    run.cancel()
    assert (run.service.calls, run.knows, run.told) == (["DELETE U", "GET U"] * 3, knows, None)


def test_it_is_tried_again_as_long_as_the_time_allows() -> None:
    run = Run(timeout=2)
    run.service.add("U", "ab")
    run.service.then("DELETE", *(lost() for dummy in range(9)))
    run.cancel()
    assert (run.service.calls, run.told) == (["DELETE U", "GET U"] * 3, ("unreachable", "The answer was lost."))
    assert run.knows == ("U", False, False)


def test_a_read_that_uses_up_the_time_is_the_last() -> None:
    run = Run(timeout=2)
    run.service.add("U", "ab")
    upgrade = run.scheduler.get("U")
    assert upgrade
    run.service.then("DELETE", lost()).then("GET", lambda: run.service.clock.sleep(5))
    with pytest.raises(UnsettledError):
        run.scheduler.cancel(upgrade)
    assert run.service.calls == ["GET U", "DELETE U", "GET U"]


def test_a_refusal_is_not_tried_again(run: Run) -> None:
    run.service.add("U", "ab")
    run.service.then("DELETE", ThingSpaceError("No.", "service"))
    run.cancel()
    assert (run.service.calls, run.told, run.knows) == (["DELETE U", "GET U"], ("service", "No."), ("U", False, False))


def test_one_that_has_started_meanwhile_says_so(run: Run) -> None:
    body = run.service.add("U", "ab")
    run.service.then("DELETE", lambda: [body.update(status="InProgress"), ThingSpaceError("No.", "service")][1])
    run.cancel()
    assert run.told == (
        "state",
        "The upgrade U is InProgress: it can be cancelled only before it starts (while it is RequestPending or Queued).",
    )
    assert run.scheduler.last is not None
    assert run.scheduler.last.status == "InProgress"


@pytest.mark.parametrize(("error", "unsettled"), [(lost(), True), (lost(carried_out=False), False), (ThingSpaceError("No.", "service"), False)])
def test_what_cannot_be_read_back_is_not_known_if_it_may_have_been_done(run: Run, error: ThingSpaceError, unsettled: bool) -> None:
    run.service.add("U", "ab")
    upgrade = run.scheduler.get("U")
    assert upgrade
    run.service.then("DELETE", error).then("GET", FORBIDDEN)
    with pytest.raises(ThingSpaceError) as failure:
        run.scheduler.cancel(upgrade)
    unknown = "Whether the upgrade U was cancelled is not known, since it could not be read again: "
    assert failure.value.message == (f"{error.message} {unknown}{FORBIDDEN.message}" if unsettled else error.message)
    assert failure.value.kind == error.kind
    assert failure.value.__cause__ is None
    assert run.knows == ("U", False, unsettled)


# waiting


@pytest.fixture
def clock(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience of a wait is made by itself: it gets the clock of the service."""
    monkeypatch.setattr(
        waiter.Backoff.__init__, "__kwdefaults__", {"clock": lambda: run.service.clock.now, "sleep": run.service.clock.sleep, "jitter": lambda: 1.0}
    )


@pytest.mark.usefixtures("clock")
def test_it_is_waited_for_until_the_service_has_decided(run: Run) -> None:
    body = run.service.add("U", "ab", status="RequestPending")
    run.scheduler.last = run.scheduler.get("U")
    run.service.then("GET", None, None, lambda: body.update(status="Queued"))
    run.wait()
    assert (run.service.calls, run.service.clock.pauses, run.told) == (["GET U"] * 4, [0.5, 1.0, 2.0], None)
    assert run.scheduler.last is not None
    assert run.scheduler.last.status == "Queued"


@pytest.mark.usefixtures("clock")
def test_what_is_decided_or_not_there_needs_no_wait(run: Run) -> None:
    run.wait()
    run.service.add("U", "ab", status="Queued")
    run.scheduler.last = run.scheduler.get("U")
    run.wait()
    assert (run.service.calls, run.service.clock.pauses) == (["GET U"], [])


@pytest.mark.usefixtures("clock")
def test_patience_ends(run: Run) -> None:
    run.service.add("U", "ab", status="RequestPending")
    run.scheduler.last = run.scheduler.get("U")
    run.wait(2.0)
    assert run.told == ("timeout", "The upgrade U is still RequestPending after wait_timeout (2 s).")
    assert (run.service.calls, run.service.clock.pauses) == (["GET U"] * 3, [0.5, 1.0])


@pytest.mark.usefixtures("clock")
def test_one_that_is_not_shown_is_waited_for_only_so_long(run: Run) -> None:
    run.service.add("U", "ab", status="RequestPending")
    run.scheduler.last = run.scheduler.get("U")
    del run.service.upgrades["U"]
    run.wait()
    assert run.told == ("not_visible", "The service accepted the upgrade U and does not show it within retry_timeout.")
    # The pauses of both: for the decision, and for what is not shown.
    assert (run.last, run.service.clock.pauses) == ("U", [0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0])
