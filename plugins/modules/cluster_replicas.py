#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_replicas
short_description: Put the replicas of a Redis Cluster under their masters
version_added: 0.1.0
description:
  - Every member that is not the master of its shard becomes a direct replica of it. On Kubernetes the shard is the
    pod's label; plain endpoints are dealt to shards host by host.
  - Waits until every replica is in sync, every member's own table agrees with every other and the cluster serves all
    slots; so it is also the proof that a cluster is complete, but for slots in migration, which
    M(k8sredis.core.cluster_slots) finishes.
  - Refuses to make a replica of a member that serves slots or holds keys, because they would be dropped.
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
- name: Attach the replicas and prove that the cluster is complete
  k8sredis.core.cluster_replicas:
    name: shop
    namespace: web
    shards: 3
    replicas: 1
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
  sample: [{kind: replicate, subject: shop-0-1, text: shop-0-1 replicates shop-0-0, reason: is not a replica yet}]
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
from ansible_collections.k8sredis.core.plugins.module_utils._decide import replicas
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge


def main() -> None:
    topology.run(replicas.plan, converge.attach)


if __name__ == "__main__":
    main()
