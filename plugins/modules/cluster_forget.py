#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_forget
short_description: Let members leave a Redis Cluster
version_added: 0.2.0
description:
  - Members beyond the wish leave. Pods do whose shard number is not below O(shards), or whose ordinal is above
    O(replicas); of O(endpoints) those named by O(leaving).
  - All others forget them at once, replicas before masters. A member that left and holds nothing is then reset, so that
    its data folder does not lead it back. The task ends when no member that stays has known them for a little longer
    than half of the node timeout.
  - Refuses to let anybody go who serves slots in the table of any member, who is a master and holds keys, whom a member
    that stays replicates, or whose id is alive elsewhere; and waits while the others do not agree with each other.
    Slots are moved away by M(k8sredis.core.cluster_slots) before.
  - A replica that leaves with data is forgotten and not reset. Valkey from 8.1 on meets the others again by itself when
    they have not talked to it for a node timeout, so end such a server soon; O(ghosts) then lets its id go for good.
  - A run that was killed is taken up by the next one.
options:
  ghosts:
    description:
      - Whether ids go too that no member has, that every member holds for failing, that serve nothing and that nobody
        replicates, such as those of pods whose data was deleted.
    type: bool
    default: false
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
- name: Let the pods of the shards beyond the third leave
  k8sredis.core.cluster_forget:
    name: shop
    namespace: web
    shards: 3
    replicas: 1
    ghosts: true

- name: Let one server leave
  k8sredis.core.cluster_forget:
    endpoints:
      - 10.0.0.1:6379
      - 10.0.0.2:6379
      - 10.0.0.3:6379
      - 10.0.0.4:6379
    leaving:
      - 10.0.0.4:6379
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
      description: V(forget) or V(reset); in check mode V(leave) while an earlier task has something to do first.
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
  sample: [{kind: forget, subject: shop-0-0, text: "shop-0-0 forgets shop-3-1, shop-3-0", reason: is beyond the wish}]
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments, topology
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import forgetting
from ansible_collections.k8sredis.core.plugins.module_utils._execute import forget


def work(module: AnsibleModule) -> dict[str, Any]:
    ghosts = module.params["ghosts"]
    return topology.work(
        module,
        lambda view, wish: forgetting.preview(view, wish, ghosts),
        lambda session, wish, timeout: forget.leave(session, wish, timeout, ghosts),
        with_departed=True,
    )


def main() -> None:
    border.run({**topology.spec(), "ghosts": {"type": "bool", "default": False}}, work, **arguments.RULES)


if __name__ == "__main__":
    main()
