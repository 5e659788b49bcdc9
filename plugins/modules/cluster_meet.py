#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_meet
short_description: Make all members of a Redis Cluster know each other
version_added: 0.1.0
description:
  - Waits until every wished member runs and answers, then joins those that are not joined yet.
  - A member is known by its node id, read through a connection to that very pod or endpoint, never by an address alone.
    Pod addresses are reused, and a meeting with the wrong node merges two clusters for good.
  - Brings O(node_timeout) and O(replica_sync_delay) to what is wished, where they are given.
  - Also heals members that are known at a former address, as after all pods were restarted.
  - Refuses members of different clusters, and members that know living nodes outside the instance.
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
- name: Join the pods of the instance
  k8sredis.core.cluster_meet:
    name: shop
    namespace: web
    shards: 3
    replicas: 1

- name: Join servers without Kubernetes
  k8sredis.core.cluster_meet:
    endpoints:
      - 10.0.0.1:6379
      - 10.0.0.2:6379
      - 10.0.0.3:6379
    shards: 3
    replicas: 0
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
  sample: [{kind: meet, subject: shop-0-0, text: shop-0-0 meets shop-0-1, reason: do not know each other yet}]
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
from ansible_collections.k8sredis.core.plugins.module_utils._decide import membership, settings
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge


def main() -> None:
    topology.run(lambda view, wish: settings.plan(view, wish) + membership.plan(view), converge.join)


if __name__ == "__main__":
    main()
