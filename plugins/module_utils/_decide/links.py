# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether packets flow between a candidate and those who vote for it. Pure; PRIVATE to the collection.

'connected' in CLUSTER NODES means that a link object exists. Towards a pod that is gone it can be a connection attempt
that hangs for seconds, the vote that goes out on it vanishes, and writes stand still for 5 s. What proves a link is an
answer that came over it since we asked:
1. Each voter and the candidate MEET each other. To a node that is known already, that opens the link anew within two
   ticks of the servers' clock (0.2 s) and sends a ping over it (seen with Redis 7.0.15 to 8.6.3, Valkey 8.1.1, 9.1.2).
2. The time of the last answer must then be later than before, in the asker's own table, so no two clocks are compared.
   Times that others heard and told are in the same field, in whole seconds (cluster.c); those prove nothing.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import candidates, membership
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, View

Link = tuple[str, str]
"""Who asks, and who answers."""


def answered(candidate: Node, view: View) -> dict[Link, int]:
    """When each voter last answered the candidate, and the candidate each voter, by the tables of those who asked."""
    times: dict[Link, int] = {}
    for voter in _voters(candidate, view):
        for asker, other in ((candidate, voter), (voter, candidate)):
            entry = asker.entries.get(other.id)
            times[asker.name, other.name] = entry.pong_received if entry else 0
    return times


def unproven(before: dict[Link, int], now: dict[Link, int]) -> list[Link]:
    """Those over which no answer has come since ``before``."""
    return sorted(link for link, time in before.items() if now.get(link, 0) <= time or now[link] % 1000 == 0)


def introductions(candidate: Node, view: View) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Commands by member name."""
    voters = _voters(candidate, view)
    return {
        candidate.name: tuple(membership.introduction(voter) for voter in voters),
        **{voter.name: (membership.introduction(candidate),) for voter in voters},
    }


def _voters(candidate: Node, view: View) -> list[Node]:
    return [voter for voter in candidates.serving(view) if voter.name != candidate.name]
