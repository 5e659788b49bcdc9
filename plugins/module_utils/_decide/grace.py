# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a pod needs to end: terminationGracePeriodSeconds and what it is made of. Pure; PRIVATE to the collection.

1. ``prestop`` hands over (a manual failover ends after 5 s) and lets clients leave (3 s), with the questions before it.
2. The server waits for its replicas, ``shutdown-timeout``.
3. With snapshots it saves all of its data; an append-only file is only flushed.
When the time is over, the kubelet kills the server in the middle of it.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import configuration, directives, quantities
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import SENTINEL, Declaration

COMPUTED = 0
"""What the variable says by default."""

HAND_OVER = 20
"""Seconds of the first part."""

SHUTDOWN_TIMEOUT = 10
"""Seconds a server waits for its replicas before it ends, its own default."""

SLACK = 10
"""Seconds for a busy kube_node."""

SAVED_PER_SECOND = 50 * quantities.MIB
"""Slow network disks write this much; so a server with 1 GiB saves within 21 s."""

UNLIMITED = 8 * 1024 * quantities.MIB
"""Bytes taken for the data of a server without a limit of memory."""


def shortest(wish: Declaration) -> int:
    """Seconds without which something would be cut off."""
    return HAND_OVER + _ending(wish)


def seconds(wish: Declaration) -> int:
    """terminationGracePeriodSeconds. While it is computed, there is time to wait until a replica that was promoted
    moments ago may be promoted again: 4 node timeouts (Redis Cluster)."""
    if wish.termination_grace_period != COMPUTED:
        return wish.termination_grace_period
    window = 0 if wish.topology == SENTINEL else -(-4 * wish.node_timeout // 1000)
    return shortest(wish) + window + SLACK


def hand_over(wish: Declaration) -> int:
    """Seconds that ``prestop`` may take of them."""
    return seconds(wish) - _ending(wish)


def _ending(wish: Declaration) -> int:
    return _shutdown_timeout(wish) + _saving(wish)


def _shutdown_timeout(wish: Declaration) -> int:
    text = directives.text(configuration.given(wish, "shutdown-timeout")) or ""
    return int(text) if text.isdecimal() else SHUTDOWN_TIMEOUT


def _saving(wish: Declaration) -> int:
    if wish.persistence != "rdb" and not configuration.given(wish, "save"):
        return 0
    return -(-(configuration.memory_limit(wish) or UNLIMITED) // SAVED_PER_SECOND)
