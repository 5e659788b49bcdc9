# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a client cannot write while a master that Sentinels watch is handed over, against the same one killed.

Plain SENTINEL FAILOVER is no reference for that: its client goes on writing to the former master, and loses all of it
(`tests/integration/test_sentinel.py`). Both by a client that knows the servers, and by one that knows HAProxy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_failover
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints

from tests.bench import stall
from tests.bench.figure import Figure
from tests.bench.loopback import label
from tests.integration.pod_process import eventually
from tests.integration.proxy import proxied
from tests.integration.sentinels import NAME, Watched, watched
from tests.servers import Server, proxies

DOWN_AFTER = 5000
"""Milliseconds, as the node timeout of the clusters that are measured."""

DEADLINE = 60.0
BASE = 1.0
"""Seconds of writes before and after."""


def figures(server: Server) -> Iterator[Figure]:
    with watched(server, replicas=1, down_after=DOWN_AFTER) as made:
        yield _figure("sentinel-stall/1+1", made, made.servers)
    with watched(server, replicas=1, down_after=DOWN_AFTER) as made, proxied(proxies()[-1], made) as proxy:
        yield _figure("proxy-stall/1+1", made, [proxy])


def _figure(case: str, made: Watched, reached: Sequence[stall.Reached]) -> Figure:
    ours = _handed_over(made, reached)
    return Figure(case, label(made.servers[0].server), ours, reference_s=_killed(made, reached))


def _handed_over(made: Watched, reached: Sequence[stall.Reached]) -> float:
    """From the first server to the second."""
    servers, sentinels = (
        Endpoints([each.endpoint for each in group], Access()) for group in (made.servers, made.sentinels)
    )
    watching = Watching(servers, sentinels, NAME)
    try:
        with stall.felt(reached, "a") as felt:
            time.sleep(BASE)
            sentinel_failover.hand_over(watching, made.servers[1].endpoint, "", DEADLINE)
            time.sleep(BASE)
    finally:
        watching.close()
    return felt.seconds


def _killed(made: Watched, reached: Sequence[stall.Reached]) -> float:
    """The second, which is the master now."""
    with stall.felt(reached, "a") as felt:
        time.sleep(BASE)
        made.servers[1].kill()
        taken_over = eventually(lambda: made.servers[0].ask("ROLE")[0] == "master", DEADLINE)
        assert taken_over, f"nobody took over within {DEADLINE:.0f} s"
        time.sleep(3 * BASE)  # HAProxy is a second behind
    return felt.seconds
