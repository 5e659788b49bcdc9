#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pod_restart
short_description: Restart the next pod of an instance that is due, without losing a write
version_added: 0.1.0
description:
  - Restarts one pod, the next one that is due, so that clients which write all the time notice milliseconds. A loop of
    it rolls through the instance, one task item for each pod; RV(finished) ends the loop.
  - A pod is due when it was made from other settings than its StatefulSet has now (another image, resources, a
    directive that needs a restart), or when its restart was requested with O(request). A new release of the collection
    alone makes no pod due.
  - The order is, first pods that do not run, then shard by shard the replicas and at last the master, which hands over
    to a replica by a planned failover before it goes. A shard is finished before the next one begins.
  - Before each pod every member's own table must agree, every replica be in sync, and no slot be under way. When that
    does not come about within O(wait_timeout), the task ends with the reason, and the pod is as it was.
  - The pod is evicted, so that disruption budgets count and a drain never takes another one at the same time; one that
    is not Ready is deleted. Then the task waits until the new pod answers, is in sync and known to every member. A new
    pod that is stuck ends the task with Kubernetes' own words; the others are untouched.
  - An instance with Sentinels, of the role P(k8sredis.core.redis_sentinel#role), is restarted in the same way. Before
    each pod every server and every Sentinel must say the same; after the master the Sentinels follow, one after the
    other, while the rest of them keeps its quorum.
  - A run that is killed is simply run again. Only for the pods of an instance, by O(name).
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.attributes
attributes:
  check_mode:
    support: full
    details: It shows the whole order, where a run restarts one pod.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Each run restarts the next pod that is due, until none is.
options:
  request:
    description:
      - V(make) notes on the Lease of the instance that pods are to be restarted, and restarts none. While pods of an
        earlier request are left, nothing is noted and the request goes on with those.
      - V(withdraw) drops the request; pods that were not restarted yet stay as they are.
      - Without it, the next pod is restarted that is due.
    type: str
    choices: [make, withdraw]
  shard:
    description:
      - Number of the shard whose pods O(request=make) is about. Without O(shard) and O(pods) it is about all.
    type: int
  pods:
    description:
      - Names of the pods that O(request=make) is about.
    type: list
    elements: str
    default: []
  restart_hash:
    description:
      - Hash of what the pods are to be made from, as M(k8sredis.core.cluster_preflight) returns it. Without it, what
        the StatefulSets say counts. In check mode it shows what a run would restart before it applies its objects.
    type: str
  made_from:
    description:
      - The text of which O(restart_hash) is the hash, so that the reasons can be named.
    type: str
  sentinel_made_from:
    description:
      - The same as O(made_from) for pods with a Sentinel alone, of which O(restart_hash) says nothing.
    type: str
  limit:
    description:
      - Stop when so many pods have been restarted in all, by this run and the ones before it, so that a person can look
        at them. Run again with a higher number, or with V(0) for all.
    type: int
    default: 0
  masters:
    description:
      - V(skip) leaves masters to a later run, so that no failover happens now.
    type: str
    choices: [restart, skip]
    default: restart
  broken_only:
    description:
      - Restart only pods that are due and do not run, such as one with an image that does not exist.
    type: bool
    default: false
  pause:
    description:
      - Seconds to wait after a pod while others follow.
    type: float
    default: 0.0
  max_lag:
    description:
      - Bytes that a replica of the shard may be behind its master, apart from what is on its way.
    type: int
    default: 1048576
  maxmemory:
    description:
      - Bytes that the servers have as C(maxmemory) after the restart. A member that uses more is refused. V(0) leaves
        this check out.
    type: int
    default: 0
  accept_interruption:
    description:
      - Consent to restart a master from which nobody can take over. Its slots are not served until it is back. Refused
        all the same when its data would be lost.
    type: bool
    default: false
  sentinel_port:
    description:
      - Port of the Sentinels, for an instance that has some.
    type: int
    default: 26379
  wait_timeout:
    description:
      - Seconds for each wait, for the gate before a restart and for the new pod after it.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Restart all pods that are due, one after the other
  k8sredis.core.pod_restart:
    name: shop
    namespace: web
  register: restarted
  loop: "{{ query('ansible.builtin.sequence', 'count=10000') }}"
  loop_control:
    label: "{{ restarted.progress | default('failed') }}"
    break_when:
      - restarted.finished | default(true)

- name: Request the restart of a shard
  k8sredis.core.pod_restart:
    name: shop
    namespace: web
    request: make
    shard: 1
"""

RETURN = r"""
plan:
  description:
    - What was done for this one pod. In check mode the restarts that are due, in order, each with its reason.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(restart), V(failover), or what a pod without its data needs to be a member again.
      type: str
    subject:
      description: The member that it is done to.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed, for a restart such as V(image redis:7.0.15 -> redis:8.0.2) or V(requested).
      type: str
  sample:
    - kind: failover
      subject: shop-1-1
      text: shop-1-1 takes over from shop-1-0
      reason: its master is to be master no longer
    - kind: restart
      subject: shop-1-0
      text: shop-1-0 hands over to a replica, then restarts
      reason: image redis:7.0.15 -> redis:8.0.2
pod:
  description: The pod that was restarted, empty when none was due.
  returned: success
  type: str
reason:
  description: Why it was.
  returned: success
  type: str
duration:
  description: Seconds it took.
  returned: success
  type: float
order:
  description: Pods that this run is still to restart, in order, with C(pod), C(kind) and C(reason).
  returned: success
  type: list
  elements: dict
remaining:
  description: How many these are.
  returned: success
  type: int
finished:
  description: Whether this run has nothing more to restart.
  returned: success
  type: bool
held:
  description: Which pods are due and wait for a later run, and for what; empty when none do.
  returned: success
  type: str
progress:
  description: All this in one line.
  returned: success
  type: str
  sample: shop-1-0 restarted in 4.2 s (requested), 2 pods left
"""

from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments, rolling
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border

OPTIONS: dict[str, Any] = {
    "request": {"type": "str", "choices": ["make", "withdraw"]},
    "shard": {"type": "int"},
    "pods": {"type": "list", "elements": "str", "default": []},
    "limit": {"type": "int", "default": 0},
    "sentinel_made_from": {"type": "str"},
    "masters": {"type": "str", "choices": ["restart", "skip"], "default": "restart"},
    "broken_only": {"type": "bool", "default": False},
    "pause": {"type": "float", "default": 0.0},
    "max_lag": {"type": "int", "default": 1048576},
    "maxmemory": {"type": "int", "default": 0},
    "accept_interruption": {"type": "bool", "default": False},
    "sentinel_port": {"type": "int", "default": 26379},
    "wait_timeout": {"type": "int", "default": 300},
}


def main() -> None:
    spec = {**arguments.target(), **arguments.lock(), **arguments.made_from(), **OPTIONS}
    border.run(spec, rolling.work, **arguments.RULES)


if __name__ == "__main__":
    main()
