#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_failover
short_description: Hand masters of a Redis Cluster over to their replicas, without losing a write
version_added: 0.1.0
description:
  - Makes chosen replicas the masters of their shards by planned failovers, one after the other. The former master stops
    its writes until the replica has all of them, so nothing is lost; clients notice a pause of milliseconds.
  - A failover begins only when every member's own table agrees, every replica is in sync, no slot is under way, the
    candidate has what its master has, and every master that votes has just answered the candidate over the cluster bus.
    If that does not come about within O(wait_timeout), the task ends with the reason, and nothing was done.
  - A failover is over when every member says so. A replica that was left under the former master is attached to the new
    one.
  - Only C(CLUSTER FAILOVER) is sent, never V(FORCE) or V(TAKEOVER). The master must be alive.
  - On Redis a master that has just been promoted cannot be handed over again at once, nor the same replica be promoted
    twice within four node timeouts; the task waits for that. When the last elections were is kept in an annotation of
    the Lease of the instance. For O(endpoints) it is known within one task only; beyond it, the age of the replication
    link tells whether there was one. A user who may not send C(CLIENT LIST) then waits up to four node timeouts.
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.topology
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
options:
  choose:
    description:
      - Which masters are handed over, and to whom.
      - V(named) goes by O(to) and O(away_from), of which it needs one.
      - V(staying) hands over every master that leaves, because its ordinal is beyond O(replicas), to the best member of
        its shard that stays. A shard that leaves as a whole stays as it is.
      - V(spread) hands over as few masters as possible so that zones, then kube_nodes, share the masters evenly, and no
        master runs beside a replica of its own where that can be had. It never moves a replica to another shard.
    type: str
    choices: [named, staying, spread]
    default: named
  to:
    description:
      - Members that are to be the masters of their shards, by pod name or endpoint. For one that is already there is
        nothing to do.
    type: list
    elements: str
  away_from:
    description:
      - Members that are not to be masters. One that is hands over to the best of its replicas.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Make a chosen member the master of its shard
  k8sredis.core.cluster_failover:
    name: shop
    namespace: web
    shards: 3
    to: [shop-1-1]

- name: See to it that a pod is no master
  k8sredis.core.cluster_failover:
    name: shop
    namespace: web
    shards: 3
    away_from: [shop-1-0]

- name: Spread the masters over zones and kube_nodes
  k8sredis.core.cluster_failover:
    name: shop
    namespace: web
    shards: 3
    choose: spread
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(failover), or V(replicate) for a replica that an earlier failover left under another replica.
      type: str
    subject:
      description: The member that it is done to; of a failover the new master.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - kind: failover
      subject: shop-1-1
      text: shop-1-1 takes over from shop-1-0
      reason: spreads the masters over zones and kube_nodes
cluster:
  description: Summary of the cluster after the task, as M(k8sredis.core.cluster_info) returns it.
  returned: success
  type: dict
nodes:
  description: Every member, as M(k8sredis.core.cluster_info) returns them.
  returned: success
  type: list
  elements: dict
shards:
  description: Every shard that serves slots, as M(k8sredis.core.cluster_info) returns them.
  returned: success
  type: list
  elements: dict
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import topology
from ansible_collections.k8sredis.core.plugins.module_utils._decide import failover as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import failover as execute

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OPTIONS: dict[str, Any] = {
    "choose": {"type": "str", "choices": [decide.NAMED, decide.STAYING, decide.SPREAD], "default": decide.NAMED},
    "to": {"type": "list", "elements": "str"},
    "away_from": {"type": "list", "elements": "str"},
}


def prepare(module: AnsibleModule) -> tuple[topology.Planner, topology.Phase]:
    params = module.params
    ask = decide.Ask(params["choose"], tuple(params["to"] or ()), tuple(params["away_from"] or ()))
    return (
        lambda view, wish: decide.plan(view, wish, ask),
        lambda session, wish, timeout: execute.hand_over(session, wish, ask, timeout),
    )


def main() -> None:
    topology.run_with(OPTIONS, prepare, required_if=[("choose", decide.NAMED, ("to", "away_from"), True)])


if __name__ == "__main__":
    main()
