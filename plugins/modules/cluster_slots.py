#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_slots
short_description: Give every slot of a new Redis Cluster its owner
version_added: 0.1.0
description:
  - Assigns contiguous ranges, even to one slot, to one member of each shard. Which member of a shard is its master is
    chosen so that zones and Kubernetes nodes share the masters evenly.
  - Assigns only while no key is stored anywhere and no member names an owner. A cluster that holds data and misses
    slots has lost a shard, which is reported and never papered over.
  - On a cluster whose slots are all assigned it checks that the wished allocation holds. It does not move slots of a
    live cluster in this version and refuses when that would be needed.
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.topology
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
"""

EXAMPLES = r"""
- name: Assign the slots
  k8sredis.core.cluster_slots:
    name: shop
    namespace: web
    shards: 3
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the step, such as V(meet), V(assign) or V(replicate).
      type: str
    subject:
      description: The member that it is done to.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample: [{kind: assign, subject: shop-0-0, text: shop-0-0 serves 0-5460 (shard 0), reason: slots have no owner}]
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

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import topology
from ansible_collections.k8sredis.core.plugins.module_utils._decide import slots
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge


def main() -> None:
    topology.run(slots.plan, converge.assign)


if __name__ == "__main__":
    main()
