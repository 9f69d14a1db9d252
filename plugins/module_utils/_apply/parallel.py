# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work on several things at once."""

from __future__ import annotations

import concurrent.futures
import typing as t

Item = t.TypeVar("Item")


def run_in_parallel(work: t.Callable[[Item], object], items: t.Sequence[Item], concurrency: int) -> None:
    """Do the work for all items, so many at once. After an error no more are begun, and it is raised."""
    if len(items) < 2 or concurrency < 2:
        for item in items:
            work(item)
        return
    with concurrent.futures.ThreadPoolExecutor(min(concurrency, len(items))) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
