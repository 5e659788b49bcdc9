# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which member replicates which master. Pure; PRIVATE to the collection.

1. The master of a shard is the member of it that serves slots.
2. Every other member of the shard is to be its replica, directly: a replica of a replica is re-attached.
3. Refused: a member that serves slots or holds keys that no master has. CLUSTER REPLICATE would drop them.
4. A replica whose INFO names an address of its master other than the table does is re-attached, the
   cure for the address it otherwise keeps for ever after an outage (seen with Redis 8.0.2).
5. A member that is to leave and replicates nobody is left alone, unless its master leaves with slots that it would
   protect: a full synchronisation for a member that is about to go is load for nothing.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import departure, placement, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Refused, Step, View, Wish

REASON_NEW = "is not a replica yet"
REASON_OTHER_SHARD = "replicates another shard"
REASON_CHAINED = "replicates a replica"
REASON_STALE_ADDRESS = "follows a former address of its master"
REASON_ABSENT = "does not run yet"


def plan(view: View, wish: Wish) -> Plan:
    """Steps that put every member under the master of its shard; none when all are there."""
    groups, chosen = placement.layout(view, wish)
    leaving = departure.leaving_names(view, wish)
    steps = [
        _step(node, chosen[number], view)
        for number, group in groups.items()
        for node in group
        # A shard that leaves may have no master any more.
        if number in chosen and node.name != chosen[number].name and _is_worth_it(node, chosen[number], leaving)
    ]
    return Plan(tuple(step for step in steps if step))


def _is_worth_it(node: Node, master: Node, leaving: frozenset[str]) -> bool:
    if node.name not in leaving or (node.answers and not node.myself.is_master):
        return True
    return master.name in leaving and bool(table.own_slots(master))


def _step(node: Node, master: Node, view: View) -> Step | None:
    if not node.answers or not master.answers:
        return Step("replicate", node.name, f"{node.name} replicates {master.name} when both run", REASON_ABSENT)
    reason = _reason(node, master, view)
    if not reason:
        return None
    _refuse_loss(node, master)
    return Step(
        "replicate",
        node.name,
        f"{node.name} replicates {master.name}",
        reason,
        (("CLUSTER", "REPLICATE", master.id),),
    )


def _reason(node: Node, master: Node, view: View) -> str:
    if node.myself.is_master:
        return REASON_NEW
    if node.myself.master_id != master.id:
        followed = view.by_id.get(node.myself.master_id)
        chained = followed is not None and not followed.myself.is_master
        return REASON_CHAINED if chained else REASON_OTHER_SHARD
    return REASON_STALE_ADDRESS if follows_former_address(node) else ""


def follows_former_address(node: Node) -> bool:
    """Whether a replica dials another address than its own table gives its master; also none at all, which
    Redis 8.0 goes on dialling when it learnt of its master before that one's address."""
    entry = node.entries.get(node.myself.master_id)
    dialled = node.info.get("master_host")  # not there while INFO still says 'role:master'
    return entry is not None and bool(entry.host) and dialled is not None and dialled != entry.host


def _refuse_loss(node: Node, master: Node) -> None:
    slots = table.count(table.own_slots(node))
    if node.myself.is_master and (slots or node.keys):
        raise Refused(
            f"Cannot make {node.name} a replica of {master.name}: it serves {slots} slots and holds {node.keys} keys, "
            "which would be dropped; move them away or empty it first."
        )
