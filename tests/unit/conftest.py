# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests share: the collection under its full name, the simulator, and how hypothesis searches."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.configuration
import pytest

UNIT = Path(__file__).resolve().parent


sys.path.insert(0, str(UNIT))
# Only now can the packages of helpers be imported: pytest puts no folder on the path (import mode importlib).
from support.checkout import ROOT, layout  # noqa: E402

sys.path[:0] = [str(layout()), str(ROOT / "roles" / "simulator" / "files")]
# Tests send signals. What nohup or a shell in the background ignores is ignored by every program that is started from there.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
# Outside of make too, nothing is written to the user's home or beside the sources.
os.environ.setdefault("ANSIBLE_HOME", str(ROOT / ".build" / "home" / ".ansible"))
hypothesis.configuration.set_hypothesis_home_dir(ROOT / ".build" / "cache" / "hypothesis")

if TYPE_CHECKING:
    from thingspace_simulator import Simulator

# Under `ci` the same examples are tried every time: a red run means that the change is wrong, not that luck ran out.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.register_profile("default", deadline=None)
# Under `make mutate` thousands of runs are to fail: how small the counter-example could be does not matter.
phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
hypothesis.settings.register_profile("mutation", deadline=None, derandomize=True, database=None, phases=phases)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts ansible-playbook: it takes seconds each, too long for `make test-quick`."""
    for item in items:
        module = getattr(item, "module", None)
        if any(getattr(value, "__module__", "") == "support.run_playbook" for value in vars(module).values()):
            item.add_marker(pytest.mark.playbook)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator of ThingSpace on a free port of this machine."""
    from thingspace_simulator import Simulator

    with Simulator() as simulator:
        yield simulator
